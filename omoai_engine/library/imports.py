"""Transcripts of other programs, read for review: SRT, WebVTT, JSON (ours, Whisper's, WhisperX's),
and plain text.

In: a file or its bytes. Out: a `PipelineResult` whose segments are in time order, with finite
times from 0 on; what had to be mended is counted in `metadata["mended"]`. What is no transcript,
too large, nested too deeply or not UTF-8 raises `TranscriptFormatError` in one sentence. Markup is
taken out, never obeyed.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omoai_engine.errors import DiskSilentError, TranscriptFormatError
from omoai_engine.export.json_format import from_document
from omoai_engine.far_files import read_file
from omoai_engine.library.plain_text import read_plain
from omoai_engine.results import (
    ASRResult,
    ASRSegment,
    Paragraph,
    PipelineResult,
    SummaryResult,
    Word,
)
from omoai_engine.text import clean_text, one_line, shown_path

MOST_BYTES = 256 * 1024 * 1024
MOST_SEGMENTS = 1_000_000
LONGEST_TEXT = 1_000_000
# Past this, a time is a slip: nearly four months.
LONGEST_SECONDS = 1e7
_PARAGRAPH_PAUSE = 3.0
_PARAGRAPH_WORDS = 120

_TIME = r"()(?:(\d{1,5}):)?(\d{1,3}):(\d{1,2})[,.](\d{1,9})"
_TIME_LINE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?$")
# As people write it by hand, at the head of a cue: `-0:01.5`, `00:00:01`, `00:00:01:500`.
_FRACTION = r"\s?[,.;:\uff0c]\s?(\d{1,9})"
_ANY_TIME = rf"([-\u2212])?(?:(\d{{1,5}})\s?:\s?)?(\d{{1,3}})\s?:\s?(\d{{1,2}})(?:{_FRACTION})?"
_ARROWS = ("->", "\u2013>", "\u2014>", "\u2192")  # what every arrow holds
_ANY_ARROW = r"(?:--?>|[\u2013\u2014]>|\u2192)"
_ANY_TIME_LINE = re.compile(rf"^\s*{_ANY_TIME}\s*{_ANY_ARROW}\s*{_ANY_TIME}(?:\s.*)?$")
# What wants to be a time line there.
_ODD_TIME = re.compile(r"^\s*[-\u2212\d:.,;\s]*\d[-\u2212\d:.,;\s]*-->|-->\s*[-\u2212]?\d")
_LONGEST_LINE = 500
_STYLE = re.compile(r"<(/?)(b|i|u|s|font)(?:\s[^<>]{0,200})?>", re.IGNORECASE)
_PLACED = re.compile(r"\{\\an?\d{1,2}\}")
_VOICE = re.compile(r"^<v(?:\.[^ \t>]*)?[ \t]+([^>]*)>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_OF_ONE_LINE = ("text", "speaker", "title")
_SENTENCE_END = (".", "?", "!", "…")


def read_transcript(path: Path, *, duration: float | None = None) -> PipelineResult:
    """Return the transcript in the file `path`; of plain text (`.txt`) `duration`, the length of
    its sound in seconds, helps to guess the times. Raises `TranscriptFormatError`."""
    try:
        data = read_file(path, MOST_BYTES + 1)
    except DiskSilentError as error:
        raise TranscriptFormatError(error.what, where=error.where, hint=error.hint) from None
    except OSError as error:
        raise TranscriptFormatError(
            f"the file cannot be read: {error.strerror}",
            where=shown_path(path),
            hint="Check its name and its permissions",
        ) from None
    try:
        plain = path.suffix.lower() == ".txt" and b"-->" not in data
        result = parse_plain(data, duration) if plain else parse_transcript(data)
    except TranscriptFormatError as error:
        raise TranscriptFormatError(
            error.what, where=error.where or shown_path(path), hint=error.hint
        ) from None
    return replace(result, metadata={"source": shown_path(path), **result.metadata})


def parse_transcript(data: bytes) -> PipelineResult:
    """Return the transcript in `data`; what it is shows in its content."""
    _check_size(data)
    text = _decoded(data)
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _from_json(text)
    if text.lstrip().startswith("WEBVTT"):
        return _result(_vtt(clean_text(text)), "vtt")
    if any(arrow in text for arrow in _ARROWS):
        return _result(_srt(clean_text(text)), "srt")
    raise TranscriptFormatError(
        "this is no transcript that can be read", hint="Give SRT, WebVTT or JSON"
    )


def parse_plain(data: bytes, duration: float | None = None) -> PipelineResult:
    """Return plain text as a transcript; `metadata["times_guessed"]` says so."""
    _check_size(data)
    text = _decoded(data)
    if "\0" in text:
        raise TranscriptFormatError("this is no text", hint="Give a text file")
    segments, guessed = read_plain(text, duration)
    result = _result(segments, "txt")
    if guessed:
        result = replace(result, metadata={**result.metadata, "times_guessed": True})
    return result


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise TranscriptFormatError(
            "the file is larger than 256 MiB, more than any transcript", hint="Give another file"
        )


@dataclass(slots=True)
class _Cue:
    start: float
    end: float
    lines: list[str]


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TranscriptFormatError(
            f"byte {error.start} is not {encoding.removesuffix('-sig').upper()}",
            hint="Save the file as UTF-8",
        ) from None


def _srt(text: str) -> list[ASRSegment]:
    segments = []
    for cue in _cues(text):
        lines = cue.lines
        # The number of the next cue stands right before its time.
        if lines and lines[-1].strip().isdigit():
            lines = lines[:-1]
        said = _without_styles(_PLACED.sub("", "\n".join(lines)))
        segments.append(ASRSegment(cue.start, cue.end, one_line(said)))
    return segments


def _without_styles(text: str) -> str:
    """Return `text` without pairs of style tags; a tag without its other half was said."""
    opened: dict[str, list[tuple[int, int]]] = {}
    spans: list[tuple[int, int]] = []
    for tag in _STYLE.finditer(text):
        waiting = opened.setdefault(tag[2].lower(), [])
        if not tag[1]:
            waiting.append(tag.span())
        elif waiting:
            spans += [waiting.pop(), tag.span()]
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])


def _vtt(text: str) -> list[ASRSegment]:
    segments = []
    for cue in _cues(text):
        lines: list[str] = []
        for line in cue.lines:
            if not line.strip():
                break
            lines.append(line)
        said = "\n".join(lines)
        voice = _VOICE.match(said)
        speaker = one_line(html.unescape(voice[1])) if voice else ""
        plain = one_line(html.unescape(_ANY_TAG.sub("", said)))
        segments.append(ASRSegment(cue.start, cue.end, plain, speaker=speaker or None))
    return segments


def _cues(text: str) -> list[_Cue]:
    """Return the cues. A line at the head of a cue that wants to be its time, and cannot be
    read, raises: its words would go to the cue before, or nowhere."""
    cues: list[_Cue] = []
    before = ["", ""]  # the last two lines
    for number, line in enumerate(text.split("\n"), 1):
        match = odd = None
        if len(line) < _LONGEST_LINE and any(arrow in line for arrow in _ARROWS):
            match = _TIME_LINE.match(line)
            if match is None and _is_head(before):
                match, odd = _ANY_TIME_LINE.match(line), _ODD_TIME.search(line)
        if match is not None:
            cues.append(_Cue(_seconds(*match.groups()[:5]), _seconds(*match.groups()[5:]), []))
        elif odd is not None:
            raise TranscriptFormatError(
                f"line {number} is no time that can be read: {one_line(line)[:60]!r}",
                hint=_TIME_HINT,
            )
        elif cues:
            cues[-1].lines.append(line)
        before = [before[1], line.strip()]
    if not cues:
        raise TranscriptFormatError("no time line of subtitles can be read", hint=_TIME_HINT)
    return cues


_TIME_HINT = "A time line is 00:00:01,000 --> 00:00:02,500"


def _is_head(before: list[str]) -> bool:
    """Whether what follows these two lines begins a cue: behind nothing, or its number."""
    return not before[1] or (before[1].isdigit() and not before[0])


def _seconds(
    sign: str | None, hours: str | None, minutes: str, seconds: str, fraction: str | None
) -> float:
    """Return a time; before 0 where it has a sign: it is mended with the others."""
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    value = whole + float(f"0.{fraction or 0}")
    return -value if sign else value


def _from_json(text: str) -> PipelineResult:
    try:
        document = _cleaned(json.loads(text))
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise TranscriptFormatError(
            f"this is not valid JSON: {what}", hint="Give the file again"
        ) from None
    if isinstance(document, dict) and "schema" in document:
        return _checked(from_document(document))
    rows = document.get("segments") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TranscriptFormatError(
            "this is JSON, but not a transcript", hint="Give Whisper's, WhisperX's or OmoAI's JSON"
        )
    try:
        segments = [_row(row) for row in rows]
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise TranscriptFormatError(
            f"a segment is damaged: {error}", hint="Export it again"
        ) from None
    language = document.get("language") if isinstance(document, dict) else None
    result = _result(segments, "json")
    if isinstance(language, str) and re.fullmatch(r"[a-z]{2,3}", language):
        result = replace(result, metadata={**result.metadata, "language": language})
    return result


def _cleaned(value: Any, key: str = "") -> Any:
    """Return a JSON value with all its text cleaned: the file may come from anywhere."""
    if isinstance(value, str):
        return one_line(value) if key in _OF_ONE_LINE else clean_text(value)
    if isinstance(value, list):
        return [_cleaned(item, key) for item in value]
    if isinstance(value, dict):
        return {clean_text(name): _cleaned(item, name) for name, item in value.items()}
    return value


def _row(row: Mapping[str, Any]) -> ASRSegment:
    text = row.get("text", "")
    if not isinstance(text, str):
        raise TypeError("its text is no text")
    listed = row.get("words") or ()
    if not isinstance(listed, list | tuple):
        raise TypeError("its words are no list")
    words = []
    latest = _number(row.get("start"))
    for item in listed:
        said = one_line(str(item.get("word", item.get("text", ""))))
        # WhisperX gives no times to what it cannot align: figures, signs.
        start = _number(item.get("start"), latest)
        latest = _number(item.get("end"), start)
        chance = item.get("probability", item.get("score", item.get("confidence")))
        if said:
            words.append(Word(start, latest, said, _chance(chance)))
    logarithm = _number(row.get("avg_logprob"))
    confidence = math.exp(min(logarithm, 0.0)) if math.isfinite(logarithm) else None
    speaker = row.get("speaker")
    return ASRSegment(
        _number(row.get("start")),
        _number(row.get("end")),
        one_line(text),
        _chance(row.get("confidence")) or confidence,
        tuple(words),
        one_line(speaker) or None if isinstance(speaker, str) else None,
    )


def _number(value: object, otherwise: float = math.nan) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value)


def _chance(value: object) -> float | None:
    number = _number(value)
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else None


def _checked(result: PipelineResult) -> PipelineResult:
    """Return one of our own, with its times mended where somebody else wrote it."""
    segments, mended = _mended(result.segments, keep_all=True)
    if result.asr is not None:
        own, more = _mended(result.asr.segments, keep_all=True)
        mended += more
        result = replace(result, asr=replace(result.asr, segments=own))
    count = len(segments)
    result = replace(
        result,
        segments=segments,
        paragraphs=tuple(p for p in result.paragraphs if 0 <= p.first <= p.last < count),
        suggestions=tuple(s for s in result.suggestions if 0 <= s.segment < count),
    )
    if mended:
        result = replace(result, metadata={**result.metadata, "mended": mended})
    return result


def _result(segments: Iterable[ASRSegment], kind: str) -> PipelineResult:
    found, mended = _mended(segments, keep_all=False)
    if not found:
        raise TranscriptFormatError("there is no text in it", hint="Give another file")
    duration = max(segment.end for segment in found)
    paragraphs = _paragraphs(found)
    spoken = " ".join(segment.text for segment in found)
    metadata: dict[str, Any] = {"imported_from": kind}
    if mended:
        metadata["mended"] = mended
    return PipelineResult(
        segments=found,
        transcript=spoken,
        transcript_punctuated="\n\n".join(paragraph.text for paragraph in paragraphs),
        summary=SummaryResult("", (), ""),
        timing={},
        performance={"audio_duration": duration},
        metadata=metadata,
        paragraphs=paragraphs,
        asr=ASRResult(found, spoken, duration, metadata={"imported_from": kind}),
    )


def _mended(
    segments: Iterable[ASRSegment], *, keep_all: bool
) -> tuple[tuple[ASRSegment, ...], int]:
    """Return segments in time order, their times finite, from 0 on and never backwards, and
    how many had to be mended; without text they are left out unless `keep_all`."""
    listed = list(segments)
    if len(listed) > MOST_SEGMENTS:
        raise TranscriptFormatError("there are more than a million segments", hint="Divide it")
    mended = 0
    timed: list[ASRSegment] = []
    latest = 0.0
    for segment in listed:
        if len(segment.text) > LONGEST_TEXT:
            raise TranscriptFormatError(
                "a segment has more than a million letters", hint="Divide it"
            )
        if not segment.text and not keep_all:
            continue
        start = _sane(segment.start, latest)
        end = max(_sane(segment.end, start), start)
        words = []
        at = start
        for word in segment.words:
            begins = min(max(_sane(word.start, at), at), end)
            ends = min(max(_sane(word.end, begins), begins), end)
            at = begins
            words.append(replace(word, start=begins, end=ends))
        fixed = replace(segment, start=start, end=end, words=tuple(words))
        mended += fixed != segment
        latest = end
        timed.append(fixed)
    in_order = sorted(timed, key=lambda segment: segment.start)
    if keep_all and [s.start for s in in_order] != [s.start for s in timed]:
        raise TranscriptFormatError(
            "its segments are not in the order of time", hint="Export it again"
        )
    return tuple(in_order), mended


def _sane(value: float, otherwise: float) -> float:
    if not math.isfinite(value) or value > LONGEST_SECONDS:
        return otherwise
    return max(value, 0.0)


def _paragraphs(segments: tuple[ASRSegment, ...]) -> tuple[Paragraph, ...]:
    made: list[Paragraph] = []
    first = count = 0
    for at, segment in enumerate(segments):
        count += len(segment.text.split())
        following = segments[at + 1] if at + 1 < len(segments) else None
        if (
            following is None
            or following.start - segment.end >= _PARAGRAPH_PAUSE
            or following.speaker != segment.speaker
            or (count >= _PARAGRAPH_WORDS and segment.text.endswith(_SENTENCE_END))
        ):
            run = segments[first : at + 1]
            text = " ".join(one.text for one in run)
            made.append(Paragraph(run[0].start, max(s.end for s in run), text, first, at))
            first, count = at + 1, 0
    return tuple(made)
