"""A recogniser in a child process of ours, behind the same contract.

Why a process: cancelling ends it at once, where a window of Whisper in a thread would run on
for seconds; its threads and its memory stay away from the app; a crash in native code is a
clear error and not the end of the app. The child is spawned, talks through pipes, ignores the
terminal's signals, and ends with its parent: the closing of a pipe tells it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from omoai_engine.asr.choice import RecognizerChoice, build_recognizer
from omoai_engine.asr.recognizer import RecognizerInfo, Report, ignore
from omoai_engine.audio import AudioBlock
from omoai_engine.child_process import ChildProcess
from omoai_engine.control import JobControl
from omoai_engine.errors import ModelError
from omoai_engine.results import ASRSegment


class IsolatedRecognizer:
    """Runs the chosen recogniser in a child process; started again when it was ended.

    One recording at a time; `close` may be called from any thread and ends the child at once.
    """

    def __init__(self, choice: RecognizerChoice) -> None:
        self._choice = choice
        self._info = build_recognizer(choice).info
        self._child: _Child | None = None
        self._lock = threading.Lock()
        self._peak_mib = 0.0

    @property
    def info(self) -> RecognizerInfo:
        """What it can do."""
        return self._info

    @property
    def pid(self) -> int | None:
        """The child's process id while there is one."""
        child = self._child
        return child.pid if child else None

    @property
    def peak_memory_mib(self) -> float:
        """Highest resident memory of the child so far, as it last said."""
        return self._peak_mib

    def load(self, control: JobControl | None = None) -> None:
        """Start the child and load the model there. Idempotent.

        Raises what loading raises, `CancelledError` within 0.2 s when `control` is cancelled,
        and `WorkerDiedError` when the child ends meanwhile.
        """
        self._loaded(control or JobControl())

    def recognize(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """Yield the child's segments. Cancelling ends the child within 0.2 s.

        Raises what the recogniser raises, `CancelledError`, and `WorkerDiedError`.
        """
        yield from self._run("recognize", blocks, control, report)

    def recognize_live(
        self,
        blocks: Iterable[AudioBlock],
        *,
        control: JobControl,
        report: Report = ignore,
    ) -> Iterator[ASRSegment]:
        """As `recognize`, for a recording that is being made; provisional text is reported.

        Raises as `recognize`, and `ModelError` when the engine has no live mode.
        """
        if not self._info.live:
            raise ModelError(
                f"{self._info.name} has no live mode",
                where=self._info.model,
                hint="Recognise the recording when it is complete, or take a ChunkFormer model",
            )
        yield from self._run("recognize_live", blocks, control, report)

    def _run(
        self, mode: str, blocks: Iterable[AudioBlock], control: JobControl, report: Report
    ) -> Iterator[ASRSegment]:
        child = self._loaded(control)
        finished = False
        feeder = threading.Thread(
            target=child.feed, args=(mode, blocks), name="feed-recognizer", daemon=True
        )
        feeder.start()
        try:
            while True:
                kind, content = child.receive(control)
                if kind == "segment":
                    yield content
                elif kind == "report":
                    report(content)
                elif kind == "memory":
                    self._peak_mib = content
                elif kind == "end":
                    finished = True
                    break
                else:
                    raise content
        finally:
            if finished:
                feeder.join()
            else:
                # Cancelled, failed, or left by the caller: the child is in the middle of it.
                self.close()
        if child.feed_error is not None:
            raise child.feed_error

    def close(self) -> None:
        """End the child and free its memory."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _loaded(self, control: JobControl) -> _Child:
        with self._lock:
            if self._child is not None and not self._child.alive:
                self._child.end()
                self._child = None
            child = self._child
            if child is None:
                child = self._child = _Child(self._choice)
        try:
            child.wait_until_loaded(control)
        except BaseException:
            self.close()
            raise
        return child


def chunkformer_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that let the ChunkFormer engine run best in a process of its own.

    What the person has set stays. Only a process that begins with them obeys them; who uses the
    engine in their own process may set the same ones.
    """
    # Its products are short: threads that spin between them take the processor from whoever else
    # is at work, a quarter of the speed where another program is.
    given = {"OMP_WAIT_POLICY": ours.get("OMP_WAIT_POLICY", "PASSIVE")}
    # 450 MB of weights pass through for every 20 s of sound: in pages of 2 MB instead of 4 KB that
    # takes 5 % less time. Linux gives them where they are asked for; a C library of another kind
    # than glibc passes over this.
    tunables = ours.get("GLIBC_TUNABLES", "")
    if "glibc.malloc.hugetlb" not in tunables:
        tunables = ":".join(filter(None, (tunables, "glibc.malloc.hugetlb=1")))
    return {**given, "GLIBC_TUNABLES": tunables}


class _Child(ChildProcess):
    """A child process that holds one recogniser."""

    def __init__(self, choice: RecognizerChoice) -> None:
        environ = chunkformer_environment(os.environ) if choice.engine == "chunkformer" else None
        super().__init__("omoai_engine.asr.isolated_child", what="the recogniser", environ=environ)
        self._is_loaded = False
        self.feed_error: BaseException | None = None
        with contextlib.suppress(OSError):  # Gone already: whoever receives says why.
            self.say(("choice", choice))

    def wait_until_loaded(self, control: JobControl) -> None:
        if self._is_loaded:
            return
        kind, content = self.receive(control)
        if kind == "error":
            raise content
        self._is_loaded = True

    def feed(self, mode: str, blocks: Iterable[AudioBlock]) -> None:
        """Send every block; runs in a thread of its own, because pipes block."""
        message: tuple[str, Any] = (mode, None)
        iterator = iter(blocks)
        while True:
            try:
                self.say(message)
            except (OSError, ValueError):
                return  # The child is gone: whoever receives says why.
            if message[0] == "end":
                return
            try:
                block = next(iterator, None)
            except BaseException as error:
                self.feed_error, block = error, None
            message = ("end", None) if block is None else ("block", (block.start, block.samples))
