"""The `omoai` command: transcribe files and look after models and configuration, headless.

Standard output carries data only, standard error what is going on. Exit codes are an interface:
see `EXIT_CODES`. Importing this module loads nothing heavy, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from omoai_engine.cli.console import end_quietly, error_line, prepare_streams, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.errors import ConfigError, DiskSilentError, OmoAIError
from omoai_engine.native_start import ask_for_room, take_one_thread
from omoai_engine.silent_places import ask_for_own_places
from omoai_engine.utf8 import insist_on_utf8
from omoai_engine.working_folder import ask_for_working_folder

USAGE = """\
usage: omoai COMMAND [OPTION ...]

Speech to text on this machine, offline.

commands:
  transcribe FILE ...   turn recordings into text, subtitles or JSON
  record                record a microphone, with live text, and transcribe it
  recordings            list, recover what was recorded
  devices               list microphones and sound outputs
  mic-in, mic-send, mic-help
                        the microphone of another machine, over SSH
  clip FILE START END   cut a stretch out of a recording, or play it
  export ID|FILE ...    write transcripts in other formats
  compare REF HYP       error rates of a transcript against a reference, and where they differ
  library               list, search, edit, import, delete what was transcribed
  models                list, get, verify, remove models
  templates             list, copy what a language model is asked for, or its folder
  config                show every setting with its origin, or the file's path
  doctor                say what is there, what is missing, and how to get it

options:
  -h, --help            show this help; `omoai COMMAND --help` shows a command's
  --version             show the version
  --offline             with any command: never connect to another machine

The app with windows is `omoai-tui`."""


OFFLINE = "--offline"
_WITH_SOUND = frozenset({"transcribe", "record", "devices", "clip", "mic-in", "doctor"})
"""Commands that load numerical libraries."""
_OF_THE_MICROPHONE = frozenset({"record", "devices", "mic-in"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of `arguments` (default: the process's own); return the exit code."""
    if arguments is None:
        insist_on_utf8()
        take_one_thread()
    given = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    try:
        return _run(given)
    except OmoAIError as error:
        error_line(str(error))
        unusable = isinstance(error, ConfigError | DiskSilentError)
        return ExitCode.USAGE if unusable else ExitCode.FAILED
    except KeyboardInterrupt:
        error_line("stopped")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return end_quietly()
    except Exception as error:
        from omoai_engine.shortage import shortage_of

        if (lack := shortage_of(error)) is not None:
            error_line(str(lack))
            return ExitCode.FAILED
        return _report_fault(error)


def _run(given: list[str]) -> int:
    cut = given.index("--") if "--" in given else len(given)
    options, rest = given[:cut], given[cut:]
    if OFFLINE in options:
        options = [word for word in options if word != OFFLINE]
        given = options + rest
        # By the environment it holds for the child processes as well.
        os.environ["OMOAI_OFFLINE"] = "true"
    name = given[0] if given else ""
    if name in ("-h", "--help"):
        write_text(USAGE + "\n")
        return ExitCode.DONE
    if name == "--version":
        write_text(f"omoai {_version()}\n")
        return ExitCode.DONE
    command = _command(name)
    if command is None:
        from omoai_engine.text import one_line

        what = f"there is no command {one_line(name)!r}" if name else "say what to do"
        error_line(f"{what}. See: omoai --help")
        return ExitCode.USAGE
    ask_for_working_folder()
    # Help needs none of them, and the doctor says what it finds.
    if name != "doctor" and not {"-h", "--help"} & set(options):
        ask_for_own_places(sound=name in _OF_THE_MICROPHONE)
    if name in _WITH_SOUND:
        ask_for_room()
    return command(given[1:])


def _command(name: str) -> Callable[[list[str]], int] | None:
    # Each is imported when it is called: a command pays for itself only.
    if name == "transcribe":
        from omoai_engine.cli.transcribe import transcribe

        return transcribe
    if name in ("record", "recordings"):
        from omoai_engine.cli import record

        return record.record if name == "record" else record.recordings
    if name in ("devices", "clip"):
        from omoai_engine.cli import devices

        return devices.devices if name == "devices" else devices.clip
    if name in ("mic-in", "mic-send", "mic-help"):
        from omoai_engine.cli import mic

        return {"mic-in": mic.mic_in, "mic-send": mic.mic_send, "mic-help": mic.mic_help}[name]
    if name == "export":
        from omoai_engine.cli.export import export

        return export
    if name == "compare":
        from omoai_engine.cli.compare import compare

        return compare
    if name == "library":
        from omoai_engine.cli.library import library

        return library
    if name == "models":
        from omoai_engine.cli.models import models

        return models
    if name == "templates":
        from omoai_engine.cli.templates import templates

        return templates
    if name == "config":
        from omoai_engine.cli.config import config

        return config
    if name == "doctor":
        from omoai_engine.cli.doctor import doctor

        return doctor
    return None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        # Nothing comes where the package's own notes cannot be read.
        return version("omoai-tui") or "(its version cannot be read)"
    except PackageNotFoundError:
        return "(not installed)"


def _report_fault(error: Exception) -> int:
    """Say that the program itself is at fault; what happened where goes into a file.

    Kind and places only: the message of an unforeseen error may hold somebody's words.
    """
    import tempfile
    import traceback
    from pathlib import Path

    what = type(error).__name__
    try:
        handle, name = tempfile.mkstemp(prefix="omoai-fault-", suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.writelines([what, "\n", *traceback.format_tb(error.__traceback__)])
        error_line(f"this is a fault of omoai itself ({what}). Please report {Path(name)}")
    except OSError:
        error_line(f"this is a fault of omoai itself ({what}). Please report it")
    return ExitCode.FAILED
