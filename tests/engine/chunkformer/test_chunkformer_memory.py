"""Too little memory: smaller steps and the same words, or one clear sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from random_model import random_sound, write_random_model

from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.loading import load_model
from omoai_engine.asr.chunkformer.shortage import is_out_of_memory
from omoai_engine.asr.chunkformer.transcription import FileTranscription, Options

ROOT = Path(__file__).resolve().parents[3]

# A step of 8192 frames is made to fail by a limit on the memory of the process, not by a stand-in.
IN_STEPS = """
import json, resource, sys
from pathlib import Path
import numpy as np, torch
sys.path[:0] = sys.argv[2:4]
from random_model import random_sound
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.loading import load_model
from omoai_engine.asr.chunkformer.transcription import FileTranscription, Options

torch.set_num_threads(1)
model = load_model(Path(sys.argv[1]), "cpu", "float32")
sound = torch.from_numpy(np.tile(random_sound(), 30).astype(np.float32) / 32768)

def words(rows, told):
    options = Options(alternatives=0)
    work = FileTranscription(model, Context(16, 32, 0), options, rows=rows, notice=told.append)
    found = []
    for part in torch.split(sound, 16_000):
        work.push(part)
        while not work.hungry:
            found += [segment.text for segment in work.step()[0]]
    work.end()
    while not work.over:
        found += [segment.text for segment in work.step()[0]]
    return found

def data_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmData"))

usual, told, same = words(64, []), [], True
for extra in (48, 40, 34, 28, 22, 16, 10):
    limit = (data_mib() + extra) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
    same = same and words(8192, told) == usual
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if told:
        break
print(json.dumps({"same": same, "words": len(usual), "told": told}))
"""

AT_LOAD = """
import resource, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:4]
import torch
from omoai_engine.asr.chunkformer import loading, recognizer
from omoai_engine.config import ASRSettings
from omoai_engine.errors import ModelError

limit = 8 << 20
lines = Path("/proc/self/status").read_text().splitlines()
used = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) << 10
resource.setrlimit(resource.RLIMIT_DATA, (used + limit, resource.RLIM_INFINITY))
try:
    made = recognizer.ChunkFormerRecognizer(Path(sys.argv[1]), "large", ASRSettings(device="cpu"))
    made.load()
except ModelError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def wide_folder(tmp_path_factory):
    sizes = {"output_size": 256, "attention_heads": 4, "linear_units": 1024, "num_blocks": 2}
    return write_random_model(tmp_path_factory.mktemp("wide") / "model", sizes=sizes)


def run(program, folder):
    command = [sys.executable, "-c", program, str(folder), str(Path(__file__).parent), str(ROOT)]
    # What a larger limit allowed is given back at once, or the next one would find it free.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1048576"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are those of Linux")
def test_a_real_shortage_makes_the_steps_smaller_and_keeps_the_words(wide_folder):
    found = json.loads(run(IN_STEPS, wide_folder))
    assert found["words"]
    assert found["same"]
    assert found["told"]
    assert "This computer is short of memory: recognition goes on in steps of" in found["told"][0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are those of Linux")
def test_a_model_that_does_not_fit_is_one_sentence(wide_folder):
    said = run(AT_LOAD, wide_folder)
    assert "too little free memory for this model. Close other programs." in said


def test_what_tells_of_too_little_memory():
    assert is_out_of_memory(torch.OutOfMemoryError("x"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: 5 bytes"))
    assert is_out_of_memory(OSError(12, "Cannot allocate memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))
    assert not is_out_of_memory(OSError(2, "No such file"))


@pytest.mark.parametrize("kind", ["ctc", "transducer"])
def test_another_device_goes_on_where_the_first_one_stopped(tmp_path, kind):
    """What a GPU without memory leads to, on the devices at hand: the same model loaded again."""
    folder = write_random_model(tmp_path / kind, kind=kind)
    model, again = (load_model(folder, "cpu", "float32") for _ in range(2))
    sound = torch.from_numpy(random_sound().astype("float32") / 32768)
    found = []
    for move_after in (None, 3):
        work, segments = FileTranscription(model, Context(16, 32, 16), Options(), rows=16), []
        for index, part in enumerate(torch.split(sound, 20_000)):
            work.push(part)
            if index == move_after:
                work.move(again)
            while not work.hungry:
                segments += work.step()[0]
        work.end()
        while not work.over:
            segments += work.step()[0]
        found.append(segments)
    assert found[0] == found[1] != []
