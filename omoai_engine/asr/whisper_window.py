"""One window of sound through faster-whisper: at most 30 s in, hypotheses and what they used out.

This is Whisper's sequential long-form decoding (Radford et al. 2022, section 4.5) taken apart
so that it can run on a stream: decode a window, keep the segments whose end the model marked
with a timestamp, go on from the last such mark. faster-whisper's own loop wants the whole
recording's features in memory before it starts; the work on a window is still its code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from omoai_engine.audio import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from numpy.typing import NDArray

WINDOW_SECONDS = 30.0
"""Whisper's receptive field."""

# faster-whisper's defaults, by name; what the quality switch sets comes from `Decoding`.
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"
_LEAST_LOG_PROBABILITY = -1.0
_NO_SPEECH = 0.6
_REPETITIVE = 2.4
_LEAST_TOKENS, _TOKENS_A_SECOND = 24, 16
"""Fast Vietnamese takes some twelve tokens a second; the rest is for timestamps."""
_LEAST_PADDING = 200
"""Frames of 10 ms: without a little silence after it, Whisper goes on where the sound ends."""
_ENGLISH_ONLY_END = 50_256
"""The number of the end of text in models of English only (openai/whisper, tokenizer.py)."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How hard Whisper tries.

    A window whose text repeats itself or is improbable is decoded again at each further
    temperature, with `best_of` samples at a time. `precision` is that of the weights on a CPU.
    `padded`: silence fills the window up to 30 s, as in training; without it the encoder's work
    grows with the sound, and the words are a little less sure. `bounded`: no more words than
    anybody says in that time, so that a text that goes round and round ends soon.
    """

    precision: str
    beam_size: int
    best_of: int
    patience: float
    temperatures: tuple[float, ...]
    padded: bool = True
    bounded: bool = False


@dataclass(frozen=True, slots=True)
class WindowWord:
    """A word as Whisper wrote it (`raw` keeps the blanks); times in seconds in the window."""

    raw: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class WindowSegment:
    """One segment between two of Whisper's timestamps, with the scores of its window."""

    words: tuple[WindowWord, ...]
    average_log_probability: float
    no_speech_probability: float
    compression_ratio: float

    def shifted(self, by: float) -> WindowSegment:
        """Return the same with times `by` seconds later."""
        words = tuple(replace(w, start=w.start + by, end=w.end + by) for w in self.words)
        return replace(self, words=words)


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """What a window gave, and how many of its samples are dealt with."""

    segments: tuple[WindowSegment, ...]
    used_samples: int


def is_multilingual(model: WhisperModel) -> bool:
    """Say whether the model was made for more than English.

    CTranslate2 looks for the token that stands for nothing, and fine-tuned models may have a name
    for it; the tokens before the end of text are one fewer in models of English only.
    """
    end: int | None = model.hf_tokenizer.token_to_id("<|endoftext|>")
    return end != _ENGLISH_ONLY_END


class WindowDecoder:
    """Decodes windows of one language with one model."""

    def __init__(self, model: WhisperModel, decoding: Decoding, language: str) -> None:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import TranscriptionOptions, get_suppressed_tokens

        self._model: Any = model
        self._padded, self._bounded = decoding.padded, decoding.bounded
        many = is_multilingual(model)
        # Raises ValueError for a language that the model does not know.
        self._tokenizer: Any = Tokenizer(
            model.hf_tokenizer,
            many,
            task="transcribe",
            language=language if many else "en",
        )
        if many and self._tokenizer.language is None:
            # Cantonese came with large-v3; an older model would be asked for no language at all.
            raise ValueError(language)
        self._options: Any = TranscriptionOptions(
            beam_size=decoding.beam_size,
            best_of=decoding.best_of,
            patience=decoding.patience,
            temperatures=list(decoding.temperatures),
            length_penalty=1,
            repetition_penalty=1,
            no_repeat_ngram_size=0,
            log_prob_threshold=_LEAST_LOG_PROBABILITY,
            no_speech_threshold=_NO_SPEECH,
            compression_ratio_threshold=_REPETITIVE,
            condition_on_previous_text=False,
            prompt_reset_on_temperature=0.5,
            initial_prompt=None,
            prefix=None,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(self._tokenizer, [-1]),
            without_timestamps=False,
            max_initial_timestamp=1.0,
            word_timestamps=True,
            prepend_punctuations=_PREPENDED,
            append_punctuations=_APPENDED,
            multilingual=False,
            max_new_tokens=None,
            clip_timestamps=[],
            hallucination_silence_threshold=None,
            hotwords=None,
        )

    def decode(
        self, samples: NDArray[np.float32], *, unfinished_too: bool = False
    ) -> DecodedWindow:
        """Decode (n,) samples, n at most 30 s.

        Where the model marks no end behind its last words, the sound after them is left over,
        to be decoded again with what follows it; `unfinished_too` gives its words as well.
        """
        import ctranslate2
        from faster_whisper.audio import pad_or_trim

        model, tokenizer = self._model, self._tokenizer
        # Sampling at the higher temperatures must not depend on what ran before.
        ctranslate2.set_random_seed(0)
        features = model.feature_extractor(samples)
        frames = min(features.shape[-1] - 1, model.feature_extractor.nb_max_frames)
        most = model.feature_extractor.nb_max_frames
        length = most if self._padded else min(frames + _LEAST_PADDING, most)
        encoded = model.encode(pad_or_trim(features[:, :frames], length))
        prompt = model.get_prompt(tokenizer, [], without_timestamps=False)
        result, log_probability, _, compression = model.generate_with_fallback(
            encoded, prompt, tokenizer, self._options_for(len(samples) / SAMPLE_RATE_HZ)
        )
        tokens = list(result.sequences_ids[0])
        if result.no_speech_prob > _NO_SPEECH and log_probability <= _LEAST_LOG_PROBABILITY:
            return DecodedWindow((), len(samples))
        slices, closed = _split_at_timestamps(tokens, tokenizer.timestamp_begin)
        if unfinished_too and not closed:
            rest = tokens[sum(map(len, slices)) :]
            slices += [rest] if any(t < tokenizer.eot for t in rest) else []
        seconds = len(samples) / SAMPLE_RATE_HZ
        drafts = [self._draft(part, seconds) for part in slices]
        model.add_word_timestamps(
            [drafts], tokenizer, encoded, frames, _PREPENDED, _APPENDED, last_speech_timestamp=0.0
        )
        segments = tuple(
            WindowSegment(
                tuple(
                    WindowWord(w["word"], float(w["start"]), float(w["end"]), w["probability"])
                    for w in draft["words"]
                ),
                float(log_probability),
                float(result.no_speech_prob),
                float(compression),
            )
            for draft in drafts
            if draft["words"]
        )
        used = len(samples)
        if not closed and segments:
            used = min(used, round(segments[-1].words[-1].end * SAMPLE_RATE_HZ))
        return DecodedWindow(segments, used)

    def _options_for(self, seconds: float) -> Any:
        if not self._bounded:
            return self._options
        most = _LEAST_TOKENS + round(seconds * _TOKENS_A_SECOND)
        return replace(self._options, max_new_tokens=min(most, self._model.max_length // 2))

    def _draft(self, tokens: list[int], seconds: float) -> dict[str, Any]:
        marks = [t for t in tokens if t >= self._tokenizer.timestamp_begin]
        times = [(t - self._tokenizer.timestamp_begin) * self._model.time_precision for t in marks]
        start = times[0] if times and tokens[0] == marks[0] else 0.0
        end = times[-1] if times and times[-1] > 0 else seconds
        return {"seek": 0, "start": start, "end": end, "tokens": tokens, "words": []}


def _split_at_timestamps(tokens: list[int], first_mark: int) -> tuple[list[list[int]], bool]:
    """Split at pairs of timestamps; say also whether the window is dealt with to its end.

    It is when the model closes with one timestamp (no speech behind it) or writes no pair at
    all. Otherwise the tokens behind the last pair are an unfinished segment, left out here.
    """
    cuts = [
        i for i in range(1, len(tokens)) if tokens[i] >= first_mark and tokens[i - 1] >= first_mark
    ]
    if not cuts:
        return [tokens], True
    closed = len(tokens) >= 2 and tokens[-2] < first_mark <= tokens[-1]
    bounds = [0, *cuts, *([len(tokens)] if closed else [])]
    return [tokens[a:b] for a, b in pairwise(bounds)], closed
