"""The RNN-T head: greedy search over encoder frames, a window at a time.

In: encoder frames (n, D) float32, in order. Out: `TokenRun`s of one frame each. At every frame
the joint network looks at the frame and at the tokens written so far; a token is written until
it says blank, at most 64 times. The predictor's state moves after a token only, so between
tokens several frames are looked at in one product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from omoai_engine.asr.chunkformer.checkpoint import BLANK
from omoai_engine.asr.chunkformer.ctc import TokenRun
from omoai_engine.asr.chunkformer.linear import Linear

if TYPE_CHECKING:
    from torch import Tensor

    from omoai_engine.asr.chunkformer.checkpoint import Checkpoint

MOST_TOKENS_A_FRAME = 64
_FRAMES_AT_ONCE = 8


class TransducerHead:
    """Predictor (embedding, LSTM, projection) and joint network of one checkpoint, float32."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        tensors = {name: tensor.to(device) for name, tensor in checkpoint.tensors.items()}
        self.device = device
        self._embedding = tensors["predictor.embed.weight"]  # (vocabulary, embedding)
        gates, width = tensors["predictor.rnn.weight_ih_l0"].shape
        self._lstm = torch.nn.LSTM(
            width, gates // 4, checkpoint.config.predictor_layers, device=device
        ).eval()
        own = "predictor.rnn."
        lstm = {n.removeprefix(own): t for n, t in tensors.items() if n.startswith(own)}
        self._lstm.load_state_dict(lstm)

        def linear(name: str) -> Linear:
            weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
            return Linear(weight, bias, device=device, precision="float32")

        self._projection, self._from_predictor = (
            linear("predictor.projection"),
            linear("joint.pred_ffn"),
        )
        self.from_encoder, self._out = linear("joint.enc_ffn"), linear("joint.ffn_out")

    def start(self) -> tuple[Tensor, Tensor]:
        """The LSTM's state before the first token: two tensors (layers, 1, hidden)."""
        zeros = torch.zeros(self._lstm.num_layers, 1, self._lstm.hidden_size, device=self.device)
        return zeros, zeros

    def predict(
        self, token: int, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """A token and the state before it to (1, joint) and the state after it."""
        y, state = self._lstm(self._embedding[token][None, None], state)
        return self._from_predictor(self._projection(y[0])), state

    def join(self, encoded: Tensor, predicted: Tensor) -> Tensor:
        """(n, joint) frames and (1, joint) to (n, vocabulary) logits."""
        return self._out(torch.tanh(encoded + predicted))


class TransducerGreedy:
    """The greedy search over one recording."""

    def __init__(self, head: TransducerHead) -> None:
        self._head = head
        self.seen = 0
        """Frames that were read."""
        with torch.inference_mode():
            self._predicted, self._state = head.predict(BLANK, head.start())

    def use(self, head: TransducerHead) -> None:
        """Go on with the same weights on another device."""
        self._head = head
        self._predicted = self._predicted.to(head.device)
        first, second = self._state
        self._state = first.to(head.device), second.to(head.device)

    @torch.inference_mode()
    def push(self, frames: Tensor) -> list[TokenRun]:
        """Take the next (n, D) frames, return the tokens written in them."""
        runs = []
        encoded = self._head.from_encoder(frames) if len(frames) else frames
        at = written = 0
        while at < len(encoded):
            logits = self._head.join(encoded[at : at + _FRAMES_AT_ONCE], self._predicted)
            best, tokens = logits.max(-1)
            speaking = (tokens != BLANK).nonzero()[:, 0]
            if not len(speaking):
                at, written = at + len(logits), 0
                continue
            row = int(speaking[0])
            written = written + 1 if row == 0 else 1
            at += row
            log_prob = float(best[row] - logits[row].logsumexp(-1))
            token = int(tokens[row])
            runs.append(TokenRun(token, self.seen + at, self.seen + at, log_prob))
            self._predicted, self._state = self._head.predict(token, self._state)
            if written == MOST_TOKENS_A_FRAME:
                at, written = at + 1, 0
        self.seen += len(frames)
        return runs
