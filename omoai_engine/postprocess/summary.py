"""A summary made of the transcript's own sentences: title, abstract and bullets.

In: segments in time order, punctuated where possible. Out: a `SummaryResult` whose every
sentence was spoken as it stands, in time order, with the segments that support each bullet.
Sentences are ranked by how central they are (`centrality`), by a liking for the beginning and
for a readable length, and taken one by one so that none repeats another (maximal marginal
relevance). Never writes a word that is not in the transcript, never loads a model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omoai_engine.control import JobControl
from omoai_engine.postprocess.centrality import Floats, SentenceVectors, centrality
from omoai_engine.postprocess.sentences import Sentence, sentences
from omoai_engine.postprocess.stopwords import LEANING
from omoai_engine.postprocess.terms import is_written_together, terms
from omoai_engine.postprocess.words import MARKS, words_of
from omoai_engine.results import ASRSegment, SummaryResult

_TITLE_LENGTH = 70
_TITLE_SHORTEST = 24
# A sentence of fewer words says little, of more is hard to read in a list.
_READABLE_WORDS = (6, 32)
_ABSTRACT_LENGTH = 480
# How much likeness to what is already chosen counts against a sentence, and being near it in time.
_REDUNDANCY = 0.7
_NEARNESS = 0.25
# The best so many are looked at when choosing: enough for any list, and the work stays bounded.
_CANDIDATES = 300


def summarize(
    segments: Sequence[ASRSegment],
    *,
    language: str | None = None,
    bullets_max: int = 7,
    control: JobControl | None = None,
) -> SummaryResult:
    """Return title, abstract (1 to 3 sentences) and at most `bullets_max` bullets.

    Args:
        segments: the transcript, in time order; `bullet_segments` are indices into it.
        language: ISO 639 code; Vietnamese and English have lists of function words, any other
            language goes by frequency alone.
        bullets_max: most bullets; short transcripts get fewer.
        control: looked at regularly.

    Raises `CancelledError` when `control` is cancelled.
    """
    control = control or JobControl()
    found = list(sentences(segments))
    metadata = {"method": "extractive", "language": language, "sentences": len(found)}
    if not found:
        return SummaryResult("", (), "", metadata={**metadata, "reason": "there are no words"})
    code = (language or "").casefold().split("-")[0]
    vectors = SentenceVectors([terms(sentence.text, code) for sentence in found], control)
    leaning = _leaning(found, code)
    scores = _scores(found, vectors, control) * np.where(leaning, 0.8, 1.0)
    bullets = min(bullets_max, math.ceil(len(found) / 3))
    lead = 1 if len(found) < 6 else 2 if len(found) < 15 else 3
    chosen = _chosen(_once(found, scores), scores, vectors, bullets + lead, control)
    abstract = _fitting(found, chosen[:lead])
    # With sentences to spare, the bullets say what the abstract does not.
    listed = chosen[len(abstract) :] if len(chosen) >= bullets + lead else chosen
    listed = sorted(listed[:bullets])
    return SummaryResult(
        title=_title(found, scores * np.where(leaning, 0.6, 1.0)),
        bullets=tuple(found[at].text for at in listed),
        abstract=" ".join(found[at].text for at in abstract),
        metadata=metadata,
        bullet_segments=tuple(tuple(range(found[at].first, found[at].last + 1)) for at in listed),
    )


def _scores(found: Sequence[Sentence], vectors: SentenceVectors, control: JobControl) -> Floats:
    count = len(found)
    # Speakers say at the beginning what it is about, and again, less, at the end.
    place = np.linspace(0.0, 1.0, count)
    start = 1.0 + np.exp(-place * 20) + 0.3 * np.exp(-(1.0 - place) * 20)
    scores = centrality(vectors, start / start.sum(), control)
    fewest, most = _READABLE_WORDS
    lengths = np.array([_length(sentence.text) for sentence in found], dtype=np.float64)
    readable = np.clip(lengths / fewest, 0.0, 1.0) ** 2 * np.clip(most / lengths, 0.3, 1.0)
    asked = np.array([sentence.text.endswith("?") for sentence in found])
    # A question is seldom what was said.
    weighted: Floats = scores * readable * np.where(asked, 0.5, 1.0)
    return weighted


def _leaning(found: Sequence[Sentence], language: str) -> NDArray[np.bool_]:
    """Say of each sentence whether it leans on the one before: by its first word, or because
    the recogniser began it with a small letter."""
    openers = LEANING.get(language, frozenset())
    return np.array(
        [
            bool(set(words_of(sentence.text)[:1]) & openers) or sentence.text[:1].islower()
            for sentence in found
        ]
    )


def _length(text: str) -> int:
    """Return the length in words; where they are not set apart, two characters count as one."""
    words = len(text.split())
    return max(1, len(text) // 2 if is_written_together(text, words) else words)


def _once(found: Sequence[Sentence], scores: Floats) -> list[int]:
    """Return the sentences, best first, each that was said several times only once."""
    seen: set[tuple[str, ...]] = set()
    ranked: list[int] = []
    for at in np.argsort(-scores, kind="stable").tolist():
        words = tuple(words_of(found[at].text))
        if words not in seen:
            seen.add(words)
            ranked.append(at)
    return ranked


def _chosen(
    ranked: Sequence[int],
    scores: Floats,
    vectors: SentenceVectors,
    most: int,
    control: JobControl,
) -> list[int]:
    """Return up to `most` of the `ranked` sentences, best first, that repeat each other as
    little as can be."""
    candidates = list(ranked[:_CANDIDATES])
    worth = scores / scores.max()
    reach = max(vectors.count / (2 * most), 1.0)
    penalty = dict.fromkeys(candidates, 0.0)
    chosen: list[int] = []
    while candidates and len(chosen) < most:
        control.checkpoint()
        best = max(candidates, key=lambda at: worth[at] - penalty[at])
        candidates.remove(best)
        chosen.append(best)
        for at in candidates:
            likeness = vectors.similarity(at, best)
            near = math.exp(-abs(at - best) / reach)
            penalty[at] = max(penalty[at], _REDUNDANCY * likeness + _NEARNESS * near)
        candidates = [at for at in candidates if vectors.similarity(at, best) < 0.95]
    return chosen


def _fitting(found: Sequence[Sentence], ranked: Sequence[int]) -> list[int]:
    """Return the best sentences that stay readable together, in time order; at least one."""
    taken: list[int] = []
    length = 0
    for at in ranked:
        length += len(found[at].text)
        if taken and length > _ABSTRACT_LENGTH:
            break
        taken.append(at)
    return sorted(taken)


def _title(found: Sequence[Sentence], scores: Floats) -> str:
    """Return the most central sentence that fits, else the beginning of the best one."""
    best = int(scores.argmax())
    fitting = [
        at
        for at, sentence in enumerate(found)
        if len(sentence.text) <= _TITLE_LENGTH + 1 and scores[at] >= 0.6 * scores[best]
    ]
    if fitting:
        best = max(fitting, key=lambda at: scores[at])
    return _shortened(found[best].text)


def _shortened(text: str) -> str:
    """Return at most 70 characters of `text`, cut behind a clause or else between words."""
    plain = text.rstrip(".;:,、，。 ") or text
    if len(plain) <= _TITLE_LENGTH:
        return plain
    head = plain[: _TITLE_LENGTH - 1]
    clause = max(head.rfind(mark) for mark in MARKS)
    blank = head.rfind(" ") if plain[_TITLE_LENGTH - 1] != " " else len(head)
    cut = clause if clause >= _TITLE_SHORTEST else blank
    return head[: cut if cut > 0 else len(head)].rstrip(f"{MARKS} ") + "…"
