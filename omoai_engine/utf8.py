"""A program whose names of files and arguments are UTF-8, whatever the locale says.

With `LC_ALL=C` and Python's own UTF-8 mode switched off, a letter such as "ệ" in an argument is no
letter to Python: it would be lost in titles and never found in a search.
"""

from __future__ import annotations

import os
import sys

_TRIED = "_OMOAI_IN_UTF8"


def insist_on_utf8() -> None:
    """Begin this program again in UTF-8 mode where it is in another encoding; else do nothing."""
    if sys.getfilesystemencoding() == "utf-8" or _TRIED in os.environ:
        return
    environment = {**os.environ, "PYTHONUTF8": "1", _TRIED: "1"}
    try:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606
    except OSError:
        return  # it goes on as it is
