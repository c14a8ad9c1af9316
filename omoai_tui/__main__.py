"""`omoai-tui [FILE...]`: from the command line to the app and back to a terminal in order.

Exit codes: 0 left by the person; 1 crashed; 2 cannot run here or wrong arguments; 128 + n ended
by signal n. Nothing but the standard library is imported until the arguments are known good.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from omoai_tui import terminal

ITERM2 = "iTerm2"
LOOK_SECONDS = 2.0
LAST_WRITES_SECONDS = 3.0
LOG_SECONDS = 0.5
"""Longer than this nobody waits for the first picture."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    words = argparse.ArgumentParser(
        prog="omoai-tui",
        description="Turn recordings into transcripts, offline, and watch it happen.",
    )
    words.add_argument(
        "paths",
        nargs="*",
        metavar="FILE",
        help="recordings to transcribe, one after the other; a folder opens the picker there",
    )
    words.add_argument(
        "--language", metavar="CODE", help="vi, en, ... or auto (default: as configured)"
    )
    words.add_argument("--theme", metavar="NAME", help="theme to use this time")
    words.add_argument("--offline", action="store_true", help="never connect to another machine")
    words.add_argument("--version", action="store_true", help="say the version and end")
    return words


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the app; never returns."""
    if arguments is None:
        from omoai_engine.utf8 import insist_on_utf8

        insist_on_utf8()
    asked = parser().parse_args(arguments)
    if asked.version:
        from importlib.metadata import version

        sys.stdout.write(f"omoai-tui {version('omoai-tui') or '(its version cannot be read)'}\n")
        sys.exit(0)
    if asked.offline:
        os.environ["OMOAI_OFFLINE"] = "true"
    from omoai_tui import language

    language.use(language.chosen(os.environ, None))
    if reason := terminal.refusal(dict(os.environ)):
        sys.stderr.write(f"{reason}\n")
        sys.exit(2)
    from omoai_engine.errors import ConfigError, ShortageError
    from omoai_engine.native_start import ask_for_room, take_one_thread
    from omoai_engine.silent_places import ask_for_own_places
    from omoai_engine.working_folder import ask_for_working_folder

    take_one_thread()
    try:
        ask_for_working_folder()
        ask_for_own_places()
        ask_for_room()
    except (ConfigError, ShortageError) as error:
        sys.stderr.write(f"omoai-tui: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except KeyboardInterrupt:  # a silent disk lets one wait
        sys.exit(130)
    # The app is put together in English and translates when it shows.
    language.use("en")
    sys.exit(run(asked.paths, asked.language, asked.theme))


def _is_folder(path: str) -> bool:
    """Say whether it is a folder; not where its disk is silent: the job of it will say so."""
    from omoai_engine.far_files import look

    try:
        return look(path, seconds=LOOK_SECONDS).is_folder
    except (OSError, ValueError):
        return False


def run(paths: Sequence[str], language: str | None, theme: str | None) -> int:
    """Run the app on the terminal of this process; return the exit code."""
    if ITERM2 in os.environ.get("LC_TERMINAL", "") or "iTerm" in os.environ.get("TERM_PROGRAM", ""):
        # iTerm2 loses the text of input methods under the kitty protocol.
        os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")

    from omoai_tui.disk_part import farewell
    from omoai_tui.late_writer import late
    from omoai_tui.log_file import finish_log, open_log, start_logging

    log_descriptor, log_path = open_log()
    screen = terminal.keep_clean(log_descriptor)
    start_logging(log_descriptor)

    from omoai_tui import texts
    from omoai_tui.app import OmoaiApp
    from omoai_tui.driver import TerminalDriver

    folders = [path for path in paths if _is_folder(path)]
    folder = folders[0] if folders else None
    app = OmoaiApp(
        [path for path in paths if path not in folders],
        folder=str(Path(folder).absolute()) if folder else None,
        language=language,
        theme=theme,
        log_path=log_path,
        driver_class=TerminalDriver,
    )
    # Threads of the pipeline hand over sooner than Python's 5 ms, so that keys wait less for them.
    sys.setswitchinterval(0.001)
    lifeline = terminal.Lifeline(screen, app.leave_from_thread, app.release, farewell)
    lifeline.install()
    TerminalDriver.on_hang_up = staticmethod(lambda: lifeline.end(129, hung_up=True))
    app.run()
    lifeline.app_left()
    code = app.return_code or 0
    late.flush(LAST_WRITES_SECONDS)
    lifeline.leave(code)
    if app.crashed:
        finish_log(LOG_SECONDS)
        lifeline.force_restore()
        terminal.say(screen, texts.CRASHED.format(kind=app.crashed, log=log_path))
    app.release()
    finish_log(LOG_SECONDS)
    if words := farewell():
        terminal.say(screen, words)
    return code


if __name__ == "__main__":
    main()
