"""`omoai doctor`: what is there, what is missing, and how to get it."""

from __future__ import annotations

import json
from dataclasses import asdict

from omoai_engine.cli.console import Parser, write_text
from omoai_engine.cli.exits import ExitCode
from omoai_engine.text import one_line

_DESCRIPTION = """\
Say what is there, what is missing, and how to get it. Changes nothing, fetches nothing."""
_EPILOG = "exit codes: 0 files can be transcribed here; 1 they cannot; 2 wrong usage"
_MARKS = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}


def doctor(arguments: list[str]) -> int:
    """Run `omoai doctor` with `arguments`; return the exit code."""
    parser = Parser("omoai doctor", _DESCRIPTION, _EPILOG)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parsed = parser.parse_args(arguments)

    from omoai_engine.doctor import examine, main_job_works

    findings = examine()
    works = main_job_works(findings)
    if parsed.json:
        document = {"works": works, "findings": [asdict(finding) for finding in findings]}
        write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        width = max(len(finding.topic) for finding in findings)
        lines = []
        for finding in findings:
            mark = _MARKS[finding.state]
            lines.append(f"{mark}  {finding.topic:<{width}}  {one_line(finding.detail)}")
            if finding.hint and finding.state != "ok":
                lines.append(f"{'':7}  {'':<{width}}  -> {finding.hint}")
        verdict = "Files can be transcribed here." if works else "Files cannot be transcribed yet."
        write_text("\n".join([*lines, "", verdict]) + "\n")
    return ExitCode.DONE if works else ExitCode.FAILED
