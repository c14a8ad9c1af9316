"""The speech that is learned from: many speakers, a few sentences each, as log-mel with word times.

In: a seed and how many speakers. Out: a `Speech`, kept in a cache folder between runs.
Speakers are made a block to a process: some espeak-ng variants crash inside the library, and then
only that block is made again without its speaker, instead of a worker pool that waits for ever.
"""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from .espeak import SAMPLE_RATE, Espeak, Manner
from .sound import log_mel, resample
from .words import WORD_TOKENS, draw_sentence

# espeak-ng's own names ("en-gb" is not one of them: its British voice is called "en").
ACCENTS = {
    "vi": ("vi", "vi", "vi-vn-x-south", "vi-vn-x-central"),
    "en": ("en-us", "en-us", "en", "en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan",
           "en-gb-x-gbcwmd"),
}  # fmt: skip
UNSEEN_ACCENTS = ("en-029", "en-us-nyc")
# Never heard in training; the figures are measured on them.
UNSEEN_VARIANTS = (
    "f3",
    "m4",
    "steph",
    "Mario",
    "linda",
    "Andy",
    "klatt3",
    "edward",
    "anika",
    "paul",
)
# Whispers and roars: without a pitch Vietnamese tones cannot be told.
UNUSED_VARIANTS = ("whisper", "whisperf", "croak", "Demonic", "fast", "Storm", "AnxiousAndy")

PAD = 200  # samples of silence before and after a sentence: half a window, so that frame k of the
#            features lies on sample 160 k of the sentence


@dataclass(frozen=True)
class Speech:
    """Sentences end to end; ``times`` in seconds within a sentence, frame 0 centred on time 0."""

    features: npt.NDArray[np.float16]  # (frames, 80), all sentences
    starts: npt.NDArray[np.int64]  # (sentences + 1,) first frame of each
    speakers: npt.NDArray[np.int32]  # (sentences,)
    word_starts: npt.NDArray[np.int64]  # (sentences + 1,) first word of each in ``words``
    words: npt.NDArray[np.int32]  # (words,) index into the list of all words
    times: npt.NDArray[np.float32]  # (words, 2)

    @property
    def hours(self) -> float:
        """Length in hours."""
        return float(self.starts[-1]) / 360000


WORD_LIST = list(WORD_TOKENS)
_WORD_INDEX = {w: i for i, w in enumerate(WORD_LIST)}


def make_speech(folder: Path, speakers: int, sentences: int, seed: int) -> Speech:
    """Load the speech of these numbers from ``folder``, or make it there first."""
    folder.mkdir(parents=True, exist_ok=True)
    block, made = 40, []
    for first in range(0, speakers, block):
        path = folder / f"speech-{seed}-{sentences}-{first}.npz"
        if not path.exists():
            _make_block(path, range(first, min(first + block, speakers)), sentences, seed)
        made.append(dict(np.load(path)))
    counts = [np.concatenate([m[k] for m in made]) for k in ("frames", "word_counts")]
    starts, word_starts = (np.concatenate([[0], np.cumsum(c)]).astype(np.int64) for c in counts)
    joined = {k: np.concatenate([m[k] for m in made]) for k in made[0]}
    return Speech(
        joined["features"],
        starts,
        joined["speakers"],
        word_starts,
        joined["words"],
        joined["times"],
    )


def _make_block(path: Path, speakers: range, sentences: int, seed: int) -> None:
    """One process for the block; without the speaker it was making when the library crashed."""
    skipped: set[int] = set()
    context = multiprocessing.get_context("spawn")
    while True:
        at = context.Value("i", -1)
        child = context.Process(
            target=_speak_block, args=(path, list(speakers), sentences, seed, skipped, at)
        )
        child.start()
        child.join()
        if child.exitcode == 0:
            return
        if at.value < 0 or at.value in skipped:
            raise RuntimeError(f"making speech failed with exit code {child.exitcode}")
        print(f"speaker {at.value}: espeak-ng crashed, left out")
        skipped.add(at.value)


def _speak_block(
    path: Path, speakers: list[int], sentences: int, seed: int, skipped: set[int], at: object
) -> None:
    torch.set_num_threads(1)
    espeak = Espeak()
    features, frames, owners, words, word_counts = [], [], [], [], []
    times: list[tuple[float, float]] = []
    for speaker in speakers:
        at.value = speaker  # type: ignore[attr-defined]
        if speaker in skipped:
            continue
        rng = np.random.default_rng([seed, speaker])
        language = "vi" if speaker % 2 else "en"
        voice, manner = draw_voice(rng, language, espeak.variants())
        for _ in range(sentences):
            sentence = draw_sentence(rng, language)
            said = Manner(
                int(manner.rate * rng.uniform(0.92, 1.08)),
                manner.pitch,
                manner.range,
                manner.word_gap,
            )
            utterance = espeak.say(voice, sentence.text, said)
            # A word time less means that espeak joined two words: nobody would know where they met.
            if len(utterance.times) != len(sentence.words):
                continue
            mel = sentence_features(utterance.samples)
            features.append(mel.astype(np.float16))
            frames.append(len(mel))
            owners.append(speaker)
            words += [_WORD_INDEX[w] for w in sentence.words]
            word_counts.append(len(sentence.words))
            times += utterance.times
    np.savez(
        path.with_suffix(".tmp.npz"),
        features=np.concatenate(features),
        frames=np.array(frames, np.int64),
        speakers=np.array(owners, np.int32),
        words=np.array(words, np.int32),
        word_counts=np.array(word_counts, np.int64),
        times=np.array(times, np.float32),
    )
    path.with_suffix(".tmp.npz").rename(path)


def draw_voice(rng: np.random.Generator, language: str, variants: list[str]) -> tuple[str, Manner]:
    """A voice that may be learned from, and its manner."""
    accent = ACCENTS[language][int(rng.integers(len(ACCENTS[language])))]
    usable = [v for v in variants if v not in UNSEEN_VARIANTS and v not in UNUSED_VARIANTS]
    variant = f"+{usable[int(rng.integers(len(usable)))]}" if rng.random() < 0.85 else ""
    gap = int(rng.choice([0, 0, 0, 0, 1, 2, 5]))
    return accent + variant, Manner(
        int(rng.uniform(120, 210)), int(rng.uniform(30, 70)), int(rng.uniform(30, 75)), gap
    )


def sixteen_khz(samples: npt.NDArray[np.int16]) -> torch.Tensor:
    """What espeak-ng said, at 16 kHz, 1.0 is full scale."""
    return resample(torch.from_numpy(samples.astype(np.float32) / 32768), SAMPLE_RATE)


def sentence_features(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Log-mel of one sentence with half a window of silence at both ends."""
    sound = sixteen_khz(samples)
    padded = torch.nn.functional.pad(sound, (PAD, PAD))
    return log_mel(padded).numpy()
