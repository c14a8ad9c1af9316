"""What the app remembers between two sittings: a small file in the state folder.

Theme, language, layout, recent places, microphone, and which advice was given. Read from the disk
once; what changes is known at once and written by a thread (`late_writer`), beside and renamed, so
never half; private to its owner. Never fails: without a home the app starts with its defaults.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from omoai_engine.private_folders import make_private_folder
from omoai_tui import texts
from omoai_tui.late_writer import late

MOST_BYTES = 100_000
MOST_RECENT = 20
_BESIDE = ".tui-"
_LEFTOVER_SECONDS = 3600.0
_writing = threading.Lock()
_memory = threading.Lock()
_known: dict[Path, Remembered] = {}
"""What was last read or changed by this program, for those who must not wait for a disk."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """`recent` are absolute paths, the newest first; `advised` names advice given once; `layout`
    is as `omoai_tui.layout.Wishes` writes it, and not checked here; `microphone` is `default`,
    `remote` or `device:NAME`."""

    theme: str | None = None
    language: str | None = None
    recent: tuple[str, ...] = ()
    advised: tuple[str, ...] = ()
    layout: Any = None
    microphone: str | None = None


def folder() -> Path:
    """Return the folder of everything that is remembered (XDG state)."""
    import platformdirs

    return platformdirs.user_state_path("omoai")


def read() -> Remembered:
    """Return what is remembered; what cannot be used is left out. Waits for the disk."""
    late.flush()
    path = folder() / "tui.json"
    found = _known[path] = _remembered(read_json(path))
    return found


def recall() -> Remembered:
    """Return what was remembered when it was last read or changed here; reads it the first time."""
    found = _known.get(folder() / "tui.json")
    return read() if found is None else found


def _remembered(document: Any) -> Remembered:
    if not isinstance(document, dict):
        return Remembered()
    return Remembered(
        theme=_text(document.get("theme")),
        language=_text(document.get("language")),
        recent=_texts(document.get("recent"))[:MOST_RECENT],
        advised=_texts(document.get("advised")),
        layout=document.get("layout"),
        microphone=_text(document.get("microphone")),
    )


def remember(**changes: Any) -> None:
    """Change fields of what is remembered; written soon. From any thread."""
    _change(lambda known: replace(known, **changes))


def remember_place(path: str) -> None:
    """Put a folder or recording first among the recent ones."""

    def first(known: Remembered) -> Remembered:
        others = (one for one in known.recent if one != path)
        return replace(known, recent=(path, *others)[:MOST_RECENT])

    _change(first)


def _change(changed: Callable[[Remembered], Remembered]) -> None:
    path = folder() / "tui.json"
    recall()
    with _memory:
        _known[path] = changed(_known[path])
    late.write(object(), texts.DISK_SETTINGS, lambda: _change_file(path, changed))


def _change_file(path: Path, changed: Callable[[Remembered], Remembered]) -> None:
    """Change what is in the file now: another program may have changed it, too."""
    with _writing:
        try:
            with path.open("rb") as file:
                document = json.loads(file.read(MOST_BYTES))
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            document = None
        except OSError:
            # It is there and cannot be read now: what it holds is not written over.
            return
        write_json(path, asdict(changed(_remembered(document))))


def read_json(path: Path) -> Any:
    """Return what a small JSON file holds; None when it cannot be read."""
    try:
        with path.open("rb") as file:
            return json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, document: Any) -> None:
    """Write a small JSON file whole or not at all; does nothing where there is no room."""
    beside = ""
    try:
        make_private_folder(path.parent)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=_BESIDE)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except (OSError, ValueError):
        if beside:
            with contextlib.suppress(OSError):
                Path(beside).unlink()


def clear_leftovers() -> None:
    """Remove what a killed program was writing: it may hold typed words, and is never read."""
    with contextlib.suppress(OSError):
        for left in [*folder().glob(f"{_BESIDE}*"), *folder().glob(f"*/{_BESIDE}*")]:
            # Another program may be writing one just now.
            if time.time() - left.stat().st_mtime > _LEFTOVER_SECONDS:
                left.unlink()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, list) else ()
