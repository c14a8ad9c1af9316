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

    def hotwords(self, words: Sequence[str]) -> tuple[HotwordNode | None, list[str]]:
        """Return the tree of the words that this model can prefer, `None` without any, and those
        that it cannot: its vocabulary lacks their letters, or it is a transducer."""
        spellings: list[tuple[int, ...]] = []
        unknown = []
        for word in words:
            ways = self._spellings(one_line(word))
            spellings += ways
            if not ways:
                unknown.append(one_line(word))
        return hotword_tree(spellings) if spellings else None, unknown

    def _spellings(self, word: str) -> list[tuple[int, ...]]:
        if isinstance(self.head, TransducerHead):
            return []
        forms = dict.fromkeys((word, word.lower(), word.upper()))
        return [
            way
            for form in forms
            for way in spell(WORD_MARK + form.replace(" ", WORD_MARK), self._token_ids)
        ]


def load_model(
    folder: Path, device: DeviceSetting = "auto", precision: PrecisionSetting = "auto"
) -> LoadedModel:
    """Load the model in `folder`. Raises `ModelError` or `ConfigError`."""
    chosen = choose_device(device)
    checkpoint = load_checkpoint(folder)
    if precision == "auto" and checkpoint.config.kind == "transducer":
        # What was written decides what is heard next: one frame that is read otherwise in a
        # lower precision may change everything after it.
        precision = "float32"
    return LoadedModel(checkpoint, chosen, choose_precision(precision, chosen))
