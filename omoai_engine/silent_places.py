"""Folders that lie on a network disk, asked before they are used whether the disk answers at all.

A disk whose server is gone holds whoever touches it for ever, so a child asks (`far_files`), and
only about places that are not on a file system of this machine's own: the mount table tells
without touching any. Elsewhere this costs a fraction of a millisecond. It helps at the beginning;
a disk that falls silent later is beyond it. Linux only: other systems have no such table, and
nothing is asked.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.errors import ConfigError, DiskSilentError
from omoai_engine.text import shown_path

if TYPE_CHECKING:
    from omoai_engine.far_files import Disk

_NEAR = re.compile(
    # disks of this machine
    r"adfs|affs|apfs|bcachefs|befs|btrfs|erofs|exfat|ext[234]|f2fs|fuseblk|hfs|hfsplus|hpfs|iso9660"
    r"|jffs2|jfs|minix|msdos|nilfs2|ntfs3?|qnx[46]|reiserfs|romfs|cramfs|squashfs|ubifs|udf|ufs|vfat"
    r"|xfs|zfs|zonefs"
    # memory and layers
    r"|aufs|devtmpfs|hugetlbfs|overlay|ramfs|rootfs|tmpfs"
    # the kernel's own
    r"|binder|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|efivarfs|fusectl|mqueue|nsfs|proc"
    r"|pstore|resctrl|rpc_pipefs|securityfs|selinuxfs|smackfs|sysfs|tracefs"
)
"""File systems that this machine answers for; whatever is none of them is asked."""
_KIND = re.compile(r" - (\S+) ")
MOUNTS = Path("/proc/self/mountinfo")
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_INSIDE = {
    "settings": ("omoai.toml", "themes", "templates"),
    "data": ("unfinished", "rescued"),
    "state": ("tui.log",),
    "cache": ("models",),
}
_MOST_LINKS = 40
_FRESH_SECONDS = 2.0
"""So long a place that answered is not asked again."""
_SILENT_SECONDS = 5.0
"""So long a disk that was silent is not asked again."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or file that is needed, and what else one can do. `name` says what it is for."""

    name: str
    path: Path
    other: str


class _Answers:
    """What disks said in this process, and when."""

    def __init__(self) -> None:
        self.fresh: dict[str, float] = {}  # by place
        self.silent: dict[str, tuple[float, DiskSilentError]] = {}  # by mount
        self.silent_seconds = _SILENT_SECONDS


_answers = _Answers()


def own_places() -> list[Place]:
    """Return where settings, library, state and cache of OmoAI lie, and passing files."""
    import platformdirs

    found = []
    if named := os.environ.get("OMOAI_CONFIG"):
        settings = Path(named).absolute()
        with contextlib.suppress(RuntimeError):  # `~nobody`: no such user, so a name like any
            settings = Path(named).expanduser().absolute()
        found += [
            Place("settings", path, "set OMOAI_CONFIG to another file")
            for path in (settings, settings.parent / "templates")
        ]
    for name, path, variable in (
        ("settings", platformdirs.user_config_path("omoai"), "XDG_CONFIG_HOME"),
        ("data", platformdirs.user_data_path("omoai"), "XDG_DATA_HOME"),
        ("state", platformdirs.user_state_path("omoai"), "XDG_STATE_HOME"),
        ("cache", platformdirs.user_cache_path("omoai"), "XDG_CACHE_HOME"),
    ):
        if not os.environ.get(variable, "").strip():
            variable = "HOME"
        found.append(Place(name, path, f"set {variable} to another folder"))
        # Any of these may be a link to another disk.
        found += [Place(name, path / inside, "remove the link") for inside in _INSIDE[name]]
    # As Python looks for it.
    named = next((value for name in _TEMPORARY if (value := os.environ.get(name))), "/tmp")  # noqa: S108
    found.append(Place("passing files", Path(named).absolute(), "set TMPDIR to another folder"))
    return found


def sound_places() -> list[Place]:
    """Return where the libraries of the sound system look for their settings and sockets."""
    found = []
    if named := os.environ.get("XDG_RUNTIME_DIR"):
        found.append(Place("sound", Path(named).absolute(), "unset XDG_RUNTIME_DIR"))
    with contextlib.suppress(RuntimeError):  # nobody knows where home is
        found.append(Place("home", Path.home(), "set HOME to another folder"))
    return found


def ask_for_own_places(*, sound: bool = False) -> None:
    """Raise `ConfigError` where one of `own_places` lies on a disk that is silent; with `sound`
    one of `sound_places` too."""
    for _, error in find_silent(sound=sound):
        raise error


def find_silent(*, sound: bool = False) -> Iterator[tuple[Place, ConfigError]]:
    """Yield which of these places are silent, and what to say about each."""
    if not (far := _far_mounts()):
        return
    from omoai_engine.far_files import Disk

    places = own_places() + (sound_places() if sound else [])
    # Of each purpose once a disk: what lies within a folder seldom lies on another.
    wanted: dict[tuple[str, str], Place] = {}
    for place in places:
        if mount := _mount_of(place.path, far):
            wanted.setdefault((place.name, mount), place)
    if not wanted:
        return
    readable = True
    with Disk() as disk:
        for (_, mount), place in wanted.items():
            # The settings say how long to wait, and may lie on that disk themselves.
            first = place.name == "settings" or not readable
            disk.seconds = _given_patience() if first else None
            try:
                _ask(disk, place, mount)
            except ConfigError as error:
                readable = readable and place.name != "settings"
                yield place, error


def ask_for_place(path: Path) -> None:
    """Raise `ConfigError` where a folder or file that a person named lies on a silent disk."""
    if not (far := _far_mounts()) or not (mount := _mount_of(path.absolute(), far)):
        return
    from omoai_engine.far_files import Disk

    with Disk() as disk:
        _ask(disk, Place("", path.absolute(), "name another place"), mount)


@contextlib.contextmanager
def each_disk_once() -> Iterator[None]:
    """Inside, a disk that was silent is not asked again: it is said at once."""
    _answers.silent_seconds = float("inf")
    try:
        yield
    finally:
        _answers.silent_seconds = _SILENT_SECONDS


def _ask(disk: Disk, place: Place, mount: str) -> None:
    """Ask whether the disk mounted at `mount` answers for `place`."""
    where, now = os.fspath(place.path), time.monotonic()
    if where in _answers.fresh and now - _answers.fresh[where] < _FRESH_SECONDS:
        return
    known = _answers.silent.get(mount)
    silence = known[1] if known and now - known[0] < _answers.silent_seconds else None
    if silence is None:
        try:
            disk.ask("reach", os.fsencode(mount), os.fsencode(where), path=where)
        except DiskSilentError as error:
            silence = error
            _answers.silent[mount] = (time.monotonic(), error)
        except OSError:  # no child could be had, or it says why: so does whoever needs the place
            return
    if silence is not None:
        raise ConfigError(
            silence.what, where=shown_path(where), hint=f"{silence.hint}, or {place.other}"
        )
    _answers.fresh[where] = time.monotonic()


def _given_patience() -> float:
    """Return how long to wait for the disk of the settings, in seconds."""
    from omoai_engine.far_files import SILENCE_SECONDS

    try:
        seconds = float(os.environ.get("OMOAI_AUDIO__STALL_SECONDS", SILENCE_SECONDS))
    except ValueError:
        seconds = SILENCE_SECONDS
    # Whoever reads the setting says what is wrong with it.
    return seconds if 0 < seconds < float("inf") else SILENCE_SECONDS


def _far_mounts() -> list[str]:
    """Where other than near file systems are mounted; empty where nothing can be known."""
    try:
        table = os.fsdecode(MOUNTS.read_bytes())
    except OSError:
        return []
    if all(_NEAR.fullmatch(kind) for kind in set(_KIND.findall(table))):
        return []
    kinds: dict[str, str] = {}
    for line in table.splitlines():
        place, _, about = line.partition(" - ")
        fields = place.split(" ", 5)
        if len(fields) > 4 and about:
            # What is mounted later hides what was there. Blanks are written as \040.
            name = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
            kinds[name] = about.split(" ", 1)[0]
    return [name for name, kind in kinds.items() if not _NEAR.fullmatch(kind)]


def _mount_of(path: Path, far: Sequence[str]) -> str:
    """Return onto which of these mounts the way to a place leads, "" for none, without setting
    foot there."""
    rest, at, links = list(reversed(path.parts[1:])), "/", 0
    if "/" in far:
        return _nearest(path.parts[0], rest, far)
    while rest:
        part = rest.pop()
        at = os.path.dirname(at) if part == ".." else os.path.join(at, part)  # noqa: PTH118, PTH120
        if at in far:
            return _nearest(at, rest, far)
        try:
            target = os.readlink(at)  # noqa: PTH115 - of a string
        except OSError:
            continue  # no link, or nothing there
        if (links := links + 1) > _MOST_LINKS:
            return ""
        rest += reversed([one for one in target.split("/") if one not in ("", ".")])
        at = "/" if target.startswith("/") else os.path.dirname(at)  # noqa: PTH120
    return ""


def _nearest(at: str, rest: Sequence[str], far: Sequence[str]) -> str:
    """Return the last of the far mounts on the way on from `at`, which is one; links there are
    not followed."""
    found = at
    for part in reversed(rest):
        at = os.path.normpath(os.path.join(at, part))  # noqa: PTH118
        found = at if at in far else found
    return found
