"""Train the tiny ChunkFormer of the tests on espeak-ng speech, or print the figures of such models.

    python tests/tools/train_tiny_chunkformer.py --out FOLDER [--cache FOLDER] [--steps N]
    python tests/tools/train_tiny_chunkformer.py --evaluate FOLDER [FOLDER ...] [--count N]

Needs the espeak-ng library (Debian: espeak-ng) besides the project itself. Uses one thread. With
several folders the table has a column for each, over the words that all of them know.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from tiny_chunkformer.checkpoint import read_tokens, save
from tiny_chunkformer.evaluation import evaluate
from tiny_chunkformer.model import Shape
from tiny_chunkformer.recognition import recogniser
from tiny_chunkformer.speech import make_speech
from tiny_chunkformer.training import Plan, train
from tiny_chunkformer.words import words_in


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, help="where the trained model goes")
    parser.add_argument(
        "--evaluate", type=Path, nargs="+", help="print the figures of these models"
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "tiny-speech")
    parser.add_argument("--speakers", type=int, default=1200)
    parser.add_argument("--sentences", type=int, default=30, help="sentences of each speaker")
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--count", type=int, default=200, help="sentences of each row of figures")
    args = parser.parse_args()
    if not args.out and not args.evaluate:
        parser.error("say --out FOLDER to train or --evaluate FOLDER to measure")
    torch.set_num_threads(1)
    if args.out:
        begun = time.monotonic()
        speech = make_speech(args.cache, args.speakers, args.sentences, args.seed)
        print(f"{speech.hours:.1f} hours of speech, {(time.monotonic() - begun) / 60:.1f} min")
        begun, cpu = time.monotonic(), time.process_time()
        plan = Plan(steps=args.steps, seed=args.seed)
        train(speech, plan, lambda model: save(model, Shape(), args.out))
        begun, cpu = time.monotonic() - begun, time.process_time() - cpu
        print(f"trained in {begun / 60:.1f} min, {cpu / 60:.1f} min of one processor core")
    folders = args.evaluate or [args.out]
    models = {
        folder.name: (recogniser(folder), words_in(read_tokens(folder))) for folder in folders
    }
    evaluate(models, args.count)


if __name__ == "__main__":
    main()
