"""A folder on a mount that stops answering, as a network disk does whose server is gone.

    python stalled_mount.py FOLDER FILE SWITCH COMMAND...

In a mount namespace of its own FOLDER becomes a mount that holds FILE under its name, and COMMAND
runs there, as this process. Questions to the mount are answered until the file SWITCH says
otherwise: `all` (whatever asks waits), `files` (whatever asks for the file itself waits), `reads:N`
(whoever reads beyond byte N waits), `go` (all who wait are answered), `end`. Who waits cannot be
killed: that is the point.

Speaks the kernel's FUSE protocol (linux/fuse.h, version 7.31) by itself: needs root and /dev/fuse.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import stat
import struct
import sys
import time
from pathlib import Path

_HEAD = struct.Struct("<IIQQIIIHH")
_LOOKUP, _FORGET, _GETATTR, _STATFS, _OPEN, _READ = 1, 2, 3, 17, 14, 15
_RELEASE, _FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR = 18, 25, 26, 27, 28, 29
_ACCESS, _INTERRUPT, _BATCH_FORGET = 34, 36, 42
_NEW_NAMESPACE, _PRIVATE, _ALL_BELOW = 0x20000, 1 << 18, 1 << 14
_FOLDER_NODE, _FILE_NODE = 1, 2
_LONGEST_SECONDS = 150


def can_mount() -> bool:
    """Say whether this works here."""
    return os.geteuid() == 0 and os.access("/dev/fuse", os.R_OK | os.W_OK)


class Mount:
    """Answers what the kernel asks of one mount."""

    def __init__(self, descriptor: int, file: Path, switch: Path) -> None:
        self._descriptor = descriptor
        self._name = os.fsencode(file.name)
        self._content = file.read_bytes()
        self._switch = switch
        self._mode = "go"
        self._waiting: list[bytes] = []

    def serve(self) -> None:
        """Answer until the switch says `end`, or the mount is gone."""
        until = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                self._mode = self._switch.read_text().strip()
            if self._mode == "end":
                return
            if self._mode == "go":
                waiting, self._waiting = self._waiting, []
                for request in waiting:
                    self._answer(request)
            if select.select([self._descriptor], [], [], 0.05)[0]:
                try:
                    self._answer(os.read(self._descriptor, 1 << 18))
                except OSError as error:
                    if error.errno == errno.ENODEV:
                        return

    def _stalls(self, opcode: int, node: int, body: bytes) -> bool:
        if self._mode == "all":
            return opcode != _INIT
        if self._mode == "files":
            return (node == _FILE_NODE and opcode in (_GETATTR, _OPEN, _READ)) or (
                opcode == _LOOKUP and body.rstrip(b"\0") == self._name
            )
        if self._mode.startswith("reads:") and opcode == _READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            return bool(offset + size > int(self._mode.partition(":")[2]))
        return False

    def _answer(self, request: bytes) -> None:
        _, opcode, unique, node, *_ = _HEAD.unpack_from(request)
        body = request[_HEAD.size :]
        if opcode in (_FORGET, _BATCH_FORGET, _INTERRUPT):
            return
        if self._stalls(opcode, node, body):
            self._waiting.append(request)
            return
        code, data = self._work(opcode, node, body)
        with contextlib.suppress(OSError):  # who asked may be gone
            os.write(self._descriptor, struct.pack("<IiQ", 16 + len(data), -code, unique) + data)

    def _work(self, opcode: int, node: int, body: bytes) -> tuple[int, bytes]:
        if opcode == _INIT:
            major, minor, readahead, _ = struct.unpack_from("<IIII", body)
            head = struct.pack("<IIIIHHI", major, min(minor, 31), readahead, 0, 12, 9, 1 << 17)
            return 0, head.ljust(64, b"\0")
        if opcode == _LOOKUP:
            if node != _FOLDER_NODE or body.rstrip(b"\0") != self._name:
                return errno.ENOENT, b""
            return 0, struct.pack("<QQQQII", _FILE_NODE, 0, 0, 0, 0, 0) + self._attributes(2)
        if opcode == _GETATTR:
            return 0, struct.pack("<QII", 0, 0, 0) + self._attributes(node)
        if opcode in (_OPEN, _OPENDIR):
            return 0, struct.pack("<QII", node, 1, 0)
        if opcode == _READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            return 0, self._content[offset : offset + size]
        if opcode == _READDIR:
            return 0, b"" if struct.unpack_from("<Q", body, 8)[0] else self._entry()
        if opcode == _STATFS:
            return 0, struct.pack("<QQQQQIII", 9, 9, 9, 9, 9, 4096, 255, 4096).ljust(80, b"\0")
        if opcode in (_RELEASE, _RELEASEDIR, _FLUSH, _ACCESS):
            return 0, b""
        return errno.ENOSYS, b""

    def _entry(self) -> bytes:
        head = struct.pack("<QQII", _FILE_NODE, 1, len(self._name), stat.S_IFREG >> 12)
        return (head + self._name).ljust(-(-(24 + len(self._name)) // 8) * 8, b"\0")

    def _attributes(self, node: int) -> bytes:
        size = len(self._content) if node == _FILE_NODE else 4096
        mode = stat.S_IFREG | 0o644 if node == _FILE_NODE else stat.S_IFDIR | 0o755
        now = int(time.time())
        return struct.pack("<6Q10I", node, size, size // 512 + 1, now, now, now,
                           0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)  # fmt: skip


def main() -> None:
    """Mount, serve in a process of its own, become the command."""
    folder, file, switch, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0,allow_other"
    if (
        libc.unshare(_NEW_NAMESPACE)
        or libc.mount(b"none", b"/", None, _PRIVATE | _ALL_BELOW, None)
        or libc.mount(b"stalled", os.fsencode(folder), b"fuse", 0, options.encode())
    ):
        sys.exit(f"cannot mount: {os.strerror(ctypes.get_errno())}")
    if os.fork() == 0:
        # No child of the command's, and nothing of its terminal.
        if os.fork() == 0:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nowhere, standard)
            Mount(descriptor, Path(file), Path(switch)).serve()
        os._exit(0)
    os.wait()
    os.close(descriptor)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
