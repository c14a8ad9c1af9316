"""Any number of threads: every precision comes to its end, with the words of one thread."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
# 80 channels: oneDNN's bfloat16 kernel of one row never came back from these on two threads.
TRANSCRIBE = """
import sys, torch
torch.set_num_threads(int(sys.argv[3]))
from omoai_engine import ChunkFormerASR, load_config
settings = load_config(asr={"precision": sys.argv[4]}).asr
print(ChunkFormerASR(sys.argv[1], settings).transcribe(sys.argv[2]).transcript)
"""


def transcribed(threads: int, precision: str) -> str:
    command = [sys.executable, "-c", TRANSCRIBE, str(DATA / "tiny-chunkformer")]
    command += [str(DATA / "vi-common-voice.mp3"), str(threads), precision]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_two_threads_end_with_the_words_of_one(precision: str) -> None:
    assert transcribed(2, precision) == transcribed(1, precision) != ""
