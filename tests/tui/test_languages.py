"""The interface in every language: complete catalogues, chosen by the locale, changed live."""

from __future__ import annotations

import gettext
import importlib
import re
import subprocess
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.pofile import read_po
from samples import QuietApp, events, screen_text
from terminal_session import APP, ROOT, TerminalSession, session_environment

from omoai_tui import language, texts
from omoai_tui.language import chosen, plural

TRANSLATED = sorted(set(language.LANGUAGES) - {"en"})


MODULES = [
    importlib.import_module(f"omoai_tui.{path.stem}")
    for path in sorted(Path(texts.__file__).parent.glob("texts*.py"))
]
UNTRANSLATED = {"APP", "STATE_MARK", "STATUS_MARK"}


def marked(module: ModuleType) -> set[str]:
    """Return every text of the interface in a module."""

    def words(value: object) -> list[str]:
        if isinstance(value, texts.Plural):
            return [value.one]
        if isinstance(value, str):
            return [value]
        if isinstance(value, tuple):
            return [word for part in value for word in words(part)]
        return [word for part in value.values() for word in words(part)]  # type: ignore[attr-defined]

    known = {name: value for name, value in vars(module).items() if name.isupper()}
    return {
        word
        for name, value in known.items()
        if name not in UNTRANSLATED
        for word in words(value)
        if word
    }


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("module", MODULES, ids=language.domain_of)
@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated_and_keeps_its_places(code: str, module: ModuleType) -> None:
    path = language.FOLDER / code / "LC_MESSAGES" / f"{language.domain_of(module)}.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    found = {}
    for message in catalogue:
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        found[key] = message.string[0] if isinstance(message.id, tuple) else message.string
    found.pop("")
    assert set(found) == marked(module), "run tests/tools/catalogues.py"
    for source, translation in found.items():
        assert translation, source
        assert places(str(translation)) == places(source), source


@pytest.mark.parametrize("module", MODULES, ids=language.domain_of)
@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_the_one_that_people_edit(code: str, module: ModuleType) -> None:
    folder = language.FOLDER / code / "LC_MESSAGES"
    with (folder / f"{language.domain_of(module)}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    with (folder / f"{language.domain_of(module)}.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in catalogue:
        if message.id and isinstance(message.id, tuple):
            assert compiled.ngettext(*message.id, 1) == message.string[0]
        elif message.id:
            assert compiled.gettext(str(message.id)) == message.string


@pytest.mark.parametrize(
    ("environment", "remembered", "code"),
    [
        ({"LANG": "vi_VN.UTF-8"}, None, "vi"),
        ({"LANG": "en_GB.UTF-8"}, None, "en"),
        ({"LANG": "fr_FR.UTF-8", "LANGUAGE": "fr:vi:en"}, None, "vi"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "vi"}, None, "en"),
        ({"LANG": "vi_VN", "LC_ALL": "C"}, None, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "vi_VN"}, None, "vi"),
        ({}, None, "en"),
        ({"LANG": "en_US"}, "vi", "vi"),
        ({"LANG": "vi_VN", "OMOAI_TUI__LANGUAGE": "en"}, "vi", "en"),
        ({"LANG": "xx", "OMOAI_TUI__LANGUAGE": "klingon"}, "klingon", "en"),
    ],
)
def test_which_language_is_chosen(
    environment: dict[str, str], remembered: str | None, code: str
) -> None:
    assert chosen(environment, remembered) == code


def test_texts_come_back_in_english() -> None:
    before = texts.QUIT
    language.use("vi")
    assert texts.QUIT == "Thoát"
    assert plural(2, texts.SEGMENT_COUNT) == "2 câu"
    language.use("en")
    assert before == texts.QUIT
    assert plural(1, texts.SEGMENT_COUNT) == "1 segment"


async def test_the_language_is_changed_while_the_app_runs(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events())
        await pilot.press("L", "down", "enter")
        await pilot.pause()
        text = screen_text(app)
        for word in ("1 Tệp", "2 Câu", "Tóm tắt", "Nhận dạng", "đang chạy", "Thoát"):
            assert word in text
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Mọi nơi" in screen_text(app)
        assert "Tạm dừng hoặc tiếp tục" in screen_text(app)
    language.use("en")
    again = QuietApp(tmp_path)
    async with again.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "1 Tệp" in screen_text(again), "it is remembered"


def test_the_locale_chooses_the_language_of_app_and_terminal(tmp_path: Path) -> None:
    vietnamese = {"LANG": "vi_VN.UTF-8"}
    with TerminalSession([*APP, "tests/data"], home=tmp_path, environment=vietnamese) as session:
        session.wait_for("1 Tệp")
        session.send(b"q")
        assert session.ends_with() == 0
    done = subprocess.run(
        APP,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        env=session_environment(tmp_path) | vietnamese,
        check=False,
    )
    assert "cần terminal" in done.stderr.decode()


@pytest.mark.parametrize("module", MODULES, ids=language.domain_of)
def test_every_text_is_used(module: ModuleType) -> None:
    name_of_module = module.__name__.rpartition(".")[2]
    package = Path(texts.__file__).parent
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in package.rglob("*.py")
        if not path.name.startswith("texts")
    )
    by_pane = {f"{start}{pane}" for start in ("", "HELP_") for pane in _panes()}
    # The engine's registry says these; they stand among the texts to be translated.
    by_pane.add("FORMATS")
    unused = [
        name
        for name in vars(module)
        if name.isupper()
        and name not in by_pane
        and not re.search(rf"\b{name_of_module}\.{name}\b|\"{name}\"", source)
    ]
    assert unused == []


def _panes() -> list[str]:
    from omoai_tui.layout import PANES

    return [pane.upper() for pane in PANES]
