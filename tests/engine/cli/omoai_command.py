"""The real `omoai` command as a child process, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
COMMAND = [sys.executable, "-m", "omoai_engine.cli"]
TIMEOUT_SECONDS = 240


@dataclass(frozen=True)
class Home:
    """Where a command keeps what it keeps; `environment` for the child."""

    folder: Path
    models: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith(("OMOAI_", "HF_", "HUGGINGFACE_", "XDG_", "LC_"))
            and name not in ("LANG", "LANGUAGE", "COLUMNS", "LINES", "PYTHONIOENCODING")
        }
        return {
            **kept,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": str(ROOT),
            "OMOAI_MODELS__FOLDER": str(self.models),
            "no_proxy": "127.0.0.1",
            **more,
        }

    def run(
        self,
        *arguments: str | bytes | Path,
        stdin: bytes = b"",
        cwd: Path | None = None,
        **more: str,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command to its end; output as bytes."""
        return subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment(**more),
            cwd=cwd or self.folder,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def start(self, *arguments: str | Path, **more: str) -> subprocess.Popen[bytes]:
        """Start the command; the caller ends it."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(**more),
            cwd=self.folder,
        )
