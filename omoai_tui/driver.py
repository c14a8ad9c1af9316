"""Textual's terminal driver, made to survive what terminals and links do.

Differences: input that is not UTF-8 becomes a replacement sign instead of ending the app; a
terminal that hung up is noticed at once instead of read for ever; the size is asked of the
terminal itself, because descriptor 1 is the log.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
from collections.abc import Callable

from omoai_tui.textual_gaps import LinuxDriver, ParseError, XTermParser

POLL_MILLISECONDS = 100
READ_BYTES = 4096


class TerminalDriver(LinuxDriver):
    """The driver of the app on a real terminal."""

    on_hang_up: Callable[[], object] | None = None

    def _get_terminal_size(self) -> tuple[int, int]:
        for descriptor in (self.fileno, self._output()):
            with contextlib.suppress(OSError, ValueError):
                columns, lines = os.get_terminal_size(descriptor)
                if columns > 0 and lines > 0:
                    return columns, lines
        return 80, 24

    def _output(self) -> int:
        return self._file.fileno() if self._file is not None else self.fileno

    def run_input_thread(self) -> None:
        """Turn what the terminal sends into events until the app ends or the line is cut."""
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        parser = XTermParser(self._debug)
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            for _, flags in poll.poll(POLL_MILLISECONDS):
                data = self._read() if flags & select.POLLIN else b""
                if not data:
                    self._hung_up()
                    return
                self._feed(parser, decode(data))
            for event in parser.tick():
                self.process_message(event)
        with contextlib.suppress(EOFError, ParseError):
            for _ in parser.feed(""):
                pass

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def _feed(self, parser: XTermParser, text: str) -> None:
        # A burst that Textual's parser cannot read is dropped; the next one starts afresh.
        with contextlib.suppress(ParseError):
            for event in parser.feed(text):
                self.process_message(event)

    def _hung_up(self) -> None:
        if self.on_hang_up is not None:
            self.on_hang_up()
