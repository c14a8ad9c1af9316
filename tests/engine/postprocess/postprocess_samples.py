"""Segments as recognisers give them: words with times, a pause where a `|` or a number says."""

from __future__ import annotations

from omoai_engine.results import ASRSegment, Word


def spoken(
    text: str, *, start: float = 0.0, pace: float = 0.3, leak: float = 0.0
) -> list[ASRSegment]:
    """Return segments for `text`: `/` is a short pause (0.3 s), `//` a long one (0.8 s), `|` a
    new segment after 1 s, and `|5` one after 5 s. `leak` is a gap after every word, as
    recognisers of the CTC kind leave it.
    """
    segments: list[ASRSegment] = []
    words: list[Word] = []
    now = start
    for token in [*text.split(), "|0"]:
        if token.startswith("|"):
            if words:
                spelled = " ".join(word.text for word in words)
                segments.append(
                    ASRSegment(words[0].start, words[-1].end, spelled, 0.8, tuple(words))
                )
            words = []
            now += float(token[1:] or 1)
        elif set(token) == {"/"}:
            now += 0.3 if token == "/" else 0.8
        else:
            words.append(Word(round(now, 3), round(now + pace - leak, 3), token, 0.9))
            now += pace
    return segments
