"""Keep the translations in step with the texts, and compile them.

    python tests/tools/catalogues.py [--check]

Takes every text marked in `omoai_tui/texts.py` into the template `omoai.pot` and the catalogue of
each language (`omoai.po`, which people edit), keeps what is translated, and compiles `omoai.mo`,
which the app reads; the same for each `texts_<screen>.py`, into `omoai_<screen>`. A catalogue that
is not there yet is begun. With `--check` it writes nothing and fails when something would change.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[2] / "omoai_tui"
KEYWORDS = {"_": None, "_n": (1, 2)}


def sources() -> dict[str, Path]:
    """Return the modules of texts by the name of their catalogue."""
    found = sorted(PACKAGE.glob("texts*.py"))
    return {path.stem.replace("texts", "omoai"): path for path in found}


def template(path: Path) -> Catalog:
    """Return every marked text of a module."""
    catalogue = Catalog(project="OmoAI", charset="utf-8", fuzzy=False)
    with path.open("rb") as source:
        for _line, message, _comments, _context in extract("python", source, KEYWORDS):
            catalogue.add(message)
    _fix_header(catalogue)
    return catalogue


def _fix_header(catalogue: Catalog) -> None:
    # Dates would change with every run and say less than the history does.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    catalogue.last_translator = catalogue.language_team = catalogue.msgid_bugs_address = "OmoAI"
    catalogue.project, catalogue.version = "OmoAI", "1"


def updated(path: Path, language: str, texts: Catalog) -> Catalog:
    """Return the catalogue of a language with exactly the texts of the template."""
    catalogue = Catalog(locale=language, charset="utf-8", fuzzy=False)
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language, charset="utf-8")
    catalogue.update(texts, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    _fix_header(catalogue)
    return catalogue


def contents() -> dict[Path, bytes]:
    """Return what each file of the catalogues should hold."""
    files = {}
    for domain, source in sources().items():
        texts = template(source)
        for folder in sorted((PACKAGE / "locale").glob("*/LC_MESSAGES")):
            path = folder / f"{domain}.po"
            catalogue = updated(path, folder.parent.name, texts)
            po, mo = io.BytesIO(), io.BytesIO()
            write_po(po, catalogue, omit_header=False, no_location=True, width=96)
            write_mo(mo, catalogue)
            files[path] = po.getvalue()
            files[path.with_suffix(".mo")] = mo.getvalue()
        pot = io.BytesIO()
        write_po(pot, texts, no_location=True, width=96)
        files[PACKAGE / "locale" / f"{domain}.pot"] = pot.getvalue()
    return files


def main() -> int:
    """Write or check."""
    fresh = contents()
    stale = [path for path in fresh if not path.exists() or path.read_bytes() != fresh[path]]
    for path in stale:
        if "--check" not in sys.argv:
            path.write_bytes(fresh[path])
        print(path.relative_to(PACKAGE.parent))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
