"""A real HTTP server on loopback that speaks like the model hub, and can misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TINY = Path(__file__).parents[2] / "data" / "tiny-chunkformer"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server holds and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    licence: str | None = "cc-by-4.0"
    lfs: frozenset[str] = frozenset({"model.safetensors"})
    cut_after: int | None = None
    """Break each connection after so many bytes of a body."""
    cuts: int = 0
    """How many connections are still to be broken."""
    refuse_with: int | None = None
    resumes: bool = True
    spoil: str | None = None
    """A file whose bytes are changed on the way."""
    ranges: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def description(self) -> bytes:
        siblings = []
        for name, content in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
            if name in self.lfs:
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content)}
            siblings.append(entry)
        card = {"license": self.licence} if self.licence else {}
        return json.dumps({"sha": COMMIT, "siblings": siblings, "cardData": card}).encode()


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """Run the server while the block runs; yields what it holds."""
    state = Hub({path.name: path.read_bytes() for path in TINY.iterdir()})

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            state.asked.append(self.path)
            if state.refuse_with is not None:
                self.send_error(state.refuse_with)
                return
            if self.path.startswith("/api/models/"):
                self._send(200, state.description(), {})
                return
            name = self.path.rsplit("/", 1)[-1]
            if name not in state.files:
                self.send_error(404)
                return
            if "/cdn/" not in self.path and name in state.lfs:
                # As the hub does for large files: the bytes come from another address.
                self.send_response(302)
                self.send_header("Location", f"{state.address}/cdn/{name}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = state.files[name]
            if name == state.spoil:
                body = bytes([body[0] ^ 1]) + body[1:]
            wanted = self.headers.get("Range")
            if wanted and state.resumes:
                state.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                span = f"bytes {start}-{len(body) - 1}/{len(body)}"
                self._send(206, body[start:], {"Content-Range": span})
            else:
                self._send(200, body, {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if state.cuts and state.cut_after is not None and len(body) > state.cut_after:
                state.cuts -= 1
                self.wfile.write(body[: state.cut_after])
                self.wfile.flush()
                self.connection.shutdown(2)
                return
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
