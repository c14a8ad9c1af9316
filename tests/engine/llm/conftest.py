"""One tiny model, one vLLM in a child of ours, and one real `vllm` server, for all tests here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from llm_asks import API_KEY, settings

from omoai_engine.config import OmoAIConfig
from omoai_engine.errors import LanguageModelError
from omoai_engine.postprocess.llm import startup
from omoai_engine.postprocess.llm.server import ServerModel
from omoai_engine.postprocess.llm.vllm_model import VLLMModel

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from tiny_language_model import make_tiny_language_model


@pytest.fixture(scope="session")
def vllm_installed() -> None:
    pytest.importorskip("llguidance", reason="vLLM is not installed here")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_language_model(tmp_path_factory.mktemp("llm") / "tiny")


@pytest.fixture(scope="session")
def model(tiny_folder: Path, vllm_installed: None) -> Iterator[VLLMModel]:
    model = VLLMModel(tiny_folder, "tiny", "cpu", settings().llm)
    model.load()
    yield model
    model.close()


@pytest.fixture(scope="session")
def server_config(
    tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory, vllm_installed: None
) -> Iterator[OmoAIConfig]:
    """A real vLLM server on loopback, as `vllm serve` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(tiny_folder), "--served-model-name", "tiny"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--api-key", API_KEY]
    command += ["--dtype", "float32", "--enforce-eager", "--max-model-len", "1024"]
    command += ["--max-num-seqs", "8", "--kv-cache-memory-bytes", str(64 << 20)]
    command += ["--structured-outputs-config", '{"backend": "guidance"}']
    environ = {
        **os.environ,
        "PYTHONPATH": str(Path(startup.__file__).parent),
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "KMP_BLOCKTIME": "0",
    }
    with log.open("wb") as file:
        server = subprocess.Popen(
            command, stdout=file, stderr=file, env=environ, start_new_session=True
        )
    config = settings(server_url=f"http://127.0.0.1:{port}/v1", api_key=API_KEY, retries=0)
    try:
        _wait_for(config, server, log)
        yield config
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)


def _wait_for(config: OmoAIConfig, server: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        try:
            ServerModel(config.llm).load()
        except LanguageModelError:
            assert server.poll() is None, log.read_text()[-3000:]
            time.sleep(0.5)
        else:
            return


@pytest.fixture
def server_model(server_config: OmoAIConfig) -> Iterator[ServerModel]:
    model = ServerModel(server_config.llm)
    yield model
    model.close()
