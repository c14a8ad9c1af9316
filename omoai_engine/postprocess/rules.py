"""The `rules` backend: paragraphs, marks and capitals without any model, as segments arrive.

In: the recogniser's segments in time order. Out: paragraphs as soon as they are closed, each
with its segments in punctuated form: same times, same confidences, same words. In those, the
words carry the marks too, so that joining `word.text` with blanks gives `segment.text`; the
recogniser's own words stay untouched in its own segments.

Never changes a word: every paragraph is compared with what was recognised, and one that
differs is given out as it came in and counted in `metadata["pieces_kept_original"]`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from omoai_engine.control import JobControl
from omoai_engine.postprocess.given_out import GivenOut, joined, no_summary
from omoai_engine.postprocess.languages import is_unspaced, language_of
from omoai_engine.postprocess.pauses import PauseScale
from omoai_engine.postprocess.rewriting import rewritten
from omoai_engine.postprocess.stage import PunctuatedParagraph, TextBackend
from omoai_engine.postprocess.summary import summarize
from omoai_engine.postprocess.topics import best_border
from omoai_engine.postprocess.words import ends_sentence, words_unchanged
from omoai_engine.results import ASRSegment, Paragraph, SummaryResult

if TYPE_CHECKING:
    from omoai_engine.config import PostprocessSettings

# A paragraph past its most words waits for a sentence end, or for what is behind the border
# where the topic changes, but no longer than this.
_HARD_STOP = 1.5
# A paragraph that ends where the topic changes has at least this share of its most words, and
# so much is left for the next.
_LEAST_SHARE = 0.4
_LEFT_SHARE = 0.2


class RulesPostprocessor(GivenOut):
    """Paragraphs and punctuation for one recording. Not thread-safe.

    Args:
        settings: all but `template` are used.
        writes_punctuation: whether the recogniser writes marks and capitals itself.
        language: ISO 639 code; may be set later through `language`, it is read anew for every
            paragraph.
        backend: why it is the rules, for `metadata`.
        control: once it is cancelled, an endless paragraph is given out with the marks it has;
            the summary stops.
    """

    busy_seconds = 0.0
    loading_seconds = 0.0
    waited_seconds = 0.0

    def __init__(
        self,
        settings: PostprocessSettings,
        *,
        writes_punctuation: bool,
        language: str | None = None,
        backend: TextBackend | None = None,
        control: JobControl | None = None,
    ) -> None:
        super().__init__()
        self.backend = backend or TextBackend()
        self._control = control or JobControl()
        self.language = language
        self._settings = settings
        self._writes_punctuation = writes_punctuation
        self._scale = PauseScale()
        self._open: list[ASRSegment] = []
        self._open_words = 0
        self._kept_original = 0

    def push(self, segment: ASRSegment) -> list[PunctuatedParagraph]:
        """Take the next segment; return the paragraphs that it closes, often none."""
        closed: list[PunctuatedParagraph] = []
        if self._open and self._breaks_before(segment):
            closed.append(self._close(len(self._open)))
        self._open.append(segment)
        self._open_words += _count_words(segment)
        self._hear(segment)
        if self._closed_by_its_own_mark(segment):
            closed.append(self._close(len(self._open)))
        while self._settings.paragraph_topics and self._open_words >= self._hard_stop:
            closed.append(self._close(self._border() or len(self._open)))
        return closed

    def ready(self) -> list[PunctuatedParagraph]:
        """Return nothing: whatever is closed was returned at once."""
        return []

    def close(self) -> None:
        """Do nothing: the rules hold nothing open."""

    def finish(self) -> list[PunctuatedParagraph]:
        """Close what is open; return the last paragraph, if there is one."""
        return [self._close(len(self._open))] if self._open else []

    def summary(self, *, control: JobControl | None = None) -> SummaryResult:
        """Return the extractive summary of what was given out so far; empty if switched off.

        Raises `CancelledError` when `control` is cancelled meanwhile.
        """
        if not self._settings.summary:
            return no_summary()
        return summarize(
            self._segments,
            language=self.language,
            bullets_max=self._settings.bullets_max,
            control=control or self._control,
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """How it was done, in figures."""
        return {
            **super().metadata,
            "backend": self.backend.backend,
            "reason": self.backend.reason,
            "language": self.language,
            "punctuation": "rewritten" if self._rewrites else "kept",
            "pieces": len(self._paragraphs) if self._rewrites else 0,
            "pieces_kept_original": self._kept_original,
        }

    @property
    def _rewrites(self) -> bool:
        choice = self._settings.punctuation
        if choice == "off" or is_unspaced(self.language):
            return False
        return choice == "rules" or not self._writes_punctuation

    def _hear(self, segment: ASRSegment) -> None:
        if len(self._open) > 1:
            self._scale.hear(segment.start - self._open[-2].end)
        for word, following in pairwise(segment.words):
            self._scale.hear(following.start - word.end)

    def _breaks_before(self, segment: ASRSegment) -> bool:
        """Say whether the open paragraph ends before `segment`."""
        gap = segment.start - self._open[-1].end
        if gap >= self._settings.paragraph_gap_seconds:
            return True
        if self._settings.paragraph_topics:
            return False
        if self._open_words >= self._hard_stop:
            return True
        most = self._settings.paragraph_max_words
        return self._open_words >= most and self._may_end(self._open[-1], segment)

    @property
    def _hard_stop(self) -> float:
        return self._settings.paragraph_max_words * _HARD_STOP

    def _may_end(self, segment: ASRSegment, following: ASRSegment) -> bool:
        """Say whether a sentence seems to end with `segment`."""
        if self._rewrites:
            return self._scale.strength(following.start - segment.end) >= 1.0
        return ends_sentence(segment.text)

    def _border(self) -> int | None:
        """Return the open segment before which the topic changes most, if there is a place."""
        pairs = list(pairwise(self._open))
        most = self._settings.paragraph_max_words
        return best_border(
            self._open,
            [0.0, *(self._scale.strength(after.start - before.end) for before, after in pairs)],
            [_count_words(segment) for segment in self._open],
            [*(self._may_end(*pair) for pair in pairs), False],
            least=int(most * _LEAST_SHARE),
            behind=int(most * _LEFT_SHARE),
            language=self.language,
        )

    def _closed_by_its_own_mark(self, segment: ASRSegment) -> bool:
        """Say whether the paragraph is complete without knowing what follows."""
        if self._rewrites or self._settings.paragraph_topics:
            return False
        if self._open_words < self._settings.paragraph_max_words:
            return False
        return ends_sentence(segment.text)

    def _close(self, count: int) -> PunctuatedParagraph:
        """Close a paragraph of the first `count` open segments."""
        originals = tuple(self._open[:count])
        segments = originals
        if self._rewrites:
            segments = rewritten(originals, self._scale, language_of(self.language), self._control)
        before = " ".join(segment.text for segment in originals)
        text = joined(segments, self.language)
        if segments is not originals and not words_unchanged(before, text):
            segments, text = originals, joined(originals, self.language)
            self._kept_original += 1
        first = len(self._segments)
        paragraph = Paragraph(
            start=originals[0].start,
            end=max(segment.end for segment in originals),
            text=text,
            first=first,
            last=first + len(segments) - 1,
        )
        closed = PunctuatedParagraph(paragraph, segments)
        self._give(closed, originals, self.language)
        self._open = self._open[count:]
        self._open_words = sum(map(_count_words, self._open))
        return closed


def _count_words(segment: ASRSegment) -> int:
    return len(segment.words) or len(segment.text.split())
