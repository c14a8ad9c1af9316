"""From words to segments: by pause, by the end of a sentence, by maximum length.

Words come in time order; segments go out as runs of indices, so that the caller keeps whatever
it holds beside the words.
"""

from __future__ import annotations

from collections.abc import Sequence

from omoai_engine.results import Word

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")
_CLOSERS = "\"'”’)]»」』"
_MIN_SENTENCE_SECONDS = 1.5
"""A sentence shorter than this stays with its neighbour: subtitles would flicker."""


def ends_sentence(text: str) -> bool:
    """Say whether a word's text ends a sentence."""
    return text.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)


def segment_words(
    words: Sequence[Word], *, min_silence_seconds: float, max_segment_seconds: float
) -> list[range]:
    """Return runs of word indices, one a segment, in order and without gaps.

    A segment ends at a pause of `min_silence_seconds` or at the end of a sentence; one that is
    longer than `max_segment_seconds` is cut at its longest inner pause until it fits.
    """
    runs: list[range] = []
    first = 0
    for index, word in enumerate(words):
        last = index + 1 == len(words)
        pause = 0.0 if last else words[index + 1].start - word.end
        long_enough = word.end - words[first].start >= _MIN_SENTENCE_SECONDS
        sentence = ends_sentence(word.text) and long_enough
        if last or pause >= min_silence_seconds or sentence:
            runs.extend(_fit(words, range(first, index + 1), max_segment_seconds))
            first = index + 1
    return runs


def _fit(words: Sequence[Word], run: range, max_seconds: float) -> list[range]:
    fitting: list[range] = []
    waiting = [run]
    while waiting:
        run = waiting.pop()
        if len(run) < 2 or words[run[-1]].end - words[run[0]].start <= max_seconds:
            fitting.append(run)
            continue
        cut = _best_cut(words, run)
        waiting += [range(cut, run.stop), range(run.start, cut)]
    return fitting


def _best_cut(words: Sequence[Word], run: range) -> int:
    """Return the index before which to cut: the longest pause, of equals the most central."""
    middle = (words[run[0]].start + words[run[-1]].end) / 2

    def preference(index: int) -> tuple[float, float]:
        pause = round(words[index].start - words[index - 1].end, 2)
        return pause, -abs(words[index].start - middle)

    return max(run[1:], key=preference)
