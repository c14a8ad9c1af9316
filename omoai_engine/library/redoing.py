"""A span of a recording recognised again, with other settings or another model.

In: the file, the span in seconds, a configuration. Out: segments with times of the recording.
The library is not touched: `Recognize` puts the segments in when the person takes them. The
recogniser runs in a child process and is gone afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.asr.choice import build_recognizer, choose_recognizer
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.asr.recognizer import AudioProgress, RecognizerEvent
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import AudioInputError
from omoai_engine.far_files import is_file
from omoai_engine.preprocess import open_audio
from omoai_engine.results import ASRSegment
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

BESIDE_SECONDS = 0.2
"""So much sound before and after the span is heard too, for words at its borders."""

Progress = Callable[[float], None]


def recognize_again(
    path: Path,
    start: float,
    end: float,
    config: OmoAIConfig,
    *,
    control: JobControl | None = None,
    progress: Progress | None = None,
) -> tuple[ASRSegment, ...]:
    """Return what `config`'s recogniser hears from `start` to `end` seconds of the file.

    `progress` is told how much of the span is done, 0 to 1, from this thread. Raises
    `AudioInputError`, `ModelError`, `ConfigError`, `CancelledError`, `WorkerDiedError`.
    """
    control = control or JobControl()
    first, last = max(0.0, start - BESIDE_SECONDS), end + BESIDE_SECONDS
    choice = choose_recognizer(config)
    recognizer = IsolatedRecognizer(choice) if config.asr.isolate else build_recognizer(choice)
    heard: list[ASRSegment] = []

    def report(event: RecognizerEvent) -> None:
        if progress is not None and isinstance(event, AudioProgress):
            progress(min(event.seconds / max(last - first, 0.01), 1.0))

    try:
        with open_audio(path, config.audio, control=control, begin=first) as source:
            blocks = _cut(source, first, last)
            for segment in recognizer.recognize(blocks, control=control, report=report):
                if (kept := _inside(_moved(segment, first), start, end)) is not None:
                    heard.append(kept)
                if progress is not None:
                    progress(min(segment.end / max(last - first, 0.01), 1.0))
    finally:
        recognizer.close()
    return tuple(heard)


def _cut(source: Iterator[AudioBlock], first: float, last: float) -> Iterator[AudioBlock]:
    """Yield the sound of the span, its times counted from the span's own beginning."""
    given = 0
    for block in source:
        if block.end <= first:
            continue
        if block.start >= last:
            break
        low = max(0, round((first - block.start) * SAMPLE_RATE_HZ))
        high = max(low, round((last - block.start) * SAMPLE_RATE_HZ))
        samples = block.samples[low:high]
        if len(samples):
            yield AudioBlock(given / SAMPLE_RATE_HZ, samples)
            given += len(samples)
    if not given:
        raise AudioInputError(
            f"the recording ends before {first:.1f} s", hint="Check that it is the same file"
        )


def _moved(segment: ASRSegment, by: float) -> ASRSegment:
    words = tuple(replace(w, start=w.start + by, end=w.end + by) for w in segment.words)
    return replace(segment, start=segment.start + by, end=segment.end + by, words=words)


def _inside(segment: ASRSegment, start: float, end: float) -> ASRSegment | None:
    """Return what of a segment belongs to the span: words whose middle lies in it."""
    if not segment.words:
        middle = (segment.start + segment.end) / 2
        return segment if start <= middle <= end else None
    words = tuple(w for w in segment.words if start <= (w.start + w.end) / 2 <= end)
    if len(words) != len(segment.words):
        if not words:
            return None
        text = " ".join(word.text for word in words)
        segment = replace(segment, text=text, words=words)
    first = max(segment.words[0].start, start)
    return replace(segment, start=first, end=max(min(segment.words[-1].end, end), first))


def sound_of(path: Path | None) -> Path:
    """Return the recording's file. Raises `AudioInputError` where there is none any more."""
    if path is None:
        raise AudioInputError("no recording is kept with this transcript", hint="Import it again")
    if not is_file(path):
        raise AudioInputError(
            "the recording is not there any more", where=shown_path(path), hint="Put it back"
        )
    return path
