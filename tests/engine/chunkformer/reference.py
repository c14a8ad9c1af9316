"""Makes the published reference package importable from a folder, for golden files and benchmarks.

The folder holds `chunkformer` 1.2.2 and, if the Python at hand lacks them, `torchaudio`, `pydub`
and `audioop`:

    pip install --no-deps --target FOLDER chunkformer==1.2.2 torchaudio pydub audioop-lts

What the reference only needs for training or downloads is replaced by empty modules, so that
nothing else has to be installed. The arithmetic is the reference's own.
"""

import contextlib
import importlib
import io
import logging
import sys
import types
import warnings


def load_reference(folder):
    """Return the reference's model class."""
    import torch

    warnings.filterwarnings("ignore")
    sys.path[:0] = [str(folder)]
    module("torchaudio._extension", **torchaudio_without_binary())
    module("pandas")
    module("jiwer")
    module("tqdm", tqdm=lambda things, *_, **__: things)
    module("huggingface_hub", snapshot_download=None)
    module("colorama", Fore=AnyName(), Style=AnyName())
    transformers = module(
        "transformers", PretrainedConfig=Config, PreTrainedModel=model_base(torch)
    )
    transformers.utils = module(
        "transformers.utils", logging=types.SimpleNamespace(get_logger=logging.getLogger)
    )
    sys.modules.setdefault("torchvision", None)
    with contextlib.redirect_stdout(io.StringIO()):
        return importlib.import_module("chunkformer").ChunkFormerModel


def module(name, **content):
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules.setdefault(name, made)
    return sys.modules[name]


def torchaudio_without_binary():
    off = dict.fromkeys(
        ("_IS_TORCHAUDIO_EXT_AVAILABLE", "_IS_ALIGN_AVAILABLE", "_IS_RIR_AVAILABLE"), False
    )
    same = dict.fromkeys(("fail_if_no_align", "fail_if_no_rir"), lambda function: function)
    return {
        **off,
        **same,
        "_check_cuda_version": lambda: None,
        "lazy_import_sox_ext": lambda: None,
    }


class AnyName:
    def __getattr__(self, name):
        return ""


class Config:
    def __init__(self, **values):
        self.__dict__.update(values)

    @classmethod
    def register_for_auto_class(cls, *_):
        pass


def model_base(torch):
    class Base(torch.nn.Module):
        def __init__(self, config):
            super().__init__()

        def post_init(self):
            pass

        @property
        def device(self):
            return next(self.parameters()).device

        @classmethod
        def register_for_auto_class(cls, *_):
            pass

    return Base
