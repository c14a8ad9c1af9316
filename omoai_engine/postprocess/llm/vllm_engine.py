"""vLLM itself: an engine from an order, parameters from a request, a failure from an exception.

Everything that names a class or a setting of vLLM stands here, apart from the loop that drives
the engine (`vllm_child.py`). Heavy: only the child process calls it.
"""

from __future__ import annotations

from typing import Any

from omoai_engine.errors import LanguageModelError
from omoai_engine.postprocess.llm.contract import Request
from omoai_engine.postprocess.llm.wire import Failure, Order
from omoai_engine.text import one_line

# A step is not interrupted: on a processor its prompt part is kept short.
_CPU_STEP_TOKENS = 512
_SHORT_OF_MEMORY = (
    "out of memory",
    # Processors: torch's allocator and the system, C++.
    "allocate memory",
    "bad_alloc",
    # What vLLM says when it looks before it takes.
    "No available memory",
    "available KV cache memory",
    "is less than desired",
    "less than requested memory",
)


def sampling(request: Request) -> Any:
    """Return the request as vLLM's sampling parameters, told piece by piece."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    grammar = None
    if request.regex is not None:
        grammar = StructuredOutputsParams(regex=request.regex)
    elif request.json_schema is not None:
        grammar = StructuredOutputsParams(json=dict(request.json_schema))
    return SamplingParams(
        temperature=request.temperature,
        max_tokens=request.max_tokens,
        output_kind=RequestOutputKind.DELTA,
        structured_outputs=grammar,
    )


def build_engine(order: Order) -> Any:
    """Load the model and return vLLM's engine. Raises whatever vLLM raises."""
    if order.device == "cpu":
        import torch

        # On processors with AMX, bfloat16 dies without this permission (SIGILL, no exception).
        torch.cpu._init_amx()
    from vllm import EngineArgs
    from vllm.v1.engine.llm_engine import LLMEngine

    plan = order.plan
    arguments: dict[str, Any] = {
        "model": str(order.folder),
        "dtype": _dtype(order),
        "load_format": "safetensors",
        "trust_remote_code": False,
        "max_model_len": plan.context,
        "max_num_seqs": plan.sequences,
        "kv_cache_memory_bytes": plan.cache,
        "enforce_eager": plan.eager,
        "gpu_memory_utilization": order.gpu_fraction,
        # Free white space in JSON lets a model write blanks for ever.
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
        "seed": 0,
    }
    if order.device == "cpu":
        arguments["max_num_batched_tokens"] = max(_CPU_STEP_TOKENS, plan.sequences)
        arguments["enable_chunked_prefill"] = True
    return LLMEngine.from_engine_args(EngineArgs(**arguments))


def _dtype(order: Order) -> str:
    if order.device == "cuda" and order.dtype == "auto":
        import torch

        # bfloat16 wants compute capability 8; older cards know float16.
        if torch.cuda.get_device_capability() < (8, 0):
            return "float16"
    return order.dtype


def load_tokenizer(order: Order) -> Any:
    """Return the model's own tokenizer, from its files alone."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        str(order.folder), trust_remote_code=False, local_files_only=True
    )


def device_name(order: Order) -> str:
    """Return the device in words."""
    if order.device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return "cpu"


def failure(error: Exception, doing: str) -> Failure:
    """Return the error as one the parent can act on."""
    text = str(error)
    short = isinstance(error, MemoryError) or any(sign in text for sign in _SHORT_OF_MEMORY)
    if short:
        what = f"memory ran out while {doing}"
        hint = "Close other programs, lower llm.context_tokens, or choose a smaller model"
    else:
        what = f"vLLM failed while {doing}: {type(error).__name__}: {one_line(text)[:200]}"
        hint = "Try again; `omoai doctor` says what is missing"
    return Failure(LanguageModelError(what, hint=hint), short)
