"""Words while they are spoken, names that are preferred, and times that are not late."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from omoai_engine.asr.choice import RecognizerChoice, build_recognizer, choose_recognizer
from omoai_engine.asr.chunkformer.recognizer import ChunkFormerRecognizer
from omoai_engine.asr.hotwords import read_hotwords
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.asr.recognizer import LiveRecognizer
from omoai_engine.audio import AudioBlock
from omoai_engine.chunkformer import ChunkFormerASR
from omoai_engine.cli.order import parse_order
from omoai_engine.config import ASRSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, ConfigError
from omoai_engine.events import Notice, ProvisionalText

SETTINGS = ASRSettings(device="cpu", precision="float32")


@pytest.fixture(scope="module")
def recognizer(tiny_folder):
    made = ChunkFormerRecognizer(tiny_folder, "tiny", SETTINGS, languages=("vi", "en"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def choice(tiny_folder):
    return RecognizerChoice("chunkformer", "tiny", tiny_folder, ("vi",), "asked for", SETTINGS)


@pytest.fixture(scope="module")
def spoken(say):
    """Two sentences with two seconds of silence between."""
    pause = np.zeros(16_000, np.float32)
    return np.concatenate((say("một hai ba bốn"), pause, say("bật đèn tắt quạt"), pause))


def blocks(samples, size=4000, start=0.0):
    for first in range(0, len(samples), size):
        yield AudioBlock(start + first / 16_000, samples[first : first + size])


def follow(recognizer, samples, start=0.0, **options):
    """Everything a live recognition says: (seconds of sound given, event or segment)."""
    given, said = [start], []

    def coming():
        for block in blocks(samples, start=start, **options):
            given[0] = block.end
            yield block

    def report(event):
        said.append((given[0], event))

    for segment in recognizer.recognize_live(coming(), control=JobControl(), report=report):
        said.append((given[0], segment))
    return said


def texts(said):
    return [event.text for _, event in said if isinstance(event, ProvisionalText)]


def segments(said):
    return [event for _, event in said if hasattr(event, "words")]


def test_words_appear_while_they_are_spoken_and_are_firm_soon_after_a_pause(recognizer, spoken):
    said = follow(recognizer, spoken)
    assert [s.text for s in segments(said)] == ["một hai ba bốn", "bật đèn tắt quạt"]
    for when, event in said:
        if hasattr(event, "words"):  # a pause ends a segment: firm at most 5 s after it
            assert when - event.end < 5.0
    firm = segments(said)
    shown = [(t, e) for t, e in said if isinstance(e, ProvisionalText) and e.text]
    for word in (word for segment in firm for word in segment.words):
        first = min(t for t, e in shown if word.text in e.text.split() and e.end >= word.start)
        assert first - word.end < 2.0


def test_what_becomes_firm_does_not_depend_on_the_looks_before(recognizer, spoken):
    often = segments(follow(recognizer, spoken, size=1600))
    assert often == segments(follow(recognizer, spoken, size=len(spoken)))
    settings = SETTINGS.model_copy(update={"chunk_size": 32, "right_context": 0})
    in_file = ChunkFormerRecognizer(Path(recognizer._folder), "tiny", settings)
    assert often == list(in_file.recognize(blocks(spoken), control=JobControl()))


def test_provisional_words_are_taken_back_at_the_end(recognizer, spoken):
    said = follow(recognizer, spoken[: 16_000 * 2])  # the recording stops in a sentence
    shown = texts(said)
    assert shown[-1] == ""
    assert any(shown)


def test_live_times_count_from_the_first_block(recognizer, spoken):
    plain, moved = follow(recognizer, spoken), follow(recognizer, spoken, start=50.0)
    assert [s.start + 50 for s in segments(plain)] == pytest.approx(
        [s.start for s in segments(moved)]
    )
    assert texts(plain) == texts(moved)


def test_silence_says_nothing(recognizer):
    said = follow(recognizer, np.zeros(16_000 * 12, np.float32))
    assert texts(said) == []
    assert segments(said) == []


def test_a_live_recording_can_be_cancelled(recognizer, spoken):
    control = JobControl()

    def coming():
        for index, block in enumerate(blocks(spoken)):
            if index == 8:
                control.cancel()
            yield block

    with pytest.raises(CancelledError):
        list(recognizer.recognize_live(coming(), control=control))


def test_a_child_process_follows_a_recording_and_reads_the_whole_afterwards(choice, spoken):
    here = build_recognizer(choice)
    assert isinstance(here, LiveRecognizer)
    isolated = IsolatedRecognizer(choice)
    try:
        said = follow(isolated, spoken)
        assert segments(said) == segments(follow(here, spoken))
        assert any(texts(said))
        whole = list(isolated.recognize(blocks(spoken), control=JobControl()))
        assert whole == list(here.recognize(blocks(spoken), control=JobControl()))
    finally:
        isolated.close()


def test_a_long_file_shows_its_first_words_before_they_are_firm(recognizer, spoken):
    sound = np.concatenate([spoken] * (1 + 70 * 16_000 // len(spoken)))
    heard = []
    firm = []
    for segment in recognizer.recognize(blocks(sound), control=JobControl(), report=heard.append):
        if not firm:
            early = [e for e in heard if isinstance(e, ProvisionalText)]
        firm.append(segment)
    assert len(early) == 1
    assert early[0].text.startswith("một hai ba bốn")
    assert early[0].end <= 5.3
    assert early[0].start == pytest.approx(firm[0].start, abs=0.1)
    short = []
    list(recognizer.recognize(blocks(spoken), control=JobControl(), report=short.append))
    assert not [e for e in short if isinstance(e, ProvisionalText)]


def loud(sound):
    """Where the sound is loud, in seconds: its first and last moment."""
    moments = np.flatnonzero(np.abs(sound) > 0.02) / 16_000
    return float(moments[0]), float(moments[-1])


@pytest.mark.parametrize("text", ["một hai ba bốn", "bật đèn mở cửa", "dừng chạy tiếp lùi"])
def test_segments_begin_and_end_with_the_voice(recognizer, say, text):
    sound = say(text, voice="vi+m3", speed=140)
    first, last = loud(sound)
    (segment,) = recognizer.recognize(blocks(sound), control=JobControl())
    assert segment.text == text
    assert segment.start == pytest.approx(first, abs=0.2)
    assert segment.end == pytest.approx(last, abs=0.2)


def test_segments_keep_their_longest_length_and_every_word(recognizer, say):
    sound = np.concatenate([say("một hai ba bốn năm sáu")[8000:-14_000] for _ in range(8)])
    settings = SETTINGS.model_copy(update={"max_segment_seconds": 4.0, "min_silence_seconds": 1.5})
    cut = ChunkFormerRecognizer(Path(recognizer._folder), "tiny", settings)
    found = list(cut.recognize(blocks(sound), control=JobControl()))
    assert len(found) > 3
    assert all(segment.end - segment.start <= 4.0 for segment in found)
    whole = SETTINGS.model_copy(update={"max_segment_seconds": 99.0, "min_silence_seconds": 1.5})
    uncut = ChunkFormerRecognizer(Path(recognizer._folder), "tiny", whole)
    words = [w.text for s in uncut.recognize(blocks(sound), control=JobControl()) for w in s.words]
    assert [w.text for segment in found for w in segment.words] == words


def test_hotwords_come_from_a_list_or_a_file(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\ufeffNguyễn Văn An\n\n# people\n  Lan \nLan\n", encoding="utf-8")
    assert read_hotwords(names) == ("Nguyễn Văn An", "Lan")
    assert read_hotwords((" đèn", "đèn", "", "tắt  quạt")) == ("đèn", "tắt quạt")
    order = parse_order(["--hotwords", "đèn, tắt quạt", "a.mp3"])
    assert load_config(**order.overrides).asr.hotwords == ("đèn", "tắt quạt")
    order = parse_order(["--hotwords", str(names), "a.mp3"])
    assert load_config(**order.overrides).asr.hotwords == names


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"a" * (2 << 20), "larger than 1 MiB"),
        (b"a" * 200, "longer than 100 letters"),
        (b"\n".join(b"a%d" % i for i in range(6000)), "6000 hotwords are too many"),
    ],
)
def test_a_file_that_is_no_list_of_names(tmp_path, content, words):
    path = tmp_path / "names.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        read_hotwords(path)


def test_hotwords_reach_the_recogniser_and_what_cannot_be_written_is_said(
    tiny_folder, say, monkeypatch
):
    monkeypatch.setenv("OMOAI_ASR__HOTWORDS", '["đèn", "Þórður", "一二"]')
    config = load_config(asr={"model": str(tiny_folder), "device": "cpu", "language": "vi"})
    made = build_recognizer(choose_recognizer(config))
    heard = []
    (segment,) = made.recognize(
        blocks(say("bật đèn mở cửa")), control=JobControl(), report=heard.append
    )
    assert segment.text == "bật đèn mở cửa"
    (notice,) = [e.text for e in heard if isinstance(e, Notice)]
    assert re.search("vocabulary cannot write some hotwords.*: Þórður, 一二", notice)


def test_hotwords_change_words_only_where_the_sound_is_unclear(tiny_folder, say):
    """Clear speech stays; in noise the preferred word is heard more often, no word is added."""
    plain = ChunkFormerASR(tiny_folder, SETTINGS)
    biased = ChunkFormerASR(tiny_folder, SETTINGS, hotwords=["phải"])
    clear = say("bật đèn rẽ trái")
    assert biased.transcribe(clear).transcript == plain.transcribe(clear).transcript
    random, found = np.random.default_rng(3), {"plain": 0, "biased": 0}
    sound = say("hai phải ba phải bốn phải")
    for _ in range(12):
        noisy = sound + random.standard_normal(len(sound)).astype(np.float32) * 0.09
        alone, helped = (one.transcribe(noisy).transcript.split() for one in (plain, biased))
        found["plain"] += alone.count("phải")
        found["biased"] += helped.count("phải")
        assert len(helped) <= len(alone)
    assert found["biased"] > found["plain"]


def test_a_transducer_says_that_it_takes_no_hotwords(tmp_path):
    from random_model import random_sound, write_random_model

    folder = write_random_model(tmp_path / "rnnt", kind="transducer")
    made = ChunkFormerRecognizer(folder, "rnnt", SETTINGS, hotwords=("t5",))
    heard = []
    sound = random_sound(3).astype(np.float32) / 32768
    list(made.recognize(blocks(sound), control=JobControl(), report=heard.append))
    assert any("no effect: a transducer" in e.text for e in heard if isinstance(e, Notice))


def test_other_kinds_of_samples(tiny_folder, say):
    asr, sound = ChunkFormerASR(tiny_folder, SETTINGS), say("một hai ba")
    frozen = sound.copy()
    frozen.flags.writeable = False
    broken = sound.copy()
    broken[2000:2050], broken[3000] = np.nan, np.inf
    kinds = [
        frozen,
        broken,
        sound.astype(np.float64),
        torch.from_numpy(sound).bfloat16(),
        (sound[i : i + 777] for i in range(0, len(sound), 777)),
        [(sound * 32767).astype(np.int16)],
    ]
    assert [asr.transcribe(kind).transcript for kind in kinds] == ["một hai ba"] * len(kinds)
    assert asr.transcribe([]).segments == ()


def test_hotwords_that_whisper_cannot_prefer_are_said_where_it_is_chosen(tmp_path):
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"{}")
    reasons = [
        choose_recognizer(load_config(asr={"model": str(tmp_path), "hotwords": words})).reason
        for words in ([], ["Lan"])
    ]
    assert "hotwords" not in reasons[0]
    assert "your hotwords have no effect with Whisper" in reasons[1]
