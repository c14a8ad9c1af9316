"""The text stage with a language model: marks, capitals and a summary, the rules underneath.

In: the recogniser's segments in time order. Out: paragraphs with their segments in punctuated
form, in order, as a thread beside the recogniser gets them from the model: it loads the model
while recognition runs, and asks for all paragraphs that wait in one batch.

Everything is punctuated by the rules first; the model's marks take their place word by word
where its answer holds the same words. So a model that answers nonsense, dies or is too slow to
cancel costs nothing but its marks. Never changes a word; never loses one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, OmoAIError
from omoai_engine.events import Notice, OnEvent, SummaryDelta, TokensGenerated
from omoai_engine.postprocess.languages import is_unspaced
from omoai_engine.postprocess.llm.contract import LanguageModel, ModelInfo, Request
from omoai_engine.postprocess.model_summary import ModelSummarizer
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
from omoai_engine.postprocess.rules import (
    RulesPostprocessor,
    count_marks,
    joined,
    marks_per_hundred,
)
from omoai_engine.postprocess.stage import PunctuatedParagraph, TextBackend
from omoai_engine.postprocess.summary import summarize
from omoai_engine.postprocess.templates import find_template
from omoai_engine.postprocess.words import words_of, words_unchanged
from omoai_engine.results import (
    ASRSegment,
    Paragraph,
    PostprocessResult,
    Suggestion,
    SummaryResult,
)

if TYPE_CHECKING:
    from omoai_engine.config import PostprocessSettings

_PARAGRAPHS_A_BATCH = 32
_WORDS_AROUND = 12
_PROMPT_TOKENS = 500
"""Room in the context for the fixed part of the question, the words around and the template."""
_CHECK_SECONDS = 0.1
_TELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Work:
    """A paragraph as the rules gave it and as it was recognised."""

    closed: PunctuatedParagraph
    originals: tuple[ASRSegment, ...]
    language: str | None


@dataclass(slots=True)
class _Marked:
    """A paragraph on its way through the model."""

    work: _Work
    spoken: list[SpokenWord]
    base: list[str]
    pieces: list[Piece]


class ModelPostprocessor:
    """Text work by `model` on one recording; used by one thread.

    Args:
        settings: as for the rules, and `template`.
        model: need not be loaded; it stays open when this is closed.
        backend: which model it is and why, for `metadata`.
        punctuates: whether the model writes the marks; else only the summary.
        writes_punctuation: whether the recogniser writes marks and capitals itself.
        language: ISO 639 code; may be set later.
        control: cancels; what is recognised is still given out, with the marks of the rules.
        tell: called with notices, tokens and the summary as it is written, from any thread.
    """

    def __init__(
        self,
        settings: PostprocessSettings,
        model: LanguageModel,
        backend: TextBackend,
        *,
        punctuates: bool,
        writes_punctuation: bool,
        language: str | None = None,
        control: JobControl,
        tell: OnEvent,
    ) -> None:
        self._settings = settings
        self._model = model
        self._backend = backend
        self._punctuates = punctuates
        self._rules = RulesPostprocessor(
            settings, writes_punctuation=writes_punctuation, language=language
        )
        self._control = JobControl(control)
        self._tell = tell
        self._originals: list[ASRSegment] = []
        self._segments: list[ASRSegment] = []
        self._paragraphs: list[Paragraph] = []
        self._suggestions: list[Suggestion] = []
        self._pieces = 0
        self._pieces_by_rules = 0
        self._context = ""
        self._info: ModelInfo | None = None
        self._broken = ""
        self._loaded = threading.Event()
        self._tokens = 0
        self._told = 0.0
        self.busy_seconds = 0.0
        self.loading_seconds = 0.0
        self.waited_seconds = 0.0
        self._lock = threading.Condition()
        self._waiting: list[_Work] = []
        self._done: list[PunctuatedParagraph] = []
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="text", daemon=True)
        self._thread.start()

    @property
    def language(self) -> str | None:
        """ISO 639 code of the recording."""
        return self._rules.language

    @language.setter
    def language(self, code: str | None) -> None:
        self._rules.language = code

    @property
    def segments(self) -> tuple[ASRSegment, ...]:
        """The punctuated segments of every paragraph given out, in order."""
        return tuple(self._segments)

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph given out, in order."""
        return tuple(self._paragraphs)

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the model would have written instead; nothing of it is applied."""
        given = len(self._segments)
        return tuple(item for item in self._suggestions if item.segment < given)

    def push(self, segment: ASRSegment) -> list[PunctuatedParagraph]:
        """Take the next segment; return the paragraphs that are ready, often none."""
        self._originals.append(segment)
        self._submit(self._rules.push(segment))
        return self.ready()

    def ready(self) -> list[PunctuatedParagraph]:
        """Return the paragraphs that became ready meanwhile; never waits."""
        with self._lock:
            done, self._done = self._done, []
        for paragraph, segments in done:
            self._segments.extend(segments)
            self._paragraphs.append(paragraph)
        return done

    def finish(self) -> list[PunctuatedParagraph]:
        """Wait for the model's last marks; return the paragraphs not given out yet."""
        self._submit(self._rules.finish())
        with self._lock:
            self._ending = True
            self._lock.notify_all()
        self._wait_for_model()
        self._thread.join()
        return self.ready()

    def summary(self, *, control: JobControl | None = None) -> SummaryResult:
        """Return the model's summary, or the extractive one with the reason in `metadata`.

        Raises `CancelledError` when `control` is cancelled meanwhile.
        """
        if not self._settings.summary:
            return SummaryResult("", (), "", metadata={"method": "none", "reason": "switched off"})
        control = control or self._control
        self._wait_for_model()
        reason = self._broken
        if not reason and self._info is not None and self._segments:
            try:
                template = find_template(self._settings.template, self.language)
                given = ModelSummarizer(
                    self._model,
                    self._info,
                    template=template,
                    language=self.language,
                    bullets_max=self._settings.bullets_max,
                    control=control,
                    on_text=lambda text: self._tell(SummaryDelta(text)),
                    on_tokens=self._counter(),
                ).summarize(self._paragraphs, self._segments)
            except CancelledError:
                raise
            except Exception as error:
                self._give_up(error)
                reason = self._broken
            else:
                if isinstance(given, SummaryResult):
                    return given
                reason = given
                self._tell(Notice(f"The summary is made of the transcript's sentences: {given}."))
        extracted = summarize(
            self._segments,
            language=self.language,
            bullets_max=self._settings.bullets_max,
            control=control,
        )
        return replace(extracted, metadata={**extracted.metadata, "fallback": reason})

    def result(
        self, *, control: JobControl | None = None, summary: SummaryResult | None = None
    ) -> PostprocessResult:
        """Return everything with its summary; call `finish` first. Raises `CancelledError`."""
        if summary is None:
            summary = self.summary(control=control)
        return PostprocessResult(
            segments=self.segments,
            transcript_punctuated="\n\n".join(part.text for part in self._paragraphs if part.text),
            summary=summary,
            metadata=self.metadata,
            paragraphs=self.paragraphs,
            suggestions=self.suggestions,
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """How it was done, in figures."""
        words = sum(len(words_of(part.text)) for part in self._paragraphs)
        marks = sum(count_marks(part.text) for part in self._paragraphs)
        by_model = self._punctuates and self._pieces > self._pieces_by_rules
        return {
            **self._rules.metadata,
            "backend": self._backend.backend,
            "model": self._info.model if self._info else self._backend.model,
            "reason": self._backend.reason,
            "punctuation": "model" if by_model else self._rules.metadata["punctuation"],
            "paragraphs": len(self._paragraphs),
            "words": words,
            "words_changed": 0,
            "marks_per_100_words": marks_per_hundred(marks, words),
            "pieces": self._pieces,
            "pieces_kept_original": self._pieces_by_rules,
            "suggestions": len(self.suggestions),
            "tokens_written": self._tokens,
            "fell_back": self._broken,
        }

    def close(self) -> None:
        """End what still runs for this recording. Idempotent; the model stays loaded."""
        self._control.cancel()
        with self._lock:
            self._ending = True
            self._lock.notify_all()
        self._thread.join()

    # The model's thread.

    def _work(self) -> None:
        self._load()
        while True:
            with self._lock:
                while not self._waiting and not self._ending:
                    self._lock.wait()
                batch = self._waiting[:_PARAGRAPHS_A_BATCH]
                if not batch:
                    return
            began = time.monotonic()
            marked = self._marked(batch)
            self.busy_seconds += time.monotonic() - began
            with self._lock:
                del self._waiting[: len(batch)]
                self._done += marked

    def _load(self) -> None:
        began = time.monotonic()
        try:
            self._info = self._model.load(self._control)
            for notice in self._info.notices:
                self._tell(Notice(notice))
        except Exception as error:
            self._give_up(error)
        finally:
            self.loading_seconds = time.monotonic() - began
            self._loaded.set()

    def _give_up(self, error: Exception) -> None:
        """Leave the rest of this recording to the rules, and say so once."""
        if self._broken:
            return
        if isinstance(error, CancelledError):
            self._broken = "the job was cancelled"
            return
        fault = f"{type(error).__name__}: {error}"
        self._broken = str(error) if isinstance(error, OmoAIError) else fault
        self._tell(Notice(f"The language model cannot be used, the rules go on: {self._broken}"))

    def _marked(self, batch: Sequence[_Work]) -> list[PunctuatedParagraph]:
        """Return the paragraphs of `batch` with the model's marks, or those of the rules."""
        if self._broken or self._info is None:
            return [self._by_rules(work) for work in batch]
        marked = [self._prepared(work) for work in batch]
        pieces = [piece for item in marked for piece in item.pieces]
        try:
            answers = self._asked(pieces, marked)
        except Exception as error:
            self._give_up(error)
            return [self._by_rules(work) for work in batch]
        results = []
        at = 0
        for item in marked:
            given = answers[at : at + len(item.pieces)]
            at += len(item.pieces)
            results.append(self._put_back(item, given) if item.pieces else item.work.closed)
        if results:
            self._context = results[-1].paragraph.text
        return results

    def _by_rules(self, work: _Work) -> PunctuatedParagraph:
        if self._punctuates:
            self._pieces += 1
            self._pieces_by_rules += 1
        return work.closed

    def _prepared(self, work: _Work) -> _Marked:
        pair = words_in(work.originals, work.closed.segments)
        if pair is None or not pair[0] or is_unspaced(work.language):
            return _Marked(work, [], [], [])
        context = self._info.context_tokens if self._info else 0
        # A piece stands once in the question and once in the answer, with marks.
        most = max((context - _PROMPT_TOKENS) // 4, 32)
        return _Marked(work, *pair, cut(*pair, most_bytes=most))

    def _asked(self, pieces: Sequence[Piece], marked: Sequence[_Marked]) -> list[str | None]:
        """Return the model's answer to each piece; None where it gave none that is whole."""
        info = self._info
        if info is None or not pieces:
            return [None] * len(pieces)
        languages = [item.work.language for item in marked for _ in item.pieces]
        before = self._context
        requests = []
        for at, piece in enumerate(pieces):
            after = " ".join(pieces[at + 1].words[:_WORDS_AROUND]) if at + 1 < len(pieces) else ""
            messages = punctuation_messages(
                piece.text,
                before=_last_words(before),
                after=after[:200],
                language=languages[at],
            )
            requests.append(Request(messages, answer_tokens(piece), regex=grammar(piece.words)))
            before = " ".join(piece.base)
        counts = self._model.count_tokens(
            [message.text for request in requests for message in request.messages]
        )
        answers: list[str | None] = [None] * len(pieces)
        fitting = [
            at
            for at, request in enumerate(requests)
            if counts[2 * at] + counts[2 * at + 1] + request.max_tokens + 64 <= info.context_tokens
        ]
        completions = self._model.generate(
            [requests[at] for at in fitting], control=self._control, on_tokens=self._counter()
        )
        for at, completion in zip(fitting, completions, strict=True):
            if completion.finish == "stop":
                answers[at] = completion.text
        return answers

    def _put_back(self, item: _Marked, answers: Sequence[str | None]) -> PunctuatedParagraph:
        """Return the paragraph with the marks of `answers`; a piece without one keeps its own."""
        texts: list[str] = []
        first = item.work.closed.paragraph.first
        suggested: list[Suggestion] = []
        for piece, text in zip(item.pieces, answers, strict=True):
            self._pieces += 1
            answer = read(piece, text) if text else None
            if answer is not None and not words_unchanged(piece.text, " ".join(answer.texts)):
                answer = None
            if answer is None:
                self._pieces_by_rules += 1
                texts += piece.base
                continue
            texts += answer.texts
            for start, end, other in answer.other_words:
                (segment, one), (_, last) = piece.places[start], piece.places[end]
                suggested.append(Suggestion(first + segment, one, last, other))
        written = joined_up(texts, item.base)
        grouped: list[list[tuple[str, Any]]] = [[] for _ in item.work.originals]
        for word, text in zip(item.spoken, written, strict=True):
            grouped[word.segment].append((text, word.word))
        segments = tuple(
            put_together(*pair) for pair in zip(item.work.originals, grouped, strict=True)
        )
        before = " ".join(segment.text for segment in item.work.originals)
        text = joined(segments, item.work.language)
        if not words_unchanged(before, text):
            self._pieces_by_rules += len(item.pieces)
            return item.work.closed
        self._suggestions += suggested
        return PunctuatedParagraph(replace(item.work.closed.paragraph, text=text), segments)

    # What both threads use.

    def _submit(self, closed: Sequence[PunctuatedParagraph]) -> None:
        for one in closed:
            originals = tuple(self._originals[one.paragraph.first : one.paragraph.last + 1])
            work = _Work(one, originals, self.language)
            with self._lock:
                if self._punctuates and self._thread.is_alive():
                    self._waiting.append(work)
                    self._lock.notify_all()
                else:
                    self._done.append(self._by_rules(work))

    def _wait_for_model(self) -> None:
        began = time.monotonic()
        self._loaded.wait()
        self.waited_seconds += time.monotonic() - began

    def _counter(self) -> Any:
        """Return a listener that adds the tokens of one call to those of the job."""
        began, before = time.monotonic(), self._tokens

        def hear(_read: int, written: int) -> None:
            self._tokens = before + written
            now = time.monotonic()
            if now - self._told >= _TELL_SECONDS:
                self._told = now
                self._tell(TokensGenerated(self._tokens, now - began))

        return hear


def _last_words(text: str) -> str:
    return " ".join(text.split()[-_WORDS_AROUND:])[-200:]
