"""What the app remembers between two sittings: the theme. A small file in the state folder.

Never fails: without a home the app starts with its defaults.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


def _path() -> Path:
    import platformdirs

    return platformdirs.user_state_path("omoai") / "tui.json"


def remembered_theme() -> str | None:
    """Return the theme that was chosen last, if any."""
    try:
        theme = json.loads(_path().read_text(encoding="utf-8")).get("theme")
    except (OSError, ValueError, AttributeError):
        return None
    return theme if isinstance(theme, str) else None


def remember_theme(name: str) -> None:
    """Keep the theme for the next sitting; written beside and renamed, so never half."""
    path = _path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".tui-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"theme": name}, file)
        Path(beside).replace(path)
    except OSError:
        return
