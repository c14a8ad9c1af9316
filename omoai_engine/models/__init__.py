"""The catalogue of models and where their files live.

`resolve_model(config, ...)` gives the folder a recogniser loads; `list_installed(config)` says
what is there. Fetching one because a person asked is in `omoai_engine.models.download`, which
nothing here imports: no network code is loaded until then.
"""

from omoai_engine.models.catalogue import CATALOGUE, ModelFile, ModelSpec, find_spec
from omoai_engine.models.installed import (
    InstalledModel,
    find_model,
    list_installed,
    resolve_model,
)
from omoai_engine.models.offline import assemble_offline_whisper, find_whisper_base_parts
from omoai_engine.models.store import models_folder

__all__ = [
    "CATALOGUE",
    "InstalledModel",
    "ModelFile",
    "ModelSpec",
    "assemble_offline_whisper",
    "find_model",
    "find_spec",
    "find_whisper_base_parts",
    "list_installed",
    "models_folder",
    "resolve_model",
]
