"""Why the capture process is gone: what it last wrote on standard error, and how it ended.

In: the pipe of its standard error, and its exit code. Out: one sentence and what to do. At most
4 KiB are kept, the newest; reading never waits, and nothing here starts a thread or a process:
the machine may have none left to give.
"""

from __future__ import annotations

import contextlib
import os
import signal

from omoai_engine.shortage import shortage_in
from omoai_engine.text import one_line

_KEPT_BYTES = 4096
_LINE_CHARACTERS = 200
_TRY_AGAIN = "Try again; `omoai doctor` says what is missing"
_SIGNALS = {
    signal.SIGKILL: (
        "was killed, most likely because memory ran out",
        "Close other programs and try again",
    ),
    signal.SIGBUS: (
        "crashed (SIGBUS): memory or the disk failed under it",
        "Check that neither is full, and try again",
    ),
    signal.SIGSEGV: ("crashed (SIGSEGV)", _TRY_AGAIN),
    signal.SIGABRT: ("crashed (SIGABRT)", _TRY_AGAIN),
}


class LastWords:
    """The newest bytes that came through `descriptor`, the reading end of a pipe."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._kept = bytearray()
        self.ended = False

    def take(self) -> bool:
        """Keep what has come; False when no more can come. Never waits."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._descriptor, 1 << 16):
                self._kept += data
                del self._kept[:-_KEPT_BYTES]
            self.ended = True
        return not self.ended

    def lines(self) -> list[str]:
        """Return what was kept, cleaned, without empty lines."""
        text = self._kept.decode("utf-8", "replace")
        return [line for line in map(one_line, text.splitlines()) if line]


def why_gone(code: int, lines: list[str]) -> tuple[str, str]:
    """Return the sentence for a capture process that ended with `code`, and what to do."""
    # The newest line first: a traceback ends with its reason.
    lack = next(filter(None, map(shortage_in, reversed(lines))), None)
    if lack is not None:
        return f"the capture process ended: {lack.what}", lack.hint or _TRY_AGAIN
    if -code in _SIGNALS:
        how, hint = _SIGNALS[signal.Signals(-code)]
        return f"the capture process {how}", hint
    how = f"signal {-code}" if code < 0 else f"status {code}"
    last = f": {lines[-1][:_LINE_CHARACTERS]}" if lines else ""
    return f"the capture process ended unexpectedly ({how}){last}", _TRY_AGAIN
