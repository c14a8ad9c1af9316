"""The microphone that was chosen for `omoai record`: one line in the user's state folder.

In and out: the name of an input device, None for the system's default. The configuration and the
command line go before it. Whether the device is there is not looked at.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from omoai_engine.errors import RecordingError
from omoai_engine.private_folders import make_private_folder
from omoai_engine.text import one_line, shown_path

_LONGEST = 500


def chosen_device() -> str | None:
    """Return the name that was chosen last; `None` without one, or where it cannot be read."""
    try:
        with _place().open("rb") as file:
            return one_line(file.read(_LONGEST).decode("utf-8", "replace")) or None
    except OSError:
        return None


def choose_device(name: str | None) -> None:
    """Remember `name`; `None` forgets what was chosen. Raises `RecordingError`."""
    path = _place()
    try:
        if name is None:
            path.unlink(missing_ok=True)
            return
        make_private_folder(path.parent)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            new.write_text(one_line(name) + "\n", encoding="utf-8")
            new.replace(path)
        finally:
            with contextlib.suppress(OSError):
                new.unlink()
    except OSError as error:
        raise RecordingError(
            f"the choice cannot be kept: {error.strerror or error}",
            where=shown_path(path),
            hint="Set recording.device in the configuration instead",
        ) from None


def _place() -> Path:
    import platformdirs

    return platformdirs.user_state_path("omoai") / "microphone"
