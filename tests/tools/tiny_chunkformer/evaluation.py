"""The figures of a trained model, on voices, sentences and noises that no training has heard.

In: recognisers and the words they know. Out: a table, a column a recogniser. Everything is made
from fixed seeds; the sentences hold only words that all the recognisers know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import jiwer
import numpy as np
import torch

from .espeak import Espeak, Manner
from .model import Context
from .noises import make_noise
from .recognition import Heard, Recogniser
from .sound import RATE
from .speech import UNSEEN_ACCENTS, UNSEEN_VARIANTS, sixteen_khz
from .words import WORDS, draw_sentence

FILE = Context(64, 128, 128)
LIVE = Context(64, 128, 0)
FAST_LIVE = Context(16, 128, 0)

VI = ("vi", "vi-vn-x-south", "vi-vn-x-central")
EN = ("en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd")


@dataclass(frozen=True)
class Recording:
    """Samples at 16 kHz, 1.0 is full scale, and the words said with their times."""

    samples: torch.Tensor
    words: tuple[Heard, ...]


class Studio:
    """Makes test recordings; the same seed gives the same recordings."""

    def __init__(self, words: Mapping[str, list[str]]) -> None:
        self._espeak = Espeak()
        self._words = words

    def sentences(
        self,
        voices: tuple[str, ...],
        count: int,
        seed: int,
        noise: tuple[str, float] | None = None,
        double: float = 0.0,
        comma: float = 0.12,
    ) -> Iterator[Recording]:
        """``count`` recordings of a sentence, voices in turn; ``noise`` is (name, SNR in dB)."""
        rng = np.random.default_rng([seed, 77])
        for i in range(count):
            voice = voices[i % len(voices)]
            recording = self.say(rng, voice, double=double, comma=comma)
            if noise is not None:
                name, snr = noise
                recording = self.noisy(rng, recording, name, snr)
            yield recording

    def say(
        self,
        rng: np.random.Generator,
        voice: str,
        double: float = 0.0,
        comma: float = 0.12,
        pause: float = 0.5,
    ) -> Recording:
        """One sentence with half of ``pause`` before and after it."""
        language = "vi" if voice.startswith("vi") else "en"
        known = self._words[language]
        while True:
            sentence = draw_sentence(rng, language, (3, 9), double, comma)
            if not set(sentence.words) <= set(known):
                continue
            manner = Manner(int(rng.uniform(135, 195)), int(rng.uniform(35, 65)))
            said = self._espeak.say(voice, sentence.text, manner)
            if len(said.times) == len(sentence.words):
                break
        edge = round(pause / 2 * RATE)
        samples = torch.nn.functional.pad(sixteen_khz(said.samples), (edge, edge))
        words = tuple(
            Heard(w, a + pause / 2, b + pause / 2)
            for w, (a, b) in zip(sentence.words, said.times, strict=True)
        )
        return Recording(samples, words)

    def noisy(
        self, rng: np.random.Generator, recording: Recording, name: str, snr: float
    ) -> Recording:
        """The recording with a noise ``snr`` dB below its speech."""
        samples = recording.samples
        noise = torch.from_numpy(make_noise(rng, name, len(samples) / RATE + 0.1))[: len(samples)]
        level = samples[samples.abs() > 0.0015].std() * 10 ** (-snr / 20)
        return Recording((samples + noise / noise.std() * level).clamp(-1, 1), recording.words)

    def long(self, seconds: float, seed: int, changing: bool) -> Recording:
        """A long file: one voice in a quiet room, or voice, loudness and noise change each time."""
        rng = np.random.default_rng([seed, 78])
        pieces: list[torch.Tensor] = []
        words: list[Heard] = []
        at = 0.0
        voices = unseen(VI) + unseen(EN)
        voice = f"{VI[0]}+{UNSEEN_VARIANTS[1]}"
        while at < seconds:
            if changing:
                voice = voices[int(rng.integers(len(voices)))]
            piece = self.say(rng, voice, double=0.05, pause=float(rng.uniform(0.2, 2.5)))
            if changing:
                name = str(rng.choice(["pink", "brown", "fan", "hum50", "rain", "traffic"]))
                piece = self.noisy(rng, piece, name, float(rng.uniform(12, 35)))
                gain = 10 ** (rng.uniform(-20, 0) / 20)
                piece = Recording(piece.samples * gain, piece.words)
            pieces.append(piece.samples)
            words += [Heard(w.word, at + w.start, at + w.end) for w in piece.words]
            at += len(piece.samples) / RATE
        return Recording(torch.cat(pieces), tuple(words))


def unseen(voices: tuple[str, ...]) -> tuple[str, ...]:
    """Voices with variants that no training has heard; neighbours differ in both."""
    return tuple(
        f"{voices[(i + k) % len(voices)]}+{variant}"
        for k in range(len(voices))
        for i, variant in enumerate(UNSEEN_VARIANTS)
    )


@dataclass
class Score:
    """Counts over recordings."""

    errors: int = 0
    words: int = 0
    doubled: int = 0
    doubled_right: int = 0
    edges: int = 0
    edges_near: int = 0  # starts and ends within 0.15 s

    def add(self, said: tuple[Heard, ...], heard: list[Heard]) -> None:
        """Compare one recording."""
        result = _align([w.word for w in said], [w.word for w in heard])
        self.errors += result.substitutions + result.deletions + result.insertions
        self.words += len(said)
        for a, b in _pairs(result):
            near = (abs(said[a].start - heard[b].start), abs(said[a].end - heard[b].end))
            self.edges += 2
            self.edges_near += sum(d <= 0.15 for d in near)
        runs_said, runs_heard = _runs(said), _runs(heard)
        aligned = dict(_pairs(_align([w for w, _ in runs_said], [w for w, _ in runs_heard])))
        for i, (_, times) in enumerate(runs_said):
            if times > 1:
                self.doubled += 1
                self.doubled_right += i in aligned and runs_heard[aligned[i]][1] == times

    @property
    def wer(self) -> float:
        """Word error rate in percent."""
        return 100 * self.errors / max(self.words, 1)


def _align(said: list[str], heard: list[str]) -> jiwer.WordOutput:
    return jiwer.process_words([" ".join(said)], [" ".join(heard)])


def _pairs(result: jiwer.WordOutput) -> Iterator[tuple[int, int]]:
    for chunk in result.alignments[0]:
        if chunk.type == "equal":
            yield from zip(
                range(chunk.ref_start_idx, chunk.ref_end_idx),
                range(chunk.hyp_start_idx, chunk.hyp_end_idx),
                strict=True,
            )


def _runs(words: tuple[Heard, ...] | list[Heard]) -> list[tuple[str, int]]:
    return [(w, len(list(group))) for w, group in groupby(x.word for x in words)]


def evaluate(models: Mapping[str, tuple[Recogniser, set[str]]], count: int) -> None:
    """Print the table of ``models``, a recogniser and its words each; ``count`` sentences a row."""
    common = set.intersection(*(words for _, words in models.values()))
    studio = Studio({lang: [w for w in words if w in common] for lang, words in WORDS.items()})
    print(f"{'':60}" + "".join(f"{name:>18}" for name in models))

    def row(title: str, recordings: list[Recording], context: Context, what: str = "wer") -> None:
        cells = []
        for recognise, _ in models.values():
            score = Score()
            for recording in recordings:
                score.add(recording.words, recognise(recording.samples, context))
            cells.append(_cell(score, what))
        print(f"{title:60}" + "".join(f"{cell:>18}" for cell in cells), flush=True)

    for language, voices in (("Vietnamese", VI), ("English", EN)):
        row(f"WER {language}, plain voices", list(studio.sentences(voices, count, 1)), FILE)
        quiet = list(studio.sentences(unseen(voices), count, 2))
        for title, context in (
            ("context 64-128-128", FILE),
            ("right context 0, chunk 64", LIVE),
            ("right context 0, chunk 16", FAST_LIVE),
        ):
            row(f"WER {language}, unseen variants, {title}", quiet, context)
        row(f"  word edges within 0.15 s, {language}", quiet, FILE, "edges")
        for name, snr in (("pink", 15.0), ("white", 15.0), ("white", 5.0)):
            noisy = list(studio.sentences(unseen(voices), count, 3, (name, snr)))
            row(f"WER {language}, unseen variants, {name} noise {snr:.0f} dB", noisy, FILE)
        doubles = list(studio.sentences(unseen(voices), count, 4, double=0.4, comma=0.0))
        for title, context in (("64-128-128", FILE), ("right context 0, chunk 64", LIVE)):
            row(f"doubled words right, {language}, {title}", doubles, context, "doubled")
    accents = tuple(UNSEEN_ACCENTS)
    row("WER English, accents never heard", list(studio.sentences(accents, count, 5)), FILE)
    for title, changing in (("one voice", False), ("voice and noise change", True)):
        recording = studio.long(600, 6, changing)
        row(f"WER, a file of 10 min, {title}", [recording], FILE)
        row(f"WER, a file of 10 min, {title}, live", [recording], LIVE)
        row("  doubled words right in it", [recording], FILE, "doubled")
    for title, samples in silences():
        row(f"words in 60 s of {title}", [Recording(samples, ())], FILE, "words")


def silences() -> Iterator[tuple[str, torch.Tensor]]:
    """A minute each of sounds without words; the noises have other seeds than in training."""
    rng = np.random.default_rng(79)
    n = 60 * RATE
    yield "digital silence", torch.zeros(n)
    yield "the last bit flickering", torch.from_numpy(rng.integers(-1, 2, n) / 32768).float()
    for name, level in (
        ("white", -70),
        ("white", -20),
        ("pink", -50),
        ("brown", -24),
        ("hum50", -30),
        ("fan", -36),
        ("rain", -24),
        ("knocks", -16),
        ("melody", -18),
        ("chords", -18),
    ):
        noise = torch.from_numpy(make_noise(rng, name, 60.0)) * 10 ** (level / 20)
        yield f"{name} noise at {level} dB", noise.clamp(-1, 1)


def _cell(score: Score, what: str) -> str:
    if what == "wer":
        return f"{score.wer:.2f} % of {score.words}"
    if what == "doubled":
        return f"{score.doubled_right} of {score.doubled}"
    if what == "edges":
        return f"{100 * score.edges_near / max(score.edges, 1):.1f} %"
    return str(score.errors)
