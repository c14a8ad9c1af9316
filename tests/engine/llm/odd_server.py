"""A small HTTP server that misbehaves on request: each path of `faults` does one wrong thing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers `/v1/models` rightly and hands chats to the fault of the day."""

    server: OddServer

    def do_GET(self) -> None:
        self.send_json({"data": [{"id": "odd", "owned_by": self.server.owner}]})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length))
        if self.path.endswith("/tokenize"):
            self.send_error(404)
            return
        self.server.bodies.append(body)
        try:
            self.server.fault(self)
        except OSError:
            self.server.closed.set()

    def send_json(self, content: Any, status: int = 200) -> None:
        self.send_whole(json.dumps(content).encode(), "application/json", status)

    def send_whole(self, data: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def send_event(self, text: str | None = None, finish: str | None = None) -> None:
        choice: dict[str, Any] = {"delta": {} if text is None else {"content": text}}
        choice["finish_reason"] = finish
        self.send_raw(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())

    def send_raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def send_answer(self, text: str) -> None:
        self.begin_stream()
        self.send_event(text)
        self.send_event(None, "stop")
        self.send_raw(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class OddServer(ThreadingHTTPServer):
    """Listens on loopback while the `with` block runs."""

    daemon_threads = True

    def __init__(self, fault: Fault, owner: str = "somebody") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault = fault
        self.owner = owner
        self.bodies: list[dict[str, Any]] = []
        self.closed = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()
