"""What Whisper invents: hypotheses judged by their scores and by the detector's evidence.

Nothing is rewritten. A hypothesis, or the repeated part of one, is either kept as it is or cut
whole and reported with its reason. A person who really repeats a word keeps every repeat: a
loop is cut only where the scores or the times say that nobody spoke it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from omoai_engine.asr.whisper_window import WindowSegment
from omoai_engine.results import Word

_NO_SPEECH = 0.6
_IMPROBABLE = -1.0
_REPETITIVE = 2.4
"""The three limits of Whisper's own decoder (Radford et al. 2022, section 4.5)."""
_DOUBTFUL = -0.7
_WEAK_SPEECH = 0.65
"""Mean speech probability below which the detector itself was not sure."""
_LEAST_OVERLAP = 0.2
_LOOP_REPEATS = 4
_LOOP_WORDS = 8
_LONGEST_LOOP = 16
_HURRIED_SECONDS = 0.08
"""Nobody speaks a word in less on the average; the alignment squeezes invented ones."""

# Closing lines of the subtitles that Whisper was trained on; it writes them over silence,
# noise and music. They are cut only where nothing else speaks for them.
_SUBTITLE_LINES = re.compile(
    r"(hãy )?(subscribe|đăng ký) (cho )?kênh.*"
    r"|.*ghiền mì gõ.*"
    r"|(xin )?(cảm|cám) ơn (các bạn )?(đã )?(theo dõi|xem).*"
    r"|(hẹn|và hẹn) gặp lại( các bạn)?.*"
    r"|(các bạn )?(hãy )?(like|nhấn).*(subscribe|đăng ký).*"
    r"|phụ đề.*|.*amara org.*|subtitles? by.*|transcri(bed|ption) by.*"
    r"|thank(s| you)( so much| very much)?( for (watching|listening))?"
    r"|(please )?(like and )?subscribe.*|see you( in the)? next (time|video).*|bye( bye)*|you|"
)
_NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One segment as Whisper wrote it: each word with the raw piece of text it came from, which
    share of its time the detector calls speech, and the mean probability of that share."""

    words: tuple[tuple[Word, str], ...]
    scores: WindowSegment
    speech_share: float
    speech_probability: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Text that was cut, from `start` to `end` (seconds), and why."""

    start: float
    end: float
    text: str
    reason: str


def judge(hypothesis: Hypothesis) -> tuple[list[tuple[Word, str]], list[Cut]]:
    """Return the words to keep, and what was cut."""
    words = list(hypothesis.words)
    reason = _reason_to_cut_all(hypothesis)
    if reason:
        return [], [_cut(words, reason)]
    return _cut_loops(words, hypothesis.scores.compression_ratio)


def _reason_to_cut_all(hypothesis: Hypothesis) -> str | None:
    strength = hypothesis.speech_probability
    score = hypothesis.scores.average_log_probability
    no_speech = hypothesis.scores.no_speech_probability
    if hypothesis.speech_share < _LEAST_OVERLAP:
        return "no speech was detected there"
    if no_speech > _NO_SPEECH and score < _IMPROBABLE:
        return "the recogniser itself heard no speech there"
    if strength < _WEAK_SPEECH and score < _DOUBTFUL:
        return "it is hardly speech and the words are improbable"
    bare = _NOT_A_WORD.sub(" ", " ".join(w.text for w, _ in hypothesis.words)).strip().lower()
    weak = strength < _WEAK_SPEECH or no_speech > _NO_SPEECH / 2 or score < _DOUBTFUL
    if _SUBTITLE_LINES.fullmatch(bare) and weak:
        return "it is a closing line of subtitles over something that is hardly speech"
    return None


def _cut_loops(
    words: list[tuple[Word, str]], compression_ratio: float
) -> tuple[list[tuple[Word, str]], list[Cut]]:
    kept: list[tuple[Word, str]] = []
    cuts: list[Cut] = []
    keys = [_NOT_A_WORD.sub("", word.text).lower() for word, _ in words]
    index = 0
    while index < len(words):
        size, repeats = _loop_at(keys, index)
        looped = words[index : index + size * repeats]
        if looped and _is_invented(looped, compression_ratio):
            kept += looped[:size]
            cuts.append(_cut(looped[size:], f"the same words {repeats} times in a row"))
            index += len(looped)
        else:
            kept.append(words[index])
            index += 1
    return kept, cuts


def _loop_at(keys: list[str], index: int) -> tuple[int, int]:
    """Return the size and the number of repeats of the shortest loop at `index`; (0, 0): none."""
    for size in range(1, min(_LONGEST_LOOP, (len(keys) - index) // _LOOP_REPEATS) + 1):
        pattern = keys[index : index + size]
        repeats = 1
        while keys[index + repeats * size : index + (repeats + 1) * size] == pattern:
            repeats += 1
        if repeats >= _LOOP_REPEATS and size * repeats >= _LOOP_WORDS:
            return size, repeats
    return 0, 0


def _is_invented(looped: list[tuple[Word, str]], compression_ratio: float) -> bool:
    duration = looped[-1][0].end - looped[0][0].start
    return compression_ratio > _REPETITIVE or duration / len(looped) < _HURRIED_SECONDS


def _cut(words: list[tuple[Word, str]], reason: str) -> Cut:
    text = "".join(raw for _, raw in words).strip()
    return Cut(words[0][0].start, words[-1][0].end, text, reason)
