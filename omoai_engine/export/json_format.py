"""JSON: everything a result holds, in a versioned schema, and the way back.

In: a `PipelineResult`. Out: UTF-8 JSON, keys in a fixed order, one word a line, no NaN (a
number that is none is `null`). `from_json` gives back an equal result; tuples inside
`metadata` come back as lists, and what JSON cannot say (a path, an array) as text.

Schema `omoai.transcript/1`; times and durations in seconds, confidences 0 to 1 or `null`:

    schema                  "omoai.transcript/1"
    transcript              the recogniser's own text
    transcript_punctuated   paragraphs set apart by an empty line
    segments[]              start, end, text, confidence, speaker, words[]; text is punctuated
      words[]               start, end, text, confidence, alternatives[][text, probability]
    paragraphs[]            start, end, text, first, last (segment indices, both included)
    summary                 title, abstract, bullets[]: text, segments[]; metadata
    suggestions[]           segment, first, last (word indices, both included), text: what a
                            language model would have written there; never applied by itself
    timing, performance     name: number
    metadata                anything; in postprocess what was counted of the text: words,
                            words_changed, coverage, marks_per_100_words, pieces,
                            pieces_kept_original (fell back)
    asr                     null, or segments[], transcript, audio_duration_seconds,
                            sample_rate, metadata: what the recogniser gave, unchanged

The same as a JSON Schema: `transcript.schema.json` beside this file. `speaker` and
`suggestions` came later and may be absent. A reader ignores keys it does not know; a change
that would mislead a reader of version 1 takes the next number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from omoai_engine.errors import TranscriptFormatError
from omoai_engine.results import (
    ASRResult,
    ASRSegment,
    Paragraph,
    PipelineResult,
    Suggestion,
    SummaryResult,
    Word,
)

SCHEMA = "omoai.transcript/1"
_KIND, _, _VERSION = SCHEMA.partition("/")


def to_json(result: PipelineResult) -> str:
    """Return the whole result as JSON text that ends with a newline."""
    return _written(to_document(result), "") + "\n"


def to_document(result: PipelineResult) -> dict[str, Any]:
    """Return the whole result in the types of JSON, as the schema says."""
    summary = result.summary
    supports = [*result.summary.bullet_segments, *[()] * len(summary.bullets)]
    document = {
        "schema": SCHEMA,
        "transcript": result.transcript,
        "transcript_punctuated": result.transcript_punctuated,
        "segments": [_segment(segment) for segment in result.segments],
        "paragraphs": [
            {
                "start": part.start,
                "end": part.end,
                "text": part.text,
                "first": part.first,
                "last": part.last,
            }
            for part in result.paragraphs
        ],
        "summary": {
            "title": summary.title,
            "abstract": summary.abstract,
            "bullets": [
                {"text": bullet, "segments": list(support)}
                for bullet, support in zip(summary.bullets, supports, strict=False)
            ],
            "metadata": _sorted(summary.metadata),
        },
        "suggestions": [
            {"segment": one.segment, "first": one.first, "last": one.last, "text": one.text}
            for one in result.suggestions
        ],
        "timing": _sorted(result.timing),
        "performance": _sorted(result.performance),
        "metadata": _sorted(result.metadata),
        "asr": None if result.asr is None else _asr(result.asr),
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def from_json(text: str | bytes) -> PipelineResult:
    """Return the result that `to_json` wrote.

    Raises `TranscriptFormatError` saying what is wrong: no JSON, another schema, a newer
    version, a part that is missing or of the wrong kind.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TranscriptFormatError(
            f"this is not valid JSON: {error}", hint="Give a file that OmoAI exported"
        ) from None
    return from_document(document)


def from_document(document: Any) -> PipelineResult:
    """Return the result that `to_document` gave. Raises `TranscriptFormatError`."""
    schema = document.get("schema") if isinstance(document, dict) else None
    kind, _, version = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    if kind != _KIND:
        raise TranscriptFormatError(
            f"this is JSON, but not a transcript (no schema {SCHEMA})",
            hint="Give a file that OmoAI exported",
        )
    if version != _VERSION:
        raise TranscriptFormatError(
            f"this transcript has schema version {version}, and only {_VERSION} is known here",
            hint="Update OmoAI",
        )
    try:
        return _result(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise TranscriptFormatError(
            f"the transcript is damaged: {what}", hint="Export it again"
        ) from None


def _segment(segment: ASRSegment) -> dict[str, Any]:
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "confidence": segment.confidence,
        "speaker": segment.speaker,
        "words": [
            {
                "start": word.start,
                "end": word.end,
                "text": word.text,
                "confidence": word.confidence,
                "alternatives": [list(pair) for pair in word.alternatives],
            }
            for word in segment.words
        ],
    }


def _asr(asr: ASRResult) -> dict[str, Any]:
    return {
        "audio_duration_seconds": asr.audio_duration_seconds,
        "sample_rate": asr.sample_rate,
        "transcript": asr.transcript,
        "segments": [_segment(segment) for segment in asr.segments],
        "metadata": _sorted(asr.metadata),
    }


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): mapping[key] for key in sorted(mapping, key=str)}


def _plain(value: object) -> Any:
    """Return `value` in the types of JSON, in the order given; sets are sorted."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        # Lone surrogates (bytes of a file name that are no UTF-8) cannot be written.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [_plain(item) for item in sorted(value, key=str)]
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        return _plain(item())
    return _plain(str(value))


def _written(value: Any, indent: str) -> str:
    """Return `value` as JSON: what holds only plain values on one line, the rest indented."""
    children: Iterable[Any] = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not value or _is_flat(children):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_written(item, deeper)}"
            for key, item in value.items()
        ]
        opening, closing = "{", "}"
    else:
        parts = [f"{deeper}{_written(item, deeper)}" for item in value]
        opening, closing = "[", "]"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{indent}{closing}"


def _is_flat(children: Iterable[Any]) -> bool:
    """Say whether nothing is inside the children but, at most, lists of plain pairs."""
    return all(
        not isinstance(child, dict)
        and (not isinstance(child, list) or not any(isinstance(item, dict) for item in child))
        for child in children
    )


def _result(document: Mapping[str, Any]) -> PipelineResult:
    summary, asr = document["summary"], document["asr"]
    return PipelineResult(
        segments=_segments(document["segments"]),
        transcript=_text(document["transcript"]),
        transcript_punctuated=_text(document["transcript_punctuated"]),
        summary=SummaryResult(
            title=_text(summary["title"]),
            bullets=tuple(_text(bullet["text"]) for bullet in summary["bullets"]),
            abstract=_text(summary["abstract"]),
            metadata=dict(summary["metadata"]),
            bullet_segments=tuple(
                tuple(int(number) for number in bullet["segments"]) for bullet in summary["bullets"]
            ),
        ),
        timing={name: _number(value) for name, value in document["timing"].items()},
        performance={name: _number(value) for name, value in document["performance"].items()},
        metadata=dict(document["metadata"]),
        paragraphs=tuple(
            Paragraph(
                start=_number(part["start"]),
                end=_number(part["end"]),
                text=_text(part["text"]),
                first=int(part["first"]),
                last=int(part["last"]),
            )
            for part in document["paragraphs"]
        ),
        asr=None
        if asr is None
        else ASRResult(
            segments=_segments(asr["segments"]),
            transcript=_text(asr["transcript"]),
            audio_duration_seconds=_number(asr["audio_duration_seconds"]),
            sample_rate=int(asr["sample_rate"]),
            metadata=dict(asr["metadata"]),
        ),
        suggestions=tuple(
            Suggestion(int(one["segment"]), int(one["first"]), int(one["last"]), _text(one["text"]))
            for one in document.get("suggestions", ())
        ),
    )


def _segments(values: Iterable[Mapping[str, Any]]) -> tuple[ASRSegment, ...]:
    return tuple(
        ASRSegment(
            start=_number(value["start"]),
            end=_number(value["end"]),
            text=_text(value["text"]),
            confidence=_confidence(value["confidence"]),
            words=tuple(
                Word(
                    start=_number(word["start"]),
                    end=_number(word["end"]),
                    text=_text(word["text"]),
                    confidence=_confidence(word["confidence"]),
                    alternatives=tuple(
                        (_text(text), _number(probability))
                        for text, probability in word["alternatives"]
                    ),
                )
                for word in value["words"]
            ),
            speaker=None if (name := value.get("speaker")) is None else _text(name),
        )
        for value in values
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {type(value).__name__}")
    return value


def _number(value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a number was expected, not {type(value).__name__}")
    return float(value)


def _confidence(value: object) -> float | None:
    return None if value is None else _number(value)
