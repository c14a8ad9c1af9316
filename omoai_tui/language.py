"""The language of the interface: gettext catalogues, chosen from the locale, changed while it runs.

The texts of `omoai_tui.texts` and of the modules beside it (`texts_<screen>`, which come with
their screen) are the message ids; each has a catalogue of its own, a standard `.mo` file in
`locale/<language>/LC_MESSAGES`, inside the package. A text without a translation stays English.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from omoai_tui import texts

DOMAIN = "omoai"
FOLDER = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}
"""Every language there is, by its code, in its own words."""
VARIABLE = "OMOAI_TUI__LANGUAGE"

_state: dict[str, Any] = {"code": "en", "catalogue": gettext.NullTranslations()}
_english: dict[ModuleType, dict[str, Any]] = {}


def current() -> str:
    """Return the code of the language in use."""
    return str(_state["code"])


def learn(module: ModuleType) -> None:
    """Keep the texts of a module (its names in capitals) in the language in use from now on."""
    _english[module] = {name: value for name, value in vars(module).items() if name.isupper()}
    use(current())


def domain_of(module: ModuleType) -> str:
    """Return the name of the catalogue of a module of texts."""
    return module.__name__.rpartition(".")[2].replace("texts", DOMAIN)


def english(module: ModuleType, name: str) -> str:
    """Return a text of a learnt module as it is written there: for bindings, which are made once
    and translated with `say` when they are shown."""
    return str(_english[module][name])


def use(code: str) -> None:
    """Put the texts of this language in place; what is drawn from now on is in it."""
    catalogue = gettext.NullTranslations()
    if code != "en":
        for module in _english:
            catalogue.add_fallback(
                gettext.translation(domain_of(module), FOLDER, [code], fallback=True)
            )
    _state.update(code=code, catalogue=catalogue)
    for module, english in _english.items():
        for name, value in english.items():
            setattr(module, name, _translated(value, catalogue))


def _translated(value: Any, catalogue: gettext.NullTranslations) -> Any:
    if isinstance(value, texts.Plural):
        return value
    if isinstance(value, str):
        # The empty id is the catalogue's own header.
        return catalogue.gettext(value) if value else value
    if isinstance(value, tuple):
        return tuple(_translated(part, catalogue) for part in value)
    if isinstance(value, dict):
        return {key: _translated(part, catalogue) for key, part in value.items()}
    return value


def say(text: str) -> str:
    """Return an English text of `texts` in the language in use."""
    return str(_state["catalogue"].gettext(text)) if text else ""


def plural(count: int, forms: texts.Plural) -> str:
    """Return the form for this number, with the number in it."""
    form = _state["catalogue"].ngettext(forms.one, forms.many, count)
    return str(form).format(count=f"{count:,}")


def chosen(environment: Mapping[str, str], remembered: str | None) -> str:
    """Return the language to start with: what was asked for, else chosen before, else the locale's.

    The locale is read as gettext does: LANGUAGE (a list), LC_ALL, LC_MESSAGES, LANG; the C
    locale means English.
    """
    asked = environment.get(VARIABLE, "").strip().lower()
    for code in (asked, remembered):
        if code in LANGUAGES:
            return str(code)
    locale = next(
        (value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))),
        "",
    )
    wanted = [locale]
    if locale and locale.partition(".")[0] not in ("C", "POSIX"):
        wanted = [*environment.get("LANGUAGE", "").split(":"), locale]
    for name in wanted:
        code = name.replace("-", "_").partition("_")[0].partition(".")[0].lower()
        if code in LANGUAGES:
            return code
    return "en"


learn(texts)
