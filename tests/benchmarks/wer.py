"""Word error rate on a corpus of real recordings, ours beside faster-whisper called directly.

    python tests/benchmarks/wer.py [--most N] [--long] [--language vi|en] [--quality fast|best]

Both get the same sound, the same model, the language and the same decoding settings (those of
the quality switch, voice activity filter, no conditioning on earlier text). The corpus lies
beside the repository in `shared/corpus` with a `manifest.tsv`; without it this says so and ends.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import unicodedata
from collections import defaultdict
from pathlib import Path

import jiwer
import numpy as np

from omoai_engine.asr.recognizer import ignore
from omoai_engine.asr.whisper import DECODING, WhisperRecognizer
from omoai_engine.asr.whisper_window import Decoding
from omoai_engine.audio import SAMPLE_RATE_HZ, AudioBlock
from omoai_engine.config import load_config
from omoai_engine.control import JobControl
from omoai_engine.models import resolve_model
from omoai_engine.preprocess.source import open_audio

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
THREADS = 1


def normalised(text: str) -> str:
    """Return lower-case NFC words: no marks, typographic apostrophes made plain."""
    text = unicodedata.normalize("NFC", text.lower()).replace("’", "'")
    kept = "".join(c if c.isalnum() or c in "' " else " " for c in text)
    return " ".join(word.strip("'") for word in kept.split() if word.strip("'"))


def rows(language: str | None, most: int | None, long: bool) -> list[dict[str, str]]:
    """Return the manifest's utterances (and long recordings), at most `most` a collection."""
    with (CORPUS / "manifest.tsv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    kinds = {"utt", "long"} if long else {"utt"}
    taken: dict[str, int] = defaultdict(int)
    chosen = []
    for row in found:
        collection = row["file"].rsplit("/", 1)[0]
        fits = row["kind"] in kinds and row["norm"] and language in (None, row["lang"])
        if not fits or not (CORPUS / row["file"]).is_file():
            continue
        if most is None or taken[collection] < most or row["kind"] == "long":
            taken[collection] += 1
            chosen.append(row)
    return chosen


def ours(recognizer: WhisperRecognizer, blocks: list[AudioBlock]) -> str:
    """Return what our streaming recogniser writes."""
    segments = recognizer.recognize(blocks, control=JobControl(), report=ignore)
    return " ".join(segment.text for segment in segments)


def direct(model: object, sound: np.ndarray, language: str, decoding: Decoding) -> str:
    """Return what faster-whisper writes when it gets the whole recording at once."""
    import ctranslate2

    ctranslate2.set_random_seed(0)
    segments, _ = model.transcribe(  # type: ignore[attr-defined]
        sound,
        language=language,
        beam_size=decoding.beam_size,
        best_of=decoding.best_of,
        patience=decoding.patience,
        temperature=list(decoding.temperatures),
        vad_filter=True,
        word_timestamps=True,
        condition_on_previous_text=False,
    )
    return " ".join(segment.text for segment in segments)


def main() -> int:
    """Print a table: collection, files, words, WER of both, processor seconds of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, help="at most so many files a collection")
    parser.add_argument("--language", choices=("vi", "en"))
    parser.add_argument("--quality", choices=tuple(DECODING), default="balanced")
    parser.add_argument("--long", action="store_true", help="the long recordings, too")
    asked = parser.parse_args()
    if not (CORPUS / "manifest.tsv").is_file():
        print(f"skipped: there is no corpus beside the repository ({CORPUS.name}/manifest.tsv)")
        return 0
    from faster_whisper import WhisperModel

    folder = resolve_model(load_config(), engine="whisper", name="whisper-base").folder
    decoding = DECODING[asked.quality]
    model = WhisperModel(
        str(folder), device="cpu", compute_type=decoding.precision, cpu_threads=THREADS
    )
    seconds = 0.0
    tables: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    cpu: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows(asked.language, asked.most, asked.long):
        collection = row["file"].rsplit("/", 1)[0]
        with open_audio(CORPUS / row["file"]) as source:
            blocks = list(source)
        sound = np.concatenate([block.samples for block in blocks])
        seconds += len(sound) / SAMPLE_RATE_HZ
        settings = load_config(
            asr={"language": row["lang"], "threads": THREADS, "quality": asked.quality}
        ).asr
        recognizer = WhisperRecognizer(folder, "whisper-base", settings)
        recognizer.load()
        table = tables[collection]
        table["reference"].append(normalised(row["norm"]))
        before = time.process_time()
        table["ours"].append(normalised(ours(recognizer, blocks)))
        between = time.process_time()
        table["direct"].append(normalised(direct(model, sound, row["lang"], decoding)))
        cpu[collection, "ours"] += between - before
        cpu[collection, "direct"] += time.process_time() - between
        print(f"{row['file']}", file=sys.stderr)
    print(f"{'collection':28} {'files':>5} {'words':>6} {'ours':>7} {'direct':>7} {'CPU ratio':>9}")
    for language in ("vi", "en", ""):
        total: dict[str, list[str]] = defaultdict(list)
        ours_cpu = direct_cpu = 0.0
        for collection, table in sorted(tables.items()):
            if not collection.startswith(language or "\0"):
                if language:
                    continue
            elif language:
                print_row(collection, table, cpu[collection, "ours"] / cpu[collection, "direct"])
            for kind, texts in table.items():
                total[kind] += texts
            ours_cpu += cpu[collection, "ours"]
            direct_cpu += cpu[collection, "direct"]
        if total["reference"]:
            print_row(f"all {language}".strip(), total, ours_cpu / direct_cpu)
    factor = sum(cpu[key] for key in cpu if key[1] == "ours") / seconds
    print(f"quality {asked.quality}: processor time {factor:.3f} of real time, ours")
    return 0


def print_row(name: str, table: dict[str, list[str]], ratio: float) -> None:
    """Print one line of the table; error rates in percent."""
    words = sum(len(text.split()) for text in table["reference"])
    rates = [100 * jiwer.wer(table["reference"], table[kind]) for kind in ("ours", "direct")]
    files = len(table["reference"])
    print(f"{name:28} {files:5} {words:6} {rates[0]:6.2f}% {rates[1]:6.2f}% {ratio:9.3f}")


if __name__ == "__main__":
    sys.exit(main())
