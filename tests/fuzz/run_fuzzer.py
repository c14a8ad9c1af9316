"""Fuzz one parser for a while, guided by coverage (atheris, libFuzzer).

    python tests/fuzz/run_fuzzer.py TARGET [SECONDS [CORPUS_FOLDER [OPTION ...]]]

Without SECONDS it goes on until it finds something. Inputs that reach new code are kept in
CORPUS_FOLDER, and the next run begins with them; OPTION is one of libFuzzer's. A finding is
written into the working folder as `crash-…`, `timeout-…` or `oom-…`; give its path instead of
SECONDS to see it again.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
HANG_SECONDS = 20
MEMORY_MIB = 3000
LARGEST_BYTES = 1 << 16


def main() -> None:
    """Instrument our code, write the seeds, begin."""
    import torch  # noqa: F401 - imported here, so that only our own code is instrumented

    with atheris.instrument_imports(include=["omoai_engine", "omoai_tui"]):
        import fuzz_targets

        import omoai_tui.driver
        import omoai_tui.themes  # noqa: F401

    name, *rest = sys.argv[1:]
    target = fuzz_targets.TARGETS[name]
    seeds = Path(tempfile.mkdtemp(prefix="omoai-seeds-"))
    for number, seed in enumerate(fuzz_targets.SEEDS[target]):
        (seeds / f"{number:03d}").write_bytes(seed)
    options = [
        f"-timeout={HANG_SECONDS}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={LARGEST_BYTES}",
        "-verbosity=1",
        "-print_final_stats=1",
    ]
    if rest and not rest[0].isdigit():
        arguments = [*options, *rest]
    else:
        kept = Path(rest[1]) if len(rest) > 1 else Path(tempfile.mkdtemp(prefix="omoai-corpus-"))
        kept.mkdir(parents=True, exist_ok=True)
        limit = [f"-max_total_time={rest[0]}"] if rest else []
        arguments = [*options, *limit, *rest[2:], str(kept), str(seeds)]
    atheris.Setup([sys.argv[0], *arguments], target)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(seeds, ignore_errors=True)


if __name__ == "__main__":
    main()
