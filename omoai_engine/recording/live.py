"""Text while a recording is made: a recogniser follows the growing file and says what it hears.

In: the file. Out: the engine's events, provisional text and firm segments among them. It may
lag, fail or be stopped without harm to the recording, which it only reads; a recogniser that
dies is started again where its text was firm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.asr.choice import RecognizerChoice, choose_recognizer
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.asr.recognizer import AudioProgress, RecognizerEvent
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, OmoAIError, WorkerDiedError
from omoai_engine.events import (
    Notice,
    OnEvent,
    ProvisionalText,
    RecognizerChosen,
    SegmentRecognized,
    StageFinished,
    StageProgress,
    StageStarted,
)
from omoai_engine.recording.following import follow
from omoai_engine.results import ASRSegment
from omoai_engine.text import one_line

if TYPE_CHECKING:
    from omoai_engine.audio import AudioBlock
    from omoai_engine.config import OmoAIConfig

_TRIES = 3
"""So often a recogniser that died is started; a model that always dies must not go on for ever."""


def _for_live(choice: RecognizerChoice) -> RecognizerChoice:
    """Let ChunkFormer's small steps use one thread where nobody asked for another number.

    More threads gain nothing on half a second of sound.
    """
    if choice.engine != "chunkformer" or choice.settings.threads:
        return choice
    return replace(choice, settings=choice.settings.model_copy(update={"threads": 1}))


class LiveTranscriber:
    """Follows one recording in a thread of its own.

    Args:
        config: chooses the recogniser, as for files.
        path: the recording's file, part or whole.
        on_event: `RecognizerChosen`, `StageStarted`, `StageProgress`, `SegmentRecognized`,
            `ProvisionalText`, `LanguageDetected`, `SpeechDiscarded`, `Notice`, `StageFinished`;
            called from our thread: return quickly, do not raise.
    """

    def __init__(self, config: OmoAIConfig, path: Path, on_event: OnEvent) -> None:
        self._config, self._path, self._on_event = config, path, on_event
        self._control = JobControl()
        self._recognizer: IsolatedRecognizer | None = None
        self._segments: list[ASRSegment] = []
        self._firm = self._heard = 0.0
        self._thread = threading.Thread(target=self._run, name="live-text", daemon=True)

    @property
    def segments(self) -> tuple[ASRSegment, ...]:
        """The firm segments so far."""
        return tuple(self._segments)

    @property
    def heard(self) -> float:
        """Up to which second the recording was listened to."""
        return self._heard

    @property
    def pid(self) -> int | None:
        """The process id of the recogniser while it runs."""
        return self._recognizer.pid if self._recognizer is not None else None

    def start(self) -> None:
        """Begin. Never blocks; a recogniser that cannot be had is told as a `Notice`."""
        self._thread.start()

    def stop(self) -> None:
        """End at once, whatever is not heard yet."""
        self._control.cancel()
        if self._thread.ident is not None:
            self._thread.join()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the recording is complete and all of it was heard; say whether it is so."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        began = time.monotonic()
        try:
            choice = _for_live(choose_recognizer(self._config))
            self._on_event(RecognizerChosen(choice.engine, one_line(choice.model), choice.reason))
            for left in reversed(range(_TRIES)):
                self._recognizer = IsolatedRecognizer(choice)
                try:
                    gated = choice.engine == "chunkformer"  # Whisper sees to silence itself
                    self._recognize(self._recognizer, began, gated=gated)
                    break
                except WorkerDiedError as error:
                    if not left:
                        raise
                    self._on_event(Notice(f"The live text is started again: {error}"))
                finally:
                    self._recognizer.close()
        except CancelledError:
            return
        except OmoAIError as error:
            self._on_event(Notice(f"There is no live text; the recording goes on. {error}"))
        finally:
            self._on_event(StageFinished("asr", time.monotonic() - began, self._heard, 0.0))

    def _recognize(self, recognizer: IsolatedRecognizer, began: float, *, gated: bool) -> None:
        self._on_event(StageStarted("model_loading"))
        recognizer.load(self._control)
        self._on_event(StageStarted("asr"))

        def heard(seconds: float) -> None:
            self._heard = seconds
            self._on_event(StageProgress("asr", seconds, None, time.monotonic() - began))

        def report(event: RecognizerEvent) -> None:
            if isinstance(event, AudioProgress):
                heard(event.seconds)
            elif isinstance(event, ProvisionalText):
                self._on_event(ProvisionalText(event.start, event.end, one_line(event.text)))
            else:
                self._on_event(event)

        blocks = follow(self._path, start=self._firm, control=self._control)
        stretches: Iterable[Iterable[AudioBlock]] = [blocks]
        if gated:
            from omoai_engine.recording.silence_gate import SilenceGate

            stretches = SilenceGate(blocks, self._config.asr.vad_threshold, heard).stretches()
        for stretch in stretches:
            for segment in recognizer.recognize_live(stretch, control=self._control, report=report):
                index = len(self._segments)
                self._segments.append(segment)
                self._firm = segment.end
                first = time.monotonic() - began if not index else None
                self._on_event(SegmentRecognized(index, segment, first))
