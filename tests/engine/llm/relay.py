"""A way to a real server that can break down: it hands bytes on and goes down when told."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Listens on loopback and hands everything on to `port`, until `go_down`, or until that many
    connections came (`lasts`): then it refuses connections, and those that are open break."""

    def __init__(self, port: int, *, lasts: int = 1 << 30) -> None:
        self._target = port
        self._left = lasts
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *args: object) -> None:
        self.go_down()

    def go_down(self) -> None:
        """Break every connection and accept no other."""
        with self._lock:
            self._left = 0
            ends, self._open = [self._listener, *self._open], []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._left -= 1
                    self._open += [near, far]
                    worn_out = self._left <= 0
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_hand_on, args=(source, target), daemon=True).start()
                if worn_out:
                    self.go_down()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
