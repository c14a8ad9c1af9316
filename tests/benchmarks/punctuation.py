"""Print how well marks, sentence ends and capitals are placed.

Punctuated originals lose their marks and capitals, the rules put them back, and both are
compared: precision / recall / F1 in percent. Word times are real where a long recording has a
transcript (Whisper base hears it, its times are carried over to the words of the transcript),
and drawn from the pauses measured in read English elsewhere. Beside the rules stand simple
baselines and, for real recordings, the marks that Whisper base wrote itself.

The rules were tuned on the first half of every text; the second half is held out and is what may
be quoted. Whisper's own marks stand there for the words that it heard rightly. Needs the corpus
beside the repository and the `offline` extra; `--text FILE --language vi` adds any punctuated
text, with drawn pauses. Takes about three minutes. Vietnamese Common Voice is written without
marks: there, ends and capitals of utterances are what is known.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

from omoai_engine.config import PostprocessSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.postprocess import RulesPostprocessor
from omoai_engine.postprocess.comparing import Score, compare
from omoai_engine.postprocess.words import MARKS, SENTENCE_ENDS, words_of
from omoai_engine.postprocess.written_words import tokens_of_text
from omoai_engine.results import ASRSegment, Word

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
QUOTES = "\"'“”‘’()[]—–-"
# Share of boundaries with an audible pause, and its mean and deviation in seconds, by what is
# written there; measured in the LJ chapter with the word times of Whisper base.
PAUSES = {"end": (0.87, 0.48, 0.12), "mark": (0.80, 0.42, 0.15), "none": (0.04, 0.25, 0.12)}
UTTERANCES = ("en/common_voice_6.1/", "en/vctk/", "en/ljspeech/", "en/azure")


@dataclass(frozen=True)
class Reading:
    """A punctuated original whose tokens have times; `heard` are the recogniser's own tokens
    at the same places, empty where it heard something else."""

    name: str
    language: str
    tokens: list[str]
    times: list[tuple[float, float]]
    heard: list[str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, help="a punctuated text to try as well")
    parser.add_argument("--language", default="vi", help="its language")
    chosen = parser.parse_args()
    readings = []
    if CORPUS.is_dir():
        rows = list(
            csv.DictReader((CORPUS / "manifest.tsv").open(encoding="utf-8"), delimiter="\t")
        )
        readings += from_corpus(rows)
    else:
        print(f"no corpus at {CORPUS}: only --text is measured", file=sys.stderr)
    if chosen.text:
        tokens = chosen.text.read_text("utf-8").split()
        readings.append(drawn(chosen.text.name, chosen.language, tokens))
    print(
        f"{'text':40}{'words':>6}  {'marked by':22}" + "".join(f"{n:>17}" for n in scores("a", "a"))
    )
    for reading in readings:
        for half in halves(reading):
            show(half)


def from_corpus(rows: Sequence[dict[str, str]]) -> list[Reading]:
    """Return the readings that the corpus gives."""
    by_file = {row["file"]: row for row in rows}
    chapter = "en/long/lj001_chapter_opus.ogg"
    sonnet = "en/long/sonnet_p003.mp3"
    voices = "vi/long/cv_vi_100_speakers.mp3"
    sentences = [
        row["transcript"]
        for row in rows
        if row["kind"] == "utt" and row["file"].startswith(UTTERANCES) and row["transcript"]
    ]
    spoken = [text if text[-1] in '.?!"' else f"{text}." for text in sentences if text[0].isupper()]
    vietnamese = [row["transcript"] for row in rows if row["lang"] == "vi" and row["kind"] == "utt"]
    return [
        heard("en LJ chapter, real pauses", "en", chapter, by_file[chapter]["transcript"].split()),
        heard("en sonnet, real pauses", "en", sonnet, by_file[sonnet]["transcript"].split()),
        drawn("en utterances, drawn pauses", "en", " ".join(spoken).split()),
        heard(
            "vi Common Voice, real pauses",
            "vi",
            voices,
            with_ends(by_file[voices]["transcript"].split(), vietnamese),
        ),
    ]


def halves(reading: Reading) -> list[Reading]:
    """Return the half that the rules were tuned on and the one that is held out."""
    middle = len(reading.tokens) // 2
    return [
        Reading(
            f"{reading.name}, {kind}",
            reading.language,
            reading.tokens[part],
            reading.times[part],
            reading.heard[part],
        )
        for kind, part in (("tuned", slice(middle)), ("held out", slice(middle, None)))
    ]


def with_ends(tokens: list[str], utterances: Sequence[str]) -> list[str]:
    """Put a full stop behind every utterance: at the borders of those that are known, and
    before capitals elsewhere."""
    borders: set[int] = {len(tokens) - 1}
    inside: set[int] = set()
    for utterance in utterances:
        part = utterance.split()
        for start in range(len(tokens) - len(part) + 1):
            if tokens[start : start + len(part)] == part:
                borders |= {start - 1, start + len(part) - 1}
                inside |= set(range(start, start + len(part) - 1))
    for at, following in enumerate(tokens[1:]):
        if following[0].isupper() and at not in inside:
            borders.add(at)
    return [
        f"{token}." if at in borders and token[-1] not in MARKS else token
        for at, token in enumerate(tokens)
    ]


def heard(name: str, language: str, file: str, tokens: list[str]) -> Reading:
    """Return `tokens` with the times at which Whisper base heard them."""
    words = recognised(CORPUS / file, language)
    spans: list[tuple[float, float] | None] = [None] * len(tokens)
    own = [""] * len(tokens)
    matcher = SequenceMatcher(
        None, [key(token) for token in tokens], [key(word.text) for word in words], autojunk=False
    )
    for operation, first, last, from_, to in matcher.get_opcodes():
        if operation == "equal" or (operation == "replace" and last - first == to - from_):
            for at, word in zip(range(first, last), words[from_:to], strict=True):
                spans[at] = (word.start, word.end)
                own[at] = word.text if operation == "equal" else ""
        elif operation == "replace":
            start, share = words[from_].start, (words[to - 1].end - words[from_].start)
            for at in range(first, last):
                done = (at - first) / (last - first)
                spans[at] = (start + share * done, start + share * (done + 1 / (last - first)))
    times: list[tuple[float, float]] = []
    for span in spans:
        times.append(span or (times[-1][1] if times else 0.0,) * 2)
    return Reading(name, language, tokens, times, own)


def recognised(path: Path, language: str) -> list[Word]:
    """Return what Whisper base hears in a file."""
    from omoai_engine.asr.whisper import WhisperRecognizer
    from omoai_engine.models.installed import resolve_model
    from omoai_engine.preprocess import open_audio

    config = load_config(asr={"language": language, "engine": "whisper", "model": "base"})
    model = resolve_model(config)
    recogniser = WhisperRecognizer(model.folder, model.name, config.asr)
    try:
        with open_audio(path) as blocks:
            segments = recogniser.recognize(blocks, control=JobControl())
            return [word for segment in segments for word in segment.words]
    finally:
        recogniser.close()


def drawn(name: str, language: str, tokens: list[str]) -> Reading:
    """Return `tokens` with pauses drawn from `PAUSES`."""
    dice = random.Random(7)
    now = 0.0
    times = []
    for token in tokens:
        end = now + 0.12 + 0.05 * len(token)
        times.append((now, end))
        share, mean, deviation = PAUSES[kind(token)]
        now = end + (max(dice.gauss(mean, deviation), 0.05) if dice.random() < share else 0.0)
    return Reading(name, language, tokens, times, [])


def kind(token: str) -> str:
    """Return `end`, `mark` or `none`: what is written behind the word."""
    last = token.rstrip(QUOTES)[-1:]
    return "end" if last and last in SENTENCE_ENDS else "mark" if last in (*MARKS,) else "none"


def key(token: str) -> str:
    """Return the form in which a word is looked for in another text."""
    return "".join(letter for letter in token.casefold() if letter.isalnum())


def show(reading: Reading) -> None:
    """Print one line for the rules and one for each baseline."""
    kept = [
        (token.strip(QUOTES), token.strip(QUOTES + MARKS).casefold(), time, own)
        for token, time, own in zip(
            reading.tokens,
            reading.times,
            reading.heard or [""] * len(reading.tokens),
            strict=True,
        )
        if words_of(token.strip(QUOTES + MARKS))
    ]
    reference = " ".join(token for token, _, _, _ in kept)
    words = [Word(*time, bare) for _, bare, time, _ in kept]
    gaps = [after.start - before.end for before, after in pairwise(words)]
    ways = {
        "the rules": by_rules(words, reading.language),
        "a period each 15 words": sentences(words, [at % 15 == 14 for at in range(len(gaps))]),
        "a period each pause": sentences(words, [gap >= 0.3 for gap in gaps]),
    }
    if reading.heard:
        ways["Whisper base itself"] = " ".join(worn(word, own) for _, word, _, own in kept)
    for way, text in ways.items():
        cells = "".join(f"{cell(score):>17}" for score in scores(reference, text).values())
        print(f"{reading.name:40}{len(words):>6}  {way:22}{cells}", flush=True)


def scores(reference: str, text: str) -> dict[str, Score]:
    """Return how well each mark and the capitals of `text` were placed."""
    found = compare(tokens_of_text(reference), tokens_of_text(text))
    right, wrong, missed = found.capitals.right, found.capitals.inserted, found.capitals.deleted
    return {
        "sentence ends": found.ends,
        "full stops": found.by_mark.get(".", Score()),
        "commas": found.by_mark.get(",", Score()),
        "question marks": found.by_mark.get("?", Score()),
        "capitals": Score(right, wrong, missed),
    }


def by_rules(words: Sequence[Word], language: str) -> str:
    """Return what the engine's rules make of bare words, cut into segments at pauses."""
    rules = RulesPostprocessor(
        PostprocessSettings(summary=False), writes_punctuation=False, language=language
    )
    open_: list[Word] = []
    for word, following in [*pairwise(words), (words[-1], None)]:
        open_.append(word)
        if (
            following is None
            or following.start - word.end >= 0.5
            or following.end - open_[0].start > 20
        ):
            text = " ".join(one.text for one in open_)
            rules.push(ASRSegment(open_[0].start, word.end, text, None, tuple(open_)))
            open_ = []
    rules.finish()
    return rules.result().transcript_punctuated


def sentences(words: Sequence[Word], ends: Sequence[bool]) -> str:
    """Return the words with a period and a capital at every place in `ends`."""
    return " ".join(
        (word.text.capitalize() if begins else word.text) + ("." if ends_here else "")
        for word, begins, ends_here in zip(words, [True, *ends], [*ends, True], strict=True)
    )


def worn(word: str, own: str) -> str:
    """Return `word` with the mark and the capital of what was heard in its place."""
    core = own.strip(QUOTES)
    mark = core[len(core.rstrip(MARKS)) :]
    return (word.capitalize() if core[:1].isupper() else word) + mark


def cell(score: Score) -> str:
    """Return precision / recall / F1 in percent; a dash where none is due."""
    if not score.right + score.missed:
        return "-"
    return " / ".join(f"{100 * part:.0f}" for part in (score.precision, score.recall, score.f1))


if __name__ == "__main__":
    main()
