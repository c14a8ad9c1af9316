"""Several exchanges with a server at the same time, patient, bounded, and ended at once.

A few threads work; the thread that called waits, hears what they tell, looks at its control and
watches the clock: an exchange in which nothing useful happens for too long is cut. What may pass
is tried again after a growing pause. Threads that hang in the system (a name being looked up)
are left behind and never wait for the program's end.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, LanguageModelError
from omoai_engine.postprocess.llm.server_http import Address, Exchange, ServerFault, silent

_CHECK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class News:
    """What a worker tells: `text`, `tokens`, `again` (a new try), `done` or `fault`."""

    kind: str
    content: Any = None


Tell = Callable[[News], None]
Work = Callable[[Exchange, Tell], Any]
Hear = Callable[[int, News], None]


class Pool:
    """Runs work against one server. `close` may be called from any thread."""

    def __init__(
        self,
        address: Address,
        headers: Mapping[str, str],
        *,
        timeout: float,
        retries: int,
        at_once: int,
    ) -> None:
        self._address = address
        self._headers = headers
        self._timeout = timeout
        self._retries = retries
        self._at_once = at_once
        self._runs: set[_Run] = set()

    def run(
        self,
        work: Sequence[Work],
        control: JobControl,
        hear: Hear = lambda index, news: None,
        *,
        whole_is_fatal: bool = True,
    ) -> list[Any]:
        """Return what each piece of `work` returned, or the `ServerFault` it ended with.

        Raises `CancelledError` within 0.2 s, and `LanguageModelError` for a fault that concerns
        the server as a whole, unless `whole_is_fatal` is off.
        """
        run = _Run(len(work))
        self._runs.add(run)
        for _ in range(min(self._at_once, len(work))):
            threading.Thread(
                target=self._work, args=(run, work), name="language-server", daemon=True
            ).start()
        results: dict[int, Any] = {}
        try:
            while len(results) < len(work):
                control.checkpoint()
                if run.stop.is_set():
                    raise CancelledError("the connection to the language model was closed")
                self._watch(run)
                try:
                    index, news = run.news.get(timeout=_CHECK_SECONDS)
                except queue.Empty:
                    continue
                if news.kind == "fault" and news.content.whole and whole_is_fatal:
                    fault = news.content
                    raise LanguageModelError(fault.what, hint=fault.hint or None)
                if news.kind in ("done", "fault"):
                    results[index] = news.content
                else:
                    hear(index, news)
        finally:
            self._runs.discard(run)
            run.end()
        return [results[index] for index in range(len(work))]

    def close(self) -> None:
        """End everything that is under way."""
        for run in list(self._runs):
            run.end()

    def _watch(self, run: _Run) -> None:
        now = time.monotonic()
        for exchange in run.open():
            if now - exchange.touched > self._timeout:
                exchange.cut()

    def _work(self, run: _Run, work: Sequence[Work]) -> None:
        while (index := run.next()) is not None:
            news = self._patiently(run, index, work[index])
            if news is not None:
                run.news.put((index, news))

    def _patiently(self, run: _Run, index: int, work: Work) -> News | None:
        """Work until it is done, hopeless, or no longer wanted (None)."""
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(self._retries + 1):
            exchange = Exchange(self._address, self._headers, self._timeout)
            if not run.begin(exchange):
                return None
            try:
                return News("done", work(exchange, lambda news: run.news.put((index, news))))
            except ServerFault as caught:
                # Only the watch cuts an exchange of a run that goes on.
                fault = silent(self._address, self._timeout) if exchange.is_cut else caught
            except Exception as error:
                what = f"an exchange with the server failed ({type(error).__name__})"
                fault = ServerFault(what)
            finally:
                run.finish(exchange)
            if not fault.again or attempt == self._retries:
                return News("fault", fault)
            if run.stop.wait(fault.wait if fault.wait is not None else pause):
                return None
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            run.news.put((index, News("again")))
        return None


class _Run:
    """One call: what is still to do, what is under way, and what was told."""

    def __init__(self, count: int) -> None:
        self.news: queue.SimpleQueue[tuple[int, News]] = queue.SimpleQueue()
        self.stop = threading.Event()
        self._waiting = deque(range(count))
        self._open: set[Exchange] = set()
        self._lock = threading.Lock()

    def next(self) -> int | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting and not self.stop.is_set() else None

    def begin(self, exchange: Exchange) -> bool:
        with self._lock:
            if self.stop.is_set():
                return False
            self._open.add(exchange)
            return True

    def finish(self, exchange: Exchange) -> None:
        with self._lock:
            self._open.discard(exchange)

    def open(self) -> list[Exchange]:
        with self._lock:
            return list(self._open)

    def end(self) -> None:
        with self._lock:
            self.stop.set()
            exchanges = list(self._open)
        for exchange in exchanges:
            exchange.cut()
