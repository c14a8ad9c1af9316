"""One SQLite file that threads and processes share: many readers, one writer at a time.

What a writing block did is on the disk (WAL, `synchronous=FULL`) when the block ends, all of it
or nothing. Every thread has a connection of its own. A file that is no library, is damaged or
was written by a newer version is refused before anything opens it for writing; an older one is
copied beside itself before it is brought up to date. The file has mode 0600, its folder 0700.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import sqlite3
import stat
import struct
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from omoai_engine.errors import LibraryError
from omoai_engine.library.schema import APPLICATION_ID, MIGRATIONS, Migration
from omoai_engine.private_folders import make_private_folder
from omoai_engine.shortage import CAUSES, MEMORY
from omoai_engine.text import shown_path

_BUSY_SECONDS = 30.0
_MAGIC = b"SQLite format 3\x00"
# Folders beside the file that belong to the library.
_OURS = ("audio", "running")
_ELSEWHERE = "Move the file away to begin a new library; it was not changed"


class Database:
    """The database file `path`, created or brought up to date. Raises `LibraryError`."""

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self.path = path
        self._migrations = migrations
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.RLock()
        self._closed = False
        try:
            make_private_folder(path.parent)
            _refuse_what_is_no_file(path)
            with _alone(path.with_name(path.name + ".lock")):
                _keep_private(path)
                self._prepare()
        except OSError as error:
            what, hint = _OPENING.get(
                error.errno or 0,
                (error.strerror, "Check the folder's permissions, or set library.folder"),
            )
            raise LibraryError(
                f"the library cannot be opened: {what}", where=shown_path(path), hint=hint
            ) from None

    def close(self) -> None:
        """Close every connection; those of other threads too."""
        with self._guard:
            self._closed = True
            for connection in self._open:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            self._open.clear()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection, inside one snapshot of the library."""
        with self._told():
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                _take_back(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection as the only writer; durable when the block ends.

        Nothing of the block stays when it raises.
        """
        with self._told(), self._writing:
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _take_back(connection)
                raise

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            if self._closed:
                raise LibraryError("the library is closed already", hint="Open it again")
            found = self._connect()
            self._local.connection = found
            with self._guard:
                self._open.append(found)
        return found

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -32768")
        connection.execute("PRAGMA mmap_size = 1073741824")
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _prepare(self) -> None:
        new = not self.path.exists() or self.path.stat().st_size == 0
        # Killed while it wrote, SQLite leaves a journal and puts the file right when it is opened;
        # until then its first bytes tell nothing.
        journal = self.path.with_name(f"{self.path.name}-journal")
        unsettled = not new and journal.exists() and journal.stat().st_size > 0
        if not new and not unsettled:
            self._check_header()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
        with self._told():
            connection = self._connect()
            try:
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
                if (
                    unsettled
                    and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                ):
                    self._check_header()
                self._refuse_newer(version)
                if version < len(self._migrations):
                    if not new and version:
                        self._back_up(connection, version)
                    self._migrate(connection, version)
                if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("SELECT count(*) FROM (SELECT id FROM entry LIMIT 1)")
            finally:
                connection.close()

    def _check_header(self) -> None:
        """Refuse by the first bytes what is no library of ours, without opening it."""
        with self.path.open("rb") as file:
            header = file.read(100)
        if len(header) < 100 or not header.startswith(_MAGIC):
            raise LibraryError(
                "the library is damaged, or this is no library",
                where=shown_path(self.path),
                hint=_ELSEWHERE,
            )
        version, application = (struct.unpack(">I", header[at : at + 4])[0] for at in (60, 68))
        if application != APPLICATION_ID:
            raise LibraryError(
                "this is another program's database", where=shown_path(self.path), hint=_ELSEWHERE
            )
        self._refuse_newer(version)

    def _refuse_newer(self, version: int) -> None:
        if version > len(self._migrations):
            raise LibraryError(
                f"the library was written by a newer OmoAI (version {version}; "
                f"this one knows {len(self._migrations)})",
                where=shown_path(self.path),
                hint="Update OmoAI; the file was not changed",
            )

    def _back_up(self, connection: sqlite3.Connection, version: int) -> None:
        """Copy the whole library beside itself before it is changed."""
        copy = self.path.with_name(f"{self.path.stem}-version-{version}{self.path.suffix}")
        if copy.exists():
            return
        partial = copy.with_name(copy.name + ".part")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        target = sqlite3.connect(partial)
        try:
            connection.backup(target)
        finally:
            target.close()
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.rename(copy)

    def _migrate(self, connection: sqlite3.Connection, version: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version == 0:
                # In one step with the tables: a library without its mark is taken for another's.
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for migration in self._migrations[version:]:
                migration(connection)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute("COMMIT")
        except BaseException:
            _take_back(connection)
            raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite says into one sentence for people."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            what, hint = _CAUSES.get(
                code, (f"the library cannot be used: {error}", "Run: omoai library verify")
            )
            if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
                what, hint = _what_the_system_says(self.path) or (what, hint)
            raise LibraryError(what, where=shown_path(self.path), hint=hint) from error


_OPENING = {
    code: CAUSES[code]
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO)
} | {
    errno.ENOLCK: ("its disk gives no locks", "Set library.folder to a disk of this machine"),
}
_CAUSES = {
    sqlite3.SQLITE_BUSY: (
        "another program has been writing to the library for too long",
        "Close it or try again",
    ),
    sqlite3.SQLITE_NOMEM: MEMORY,
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space; nothing was changed"),
    sqlite3.SQLITE_READONLY: ("the library is read-only", "Check the file's permissions"),
    sqlite3.SQLITE_CANTOPEN: ("the library cannot be opened", "Check the folder's permissions"),
    sqlite3.SQLITE_CORRUPT: ("the library is damaged", "Run: omoai library verify"),
    sqlite3.SQLITE_NOTADB: ("the library is damaged, or this is no library", _ELSEWHERE),
    sqlite3.SQLITE_IOERR: ("the disk failed while the library was used", "Check the disk"),
}


def _take_back(connection: sqlite3.Connection) -> None:
    """Undo what was begun; a full disk has made SQLite do so by itself already."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _what_the_system_says(path: Path) -> tuple[str, str] | None:
    """Return what is wrong and what to do, where SQLite only says that it failed."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        # Its journal takes a second one, and the folder a third.
        os.close(os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC))
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY:
            return CAUSES[errno.EFBIG]
    except OSError as error:
        return CAUSES.get(error.errno or 0)
    return None


def others_may_enter(folder: Path) -> bool:
    """Say whether a folder has wider rights than 0700."""
    return bool(folder.stat().st_mode & 0o077)


def _refuse_what_is_no_file(path: Path) -> None:
    """Raise `LibraryError` for a pipe, a device or a folder in the place of the library: SQLite
    would blame the disk. Raises `OSError` for a link that leads nowhere."""
    if os.path.lexists(path) and not stat.S_ISREG(path.stat().st_mode):
        raise LibraryError(
            "this is no file, so it is no library", where=shown_path(path), hint=_ELSEWHERE
        )


def _keep_private(path: Path) -> None:
    """Take from others what they may do to a library that was copied or made with wider rights.

    Its files always; its folder where nothing but the library lies in it: a folder of other
    things is its owner's to close, and `verify` says so. Files that are not ours stay as they are.
    """
    with contextlib.suppress(OSError):
        names = list(path.parent.iterdir())
        own = [one for one in names if one.name.startswith(path.stem) or one.name in _OURS]
        for one in own:
            if one.is_symlink() or not one.stat().st_mode & 0o077:
                continue
            one.chmod(0o700 if one.is_dir() else 0o600)
        if len(own) == len(names) and others_may_enter(path.parent):
            path.parent.chmod(0o700)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock file `path`: only one process creates or migrates at a time."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
