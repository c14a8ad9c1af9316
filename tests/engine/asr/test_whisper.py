"""The real Whisper base model on real recordings."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from omoai_engine.asr.recognizer import RecognizerEvent
from omoai_engine.asr.speech_stream import SpeechStream
from omoai_engine.asr.whisper import WhisperRecognizer
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import ASRSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, ModelCorruptError, ModelError
from omoai_engine.events import LanguageDetected, SpeechDiscarded
from omoai_engine.models import resolve_model
from omoai_engine.preprocess.source import open_audio
from omoai_engine.results import ASRSegment


@pytest.fixture(scope="module")
def folder() -> Path:
    return resolve_model(load_config(), engine="whisper").folder


def recognizer(folder: Path, **settings: object) -> WhisperRecognizer:
    return WhisperRecognizer(folder, "whisper-base", ASRSettings.model_validate(settings))


def blocks_of(path: Path) -> list[AudioBlock]:
    with open_audio(path) as source:
        return list(source)


def cut(sound: NDArray[np.float32], size: int, origin: float = 0.0) -> Iterator[AudioBlock]:
    for start in range(0, len(sound), size):
        yield AudioBlock(origin + start / SAMPLE_RATE_HZ, sound[start : start + size])


def words(text: str) -> str:
    kept = "".join(c if c.isalnum() else " " for c in unicodedata.normalize("NFC", text.lower()))
    return " ".join(kept.split())


def utterances(path: Path) -> list[tuple[float, float]]:
    """Return where speech of more than a second lies between pauses of two, in seconds."""
    stream, spans = SpeechStream(0.5), []
    for block in blocks_of(path):
        spans += stream.push(block.samples)
    spans += stream.finish()
    found: list[tuple[float, float]] = []
    for span in spans:
        start, length = span.start / SAMPLE_RATE_HZ, len(span.samples) / SAMPLE_RATE_HZ
        if found and abs(found[-1][1] - start) < 1e-6:
            start = found.pop()[0]
            length = span.start / SAMPLE_RATE_HZ + length - start
        found.append((start, start + length))
    return [(start, end) for start, end in found if end - start > 1]


def run(
    model: WhisperRecognizer, blocks: Iterator[AudioBlock] | list[AudioBlock]
) -> tuple[list[ASRSegment], list[RecognizerEvent]]:
    events: list[RecognizerEvent] = []
    segments = list(model.recognize(blocks, control=JobControl(), report=events.append))
    return segments, events


def test_english_speech_comes_back_as_its_words(folder: Path, jfk: Path) -> None:
    segments, events = run(recognizer(folder), blocks_of(jfk))
    said = words(jfk.with_suffix(".txt").read_text("utf-8"))
    assert jiwer.wer(said, words(" ".join(s.text for s in segments))) <= 0.05
    assert [e.language for e in events if isinstance(e, LanguageDetected)] == ["en"]


def test_vietnamese_is_detected_and_mostly_understood(folder: Path, vietnamese: Path) -> None:
    segments, events = run(recognizer(folder, quality="fast"), blocks_of(vietnamese))
    said = words(vietnamese.with_suffix(".txt").read_text("utf-8"))
    heard = words(" ".join(segment.text for segment in segments))
    # Whisper base makes about 37 % word errors in Vietnamese; characters show that it listens.
    assert jiwer.cer(said, heard) <= 0.4
    assert [e.language for e in events if isinstance(e, LanguageDetected)] == ["vi"]
    # No utterance is passed over: wherever somebody speaks, there are words.
    spoken = [word for segment in segments for word in segment.words]
    for start, end in utterances(vietnamese):
        assert any(word.end > start and word.start < end for word in spoken), (start, end)


def test_words_have_times_in_order_and_confidence(folder: Path, jfk: Path) -> None:
    segments, _ = run(recognizer(folder, language="en"), blocks_of(jfk))
    previous = 0.0
    for segment in segments:
        assert segment.start == segment.words[0].start
        assert segment.end == segment.words[-1].end
        assert segment.text == " ".join(word.text for word in segment.words)
        assert 0 < (segment.confidence or 0) <= 1
        for word in segment.words:
            assert previous <= word.start <= word.end <= 11.1
            assert word.confidence is not None
            previous = word.end
    first_word = segments[0].words[0]
    assert first_word.text == "And"
    assert first_word.start == pytest.approx(0.3, abs=0.5)


def test_blocks_of_any_size_and_any_start_give_the_same_words(folder: Path, jfk: Path) -> None:
    model = recognizer(folder, language="en")
    sound = np.concatenate([block.samples for block in blocks_of(jfk)])
    reference, _ = run(model, cut(sound, 16_000))
    odd, _ = run(model, cut(sound, 1237))
    later, _ = run(model, cut(sound, 16_000, origin=3600.0))
    assert odd == reference
    assert [segment.text for segment in later] == [segment.text for segment in reference]
    assert later[0].start == pytest.approx(reference[0].start + 3600.0)


def test_segments_leave_before_the_sound_has_ended(folder: Path, english: Path) -> None:
    blocks = blocks_of(english)
    taken = 0

    def counted() -> Iterator[AudioBlock]:
        nonlocal taken
        for block in blocks:
            taken += 1
            yield block

    model = recognizer(folder, language="en", quality="fast")
    segments = model.recognize(counted(), control=JobControl())
    next(segments)
    assert taken < len(blocks) / 3
    segments.close()


def test_silence_noise_and_hum_give_no_words(folder: Path) -> None:
    model = recognizer(folder, language="vi", quality="fast")
    rng = np.random.default_rng(0)
    time = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    for sound in (
        np.zeros(len(time)),
        rng.normal(0, 0.1, len(time)),
        0.2 * np.sin(2 * np.pi * 50 * time),
    ):
        segments, _ = run(model, cut(sound.astype(np.float32), 16_000))
        assert segments == []


def test_speech_after_long_silence_keeps_its_time(folder: Path, jfk: Path) -> None:
    speech = np.concatenate([block.samples for block in blocks_of(jfk)])
    sound = np.concatenate((np.zeros(90 * SAMPLE_RATE_HZ, np.float32), speech))
    segments, events = run(recognizer(folder, language="en"), cut(sound, 16_000))
    assert words(segments[0].text).startswith("and so my fellow americans")
    assert segments[0].start == pytest.approx(90.3, abs=0.6)
    assert not [event for event in events if isinstance(event, SpeechDiscarded)]


def test_nothing_and_almost_nothing_are_fine(folder: Path) -> None:
    model = recognizer(folder, language="en")
    assert run(model, [])[0] == []
    assert run(model, cut(np.zeros(1, np.float32), 1))[0] == []


def test_cancelling_ends_recognition(folder: Path, english: Path) -> None:
    control = JobControl()
    segments = recognizer(folder, language="en").recognize(blocks_of(english), control=control)
    next(segments)
    control.cancel()
    with pytest.raises(CancelledError):
        next(segments)


def test_an_unknown_language_is_one_clear_sentence(folder: Path, jfk: Path) -> None:
    with pytest.raises(ModelError, match="does not know the language 'xx'"):
        run(recognizer(folder, language="xx"), blocks_of(jfk))


def test_a_broken_model_folder_is_one_clear_sentence(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelCorruptError, match="cannot be loaded"):
        recognizer(tmp_path).load()
