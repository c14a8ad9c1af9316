"""Importing a package loads nothing heavy; what is named is there."""

from __future__ import annotations

import subprocess
import sys

import omoai_engine

HEAVY = (
    "torch",
    "faster_whisper",
    "ctranslate2",
    "onnxruntime",
    "av",
    "numpy",
    "pydantic",
    "pydantic_settings",
    "sounddevice",
    "vllm",
    "textual",
)


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in run.stdout.split()}


def test_importing_the_engine_loads_nothing_heavy() -> None:
    assert loaded_by("import omoai_engine") & set(HEAVY) == set()


def test_importing_the_app_loads_textual_and_nothing_else_heavy() -> None:
    assert loaded_by("import omoai_tui.app") & set(HEAVY) == {"textual"}


def test_looking_for_models_loads_no_library_of_the_hub() -> None:
    statement = (
        "from omoai_engine.config import load_config; "
        "from omoai_engine.models import list_installed; list_installed(load_config())"
    )
    assert "huggingface_hub" not in loaded_by(statement)


def test_every_public_name_is_there() -> None:
    for name in omoai_engine.__all__:
        assert getattr(omoai_engine, name).__name__ == name
    assert set(omoai_engine.__all__) == set(omoai_engine._HOME_OF)
