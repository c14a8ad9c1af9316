"""What is there, what is missing, and how to get it: the findings behind `omoai doctor`.

Each probe stands alone: one that fails becomes a finding of its own and stops nothing. What
loads foreign libraries (torch, CTranslate2, PortAudio) runs in a child process with a time
limit, because such a library can crash the process, hang, or write on the screen. Nothing is
changed, nothing is fetched.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omoai_engine.errors import OmoAIError
from omoai_engine.privacy import child_environment
from omoai_engine.private_folders import open_to_others
from omoai_engine.text import one_line, shown_path

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig

State = Literal["ok", "note", "missing"]
_PROBE_SECONDS = 90.0
# The child finds the package that the parent found, wherever it was started.
_PROBE = (
    "import sys; root = sys.argv[1]; root in sys.path or sys.path.insert(0, root); "
    "from omoai_engine.doctor_probe import main; main(sys.argv[2])"
)
_LEAST_FREE_BYTES = 500_000_000
_END_SECONDS = 2.0
_OF_SOUND = frozenset({"home", "sound"})
_CHILDREN = frozenset({"passing files"})
_FOLDERS = frozenset({"settings", "data", "state", "cache"})
_NEEDS = {
    "configuration": frozenset({"settings"}),
    "decoder": _CHILDREN,
    "voice activity": _CHILDREN,
    "recogniser": _CHILDREN,
    "torch": _CHILDREN,
    "models": _FOLDERS,
    "language model": _FOLDERS,
    "folders": _FOLDERS,
    "microphone": _CHILDREN | _OF_SOUND,
}
"""Which of `silent_places` a probe touches."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed`: without it no file can be transcribed; `hint` says how to
    get it or what to do."""

    topic: str
    state: State
    detail: str
    needed: bool = False
    hint: str = ""


def examine() -> list[Finding]:
    """Return every finding; takes a few seconds, most of them for loading torch."""
    from omoai_engine.silent_places import each_disk_once

    with each_disk_once():
        return list(_run_all())


def main_job_works(findings: Iterable[Finding]) -> bool:
    """Say whether a file can be transcribed here."""
    return not any(finding.needed and finding.state == "missing" for finding in findings)


def _run_all() -> Iterator[Finding]:
    from omoai_engine.silent_places import find_silent

    silent = set()
    for place, error in find_silent(sound=True):
        silent.add(place.name)
        yield Finding(place.name, "missing", *_told(error, needed=place.name not in _OF_SOUND))
    config = None if "settings" in silent else _load_config()
    loaded: OmoAIConfig | None = None
    if isinstance(config, Finding):
        yield config
    else:
        loaded = config
    probes: list[tuple[str, bool, Callable[[], Iterable[Finding]]]] = [
        ("Python", True, _python),
        ("package", False, _version),
        ("configuration", False, _configuration),
        ("decoder", True, lambda: _child("PyAV (FFmpeg)", "av", needed=True)),
        ("voice activity", True, lambda: _child("ONNX Runtime", "onnxruntime", needed=True)),
        ("recogniser", True, lambda: _child("faster-whisper", "faster_whisper", needed=True)),
        ("torch", False, _torch),
        ("models", True, lambda: _models(loaded)),
        ("language model", False, lambda: _language_model(loaded)),
        ("folders", False, lambda: _folders(loaded)),
        ("microphone", False, _microphone),
        ("screen", False, _terminal),
        ("letters", False, _locale),
    ]
    for topic, needed, probe in probes:
        # What would wait for such a disk has been told of by its name.
        if silent & _NEEDS.get(topic, frozenset()):
            continue
        try:
            yield from probe()
        except OmoAIError as error:
            yield Finding(topic, "missing", *_told(error, needed=needed))
        except Exception as error:
            what = f"{type(error).__name__}: {one_line(str(error))}"
            yield Finding(topic, "missing", f"could not be looked at ({what})", needed)


def _told(error: OmoAIError, *, needed: bool) -> tuple[str, bool, str]:
    """Return what is wrong, whether it matters, and what to do, as a finding has them."""
    what = f"{error.where}: {error.what}" if error.where else error.what
    return what, needed, error.hint or ""


def _load_config() -> OmoAIConfig | Finding:
    try:
        from omoai_engine.config import load_config

        return load_config()
    except OmoAIError as error:
        return Finding("configuration", "missing", str(error), needed=True)
    except Exception as error:
        what = f"{type(error).__name__}: {one_line(str(error))}"
        return Finding("configuration", "missing", what, needed=True, hint="Install the package")


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    system = f"{platform.system()} {platform.machine()}"
    good = sys.version_info >= (3, 11)
    hint = "" if good else "Install Python 3.11 or newer"
    yield Finding("Python", "ok" if good else "missing", f"{version} on {system}", True, hint)
    import psutil

    total = psutil.virtual_memory().total
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("machine", "ok", f"{cores} cores, {total / 2**30:.1f} GiB of memory")


def _version() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        # None where the package's own notes cannot be read, whatever the types say.
        found: str | None = version("omoai-tui")
        unread = "installed; its version cannot be read: mend the files' permissions"
        yield Finding("omoai-tui", "ok" if found else "note", found or unread)
    except PackageNotFoundError:
        yield Finding(
            "omoai-tui", "note", "runs from a checkout, not installed", hint="pip install -e ."
        )


def _configuration() -> Iterator[Finding]:
    from omoai_engine.config import config_path
    from omoai_engine.config_report import ignored_variables

    path = config_path()
    there = shown_path(path) if path.exists() else f"none at {shown_path(path)}; defaults apply"
    yield Finding("configuration file", "ok", there)
    if open_to_others(path):
        with contextlib.suppress(OSError):
            if b"api_key" in path.read_bytes():
                yield Finding(
                    "configuration file",
                    "note",
                    "it holds an API key, and others on this machine may read it",
                    hint=f"chmod 600 {shown_path(path)}",
                )
    for variable in ignored_variables():
        yield Finding(
            "configuration",
            "note",
            f"the variable {one_line(variable)} means nothing here",
            hint="Settings are written OMOAI_SECTION__NAME; see `omoai config show`",
        )


def _models(config: OmoAIConfig | None) -> Iterator[Finding]:
    if config is None:
        return
    from omoai_engine.models import find_model, list_installed
    from omoai_engine.models.offline import INSTALL_COMMAND

    installed = list_installed(config)
    for engine in ("whisper", "chunkformer"):
        found = [model for model in installed if model.engine == engine]
        for model in found:
            place = "in packages" if model.origin == "data packages" else shown_path(model.folder)
            yield Finding(f"model {model.name}", "ok", f"{model.origin}: {place}")
        if not found and engine == "whisper":
            yield Finding(
                "Whisper model",
                "missing",
                "none is installed",
                hint=f"{INSTALL_COMMAND}, or: omoai models get whisper-base",
            )
        elif not found:
            yield Finding(
                "ChunkFormer model",
                "note",
                "none is installed; Vietnamese is recognised by Whisper, less well",
                hint="omoai models get chunkformer-large-vie (see its licence)",
            )
    try:
        model = find_model(config)
    except OmoAIError as error:
        yield Finding("model in use", "missing", str(error), needed=True)
    else:
        yield Finding("model in use", "ok", f"{model.name} ({model.source})", needed=True)


def _language_model(config: OmoAIConfig | None) -> Iterator[Finding]:
    if config is None:
        return
    from omoai_engine.postprocess.llm.choice import choose_language_model

    try:
        choice = choose_language_model(config)
    except OmoAIError as error:
        yield Finding("language model", "missing", str(error))
        return
    name = f"{choice.backend} {one_line(choice.model)}".rstrip()
    state: State = "note" if choice.backend == "rules" else "ok"
    yield Finding("language model", state, f"{name}: {choice.reason}")


def _folders(config: OmoAIConfig | None) -> Iterator[Finding]:
    import platformdirs

    from omoai_engine.models.store import free_bytes, megabytes, models_folder

    folders = {"data folder": platformdirs.user_data_path("omoai")}
    if config is not None:
        folders["models folder"] = models_folder(config)
    for topic, folder in folders.items():
        nearest = next((step for step in (folder, *folder.parents) if step.exists()), Path("/"))
        writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
        free = free_bytes(folder)
        room = f", {megabytes(free)} free" if free is not None else ""
        if not writable:
            hint = "Set OMOAI_MODELS__FOLDER to a folder you may write to"
            yield Finding(topic, "note", f"{shown_path(folder)} cannot be written", hint=hint)
        elif free is not None and free < _LEAST_FREE_BYTES:
            yield Finding(topic, "note", f"{shown_path(folder)}{room}", hint="Free some space")
        else:
            yield Finding(topic, "ok", f"{shown_path(folder)}{room}")
    if config is not None:
        yield from _open_folders(config)


def _open_folders(config: OmoAIConfig) -> Iterator[Finding]:
    """Tell of folders with somebody's words that the person chose and others may look into."""
    from omoai_engine.library.library import library_folder
    from omoai_engine.recording.files import recordings_folder

    for topic, folder in (
        ("library", library_folder(config)),
        ("recordings", recordings_folder(config)),
    ):
        if open_to_others(folder):
            yield Finding(
                topic,
                "note",
                f"others may look into {shown_path(folder)}; the files in it are yours alone",
                hint=f"chmod 700 {shown_path(folder)}",
            )


def _torch() -> Iterator[Finding]:
    answer = _ask_child("torch")
    if "error" in answer:
        hint = "pip install 'torch>=2.13,<2.14'; Whisper works without it"
        yield Finding("torch", "note", answer["error"], hint=hint)
        return
    yield Finding("torch", "ok", f"{answer['version']}, {answer['threads']} threads")
    if answer["devices"]:
        for device in answer["devices"]:
            yield Finding("graphics card", "ok", device)
    else:
        yield Finding("graphics card", "note", "none that CUDA can use; the processor works too")


def _microphone() -> Iterator[Finding]:
    answer = _ask_child("sounddevice")
    if "error" in answer:
        hint = "Only recording needs it: pip install sounddevice, apt install libportaudio2"
        yield Finding("microphone", "note", answer["error"], hint=hint)
    elif answer["inputs"]:
        for name in answer["inputs"]:
            yield Finding("microphone", "ok", name)
    else:
        hint = "Plug one in; over SSH, record on the machine you sit at"
        yield Finding("microphone", "note", "no input device", hint=hint)


def _terminal() -> Iterator[Finding]:
    term = os.environ.get("TERM", "")
    colours = os.environ.get("COLORTERM", "")
    tty = sys.stdout is not None and sys.stdout.isatty()
    detail = f"TERM={one_line(term) or 'not set'}, COLORTERM={one_line(colours) or 'not set'}"
    if not tty:
        yield Finding("terminal", "note", f"{detail}; standard output is no terminal")
    elif term in ("", "dumb", "unknown"):
        yield Finding(
            "terminal", "note", detail, hint="omoai-tui needs a terminal, as xterm-256color"
        )
    else:
        size = os.get_terminal_size()
        yield Finding("terminal", "ok", f"{detail}, {size.columns}x{size.lines}")


def _locale() -> Iterator[Finding]:
    encoding = (sys.stdout.encoding if sys.stdout is not None else None) or "unknown"
    names = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") == "utf8" and names.lower() == "utf-8":
        yield Finding("letters", "ok", "UTF-8")
    else:
        yield Finding(
            "letters",
            "note",
            f"the terminal is said to use {encoding}, file names {names}",
            hint="Set LANG=C.UTF-8 to see every letter; results are UTF-8 in any case",
        )


def _child(topic: str, module: str, *, needed: bool) -> Iterator[Finding]:
    answer = _ask_child(module)
    if "error" in answer:
        hint = "pip install --force-reinstall omoai-tui"
        yield Finding(topic, "missing", answer["error"], needed, hint)
    else:
        detail = ", ".join(f"{part}" for part in answer["versions"])
        yield Finding(topic, "ok", detail, needed)


def _ask_child(module: str) -> dict[str, Any]:
    """Load `module` in a child process; return what it told, or `error` in one sentence."""
    command = [sys.executable, "-c", _PROBE, str(Path(__file__).resolve().parents[1]), module]
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",  # ours may be gone, and no file lying in it shall be imported
        env=child_environment(),
    )
    try:
        told, _ = child.communicate(timeout=_PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"loading {module} took longer than {_PROBE_SECONDS:.0f} s"}
    finally:
        _end(child)
    if child.returncode < 0:
        return {"error": f"loading {module} kills the process (signal {-child.returncode})"}
    try:
        # Libraries write to standard output too: ours is the last line.
        answer = json.loads(told.decode("utf-8", "replace").strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"error": f"loading {module} ends the process (code {child.returncode})"}
    return answer if isinstance(answer, dict) else {"error": "an answer that makes no sense"}


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let the child go; one that hangs in the system, beyond any signal, is left behind."""
    child.kill()
    if child.stdout is not None:
        child.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_END_SECONDS)
