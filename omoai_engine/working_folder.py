"""The folder that the program was started in, which may be gone: paths count from it.

Standard library only.
"""

from __future__ import annotations

import os

from omoai_engine.errors import ConfigError


def ask_for_working_folder() -> None:
    """Raise `ConfigError` where the folder that we are in was removed or cannot be reached."""
    try:
        os.getcwd()  # noqa: PTH109 - that is the question
    except OSError:
        raise ConfigError(
            "the folder that you are in is gone, or cannot be reached",
            hint="Go to another one (cd) and start again",
        ) from None
