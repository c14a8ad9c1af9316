"""Our own vLLM in a child process: what it answers, how it is cancelled, what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from llm_asks import SCHEMA, ask, marks_only, settings

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, ModelCorruptError
from omoai_engine.postprocess.llm.vllm_model import VLLMModel

ROOT = Path(__file__).parents[3]
WORDS = "xin chào các bạn luôn luôn nói 15 lần e-mail"


def test_one_batch_holds_free_text_a_grammar_and_a_schema(model: VLLMModel) -> None:
    told: list[tuple[int, int]] = []
    pattern = marks_only(WORDS)

    free, words, table = model.generate(
        [ask("a", 12), ask("b", 200, regex=pattern), ask("c", 120, json_schema=SCHEMA)],
        control=JobControl(),
        on_tokens=lambda read, written: told.append((read, written)),
    )

    assert (free.finish, free.generated_tokens, free.constrained) == ("length", 12, False)
    assert words.finish == "stop"
    assert words.constrained
    assert re.fullmatch(pattern, words.text)
    assert re.sub(r"[,.?]", "", words.text).lower() == WORDS
    assert set(json.loads(table.text)) == {"title", "bullets"}
    assert told == sorted(told)
    assert told[-1] == (
        free.prompt_tokens + words.prompt_tokens + table.prompt_tokens,
        free.generated_tokens + words.generated_tokens + table.generated_tokens,
    )


def test_the_same_question_gets_the_same_answer(model: VLLMModel) -> None:
    first, second = model.generate([ask("a", 20), ask("a", 20)], control=JobControl())
    assert first.text
    assert first.text == second.text


def test_a_request_that_cannot_be_answered_disturbs_no_other(model: VLLMModel) -> None:
    answers = model.generate(
        [
            ask("a", 5000),
            ask("b", 8, regex="("),
            ask("c", 0),
            ask("d", 8, regex="a", json_schema=SCHEMA),
            ask("word " * 3000, 4),
            ask("e", 8),
        ],
        control=JobControl(),
    )
    assert [answer.finish for answer in answers] == ["error"] * 5 + ["length"]
    assert "5000 tokens, and the model takes 1024" in answers[0].error
    assert all(answer.error for answer in answers[:5])


def test_a_prompt_that_fits_to_the_last_token_is_answered(model: VLLMModel) -> None:
    length = model.generate([ask("a", 1)], control=JobControl())[0].prompt_tokens
    whole, over = model.generate(
        [ask("a", 1024 - length), ask("a", 1025 - length)], control=JobControl()
    )
    assert whole.finish in ("stop", "length")
    assert over.finish == "error"


def test_the_streamed_pieces_are_the_answer(model: VLLMModel) -> None:
    pieces: list[str] = []
    streamed = model.stream(ask("a", 60), control=JobControl(), on_text=pieces.append)
    assert len(pieces) > 5
    assert "".join(pieces) == streamed.text
    assert streamed.text == model.generate([ask("a", 60)], control=JobControl())[0].text


def test_tokens_are_counted_exactly(model: VLLMModel) -> None:
    few, many, none = model.count_tokens(["xin chào", "xin chào " * 50, ""])
    assert none == 0
    assert 0 < few < many <= 50 * (few + 1)


def test_cancelling_ends_the_wait_and_the_model_stays_loaded(model: VLLMModel) -> None:
    pid = model.pid
    control = JobControl()
    requests = [ask("q" * number, 900) for number in range(1, 9)]
    threading.Timer(0.3, control.cancel).start()

    with pytest.raises(CancelledError):
        model.generate(requests, control=control)

    assert model.generate([ask("a", 4)], control=JobControl())[0].finish == "length"
    assert model.pid == pid


def test_a_model_that_is_loaded_is_loaded_once(model: VLLMModel) -> None:
    pid = model.pid
    first = model.load()
    answers = []
    for text in ("punctuate", "summarise"):
        answers += model.generate([ask(text, 4)], control=JobControl())
    assert model.load() is first
    assert model.pid == pid
    assert (first.backend, first.device, first.context_tokens) == ("vllm", "cpu", 1024)
    assert len(answers) == 2


def test_a_killed_engine_is_replaced_and_what_was_told_goes_on(
    tiny_folder: Path, vllm_installed: None, no_child_left: None
) -> None:
    model = VLLMModel(tiny_folder, "tiny", "cpu", settings().llm)
    pieces: list[str] = []
    killed: list[int] = []

    def kill(piece: str) -> None:
        pieces.append(piece)
        if model.pid and len(killed) < 1:
            killed.append(model.pid)
            os.kill(model.pid, signal.SIGKILL)

    # So many that it still writes when it is killed at its first word.
    answer = model.stream(ask("a", 200), control=JobControl(), on_text=kill)
    assert "".join(pieces) == answer.text
    assert model.pid not in (None, *killed)
    model.close()


def test_an_engine_that_hangs_is_replaced(
    tiny_folder: Path,
    vllm_installed: None,
    no_child_left: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("omoai_engine.child_process.SILENCE_SECONDS", 5.0)
    model = VLLMModel(tiny_folder, "tiny", "cpu", settings().llm)
    model.load()
    hung = model.pid or 0
    os.kill(hung, signal.SIGSTOP)
    # More than a pipe holds: whoever asks must not wait for a child that does not read.
    refused = [ask("word " * 3000, 4)] * 8
    answers = model.generate([*refused, ask("a", 4)], control=JobControl())
    assert [answer.finish for answer in answers] == ["error"] * 8 + ["length"]
    assert model.pid not in (None, hung)
    model.close()


_APP = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.postprocess.llm.contract import Message, Request
from omoai_engine.postprocess.llm.vllm_model import VLLMModel
settings = load_config(llm={{"context_tokens": 1024, "max_sequences": 8}}).llm
model = VLLMModel(Path({folder!r}), "tiny", "cpu", settings)
model.load()
Path({told!r}).write_text(str(model.pid))
request = Request((Message("user", "a"),), 900)
while True:
    model.generate([request] * 8, control=JobControl())
"""


def test_a_killed_app_leaves_no_process_and_no_shared_memory_and_wrote_nothing(
    tiny_folder: Path, tmp_path: Path, vllm_installed: None
) -> None:
    told = tmp_path / "pid"
    shared = set(Path("/dev/shm").iterdir())
    code = _APP.format(root=str(ROOT), folder=str(tiny_folder), told=str(told))
    master, slave = os.openpty()
    app = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    try:
        while not (told.exists() and told.read_text()):
            assert app.poll() is None
            time.sleep(0.1)
        child = psutil.Process(int(told.read_text()))
        family = [child, *child.children(recursive=True)]
        time.sleep(0.5)
    finally:
        app.kill()
        app.wait()
    _, left = psutil.wait_procs(family, timeout=60)
    assert left == []
    assert set(Path("/dev/shm").iterdir()) - shared == set()
    os.set_blocking(master, False)
    try:
        written = os.read(master, 10_000)
    except OSError:  # nobody holds the other end any more, and nothing is there
        written = b""
    os.close(master)
    assert written == b""


def test_loading_can_be_cancelled_and_leaves_nothing(
    tiny_folder: Path, vllm_installed: None, no_child_left: None
) -> None:
    model = VLLMModel(tiny_folder, "tiny", "cpu", settings().llm)
    control = JobControl()
    threading.Timer(0.5, control.cancel).start()
    with pytest.raises(CancelledError):
        model.load(control)
    assert model.pid is None


def test_a_broken_folder_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    model = VLLMModel(tmp_path, "tiny", "cpu", settings().llm)
    with pytest.raises(ModelCorruptError, match=r"tokenizer\.json is missing"):
        model.load()
    assert model.pid is None
