"""A model folder to a model that can be run: encoder, head and vocabulary on a device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omoai_engine.asr.chunkformer.beam import HotwordNode, hotword_tree, spell
from omoai_engine.asr.chunkformer.checkpoint import Checkpoint, load_checkpoint
from omoai_engine.asr.chunkformer.ctc import CTCHead
from omoai_engine.asr.chunkformer.devices import (
    DeviceSetting,
    PrecisionSetting,
    choose_device,
    choose_precision,
)
from omoai_engine.asr.chunkformer.linear import Precision
from omoai_engine.asr.chunkformer.model import Encoder
from omoai_engine.asr.chunkformer.rnnt import TransducerHead
from omoai_engine.asr.chunkformer.words import WORD_MARK
from omoai_engine.text import one_line

if TYPE_CHECKING:
    import torch


class LoadedModel:
    """A checkpoint on a device: encoder, head and vocabulary."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device, precision: Precision) -> None:
        self.encoder = Encoder(checkpoint, device, precision)
        self.vocabulary = checkpoint.vocabulary
        self._token_ids = {token: index for index, token in enumerate(checkpoint.vocabulary)}
        self.head: CTCHead | TransducerHead
        if checkpoint.config.kind == "ctc":
            self.head = CTCHead(checkpoint, device)
        else:
            self.head = TransducerHead(checkpoint, device)

    def hotwords(self, words: Sequence[str]) -> HotwordNode | None:
        """Return the tree of the words that the vocabulary can write; `None` without any."""
        spellings: list[tuple[int, ...]] = []
        for word in words:
            for form in dict.fromkeys((one_line(word), one_line(word).lower())):
                spellings += spell(WORD_MARK + form.replace(" ", WORD_MARK), self._token_ids)
        return hotword_tree(spellings) if spellings else None


def load_model(
    folder: Path, device: DeviceSetting = "auto", precision: PrecisionSetting = "auto"
) -> LoadedModel:
    """Load the model in `folder`. Raises `ModelError` or `ConfigError`."""
    chosen = choose_device(device)
    return LoadedModel(load_checkpoint(folder), chosen, choose_precision(precision, chosen))
