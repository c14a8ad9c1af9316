"""Writes tests/data/chunkformer/golden.npz and golden.json: what the reference computes.

    python tests/engine/chunkformer/make_golden.py FOLDER_WITH_THE_REFERENCE

Run it again only when the reference, `random_model.py` or the list of cases changes.
"""

import json
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[3])]
from random_model import random_sound, write_random_model  # noqa: E402
from reference import load_reference  # noqa: E402

DATA = Path(__file__).resolve().parents[2] / "data" / "chunkformer"
CONTEXTS = [
    (16, 32, 32),
    (16, 32, 0),
    (8, 16, 5),
    (32, 20, 7),
    (64, 128, 128),
    (16, 0, 0),
    (12, 30, 13),
]
LENGTHS = [15, 22, 23, 134, 135, 143, 390]
LIVE = [(16, 32, 0), (16, 32, 16), (8, 24, 3)]
BATCH = [(0, 400), (100, 119), (300, 1000), (5, 860), (0, 15)]
EVERY = 5  # frames of which one is kept


def main():
    model_class = load_reference(sys.argv[1])
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch, torch.no_grad():
        folder = write_random_model(Path(scratch) / "ctc")
        sound = Path(scratch) / "sound.wav"
        with wave.open(str(sound), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(random_sound().tobytes())
        model = model_class.from_pretrained(folder)
        features = model._load_audio_and_extract_features(str(sound))[0]
        arrays = {"features": features[::EVERY]}
        encoder = model.model.encoder
        for chunk, left, right in CONTEXTS:
            (frames,) = encode(encoder, [features], chunk, left, right)
            arrays[f"encoder_{chunk}_{left}_{right}"] = frames[::EVERY]
        for length in LENGTHS:
            (frames,) = encode(encoder, [features[:length]], 16, 32, 32)
            arrays[f"length_{length}"] = frames[::EVERY]
        for index, frames in enumerate(
            encode(encoder, [features[a:b] for a, b in BATCH], 16, 32, 32)
        ):
            arrays[f"batch_{index}"] = frames[::EVERY]
        for chunk, left, right in LIVE:
            frames = encoder.forward_chunk_by_chunk(
                features[None], torch.tensor([len(features)], dtype=torch.int),
                chunk_size=chunk, left_context_size=left, right_context_size=right,
            )[0][0]  # fmt: skip
            whole = ((len(features) - 15) // 8 + 1 - right) // chunk - 1
            arrays[f"live_{chunk}_{left}_{right}"] = frames[: whole * chunk : EVERY]
        (frames,) = encode(encoder, [features], 64, 128, 128)
        facts = {
            "tokens": model.model.ctc.log_softmax(frames[None])[0].argmax(-1).tolist(),
            "text": model.batch_decode([str(sound)])[0],
        }
        transducer = model_class.from_pretrained(
            write_random_model(Path(scratch) / "rnnt", kind="transducer")
        )
        from chunkformer.transducer.search.greedy_search import batch_greedy_search

        (frames,) = encode(transducer.model.encoder, [features], 64, 128, 128)
        facts["rnnt"] = batch_greedy_search(
            transducer.model, frames[None], torch.tensor([len(frames)])
        )[0]
    DATA.mkdir(exist_ok=True)
    np.savez_compressed(
        DATA / "golden.npz", **{k: v.numpy().astype(np.float32) for k, v in arrays.items()}
    )
    (DATA / "golden.json").write_text(json.dumps(facts, ensure_ascii=False) + "\n")
    blanks = facts["tokens"].count(0) / len(facts["tokens"])
    print(
        f"{len(arrays)} arrays, {blanks:.2f} of the frames blank, {len(facts['rnnt'])} RNN-T tokens"
    )


def encode(encoder, features, chunk, left, right):
    lengths = torch.tensor([len(f) for f in features], dtype=torch.int)
    frames, counts, pieces, *_ = encoder.forward_parallel_chunk(
        xs=features, xs_origin_lens=lengths, chunk_size=chunk, left_context_size=left,
        right_context_size=right, offset=torch.zeros(len(features), dtype=torch.int),
    )  # fmt: skip
    split = frames.split(pieces)
    return [f.reshape(-1, f.shape[-1])[: int(n)] for f, n in zip(split, counts, strict=True)]


if __name__ == "__main__":
    main()
