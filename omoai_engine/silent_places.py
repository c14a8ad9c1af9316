"""Folders that lie on a network disk, asked before they are used whether the disk answers at all.

A disk whose server is gone holds whoever touches it for ever, so a child asks (`far_files`), and
only about places on a network file system: the mount table tells which they are without touching
any. Elsewhere this costs a fraction of a millisecond. It helps at the beginning; a disk that falls
silent later is beyond it. Linux only: other systems have no such table, and nothing is asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from omoai_engine.errors import ConfigError
from omoai_engine.text import shown_path

_FAR = re.compile(
    r"nfs4?|cifs|smb\w*|9p|afs|autofs|beegfs|ceph|coda|gpfs|lustre|glusterfs|fuse(\..*)?"
)
"""File systems that somebody else answers for."""
MOUNTS = Path("/proc/self/mountinfo")
_MOST_LINKS = 40


def ask_for_own_places() -> None:
    """Raise `ConfigError` where settings, library, state or cache lie on a disk that is silent."""
    if not (far := _far_mounts()):
        return
    import platformdirs

    places = [
        (platformdirs.user_config_path("omoai"), "set XDG_CONFIG_HOME to another folder"),
        (platformdirs.user_data_path("omoai"), "set XDG_DATA_HOME to another folder"),
        (platformdirs.user_state_path("omoai"), "set XDG_STATE_HOME to another folder"),
        (platformdirs.user_cache_path("omoai"), "set XDG_CACHE_HOME to another folder"),
    ]
    if named := os.environ.get("OMOAI_CONFIG"):
        places.append((Path(named).absolute(), "set OMOAI_CONFIG to another file"))
    _ask(places, far)


def ask_for_place(place: Path) -> None:
    """Raise `ConfigError` where a folder or file that a person named lies on a silent disk."""
    if far := _far_mounts():
        _ask([(place.absolute(), "name another place")], far)


def _ask(places: Sequence[tuple[Path, str]], far: Sequence[str]) -> None:
    """Ask one child about those that lie far away; each comes with what else one can do."""
    wanted = [(place, other) for place, other in places if _is_far(place, far)]
    if not wanted:
        return
    from omoai_engine.far_files import SILENCE_SECONDS, Disk, DiskSilentError

    # The configuration says how long, and may lie on that disk itself.
    try:
        seconds = float(os.environ.get("OMOAI_AUDIO__STALL_SECONDS", SILENCE_SECONDS))
    except ValueError:
        seconds = SILENCE_SECONDS
    if not 0 < seconds < float("inf"):  # whoever reads the setting says what is wrong with it
        seconds = SILENCE_SECONDS
    with Disk(seconds=seconds) as disk:
        for place, other in wanted:
            try:
                disk.ask("look", [os.fsencode(place)], path=place)
            except DiskSilentError:
                raise ConfigError(
                    f"its disk did not answer within {seconds:g} seconds",
                    where=shown_path(place),
                    hint=f"Check the disk or connection, or {other}",
                ) from None
            except OSError:
                return  # no child could be had: whoever needs the place says what is wrong


def _far_mounts() -> list[str]:
    """Where network file systems are mounted; empty where nothing can be known."""
    try:
        table = os.fsdecode(MOUNTS.read_bytes())
    except OSError:
        return []
    kinds: dict[str, str] = {}
    for line in table.splitlines():
        place, _, about = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) > 4 and about:
            # What is mounted later hides what was there. Blanks are written as \040.
            name = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
            kinds[name] = about.split(" ")[0]
    return [name for name, kind in kinds.items() if _FAR.fullmatch(kind)]


def _is_far(place: Path, far: Sequence[str]) -> bool:
    """Say whether the way to a place leads onto one of these mounts, without setting foot there."""
    rest, at, links = list(reversed(place.parts[1:])), "/", 0
    if "/" in far:
        return True
    while rest:
        part = rest.pop()
        at = os.path.dirname(at) if part == ".." else os.path.join(at, part)  # noqa: PTH118, PTH120
        if at in far:
            return True
        try:
            target = os.readlink(at)  # noqa: PTH115 - of a string
        except OSError:
            continue  # no link, or nothing there
        if (links := links + 1) > _MOST_LINKS:
            return False
        rest += reversed([one for one in target.split("/") if one not in ("", ".")])
        at = "/" if target.startswith("/") else os.path.dirname(at)  # noqa: PTH120
    return False
