"""The engine behind the small contract of the parity tool that compares it with the reference.

Not a test itself: run the tool with this file. `OMOAI_PARITY_PRECISION` chooses the precision.
"""

import math
import os
import wave
from pathlib import Path

import numpy as np
import torch

from omoai_engine.asr.chunkformer.bounded import Live
from omoai_engine.asr.chunkformer.checkpoint import load_checkpoint
from omoai_engine.asr.chunkformer.config import Context
from omoai_engine.asr.chunkformer.ctc import CTCHead
from omoai_engine.asr.chunkformer.ctc import collapse as ctc_collapse
from omoai_engine.asr.chunkformer.features import FeatureStream
from omoai_engine.asr.chunkformer.model import Encoder
from omoai_engine.asr.chunkformer.rnnt import TransducerGreedy, TransducerHead
from omoai_engine.asr.chunkformer.streaming import FrameStream, Wavefront

WINDOW = 256


class Engine:
    def __init__(self, folder):
        self.checkpoint = load_checkpoint(Path(folder))
        precision = os.environ.get("OMOAI_PARITY_PRECISION", "float32")
        self.encoder = Encoder(self.checkpoint, torch.device("cpu"), precision)
        kind = CTCHead if self.checkpoint.config.kind == "ctc" else TransducerHead
        self.head = kind(self.checkpoint, torch.device("cpu"))


def load(folder):
    return Engine(folder)


def samples(path):
    with wave.open(str(path)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return torch.from_numpy(pcm.astype(np.float32) / 32768.0)


def features(engine, path):
    sound, stream = samples(path), FeatureStream()
    return torch.cat(
        [stream.push(block) for block in sound.split(3001)] or [stream.push(sound)]
    ).numpy()


def encode(engine, feats, chunk, left, right):
    return encode_stream(engine, [feats], chunk, left, right)


@torch.inference_mode()
def encode_stream(engine, blocks, chunk, left, right):
    frames, wave_ = (
        FrameStream(engine.encoder),
        Wavefront(engine.encoder, Context(chunk, left, right)),
    )
    out = [wave_.step([frames.push(torch.from_numpy(block))], [False])[0] for block in blocks]
    out += step_to_end(wave_, [torch.zeros(0, engine.encoder.config.dim)], [True])
    return torch.cat(out).numpy()


def encode_segmented(engine, feats, chunk, left, right, _seconds):
    return encode(engine, feats, chunk, left, right)


def step_to_end(wave_, parts, ended):
    """One step with these frames, and for ended recordings those until all has come out."""
    out = [[new] for new in wave_.step(parts, ended)]
    while not all(wave_.finished(i) for i, end in enumerate(ended) if end):
        for pieces, new in zip(out, wave_.step([x[:0] for x in parts], ended), strict=True):
            pieces.append(new)
    return [torch.cat(pieces) for pieces in out]


@torch.inference_mode()
def encode_batch(engine, many, chunk, left, right):
    wave_ = Wavefront(engine.encoder, Context(chunk, left, right), len(many))
    frames = [FrameStream(engine.encoder).push(torch.from_numpy(feats)) for feats in many]
    out = [[] for _ in many]
    for first in range(0, max(map(len, frames)), WINDOW):
        parts = [f[first : first + WINDOW] for f in frames]
        ended = [first + WINDOW >= len(f) for f in frames]
        for o, y in zip(out, step_to_end(wave_, parts, ended), strict=True):
            o.append(y)
    return [torch.cat(o).numpy() for o in out]


@torch.inference_mode()
def live(engine, feats, chunk, left, right):
    frames = FrameStream(engine.encoder).push(torch.from_numpy(feats))
    stream = Live(engine.encoder, Context(chunk, left, right))
    return torch.cat(
        [stream.step(part, False) for part in frames.split(37)] + [stream.step(frames[:0], True)]
    ).numpy()


def logits(engine, encoded):
    return engine.head.logits(torch.from_numpy(np.ascontiguousarray(encoded))).numpy()


def segments(_engine, ids, max_silence, vocabulary):
    """The reference's segments, with its doubled-token bug and its late ends."""
    most, found, heard = int(max_silence // 0.08), [], []
    start, last_end, silence = None, None, 0
    for frame, token in enumerate(ids):
        if token == 0:
            silence += 1
        else:
            if start is None:
                start = max(frame - 2, 0 if last_end is None else math.ceil((frame + last_end) / 2))
            silence = 0
            heard.append(token)
        if silence == most and start is not None:
            found.append((heard, start, frame))
            heard, start, last_end, silence = [], None, frame, 0
    if start is not None:
        found.append((heard, start, len(ids) - 1))
    return [
        {"decode": joined(without_repeats(h), vocabulary), "start": s * 80, "end": e * 80}
        for h, s, e in found
    ]


def without_repeats(tokens):
    return [t for i, t in enumerate(tokens) if i == 0 or t != tokens[i - 1]]


def joined(tokens, vocabulary):
    return "".join(vocabulary[t] for t in tokens).replace("▁", " ").strip()


def collapse(_engine, ids, vocabulary):
    return joined(ctc_collapse(ids), vocabulary)


def best_tokens(engine, path):
    encoded = encode(engine, features(engine, path), 64, 128, 128)
    return engine.head(torch.from_numpy(encoded)).tokens.tolist()


def transcribe(engine, path):
    return segments(engine, best_tokens(engine, path), 0.5, engine.checkpoint.vocabulary)


def transcribe_text(engine, path):
    return collapse(engine, best_tokens(engine, path), engine.checkpoint.vocabulary)


def rnnt_runs(engine, feats):
    greedy = TransducerGreedy(engine.head)
    encoded = torch.from_numpy(encode(engine, feats, 64, 128, 128))
    return [run for part in encoded.split(50) for run in greedy.push(part)], len(encoded)


def rnnt_tokens(engine, feats):
    return [run.token for run in rnnt_runs(engine, feats)[0]]


def rnnt_transcribe(engine, path):
    """The reference's segments: as for CTC, several tokens a frame, repeats kept."""
    runs, count = rnnt_runs(engine, features(engine, path))
    marks = [1 if any(run.first == frame for run in runs) else 0 for frame in range(count)]
    vocabulary, found = engine.checkpoint.vocabulary, []
    spans = segments(engine, marks, 0.5, ["", ""])
    stops = [span["end"] // 80 for span in spans]
    for span, stop, before in zip(spans, stops, [-1, *stops], strict=False):
        tokens = [run.token for run in runs if before < run.first <= stop]
        found.append({**span, "decode": joined(tokens, vocabulary)})
    return found
