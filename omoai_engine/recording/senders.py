"""Senders as a source of sound: a private Unix socket, one sender at a time.

Runs in the capture process. Raw PCM16 of the recording's own format is taken as it is; anything
else is decoded by a confined child (`stream_decoder`) and brought to that format, which the
first sender sets. A new sender takes the place of the old one: after a broken connection the
old one may hang for long. The socket (0600) lies in a folder of the user alone (0700).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

from omoai_engine.errors import RecordingError
from omoai_engine.privacy import child_environment
from omoai_engine.private_folders import make_private_folder
from omoai_engine.recording.capture import Gone, Inbox, Opened, SenderNews
from omoai_engine.recording.remote import MAGIC, RawSound, read_line
from omoai_engine.recording.wav import PcmFormat
from omoai_engine.text import one_line, shown_path

_READ_BYTES = 1 << 14
_LONGEST_LINE = 200
_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "from omoai_engine.recording.stream_decoder import main; main()"
)
_WAITING = "Waiting for the sender to come back; what has come is kept."


class SenderSource:
    """Listens on `path` for senders."""

    def __init__(self, path: str, inbox: Inbox, rate_hz: int | None, channels: int | None) -> None:
        self._path = Path(path)
        self._inbox = inbox
        self._asked = (rate_hz, channels)
        self.latest = b""
        self._pcm: PcmFormat | None = None
        self._current: tuple[socket.socket, threading.Thread] | None = None

    def start(self) -> None:
        """Listen in a thread."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def trouble(self, now: float) -> RecordingError | None:
        """A sender may always come back."""
        return None

    def _listen(self) -> None:
        try:
            server = private_server(self._path)
        except RecordingError as error:
            self._inbox.put(Gone(error))
            return
        while True:
            connection, _ = server.accept()
            if not _is_own(connection):
                connection.close()
                continue
            if self._current is not None:
                old, thread = self._current
                with contextlib.suppress(OSError):
                    old.shutdown(socket.SHUT_RDWR)
                thread.join()
            thread = threading.Thread(target=self._take, args=(connection,), daemon=True)
            self._current = (connection, thread)
            thread.start()

    def _take(self, connection: socket.socket) -> None:
        text = _WAITING
        try:
            with connection:
                text = self._receive(connection) or _WAITING
        except OSError:
            pass
        self._inbox.put(SenderNews(False, text))

    def _receive(self, connection: socket.socket) -> str | None:
        """Take all that a sender sends; return what was wrong with it, if anything."""
        raw: RawSound | None = None
        if _begins_with_magic(connection):
            raw = read_line(_first_line(connection))
            if raw is None:
                return "A sender's first line made no sense; waiting for another one."
            direct = raw.format == "s16le" and sys.byteorder == "little"
            if direct and self._fits(PcmFormat(raw.rate_hz, raw.channels)):
                self._open(PcmFormat(raw.rate_hz, raw.channels))
                while data := connection.recv(_READ_BYTES):
                    self._put(data)
                return None
        return self._decode(connection, raw)

    def _fits(self, pcm: PcmFormat) -> bool:
        if self._pcm is not None:
            return pcm == self._pcm
        rate_hz, channels = self._asked
        return rate_hz in (None, pcm.rate_hz) and channels in (None, pcm.channels)

    def _open(self, pcm: PcmFormat) -> None:
        self._pcm, self._rest = pcm, b""
        self._inbox.put(Opened(pcm, "remote microphone"))
        self._inbox.put(SenderNews(True, ""))

    def _put(self, data: bytes) -> None:
        """Pass on whole frames: a broken connection must not shift the samples after it."""
        assert self._pcm is not None  # noqa: S101 - opened before
        data = self._rest + data
        whole = self._pcm.whole(len(data))
        self._rest = data[whole:]
        if whole:
            self.latest = data[:whole]
            self._inbox.put(self.latest)

    def _decode(self, connection: socket.socket, raw: RawSound | None) -> str | None:
        pcm = self._pcm
        wish = {
            "rate_hz": pcm.rate_hz if pcm else self._asked[0],
            "channels": pcm.channels if pcm else self._asked[1],
            "raw": [raw.rate_hz, raw.channels, raw.format] if raw else None,
        }
        theirs, lifeline = os.pipe()
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, _ROOT, json.dumps({**wish, "life": theirs})],
                stdin=connection.fileno(),
                stdout=subprocess.PIPE,
                pass_fds=(theirs,),
                start_new_session=True,
                env=child_environment({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}),
                bufsize=0,
            )
        finally:
            os.close(theirs)
        try:
            output = cast("IO[bytes]", child.stdout)
            with output:
                told = json.loads(
                    _line_of(output) or b'{"error": "it ended before any sound came"}'
                )
                if "error" in told:
                    return f"The sender's stream cannot be used: {one_line(told['error'])}."
                self._open(PcmFormat(int(told["rate_hz"]), int(told["channels"])))
                while data := output.read(_READ_BYTES):
                    self._put(data)
            return None
        finally:
            child.kill()
            child.wait()
            os.close(lifeline)


def private_server(path: Path) -> socket.socket:
    """Return a listening socket that only this user can reach. Raises `RecordingError`.

    A socket that nobody listens on any more is replaced, one in use is left alone.
    """
    where = shown_path(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        make_private_folder(path.parent)
        about = path.parent.lstat()
        if about.st_uid != os.getuid() or about.st_mode & 0o077 or path.parent.is_symlink():
            raise RecordingError(
                "the folder of the socket is not private",
                where=shown_path(path.parent),
                hint="Remove it, or set XDG_RUNTIME_DIR",
            )
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            try:
                probe.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                path.unlink(missing_ok=True)
            else:
                raise RecordingError(
                    "another recording is listening already", where=where, hint="Stop it first"
                )
        before = os.umask(0o177)
        try:
            server.bind(str(path))
        finally:
            os.umask(before)
        server.listen(2)
    except OSError as error:
        server.close()
        raise RecordingError(
            f"senders cannot be listened for: {error.strerror or error}",
            where=where,
            hint="Set XDG_RUNTIME_DIR to a folder of your own",
        ) from None
    except RecordingError:
        server.close()
        raise
    return server


def _is_own(connection: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the permissions of the folder and of the socket remain
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", credentials)[1] in (os.getuid(), 0)


def _begins_with_magic(connection: socket.socket) -> bool:
    """Look at the first bytes without taking them."""
    seen = b""
    while len(seen) < len(MAGIC):
        now = connection.recv(len(MAGIC), socket.MSG_PEEK | socket.MSG_WAITALL)
        if len(now) <= len(seen):  # it ended
            break
        seen = now
        if not MAGIC.startswith(seen):
            break
    return seen == MAGIC


def _first_line(connection: socket.socket) -> bytes:
    line = b""
    while len(line) < _LONGEST_LINE and not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line


def _line_of(output: IO[bytes]) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < 4096:
        byte = output.read(1)
        if not byte:
            break
        line += byte
    return line
