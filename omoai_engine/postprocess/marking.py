"""Paragraphs through a language model: what it is asked, and what is believed of its answers.

In: paragraphs as the rules gave them, with their segments as recognised. Out: the same paragraphs
with the model's marks and capitals where its answer holds the same words, with those of the rules
elsewhere. All paragraphs of a call are cut into pieces and asked in one batch that shares its
beginning. Never changes a word; a piece without a usable answer is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from omoai_engine.control import JobControl
from omoai_engine.postprocess.given_out import joined
from omoai_engine.postprocess.languages import is_unspaced
from omoai_engine.postprocess.llm.contract import LanguageModel, ModelInfo, OnTokens, Request
from omoai_engine.postprocess.pieces import (
    Piece,
    answer_tokens,
    cut,
    grammar,
    joined_up,
    read,
    words_in,
)
from omoai_engine.postprocess.prompts import punctuation_messages
from omoai_engine.postprocess.rewriting import SpokenWord, put_together
from omoai_engine.postprocess.stage import PunctuatedParagraph
from omoai_engine.postprocess.words import words_unchanged
from omoai_engine.results import ASRSegment, Suggestion, Word

_WORDS_AROUND = 12
_LETTERS_AROUND = 200
_PROMPT_TOKENS = 500
"""Room in the context for the fixed part of the question, the words around and the template."""
_TEMPLATE_OVERHEAD = 64


@dataclass(frozen=True, slots=True)
class Work:
    """A paragraph as the rules gave it and as it was recognised."""

    closed: PunctuatedParagraph
    originals: tuple[ASRSegment, ...]
    language: str | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A paragraph word by word, cut into pieces; no pieces where it is not for the model."""

    work: Work
    spoken: list[SpokenWord]
    base: list[str]
    pieces: list[Piece]


class Marker:
    """Marks the paragraphs of one recording with a loaded model; used by one thread.

    `pieces` counts what was asked, `kept` those of them that stayed as the rules made them;
    `suggestions` are what the model would have written instead of what it was given.
    """

    def __init__(self, model: LanguageModel, info: ModelInfo, control: JobControl) -> None:
        self._model = model
        self._room = info.context_tokens
        self._control = control
        self._context = ""
        self.pieces = 0
        self.kept = 0
        self.suggestions: list[Suggestion] = []

    def marked(self, batch: Sequence[Work], on_tokens: OnTokens) -> list[PunctuatedParagraph]:
        """Return the paragraphs of `batch` in their order.

        Raises `LanguageModelError` when the model fails as a whole, `CancelledError`.
        """
        prepared = [self._prepared(work) for work in batch]
        answers = iter(self._asked(prepared, on_tokens))
        results = [
            self._put_back(one, [next(answers) for _ in one.pieces])
            if one.pieces
            else one.work.closed
            for one in prepared
        ]
        self._context = results[-1].paragraph.text if results else self._context
        return results

    def _prepared(self, work: Work) -> _Prepared:
        pair = words_in(work.originals, work.closed.segments)
        if pair is None or not pair[0] or is_unspaced(work.language):
            return _Prepared(work, [], [], [])
        # A piece stands once in the question and once in the answer, with marks.
        most = max((self._room - _PROMPT_TOKENS) // 4, 32)
        return _Prepared(work, *pair, cut(*pair, most_bytes=most))

    def _asked(self, prepared: Sequence[_Prepared], on_tokens: OnTokens) -> list[str | None]:
        """Return the model's answer to each piece; None where it gave none that is whole."""
        pieces = [(piece, one.work.language) for one in prepared for piece in one.pieces]
        if not pieces:
            return []
        requests = []
        before = self._context
        for at, (piece, language) in enumerate(pieces):
            following = pieces[at + 1][0].words[:_WORDS_AROUND] if at + 1 < len(pieces) else ()
            messages = punctuation_messages(
                piece.text,
                before=" ".join(before.split()[-_WORDS_AROUND:])[-_LETTERS_AROUND:],
                after=" ".join(following)[:_LETTERS_AROUND],
                language=language,
            )
            requests.append(Request(messages, answer_tokens(piece), regex=grammar(piece.words)))
            before = " ".join(piece.base)
        answers: list[str | None] = [None] * len(pieces)
        fitting = self._fitting(requests)
        completions = self._model.generate(
            [requests[at] for at in fitting], control=self._control, on_tokens=on_tokens
        )
        for at, completion in zip(fitting, completions, strict=True):
            if completion.finish == "stop":
                answers[at] = completion.text
        return answers

    def _fitting(self, requests: Sequence[Request]) -> list[int]:
        """Return the numbers of the requests that fit into the model's context."""
        counts = iter(
            self._model.count_tokens(
                [message.text for request in requests for message in request.messages],
                control=self._control,
            )
        )
        needed = [
            sum(next(counts) for _ in request.messages) + request.max_tokens + _TEMPLATE_OVERHEAD
            for request in requests
        ]
        return [at for at, tokens in enumerate(needed) if tokens <= self._room]

    def _put_back(self, one: _Prepared, answers: Sequence[str | None]) -> PunctuatedParagraph:
        """Return the paragraph with the marks of `answers`; a piece without one keeps its own."""
        work = one.work
        texts: list[str] = []
        suggested: list[Suggestion] = []
        kept = 0
        for piece, text in zip(one.pieces, answers, strict=True):
            answer = read(piece, text) if text else None
            if answer is None or not words_unchanged(piece.text, " ".join(answer.texts)):
                kept += 1
                texts += piece.base
                continue
            texts += answer.texts
            for start, end, other in answer.other_words:
                (segment, first), (_, last) = piece.places[start], piece.places[end]
                number = work.closed.paragraph.first + segment
                suggested.append(Suggestion(number, first, last, other))
        self.pieces += len(one.pieces)
        grouped: list[list[tuple[str, Word | None]]] = [[] for _ in work.originals]
        for word, text in zip(one.spoken, joined_up(texts, one.base), strict=True):
            grouped[word.segment].append((text, word.word))
        segments = tuple(put_together(*pair) for pair in zip(work.originals, grouped, strict=True))
        before = " ".join(segment.text for segment in work.originals)
        text = joined(segments, work.language)
        if not words_unchanged(before, text):
            self.kept += len(one.pieces)
            return work.closed
        self.kept += kept
        self.suggestions += suggested
        return PunctuatedParagraph(replace(work.closed.paragraph, text=text), segments)
