"""Every parser of ours against inputs that a coverage-guided fuzzer makes up, for some seconds.

`TEST_FUZZ_SECONDS=3600` fuzzes each for an hour.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from fuzz_targets import SEEDS, TARGETS

SECONDS = int(os.environ.get("TEST_FUZZ_SECONDS", "5"))


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_pass(name: str) -> None:
    target = TARGETS[name]
    for seed in [b"", *SEEDS[target]]:
        target(seed)


@pytest.mark.timeout(SECONDS + 240)
@pytest.mark.parametrize("name", TARGETS)
def test_no_made_up_input_breaks_it(name: str, tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        pytest.skip("atheris has no build for this system")
    fuzzer = Path(__file__).with_name("run_fuzzer.py")
    found_in = tmp_path / "found"
    found_in.mkdir()
    # The short runs begin alike, so that a change is to blame for what they find.
    seed = [] if "TEST_FUZZ_SECONDS" in os.environ else ["-seed=1"]
    done = subprocess.run(
        [sys.executable, fuzzer, name, str(SECONDS), str(tmp_path / "corpus"), *seed],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=found_in,
        check=False,
    )
    found = [path.name for path in found_in.iterdir()]
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert found == []
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    assert runs is not None
    assert int(runs[1]) > len(SEEDS[TARGETS[name]])
