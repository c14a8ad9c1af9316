"""An engine that raises, and memory that runs out: nothing is lost, and one sentence says why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from breaking import Breaking
from llm_asks import far_apart, random_transcript, settings

from omoai_engine import VLLMProcessor
from omoai_engine.events import Event, Notice
from omoai_engine.postprocess.llm.vllm_model import VLLMModel
from omoai_engine.postprocess.words import words_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def breaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Breaking]:
    plugin = Breaking(tmp_path / "plugin")
    monkeypatch.setenv("PYTHONPATH", str(plugin.folder))
    return plugin


@pytest.mark.usefixtures("no_child_left", "vllm_installed")
def test_an_engine_that_raises_is_replaced_and_one_that_goes_on_raising_is_left(
    tiny_folder: Path, breaking: Breaking
) -> None:
    segments = far_apart(random_transcript(seed) for seed in range(20))
    spoken = words_of(" ".join(segment.text for segment in segments))
    config = settings(backend="vllm", device="cpu", model=str(tiny_folder))
    with VLLMProcessor(config) as processor:
        breaking.fail(1)
        replaced = processor.punctuate(segments, language="vi")
        assert breaking.left == 0

        heard: list[Event] = []
        breaking.fail(2)
        left = processor.punctuate(segments, language="vi", on_event=heard.append)
        assert breaking.left == 0

    assert words_of(replaced.transcript_punctuated) == spoken
    assert replaced.metadata["punctuation"] == "model"
    assert (replaced.metadata["fell_back"], replaced.metadata["pieces_kept_original"]) == ("", 0)

    assert words_of(left.transcript_punctuated) == spoken
    assert len(left.segments) == len(segments)
    assert left.metadata["pieces_kept_original"] > 0
    assert "failed twice: vLLM failed while writing: RuntimeError" in left.metadata["fell_back"]
    told = [event.text for event in heard if isinstance(event, Notice)]
    assert len(told) == 1
    assert "\n" not in told[0]


_LOAD = """
import json, sys
from pathlib import Path
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import OmoAIError
from omoai_engine.postprocess.llm.contract import Message, Request
from omoai_engine.postprocess.llm.vllm_model import VLLMModel
settings = load_config(llm={"context_tokens": 2048, "max_sequences": 1024}).llm
model = VLLMModel(Path(sys.argv[1]), "tiny", "cpu", settings)
try:
    notices = model.load().notices
    answer = model.generate([Request((Message("user", "a"),), 8)], control=JobControl())[0]
    print(json.dumps({"notices": notices, "finish": answer.finish}))
except OmoAIError as error:
    print(json.dumps({"error": str(error)}))
finally:
    model.close()
"""


def loaded_within(folder: Path, mebibytes: int) -> dict[str, object]:
    """Load the model in a shell that allows every process so much address space."""
    shell = f'ulimit -v {mebibytes * 1024}; exec "$0" -c "$1" "$2"'
    done = subprocess.run(
        ["sh", "-c", shell, sys.executable, _LOAD, str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert done.stderr == ""
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_short_of_memory_it_takes_less_and_says_so(tiny_folder: Path, model: VLLMModel) -> None:
    # The first plan wants 1 GiB of cache, the next a quarter of it; the shared one has 64 MiB.
    taken = psutil.Process(model.pid).memory_info().vms >> 20
    result = loaded_within(tiny_folder, taken + 620)
    assert result == {
        "notices": [
            "Memory is short: the language model writes 256 answers at a time instead of 1024."
        ],
        "finish": "length",
    }


def test_without_memory_there_is_one_sentence(tiny_folder: Path, vllm_installed: None) -> None:
    result = loaded_within(tiny_folder, 1500)
    assert "memory" in str(result["error"])
    assert "Traceback" not in str(result["error"])
