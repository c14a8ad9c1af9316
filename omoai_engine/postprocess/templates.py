"""Templates: what a language model is asked for, in files that a person can copy and change.

In: a name and the language of a transcript. Out: the description and the instructions. A file is
TOML with the two keys `description` and `instructions`, called `NAME.LANGUAGE.toml` or
`NAME.toml`; one in the user's configuration folder wins over ours of the same name. Ours are
Vietnamese and English; a transcript in another language is asked for in English.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from omoai_engine.errors import ConfigError
from omoai_engine.text import clean_text, one_line, shown_path

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LANGUAGES = ("en", "vi")
_MOST_LETTERS = 8_000
_LANGUAGE_NAMES = {
    "en": {"vi": "Vietnamese", "en": "English", "fr": "French", "de": "German", "es": "Spanish",
           "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "ru": "Russian", "th": "Thai"},
    "vi": {"vi": "tiếng Việt", "en": "tiếng Anh"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """What a model is asked for; `language` is the one the instructions are written in."""

    name: str
    language: str
    description: str
    instructions: str
    own: bool = False
    """Whether it is the user's own file."""

    def asked(self, language: str | None) -> str:
        """Return the instructions for a transcript in `language` (ISO 639 code)."""
        names = _LANGUAGE_NAMES.get(self.language, {})
        unknown = "ngôn ngữ của bản ghi" if self.language == "vi" else "the transcript's language"
        return self.instructions.replace("{language}", names.get(language or "", unknown))


def user_folder() -> Path:
    """Return the folder in which the user's own templates are looked for."""
    from omoai_engine.config import config_path

    return config_path().parent / "templates"


def template_names() -> list[str]:
    """Return every name that `find_template` knows, ours and the user's, sorted."""
    names = {path.name.split(".")[0] for path in _ours()}
    folder = user_folder()
    if folder.is_dir():
        names |= {path.name.split(".")[0] for path in folder.glob("*.toml")}
    return sorted(name for name in names if _NAME.fullmatch(name))


def find_template(name: str, language: str | None) -> Template:
    """Return the template `name` for a transcript in `language`.

    Raises `ConfigError` where there is none of that name, or its file is broken.
    """
    code = language if language in _LANGUAGES else "en"
    if _NAME.fullmatch(name):
        folder = user_folder()
        for file in (folder / f"{name}.{language or 'en'}.toml", folder / f"{name}.toml",
                     folder / f"{name}.en.toml", folder / f"{name}.vi.toml"):  # fmt: skip
            if file.is_file():
                named = file.name.split(".")[1]
                return _read(file, name, named if named in _LANGUAGES else code, own=True)
        for path in _ours():
            if path.name == f"{name}.{code}.toml":
                return _read(path, name, code, own=False)
    raise ConfigError(
        f"there is no template {one_line(name)!r}",
        where="postprocess.template",
        hint=f"Use one of: {', '.join(template_names())}",
    )


def copy_template(name: str) -> list[Path]:
    """Copy our template `name`, in both languages, into the user's folder; return the files.

    Raises `ConfigError` where there is none of that name, a file is there already, or nothing
    can be written.
    """
    sources = [path for path in _ours() if path.name.split(".")[0] == name]
    if not sources:
        raise ConfigError(
            f"there is no built-in template {one_line(name)!r}",
            hint=f"Use one of: {', '.join(sorted({path.name.split('.')[0] for path in _ours()}))}",
        )
    folder = user_folder()
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            target = folder / source.name
            with target.open("x", encoding="utf-8") as file:
                file.write(source.read_text("utf-8"))
            written.append(target)
    except FileExistsError as error:
        raise ConfigError(
            "there is a file of this name already",
            where=shown_path(error.filename or folder),
            hint="Change that one, or move it away first",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"the template cannot be written: {error.strerror}", where=shown_path(folder)
        ) from None
    return written


def _ours() -> list[Path]:
    folder = Path(str(files("omoai_engine.postprocess") / "template_files"))
    return sorted(folder.glob("*.toml"))


def _read(path: Path, name: str, language: str, *, own: bool) -> Template:
    where = shown_path(path)
    hint = "Mend the file or move it away; `omoai templates copy` gives one that works"
    try:
        with path.open("rb") as file:
            content = file.read(4 * _MOST_LETTERS + 1)
        table = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        what = f"the template cannot be read: {error.strerror}"
        raise ConfigError(what, where=where, hint=hint) from None
    except (ValueError, RecursionError) as error:
        what = f"the template is not valid TOML: {error}"
        raise ConfigError(what, where=where, hint=hint) from None
    unknown = [key for key in table if key not in ("description", "instructions")]
    if unknown:
        what = f"a template has no key {one_line(unknown[0])!r}, only description and instructions"
        raise ConfigError(what, where=where, hint=hint)
    texts = {key: table.get(key, "") for key in ("description", "instructions")}
    for key, text in texts.items():
        if not isinstance(text, str) or len(text) > _MOST_LETTERS:
            what = f"{key} is no text of at most {_MOST_LETTERS} letters"
            raise ConfigError(what, where=where, hint=hint)
    if not texts["instructions"].strip():
        raise ConfigError("the template has no instructions", where=where, hint=hint)
    return Template(
        name,
        language,
        one_line(texts["description"]),
        clean_text(texts["instructions"]).strip(),
        own,
    )
