"""How far a transcript is from a reference: error rates and a diff.

In: two texts, whose words may differ. Out: word and character error rates by edit distance, mark
and capital error rates on the words that both texts have (errors per item of the reference; 0 is
equal, above 1 is possible), and a diff for people. Needs the library `jiwer`, which is imported at
the first use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from omoai_engine.errors import OmoAIError
from omoai_engine.postprocess.words import MARKS, bare, words_of
from omoai_engine.text import one_line


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Errors per word, per character, per mark and per capital of the reference."""

    words: float
    characters: float
    marks: float
    capitals: float


def error_rates(reference: str, hypothesis: str) -> ErrorRates:
    """Compare two texts. Marks and capitals are looked at on the words that both have.

    Raises `OmoAIError` where the library is not installed or the reference has no words.
    """
    try:
        import jiwer
    except ImportError:
        raise OmoAIError(
            "error rates need the library jiwer", hint="Run: pip install jiwer"
        ) from None
    ours, theirs = words_of(reference), words_of(hypothesis)
    if not ours:
        raise OmoAIError("the reference has no words")
    pairs = list(_same_words(reference, hypothesis))
    marks = [(_mark(one), _mark(other)) for one, other in pairs]
    capitals = [(_is_capital(one), _is_capital(other)) for one, other in pairs]
    due_marks = sum(bool(one) for one, _ in marks)
    due_capitals = sum(one for one, _ in capitals)
    return ErrorRates(
        words=float(jiwer.wer(" ".join(ours), " ".join(theirs))),
        characters=float(jiwer.cer(" ".join(ours), " ".join(theirs))),
        marks=sum(one != other for one, other in marks) / max(due_marks, 1),
        capitals=sum(one != other for one, other in capitals) / max(due_capitals, 1),
    )


def word_diff(reference: str, hypothesis: str) -> str:
    """Return the hypothesis with what differs in brackets: `[-left out-]`, `[+put in+]`."""
    before, after = one_line(reference).split(), one_line(hypothesis).split()
    parts: list[str] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, end, start, stop in matcher.get_opcodes():
        if kind == "equal":
            parts += before[first:end]
            continue
        if end > first:
            parts.append(f"[-{' '.join(before[first:end])}-]")
        if stop > start:
            parts.append(f"[+{' '.join(after[start:stop])}+]")
    return " ".join(parts)


def _same_words(reference: str, hypothesis: str) -> Iterator[tuple[str, str]]:
    """Yield the tokens of both texts that hold the same word, aligned in order."""
    ours = [token for token in reference.split() if words_of(token)]
    theirs = [token for token in hypothesis.split() if words_of(token)]
    keys = [[words_of(token) for token in side] for side in (ours, theirs)]
    folded = [[" ".join(key) for key in side] for side in keys]
    matcher = SequenceMatcher(None, folded[0], folded[1], autojunk=False)
    for block in matcher.get_matching_blocks():
        yield from zip(
            ours[block.a : block.a + block.size],
            theirs[block.b : block.b + block.size],
            strict=True,
        )


def _mark(token: str) -> str:
    behind = token[len(token.rstrip(MARKS)) :]
    return behind[:1]


def _is_capital(token: str) -> bool:
    return bare(token)[:1].isupper()
