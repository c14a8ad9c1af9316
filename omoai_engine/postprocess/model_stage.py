"""The text stage with a language model: marks, capitals and a summary, the rules underneath.

In: the recogniser's segments in time order. Out: paragraphs with their segments in punctuated
form, in order, as a thread beside the recogniser gets them from the model: it loads the model
while recognition runs, and asks for all paragraphs that wait in one batch (`marking`).

Everything is punctuated by the rules first; the model's marks take their place word by word
where its answer holds the same words. So a model that answers nonsense, dies or is too slow to
cancel costs nothing but its marks. Never changes a word; never loses one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError, OmoAIError
from omoai_engine.events import Notice, OnEvent, SummaryDelta, TokensGenerated
from omoai_engine.postprocess.given_out import GivenOut, no_summary
from omoai_engine.postprocess.llm.contract import LanguageModel, ModelInfo, OnTokens
from omoai_engine.postprocess.marking import Marker, Work
from omoai_engine.postprocess.model_summary import ModelSummarizer
from omoai_engine.postprocess.rules import RulesPostprocessor
from omoai_engine.postprocess.stage import PunctuatedParagraph, TextBackend
from omoai_engine.postprocess.summary import summarize
from omoai_engine.postprocess.templates import find_template
from omoai_engine.results import ASRSegment, Suggestion, SummaryResult

if TYPE_CHECKING:
    from omoai_engine.config import PostprocessSettings

_PARAGRAPHS_A_BATCH = 32
_TELL_SECONDS = 0.2


class ModelPostprocessor(GivenOut):
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
        super().__init__()
        self.backend = backend
        self._settings = settings
        self._model = model
        self._punctuates = punctuates
        self._rules = RulesPostprocessor(
            settings, writes_punctuation=writes_punctuation, language=language
        )
        self._control = JobControl(control)
        self._tell = tell
        self._originals: list[ASRSegment] = []
        self._info: ModelInfo | None = None
        self._marker: Marker | None = None
        self._left_to_rules = 0
        self._broken = ""
        self._loaded = threading.Event()
        self._tokens = 0
        self._told = 0.0
        self.busy_seconds = 0.0
        self.loading_seconds = 0.0
        self.waited_seconds = 0.0
        self._lock = threading.Condition()
        self._waiting: list[Work] = []
        self._done: list[tuple[PunctuatedParagraph, Work]] = []
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="text", daemon=True)
        self._thread.start()

    @property
    def language(self) -> str | None:
        """ISO 639 code of the recording."""
        return self._rules.language

    @language.setter
    def language(self, code: str | None) -> None:
        self._rules.language = code

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the model would have written instead; nothing of it is applied."""
        given = len(self._segments)
        found = self._marker.suggestions if self._marker else []
        return tuple(item for item in found if item.segment < given)

    def push(self, segment: ASRSegment) -> list[PunctuatedParagraph]:
        """Take the next segment; return the paragraphs that are ready, often none."""
        self._originals.append(segment)
        self._submit(self._rules.push(segment))
        return self.ready()

    def ready(self) -> list[PunctuatedParagraph]:
        """Return the paragraphs that became ready meanwhile; never waits."""
        with self._lock:
            done, self._done = self._done, []
        for closed, work in done:
            self._give(closed, work.originals, work.language)
        return [closed for closed, _ in done]

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
            return no_summary()
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

    @property
    def metadata(self) -> dict[str, Any]:
        """How it was done, in figures."""
        marker = self._marker
        pieces = self._left_to_rules + (marker.pieces if marker else 0)
        kept = self._left_to_rules + (marker.kept if marker else 0)
        return {
            **self._rules.metadata,
            **super().metadata,
            "backend": self.backend.backend,
            "model": self._info.model if self._info else self.backend.model,
            "reason": self.backend.reason,
            "punctuation": "model" if pieces > kept else self._rules.metadata["punctuation"],
            "pieces": pieces,
            "pieces_kept_original": kept,
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

    def _run(self) -> None:
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
                self._done += zip(marked, batch, strict=True)

    def _load(self) -> None:
        began = time.monotonic()
        try:
            info = self._info = self._model.load(self._control)
            self._marker = Marker(self._model, info, self._control)
            for notice in info.notices:
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

    def _marked(self, batch: Sequence[Work]) -> list[PunctuatedParagraph]:
        """Return the paragraphs of `batch` with the model's marks, or those of the rules."""
        if self._marker is not None and not self._broken:
            try:
                return self._marker.marked(batch, self._counter())
            except Exception as error:
                self._give_up(error)
        self._left_to_rules += len(batch)
        return [work.closed for work in batch]

    # What both threads use.

    def _submit(self, closed: Sequence[PunctuatedParagraph]) -> None:
        for one in closed:
            originals = tuple(self._originals[one.paragraph.first : one.paragraph.last + 1])
            work = Work(one, originals, self.language)
            with self._lock:
                if self._punctuates and self._thread.is_alive():
                    self._waiting.append(work)
                    self._lock.notify_all()
                else:
                    self._left_to_rules += self._punctuates
                    self._done.append((one, work))

    def _wait_for_model(self) -> None:
        began = time.monotonic()
        self._loaded.wait()
        self.waited_seconds += time.monotonic() - began

    def _counter(self) -> OnTokens:
        """Return a listener that adds the tokens of one call to those of the job."""
        began, before = time.monotonic(), self._tokens

        def hear(_read: int, written: int) -> None:
            self._tokens = before + written
            now = time.monotonic()
            if now - self._told >= _TELL_SECONDS:
                self._told = now
                self._tell(TokensGenerated(self._tokens, now - began))

        return hear
