"""Speech that the small model has never heard, from end to end, in file, batch and live mode."""

import io
import wave
from itertools import pairwise

import numpy as np
import pytest
import torch

from omoai_engine.asr.chunkformer.recognizer import ChunkFormerRecognizer
from omoai_engine.asr.recognizer import AudioProgress
from omoai_engine.audio import AudioBlock
from omoai_engine.chunkformer import ChunkFormerASR
from omoai_engine.config import ASRSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import AudioInputError, CancelledError

SENTENCES = [
    ("vi", "một hai ba bốn năm"),
    ("vi", "bật đèn tắt quạt mở cửa"),
    ("vi+f2", "chạy tiếp dừng lùi"),
    ("en-us", "one two three four"),
    ("en-us", "stop play left right"),
]


@pytest.fixture(scope="module")
def settings():
    return ASRSettings(device="cpu", precision="float32")


@pytest.fixture(scope="module")
def recognizer(tiny_folder, settings):
    made = ChunkFormerRecognizer(tiny_folder, "tiny", settings, languages=("vi", "en"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def asr(tiny_folder, settings):
    return ChunkFormerASR(tiny_folder, settings)


@pytest.fixture(scope="module")
def long_sound(say):
    """All sentences, one after the other, with pauses of 1.5 s."""
    return np.concatenate([say(text, voice) for voice, text in SENTENCES])


def blocks(samples, size=1600, start=0.0):
    for first in range(0, len(samples), size):
        yield AudioBlock(start + first / 16_000, samples[first : first + size])


def words(segments):
    return " ".join(segment.text for segment in segments)


@pytest.mark.parametrize(("voice", "text"), SENTENCES)
def test_a_spoken_sentence_gives_its_words(asr, say, voice, text):
    assert asr.transcribe(say(text, voice)).transcript == text


def test_a_word_said_twice_stays_twice(asr, say):
    assert asr.transcribe(say("hai hai ba ba")).transcript == "hai hai ba ba"


def test_words_lie_where_they_are_spoken(recognizer, say):
    sound = say("một. hai. ba.", speed=120)
    loud = np.flatnonzero(np.abs(sound) > 0.02) / 16_000
    segments = list(recognizer.recognize(blocks(sound), control=JobControl()))
    spoken = [word for segment in segments for word in segment.words]
    assert [word.text for word in spoken] == ["một", "hai", "ba"]
    assert spoken[0].start == pytest.approx(loud[0], abs=0.2)
    assert segments[-1].end == pytest.approx(loud[-1], abs=0.3)
    assert all(a.end <= b.start for a, b in pairwise(spoken))
    assert all(word.confidence and word.confidence > 0.5 for word in spoken)


def test_segments_end_at_pauses_and_not_later(recognizer, long_sound):
    segments = list(recognizer.recognize(blocks(long_sound), control=JobControl()))
    assert [segment.text for segment in segments] == [text for _, text in SENTENCES]
    assert all(b.start - a.end > 1.0 for a, b in pairwise(segments))


def test_the_result_does_not_depend_on_the_blocks(recognizer, long_sound):
    results = [
        list(recognizer.recognize(blocks(long_sound, size), control=JobControl()))
        for size in (160, 7001, len(long_sound))
    ]
    assert results[0] == results[1] == results[2]


def test_times_count_from_the_first_block(recognizer, say):
    sound = say("một hai")
    plain = list(recognizer.recognize(blocks(sound), control=JobControl()))
    moved = list(recognizer.recognize(blocks(sound, start=100.0), control=JobControl()))
    assert [s.start + 100 for s in plain] == pytest.approx([s.start for s in moved])
    assert moved[0].words[0].start == moved[0].start


def test_progress_is_reported_to_the_end(recognizer, long_sound):
    heard = []
    list(recognizer.recognize(blocks(long_sound), control=JobControl(), report=heard.append))
    seconds = [event.seconds for event in heard if isinstance(event, AudioProgress)]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(len(long_sound) / 16_000)


def test_a_cancelled_recording_stops(recognizer, long_sound):
    control = JobControl()

    def cancelled_midway():
        for index, block in enumerate(blocks(long_sound)):
            if index == 20:
                control.cancel()
            yield block

    with pytest.raises(CancelledError):
        list(recognizer.recognize(cancelled_midway(), control=control))
    assert words(recognizer.recognize(blocks(long_sound), control=JobControl()))


def test_a_batch_gives_what_each_recording_gives_alone(asr, say, long_sound):
    sounds = [
        long_sound,
        *(say(text, voice) for voice, text in SENTENCES),
        np.zeros(100, np.float32),
    ]
    together = asr.transcribe_batch(sounds)
    alone = [asr.transcribe(sound) for sound in sounds]
    assert [r.transcript for r in together] == [r.transcript for r in alone]
    assert [[(s.start, s.end) for s in r.segments] for r in together] == [
        [(s.start, s.end) for s in r.segments] for r in alone
    ]
    assert together[-1].segments == ()


def test_live_gives_the_same_words(asr, long_sound):
    live, segments, drafts = asr.live(), [], []
    for first in range(0, len(long_sound), 3200):
        update = live.push(torch.from_numpy(long_sound[first : first + 3200]))
        segments += update.segments
        drafts.append(" ".join(word.text for word in update.draft))
    segments += live.finish().segments
    assert words(segments) == " ".join(text for _, text in SENTENCES)
    assert any(drafts), "provisional words must appear before a segment is firm"
    first_shown = next(i for i, draft in enumerate(drafts) if draft) * 0.2
    assert first_shown < segments[1].end + 3.0


def test_live_without_look_ahead_is_the_file_result(tiny_folder, long_sound):
    settings = ASRSettings(device="cpu", precision="float32", chunk_size=32, right_context=0)
    asr = ChunkFormerASR(tiny_folder, settings)
    live = asr.live()
    segments = [*live.push(torch.from_numpy(long_sound)).segments, *live.finish().segments]
    assert segments == list(asr.transcribe(long_sound).segments)


def test_any_kind_of_sound_is_taken(asr, say, tmp_path):
    text = "một hai ba"
    sound = say(text)
    pcm = (sound * 32767).astype(np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(pcm.tobytes())
    path = tmp_path / "sound.wav"
    path.write_bytes(file.getvalue())
    kinds = [
        sound,
        pcm,
        torch.from_numpy(sound)[None],
        path,
        str(path),
        file.getvalue(),
        blocks(sound),
    ]
    assert [asr.transcribe(kind).transcript for kind in kinds] == [text] * len(kinds)


def test_samples_of_two_channels_are_refused(asr):
    with pytest.raises(AudioInputError, match="one channel"):
        asr.transcribe(np.zeros((2, 16_000), np.float32))


@pytest.mark.parametrize("samples", [0, 1, 160, 399, 400, 2800, 16_000])
def test_silence_of_any_length_gives_no_words(asr, samples):
    result = asr.transcribe(np.zeros(samples, np.float32))
    assert result.segments == ()
    assert result.audio_duration_seconds == samples / 16_000


def test_bfloat16_keeps_the_words(tiny_folder, long_sound):
    asr = ChunkFormerASR(tiny_folder, ASRSettings(device="cpu", precision="bfloat16"))
    assert asr.transcribe(long_sound).transcript == " ".join(text for _, text in SENTENCES)


def test_recognising_leaves_the_threads_of_the_process_alone(asr, say):
    before = torch.get_num_threads()
    asr.transcribe(say("một"))
    assert torch.get_num_threads() == before


def test_alternatives_are_given_for_uncertain_words(asr, say):
    noise = np.random.default_rng(2)
    found = []
    for _, text in SENTENCES:
        sound = say(text)
        noisy = sound + noise.standard_normal(len(sound)).astype(np.float32) * 0.05
        found += [w for s in asr.transcribe(noisy).segments for w in s.words if w.alternatives]
    assert found, "noise must leave some word uncertain"
    for word in found:
        assert word.text not in [text for text, _ in word.alternatives]
        shares = [share for _, share in word.alternatives]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1.001
