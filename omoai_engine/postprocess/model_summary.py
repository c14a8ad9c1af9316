"""A summary by a language model: in one pass where the transcript fits, else by parts.

In: punctuated paragraphs and segments, a loaded model, a template. Out: a `SummaryResult`
whose bullets name the segments that support them, or a reason why there is none. Every claim of
support is checked: a bullet that shares no telling word with the paragraphs it names supports
itself on nothing and is listed in `metadata["unsupported_bullets"]`. Never longer than the
schema allows, never anything but text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from omoai_engine.control import JobControl
from omoai_engine.postprocess.llm.contract import (
    Completion,
    LanguageModel,
    Message,
    ModelInfo,
    OnTokens,
    Request,
)
from omoai_engine.postprocess.prompts import NOTES_A_PART, summary_messages, summary_schema
from omoai_engine.postprocess.stopwords import STOPWORDS
from omoai_engine.postprocess.summary_parser import Draft, parse_summary
from omoai_engine.postprocess.summary_stream import SummaryReader
from omoai_engine.postprocess.templates import Template
from omoai_engine.postprocess.words import words_of
from omoai_engine.results import ASRSegment, Paragraph, SummaryResult
from omoai_engine.text import one_line

_MOST_ANSWER = 2048
_TEMPLATE_OVERHEAD = 64
"""Tokens of a chat template around two messages, generously."""
_ROUNDS = 6
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Line:
    """One numbered line of the prompt and the paragraphs it stands for."""

    text: str
    paragraphs: tuple[int, ...]


class ModelSummarizer:
    """Summarises one transcript.

    Args:
        model, info: a loaded language model and what is known of it.
        template: what is asked for.
        language: ISO 639 code of the transcript.
        bullets_max: most bullets.
        control: looked at regularly.
        on_text: called with readable text while the summary is written.
        on_tokens: called with tokens (read, written) of the running call.
    """

    def __init__(
        self,
        model: LanguageModel,
        info: ModelInfo,
        *,
        template: Template,
        language: str | None,
        bullets_max: int,
        control: JobControl,
        on_text: Callable[[str], None],
        on_tokens: OnTokens,
    ) -> None:
        self._model = model
        self._context = info.context_tokens
        self._name = info.model
        self._backend = info.backend
        self._template = template
        self._language = language
        self._bullets = bullets_max
        self._control = control
        self._on_text = on_text
        self._on_tokens = on_tokens
        self._answer = min(_MOST_ANSWER, info.context_tokens // 2)
        self._parts = 0
        self._attempts = 0
        self._parser = "schema"
        # About four schema letters a token, with room for JSON itself.
        self._share = min(1.0, self._answer / 1400)

    def summarize(
        self, paragraphs: Sequence[Paragraph], segments: Sequence[ASRSegment]
    ) -> SummaryResult | str:
        """Return the summary, or one sentence saying why the model gave none.

        Raises `LanguageModelError` when the model fails as a whole, `CancelledError`.
        """
        lines = [
            _Line(text, (number,))
            for number, paragraph in enumerate(paragraphs)
            if (text := one_line(paragraph.text))
        ]
        for _ in range(_ROUNDS):
            parts = self._fitting(lines)
            if len(parts) <= 1:
                break
            noted = self._noted(parts)
            if not noted:
                return "the model gave no notes that can be used"
            if sum(len(line.text) for line in noted) >= sum(len(line.text) for line in lines):
                # Notes longer than what they note: the middle of it has to do.
                noted = noted[:: max(2, len(parts))]
            lines = noted
        lines = (self._fitting(lines) or [[]])[0]
        if not lines:
            return "there are no words"
        draft = self._final(lines)
        if draft is None:
            return f"the model gave no summary that can be read in {self._attempts} attempts"
        return self._checked(draft, lines, paragraphs, segments)

    # What is asked.

    def _fitting(self, lines: Sequence[_Line]) -> list[list[_Line]]:
        """Return `lines` in as few parts as fit into the context, by exact token counts."""
        fixed = summary_messages(
            "",
            instructions=self._template.asked(self._language),
            language=self._template.language,
            bullets=self._bullets,
            notes=False,
        )
        texts = [message.text for message in fixed]
        overhead = sum(self._counted(texts)) + _TEMPLATE_OVERHEAD
        budget = max(self._context - self._answer - overhead, 64)
        short = [piece for line in lines for piece in self._short(line, budget)]
        # A number may take more letters in another part: counted with the longest.
        counts = self._counted([f"[{len(short)}] {line.text}\n" for line in short])
        parts: list[list[_Line]] = []
        used = 0
        for line, count in zip(short, counts, strict=True):
            self._control.checkpoint()
            if not parts or used + count > budget:
                parts.append([])
                used = 0
            parts[-1].append(line)
            used += count
        return parts

    def _short(self, line: _Line, budget: int) -> list[_Line]:
        """Return `line` in pieces of which each fits into a prompt of its own."""
        # A token is a byte at least.
        if len(line.text.encode("utf-8", "replace")) + 16 <= budget:
            return [line]
        if self._counted([line.text])[0] + 16 <= budget:
            return [line]
        words = line.text.split()
        middle = len(words) // 2
        if not middle:
            half = len(line.text) // 2
            halves = [line.text[:half], line.text[half:]]
        else:
            halves = [" ".join(words[:middle]), " ".join(words[middle:])]
        return [
            piece for half in halves for piece in self._short(_Line(half, line.paragraphs), budget)
        ]

    def _counted(self, texts: Sequence[str]) -> list[int]:
        return self._model.count_tokens(texts, control=self._control)

    def _messages(self, lines: Sequence[_Line], *, notes: bool) -> tuple[Message, ...]:
        numbered = "\n".join(f"[{at}] {line.text}" for at, line in enumerate(lines, 1))
        return summary_messages(
            numbered,
            instructions=self._template.asked(self._language),
            language=self._template.language,
            bullets=NOTES_A_PART if notes else self._bullets,
            notes=notes,
        )

    def _request(
        self, lines: Sequence[_Line], *, notes: bool, schema: bool, share: float, warm: bool
    ) -> Request:
        wanted = summary_schema(
            bullets=NOTES_A_PART if notes else self._bullets,
            paragraphs=len(lines),
            notes=notes,
            share=share,
        )
        return Request(
            self._messages(lines, notes=notes),
            max_tokens=self._answer,
            temperature=0.4 if warm else 0.0,
            json_schema=wanted if schema else None,
        )

    # By parts.

    def _noted(self, parts: Sequence[Sequence[_Line]]) -> list[_Line]:
        """Return the notes on every part; a part without an answer is noted by its beginning."""
        self._parts += len(parts)
        requests = [
            self._request(part, notes=True, schema=True, share=self._share, warm=False)
            for part in parts
        ]
        answers = self._model.generate(requests, control=self._control, on_tokens=self._on_tokens)
        noted: list[_Line] = []
        for part, answer in zip(parts, answers, strict=True):
            draft = parse_summary(answer.text) if answer.finish == "stop" else None
            if draft is None or not draft.bullets:
                noted.append(_Line(part[0].text[:200], part[0].paragraphs))
                continue
            for text, numbers in draft.bullets[:NOTES_A_PART]:
                meant = [part[at - 1] for at in numbers if 1 <= at <= len(part)] or list(part)
                paragraphs = sorted({at for line in meant for at in line.paragraphs})
                noted.append(_Line(text, tuple(paragraphs)))
        return noted

    def _final(self, lines: Sequence[_Line]) -> Draft | None:
        """Ask for the summary: by schema and told while it is written, again with shorter texts,
        and at last without a schema."""
        best: Draft | None = None
        for attempt in range(_ATTEMPTS):
            self._attempts = attempt + 1
            request = self._request(
                lines,
                notes=False,
                schema=attempt < _ATTEMPTS - 1,
                share=self._share / (1 + attempt),
                warm=attempt > 0,
            )
            answer = self._streamed(request) if attempt == 0 else self._written(request)
            draft = parse_summary(answer.text) if answer.finish != "error" else None
            if draft is None:
                continue
            if not answer.constrained:
                self._parser = "tolerant"
            if answer.finish == "stop" and draft.whole:
                return draft
            best = best or draft
        if best is not None:
            self._parser = "tolerant"
        return best

    def _streamed(self, request: Request) -> Completion:
        reader = SummaryReader()

        def hear(piece: str) -> None:
            if text := reader.feed(piece):
                self._on_text(text)

        return self._model.stream(
            request, control=self._control, on_text=hear, on_tokens=self._on_tokens
        )

    def _written(self, request: Request) -> Completion:
        return self._model.generate([request], control=self._control, on_tokens=self._on_tokens)[0]

    # What is believed.

    def _checked(
        self,
        draft: Draft,
        lines: Sequence[_Line],
        paragraphs: Sequence[Paragraph],
        segments: Sequence[ASRSegment],
    ) -> SummaryResult:
        bullets = draft.bullets[: self._bullets]
        supports = []
        for text, numbers in bullets:
            named = {at for n in numbers if 1 <= n <= len(lines) for at in lines[n - 1].paragraphs}
            inside = [
                at
                for number in sorted(named)
                for at in range(paragraphs[number].first, paragraphs[number].last + 1)
            ]
            supports.append(_supporting(text, inside, segments, self._language))
        metadata: dict[str, Any] = {
            "method": "model",
            "backend": self._backend,
            "model": self._name,
            "template": self._template.name,
            "language": self._language,
            "attempts": self._attempts,
            "parts": self._parts,
            "parser": self._parser,
            "unsupported_bullets": [at for at, support in enumerate(supports) if not support],
        }
        return SummaryResult(
            title=draft.title or lines[0].text[:70],
            bullets=tuple(text for text, _ in bullets),
            abstract=draft.abstract,
            metadata=metadata,
            bullet_segments=tuple(supports),
        )


def _supporting(
    bullet: str, inside: Sequence[int], segments: Sequence[ASRSegment], language: str | None
) -> tuple[int, ...]:
    """Return those of the segments `inside` that share most of the bullet's telling words."""
    ignored = STOPWORDS.get(language or "", frozenset())
    telling = {word for word in words_of(bullet) if word not in ignored}
    shared = {at: len(telling.intersection(words_of(segments[at].text))) for at in inside}
    most = max(shared.values(), default=0)
    # Half of the best: a sentence may run over several segments.
    return tuple(at for at in inside if shared[at] and 2 * shared[at] >= most)
