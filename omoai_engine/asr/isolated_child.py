"""The child's end of `isolated.py`: one recogniser, driven through pipes, silent, never an orphan.

In: ("choice", RecognizerChoice), then for each recording ("recognize" or "recognize_live", None),
("block", (start, samples))..., ("end", None). Out: ("loaded", None), then ("segment", ASRSegment),
("report", event), ("memory", MiB), ("end", None), or ("error", OmoAIError) at any time.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection

from omoai_engine.asr.choice import RecognizerChoice, build_recognizer
from omoai_engine.asr.recognizer import LiveRecognizer
from omoai_engine.audio import AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.errors import OmoAIError, WorkerDiedError
from omoai_engine.lifeline import end_with_parent
from omoai_engine.memory import peak_memory_mib
from omoai_engine.shortage import shortage_of


def main(incoming: int, outgoing: int, lifeline: int) -> None:
    """Serve one parent until it goes; the arguments are descriptors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(lifeline, beats=True)
    commands = Connection(incoming, writable=False)
    answers = Connection(outgoing, readable=False)
    with contextlib.suppress(EOFError, BrokenPipeError):
        _serve(commands, answers)
    # Native threads may be busy; there is nothing here to tidy up.
    os._exit(0)


def _serve(commands: Connection, answers: Connection) -> None:
    _, choice = commands.recv()
    try:
        _limit_threads(choice)
        recognizer = build_recognizer(choice)
        recognizer.load()
    except Exception as error:
        answers.send(("error", _told(error, "loading")))
        return
    answers.send(("loaded", None))
    while True:
        mode, _ = commands.recv()
        blocks = _blocks(commands)
        work = recognizer.recognize
        if mode == "recognize_live" and isinstance(recognizer, LiveRecognizer):
            work = recognizer.recognize_live
        try:
            for segment in work(
                blocks, control=JobControl(), report=lambda event: answers.send(("report", event))
            ):
                answers.send(("segment", segment))
        except (EOFError, BrokenPipeError):
            raise
        except Exception as error:
            answers.send(("error", _told(error, "recognising")))
            return
        if choice.empty_cache:
            _empty_cache()
        answers.send(("memory", peak_memory_mib()))
        answers.send(("end", None))


def _blocks(commands: Connection) -> Iterator[AudioBlock]:
    while True:
        kind, content = commands.recv()
        if kind == "end":
            return
        start, samples = content
        yield AudioBlock(start, samples)


def _limit_threads(choice: RecognizerChoice) -> None:
    """Set torch's threads: this process is ours alone, nobody else's setting is changed."""
    if choice.engine == "chunkformer":
        import torch

        from omoai_engine.asr.threads import thread_count

        torch.set_num_threads(thread_count(choice.settings.threads))


def _empty_cache() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _told(error: Exception, doing: str) -> OmoAIError:
    """Return the error as one the parent can act on."""
    if isinstance(error, OmoAIError):
        return error
    lack = shortage_of(error)
    if lack is not None:
        return WorkerDiedError(f"{lack.what} while {doing}", where=lack.where, hint=lack.hint)
    return WorkerDiedError(
        f"the recogniser failed while {doing}: {type(error).__name__}: {error}",
        hint="Try again; `omoai doctor` says what is missing",
    )
