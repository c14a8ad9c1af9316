"""Silence is taken out of a recording, speech is not, and times find their way back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from omoai_engine.asr.speech_stream import SpeechBuffer, SpeechSpan, SpeechStream
from omoai_engine.asr.voice_activity import HOP_SAMPLES, SpeechProbabilities
from omoai_engine.audio import SAMPLE_RATE_HZ
from omoai_engine.preprocess.source import open_audio


def sound_of(path: Path) -> NDArray[np.float32]:
    with open_audio(path) as source:
        return np.concatenate([block.samples for block in source])


def spans_of(sound: NDArray[np.float32], size: int, origin: int = 0) -> list[SpeechSpan]:
    stream, spans = SpeechStream(0.5, origin), []
    for start in range(0, len(sound), size):
        spans += stream.push(sound[start : start + size])
    return spans + stream.finish()


def runs(spans: list[SpeechSpan]) -> list[tuple[int, int]]:
    """Join spans that follow one another without a gap."""
    joined: list[tuple[int, int]] = []
    for span in spans:
        end = span.start + len(span.samples)
        if joined and joined[-1][1] == span.start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((span.start, end))
    return joined


@pytest.mark.parametrize("size", [160, 512, 777, 16_000, 10**7])
def test_the_cutting_into_blocks_changes_nothing(jfk: Path, size: int) -> None:
    sound = sound_of(jfk)
    reference = spans_of(sound, 4096)
    assert runs(spans_of(sound, size)) == runs(reference)


def test_the_probabilities_do_not_depend_on_the_blocks(jfk: Path) -> None:
    sound = sound_of(jfk)
    whole = SpeechProbabilities()
    expected = np.concatenate((whole.push(sound), whole.flush()))
    parts, stream = [], SpeechProbabilities()
    for start in range(0, len(sound), 3001):
        parts.append(stream.push(sound[start : start + 3001]))
    parts.append(stream.flush())
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-4)
    assert len(expected) == -(-len(sound) // HOP_SAMPLES)


def test_every_span_is_the_recording_at_its_place(jfk: Path) -> None:
    sound = sound_of(jfk)
    for span in spans_of(sound, 5000):
        np.testing.assert_array_equal(
            span.samples, sound[span.start : span.start + len(span.samples)]
        )


def test_long_silence_goes_and_short_pauses_stay(jfk: Path) -> None:
    speech = sound_of(jfk)
    silence = np.zeros(20 * SAMPLE_RATE_HZ, np.float32)
    sound = np.concatenate((silence, speech, silence, speech, silence))
    found = runs(spans_of(sound, 16_000))
    kept = sum(end - start for start, end in found)
    assert kept <= 2 * len(speech) + 2 * SAMPLE_RATE_HZ
    assert len(found) == 2
    for (start, end), begin in zip(found, (20, 40 + len(speech) / SAMPLE_RATE_HZ), strict=True):
        assert begin - 1 <= start / SAMPLE_RATE_HZ <= begin + 1
        assert end / SAMPLE_RATE_HZ >= begin + 10


def test_silence_and_noise_give_nothing() -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 30 * SAMPLE_RATE_HZ).astype(np.float32)
    assert spans_of(np.zeros(30 * SAMPLE_RATE_HZ, np.float32), 16_000) == []
    assert spans_of(noise, 16_000) == []


def test_memory_does_not_grow_with_silence() -> None:
    stream = SpeechStream(0.5)
    for _ in range(120):
        stream.push(np.zeros(SAMPLE_RATE_HZ, np.float32))
    assert stream.silent_until > 119 * SAMPLE_RATE_HZ - HOP_SAMPLES


def span(start: int, frames: int, probability: float = 0.9) -> SpeechSpan:
    samples = np.zeros(frames * HOP_SAMPLES, np.float32)
    return SpeechSpan(start, samples, np.full(frames, probability, np.float32))


def test_times_in_the_buffer_become_times_of_the_recording() -> None:
    buffer = SpeechBuffer(0.5)
    first, second = 100 * SAMPLE_RATE_HZ, 200 * SAMPLE_RATE_HZ
    buffer.append(span(first, 125))  # 4 s
    buffer.append(span(second, 125))
    assert buffer.to_recording(1.0, 2.0) == pytest.approx((101.0, 102.0))
    assert buffer.to_recording(5.0, 6.0) == pytest.approx((201.0, 202.0))
    # A word over the seam stays on the side of its middle, within what is there.
    assert buffer.to_recording(3.0, 4.5) == pytest.approx((103.0, 104.0))
    buffer.drop(2 * SAMPLE_RATE_HZ)
    assert buffer.start == pytest.approx(102 * SAMPLE_RATE_HZ, abs=HOP_SAMPLES)
    assert buffer.to_recording(0.0, 1.0)[0] == pytest.approx(102.0, abs=0.04)


def test_silence_at_the_head_of_the_buffer_is_dropped_up_to_the_padding() -> None:
    buffer = SpeechBuffer(0.5)
    buffer.append(span(0, 50, 0.0))
    buffer.append(span(50 * HOP_SAMPLES, 10, 0.9))
    buffer.drop_silence()
    assert 30 * HOP_SAMPLES <= buffer.start <= 40 * HOP_SAMPLES
    silent = SpeechBuffer(0.5)
    silent.append(span(0, 50, 0.1))
    silent.drop_silence()
    assert len(silent) == 0


def test_evidence_is_the_share_and_the_strength_of_speech() -> None:
    buffer = SpeechBuffer(0.5)
    buffer.append(span(0, 50, 0.9))
    buffer.append(span(50 * HOP_SAMPLES, 50, 0.0))
    share, strength = buffer.evidence(0.0, 100 * HOP_SAMPLES / SAMPLE_RATE_HZ)
    assert share == pytest.approx(0.5)
    assert strength == pytest.approx(0.9)
    assert buffer.evidence(1000.0, 1001.0) == (0.0, 0.0)
