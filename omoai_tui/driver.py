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
from collections.abc import Callable, Iterable, Iterator

from textual.message import Message

from omoai_tui.textual_gaps import LinuxDriver, XTermParser

POLL_MILLISECONDS = 100
READ_BYTES = 4096


class InputReader:
    """Textual's parser of what a terminal sends, which ends with nothing that it is sent.

    A burst that the parser cannot read (a key number beyond Unicode, for one) is dropped, and a
    new parser reads on: the parser is a generator, which any error ends for good.
    """

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._parser = XTermParser(debug)

    def feed(self, text: str) -> Iterator[Message]:
        """Yield what `text` means; an empty one is the end."""
        yield from self._guarded(self._parser.feed(text))

    def tick(self) -> Iterator[Message]:
        """Yield what a pause means: a lone Esc, for one."""
        yield from self._guarded(self._parser.tick())

    def _guarded(self, messages: Iterable[Message]) -> Iterator[Message]:
        try:
            yield from messages
        except Exception:
            # Whatever it is, the person's next key must still work.
            self._parser = XTermParser(self._debug)


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
        reader = InputReader(self._debug)
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            for _, flags in poll.poll(POLL_MILLISECONDS):
                data = self._read() if flags & select.POLLIN else b""
                if not data:
                    self._hung_up()
                    return
                for event in reader.feed(decode(data)):
                    self.process_message(event)
            for event in reader.tick():
                self.process_message(event)
        for _ in reader.feed(""):
            pass

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def _hung_up(self) -> None:
        if self.on_hang_up is not None:
            self.on_hang_up()
