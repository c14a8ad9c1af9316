"""What the export dialog asks of threads: the result, a preview, whether a place is free.

Each task posts one message. Nothing here writes a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from omoai_engine.errors import OmoAIError
from omoai_engine.far_files import is_file, is_folder, list_folder, look_at
from omoai_engine.results import PipelineResult
from omoai_engine.text import clean_text, shown_path
from omoai_tui.media import MOST_ENTRIES
from omoai_tui.pipeline_worker import sentence_for
from omoai_tui.tasks import Post, Task

if TYPE_CHECKING:
    from omoai_engine.export import ExportOptions

PREVIEW_SEGMENTS = 60
PREVIEW_LINES = 200
MOST_NAMES = 2_000


@dataclass(frozen=True, slots=True)
class ExportSubject:
    """What is exported: its name for people ("": as the result is titled, and `stem` is the folder
    to write it to), the path its files are named after at first, how to get it (slow; raises
    `OmoAIError`) with its recording if that is there, and its job if any."""

    name: str
    stem: str
    load: Callable[[], tuple[PipelineResult, Path | None]]
    job: int | None = None


@dataclass(eq=False)
class Loaded(Message, bubble=False):
    """The result is here, and the options of the configuration."""

    result: PipelineResult
    audio: Path | None
    options: ExportOptions


@dataclass(eq=False)
class NotLoaded(Message, bubble=False):
    """There is nothing to export: one sentence."""

    sentence: str


@dataclass(eq=False)
class Previewed(Message, bubble=False):
    """The first lines of a format, or why there are none."""

    request: int
    lines: list[str]
    problem: str


@dataclass(eq=False)
class PlaceChecked(Message, bubble=False):
    """Which files of a wish are there already; `problem` says why none can be written."""

    request: int
    there: list[str]
    problem: str


@dataclass(eq=False)
class Completed(Message, bubble=False):
    """A path that was begun, as far as it is unambiguous, and what it could go on with."""

    begun: str
    text: str
    names: list[str]


def load_task(subject: ExportSubject, post: Post) -> Task:
    """Return the task that posts `Loaded` or `NotLoaded`."""

    def load() -> None:
        try:
            from omoai_engine.config import load_config
            from omoai_engine.export import options_from

            result, audio = subject.load()
            there = audio if audio is not None and is_file(audio) else None
            post(Loaded(result, there, options_from(load_config().export)))
        except Exception as error:
            post(NotLoaded(sentence_for(error)))

    return load


def library_loader(
    entry: int, overrides: dict[str, Any]
) -> Callable[[], tuple[PipelineResult, Path | None]]:
    """Return what fetches a transcript of the library with its recording."""

    def load() -> tuple[PipelineResult, Path | None]:
        from omoai_engine.config import load_config
        from omoai_engine.library import Library

        with Library.open(load_config(**overrides)) as library:
            return library.result(entry), library.audio_file(entry)

    return load


def preview_task(
    request: int, result: PipelineResult, name: str, options: ExportOptions, post: Post
) -> Task:
    """Return the task that makes the beginning of a format with its own exporter."""

    def make() -> None:
        try:
            lines = preview(result, name, options)
        except OmoAIError as error:
            post(Previewed(request, [], str(error)))
        except Exception as error:
            post(Previewed(request, [], sentence_for(error)))
        else:
            post(Previewed(request, lines, ""))

    return make


def preview(result: PipelineResult, name: str, options: ExportOptions) -> list[str]:
    """Return the first lines of `result` in format `name`; of a Word document its text, of a web
    page what stands in its body."""
    from omoai_engine.export import FORMATS, render_bytes

    content = render_bytes(head(result), name, replace(options, audio=None))
    if FORMATS[name].binary:
        text = _word_text(content)
    else:
        text = content[:200_000].decode("utf-8", "replace")
        if name == "html":
            text = text[text.find("<body>") :]
    return clean_text(text).replace("\t", "    ").split("\n")[:PREVIEW_LINES]


def head(result: PipelineResult) -> PipelineResult:
    """Return the beginning of a result: enough for a preview, whatever its length."""
    first = result.paragraphs[0].last + 1 if result.paragraphs else 0
    count = max(PREVIEW_SEGMENTS, first)
    letters = PREVIEW_SEGMENTS * 200
    return replace(
        result,
        segments=result.segments[:count],
        paragraphs=tuple(one for one in result.paragraphs if one.last < count),
        transcript=result.transcript[:letters],
        transcript_punctuated=result.transcript_punctuated[:letters],
        suggestions=(),
        asr=None,
    )


def _word_text(content: bytes) -> str:
    import io

    from docx import Document

    return "\n".join(paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs)


def check_task(request: int, paths: list[str], post: Post) -> Task:
    """Return the task that says which of `paths` are taken, and whether their folder is there."""

    def check() -> None:
        folder = Path(paths[0]).parent
        if not is_folder(folder):
            post(PlaceChecked(request, [], shown_path(folder)))
            return
        looks = look_at(paths)
        taken = [
            path
            for path, looked in zip(paths, looks, strict=True)
            if not isinstance(looked, FileNotFoundError)
        ]
        post(PlaceChecked(request, taken, ""))

    return check


def complete_task(begun: str, post: Post) -> Task:
    """Return the task that completes a path."""

    def complete() -> None:
        text, names = completed(begun)
        post(Completed(begun, text, names))

    return complete


def _shared_start(names: list[str]) -> str:
    first, last = min(names), max(names)
    same = (at for at, letter in enumerate(first) if last[at : at + 1] != letter)
    return first[: next(same, len(first))]


def completed(begun: str) -> tuple[str, list[str]]:
    """Return a begun path with what all names that begin so have in common, and these names;
    folders end with a slash."""
    folder, slash, start = begun.rpartition("/")
    try:
        home = Path(folder + slash if slash else ".").expanduser()
        names = []
        for item in list_folder(home, MOST_ENTRIES, sizes=False):
            if item.name.startswith(start) and (start or not item.name.startswith(".")):
                names.append(item.name + ("/" if item.is_folder else ""))
                if len(names) >= MOST_NAMES:
                    break
    except (OSError, RuntimeError, ValueError):
        return begun, []
    names.sort()
    common = _shared_start(names) if names else start
    return folder + slash + max(common, start, key=len), names
