"""One recording on its way through the pipeline: three stages, two bounded queues.

`Job.run` is the text stage itself; it starts a thread for decoding and one for recognition and
waits for segments. Whatever ends the job (the end of the sound, an error in any stage, a
cancellation) ends all three, and what was finished is never thrown away.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from omoai_engine.asr.choice import RecognizerChoice
from omoai_engine.asr.isolated import IsolatedRecognizer
from omoai_engine.asr.recognizer import AudioProgress, Recognizer, RecognizerEvent
from omoai_engine.audio import AudioBlock
from omoai_engine.control import JobControl
from omoai_engine.durations import clock
from omoai_engine.errors import AudioInputError, CancelledError
from omoai_engine.events import (
    Event,
    JobStarted,
    LanguageDetected,
    Notice,
    OnEvent,
    RecognizerChosen,
    SegmentRecognized,
    SpeechDiscarded,
    Stage,
    SummaryReady,
    TextBackendChosen,
    TextPunctuated,
)
from omoai_engine.findings import Findings
from omoai_engine.going_on import begin_before, words_after
from omoai_engine.postprocess.stage import PunctuatedParagraph, TextEngine, TextStage
from omoai_engine.preprocess.source import open_audio
from omoai_engine.results import ASRSegment, PipelineResult
from omoai_engine.stage_clock import StageClocks
from omoai_engine.text import shown_path
from omoai_engine.unfinished import Earlier

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig
    from omoai_engine.intermediates import Intermediates

AudioInput = bytes | bytearray | memoryview | Path | str | BinaryIO
RecognizerOf = Callable[[], tuple[RecognizerChoice, Recognizer]]
TextOf = Callable[[], TextEngine]
T = TypeVar("T")

_BLOCKS_IN_FLIGHT = 8
"""Blocks hold up to a second each."""
_SEGMENTS_IN_FLIGHT = 64
_CHECK_SECONDS = 0.1


class _End:
    """Closes a queue."""


def source_name(audio_input: AudioInput) -> str:
    """Return a name for people: the path, a stream's own name, or `audio`."""
    if isinstance(audio_input, Path | str):
        return shown_path(audio_input)
    name = getattr(audio_input, "name", None)
    return shown_path(name) if isinstance(name, str | Path) else "audio"


class Job:
    """One run of the pipeline; use it once."""

    def __init__(
        self,
        config: OmoAIConfig,
        audio_input: AudioInput,
        *,
        recognizer: RecognizerOf,
        text: TextOf,
        on_event: OnEvent,
        control: JobControl,
        max_duration: float | None,
        validate_first: bool,
        intermediates: Path | None,
        earlier: Earlier | None = None,
    ) -> None:
        self._config = config
        self._input = audio_input
        self._name = source_name(audio_input)
        self._recognizer_of = recognizer
        self._text_of = text
        self._text: TextStage | None = None
        self._tell = on_event
        self._control = control
        self._max_duration = max_duration
        self._may_load = threading.Event()
        if not validate_first:
            self._may_load.set()
        self._folder = intermediates
        self._intermediates: Intermediates | None = None
        # Set by a stage that fails; the caller's own control stays as it is.
        self._abort = JobControl(control)
        self._blocks: queue.Queue[AudioBlock | _End] = queue.Queue(_BLOCKS_IN_FLIGHT)
        self._segments: queue.Queue[ASRSegment | _End] = queue.Queue(_SEGMENTS_IN_FLIGHT)
        self._clocks = StageClocks(on_event)
        language = config.asr.language
        self._found = Findings(self._name, None if language == "auto" else language)
        self._earlier = earlier
        if earlier is not None:
            self._found.go_on_from(earlier)

    def run(self) -> PipelineResult:
        """Run all stages; see `Pipeline.run` for what is returned and raised."""
        # What the text work lacks is known before a second of sound is decoded.
        self._engine = self._text_of()
        if self._folder is not None:
            from omoai_engine.intermediates import Intermediates

            self._intermediates = Intermediates(self._folder, self._name)
        threads = [
            threading.Thread(target=self._guarded, args=(stage, work), name=stage, daemon=True)
            for stage, work in (("preprocessing", self._decode), ("asr", self._recognize))
        ]
        started = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
        except RuntimeError as error:
            # No further thread is given: what began must not go on alone.
            self._found.failures.append(("preprocessing", error))
            self._abort.cancel()
        self._guarded("postprocessing", self._write_text)
        for thread in started:
            thread.join()
        self._guarded("postprocessing", self._complete_text)
        if self._text is not None:
            self._text.close()
        found = self._found
        if found.complete and not found.segments and not self._abort.is_set():
            self._notice(found.why_no_words)
        result = found.result(self._clocks.timing(), cancelled=self._control.is_set())
        if self._intermediates is not None:
            self._intermediates.finish(result)
        found.raise_failure(result)
        return result

    def _guarded(self, stage: Stage, work: Callable[[], None]) -> None:
        """Run a stage; whatever happens, its successor learns that nothing more comes."""
        try:
            work()
        except CancelledError:
            self._abort.cancel()
        except BaseException as error:
            loading = stage == "asr" and self._clocks.is_running("model_loading")
            self._found.failures.append(("model_loading" if loading else stage, error))
            if stage != "preprocessing":
                self._abort.cancel()
            # What was decoded before the sound broke off is still recognised.
        finally:
            if stage == "preprocessing":
                self._may_load.set()
                self._close(self._blocks)
            elif stage == "asr":
                self._close(self._segments)

    # Decoding, in a thread of its own.

    def _decode(self) -> None:
        found, clocks = self._found, self._clocks
        clocks.start("preprocessing")
        with open_audio(
            self._input,
            self._config.audio,
            control=self._abort,
            max_duration=self._max_duration,
            begin=self._begin,
        ) as source:
            found.info = source.info
            file = (
                (source.info.size_bytes, source.info.changed_ns) if source.info.changed_ns else None
            )
            if self._earlier is not None and self._earlier.file not in (None, file):
                raise AudioInputError(
                    "the file was changed since the job began",
                    where=self._name,
                    hint="Transcribe it once more",
                )
            self._tell(JobStarted(self._name, source.info.duration, file))
            self._may_load.set()
            if self._all_recognized is not None:
                found.decoded = self._all_recognized
                found.complete = True
                clocks.finish("preprocessing", found.decoded)
                return
            told = 0
            while True:
                with clocks.working("preprocessing"):
                    block = next(source, None)
                for sentence in source.notices[told:]:
                    self._notice(sentence)
                    told += 1
                if block is None:
                    break
                found.peak = max(found.peak, float(abs(block.samples).max(initial=0.0)))
                if self._intermediates is not None:
                    self._intermediates.add_sound(block.samples)
                self._put(self._blocks, block)
                found.decoded = block.end
                clocks.progress("preprocessing", block.end, self._total())
        found.complete = True
        clocks.finish("preprocessing", found.decoded)

    # Recognition, in a thread of its own.

    def _recognize(self) -> None:
        while not self._may_load.wait(_CHECK_SECONDS):
            self._abort.checkpoint()
        if self._found.info is None and self._found.failures:
            return
        found, clocks = self._found, self._clocks
        recognizer = self._loaded() if self._all_recognized is None else self._chosen()
        # Made here, so that a language model loads beside recognition, when the recogniser has
        # taken its memory.
        self._text = self._new_text(recognizer)
        clocks.start("asr")
        if self._earlier is not None:
            self._tell_earlier(self._earlier)
        with clocks.working("asr"):
            for segment in self._recognized(recognizer):
                first = None
                if found.first_segment is None:
                    first = found.first_segment = clocks.since_start
                found.segments.append(segment)
                self._tell(SegmentRecognized(len(found.segments) - 1, segment, first))
                clocks.progress("asr", segment.end, self._total())
                self._put(self._segments, segment)
        clocks.finish("asr", found.decoded)

    def _recognized(self, recognizer: Recognizer) -> Iterator[ASRSegment]:
        """Yield what the recogniser hears; nothing that an earlier run had."""
        if self._all_recognized is not None:
            return
        segments = recognizer.recognize(
            self._taken(self._blocks), control=self._abort, report=self._report
        )
        yield from segments if self._earlier is None else words_after(segments, self._earlier.end)

    # Going on from what an earlier run recognised.

    @property
    def _all_recognized(self) -> float | None:
        """Seconds of the recording, where an earlier run recognised all of it."""
        return self._earlier.recognized if self._earlier is not None else None

    @property
    def _begin(self) -> float:
        """Where decoding begins: some sound before the first new word helps to hear it."""
        return begin_before(self._earlier.end) if self._earlier else 0.0

    def _tell_earlier(self, earlier: Earlier) -> None:
        if earlier.recognized is not None:
            self._notice("An earlier run recognised it all; only the text is worked on again.")
        else:
            self._notice(f"Going on from {clock(earlier.end)}, where an earlier run ended.")
        if earlier.language is not None:
            self._tell(earlier.language)
        for index, segment in enumerate(earlier.segments):
            self._tell(SegmentRecognized(index, segment))
            self._put(self._segments, segment)

    def _chosen(self) -> Recognizer:
        """Return the recogniser without its model."""
        found = self._found
        found.choice, found.recognizer = choice, recognizer = self._recognizer_of()
        self._tell(RecognizerChosen(choice.engine, choice.model, choice.reason))
        return recognizer

    def _loaded(self) -> Recognizer:
        clocks = self._clocks
        clocks.start("model_loading")
        with clocks.working("model_loading"):
            recognizer = self._chosen()
            if isinstance(recognizer, IsolatedRecognizer):
                recognizer.load(self._abort)
            else:
                recognizer.load()
        clocks.finish("model_loading", 0.0)
        return recognizer

    def _report(self, event: RecognizerEvent) -> None:
        if isinstance(event, AudioProgress):
            self._clocks.progress("asr", event.seconds, self._total())
            return
        if isinstance(event, Notice):
            self._notice(event.text)
            return
        if isinstance(event, LanguageDetected):
            self._found.language = event
        elif isinstance(event, SpeechDiscarded):
            self._found.discarded.append(event)
        self._tell(event)

    # Text, in the caller's thread.

    def _write_text(self) -> None:
        found, clocks = self._found, self._clocks
        for segment in self._taken(self._segments, idle=self._catch_up):
            if found.text is None:
                clocks.start("postprocessing")
                found.text = self._text
            with clocks.working("postprocessing"):
                self._punctuated(self._pushed(segment))
        self._complete_text()
        if found.text is not None:
            with clocks.working("postprocessing"):
                found.summary = found.text.summary(control=self._abort)
            clocks.add("postprocessing", found.text.busy_seconds)
            self._tell(SummaryReady(found.summary))
            clocks.finish("postprocessing", found.decoded)

    def _catch_up(self) -> None:
        """Give out what a language model finished while no segment came."""
        if self._found.text is not None:
            self._punctuated(self._found.text.ready())

    def _complete_text(self) -> None:
        """Bring to its end what was recognised, also in a job that was stopped on the way."""
        found = self._found
        if found.text is None and found.segments:
            found.text = self._text
        if found.text is None:
            return
        for segment in found.segments[found.written :]:
            self._punctuated(self._pushed(segment))
        self._punctuated(found.text.finish())

    def _pushed(self, segment: ASRSegment) -> list[PunctuatedParagraph]:
        found = self._found
        if found.text is None:
            return []
        found.text.language = found.language_code
        found.written += 1
        return found.text.push(segment)

    def _new_text(self, recognizer: Recognizer) -> TextStage:
        stage = self._engine.stage(
            self._config.postprocess,
            writes_punctuation=recognizer.info.writes_punctuation,
            language=self._found.language_code,
            control=self._abort,
            tell=self._hear,
        )
        backend = stage.backend
        self._tell(TextBackendChosen(backend.backend, backend.model, backend.reason))
        return stage

    def _hear(self, event: Event) -> None:
        """Take what the text stage says."""
        if isinstance(event, Notice):
            self._notice(event.text)
        else:
            self._tell(event)

    def _punctuated(self, closed: list[PunctuatedParagraph]) -> None:
        for paragraph, segments in closed:
            self._tell(TextPunctuated(self._found.paragraphs, paragraph, segments))
            self._found.paragraphs += 1
            if self._clocks.is_running("postprocessing"):
                self._clocks.progress("postprocessing", paragraph.end, self._total())

    # What every stage uses.

    def _total(self) -> float | None:
        found = self._found
        if found.complete:
            return found.decoded
        return found.info.duration if found.info else None

    def _notice(self, sentence: str) -> None:
        self._found.notices.append(sentence)
        self._tell(Notice(sentence))

    def _put(self, target: queue.Queue[T | _End], item: T) -> None:
        while True:
            self._abort.checkpoint()
            try:
                target.put(item, timeout=_CHECK_SECONDS)
            except queue.Full:
                continue
            return

    def _taken(
        self, source: queue.Queue[T | _End], *, idle: Callable[[], None] | None = None
    ) -> Iterator[T]:
        while True:
            self._abort.checkpoint()
            try:
                item = source.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                if idle is not None:
                    idle()
                continue
            if isinstance(item, _End):
                return
            yield item

    def _close(self, target: queue.Queue[Any]) -> None:
        while not self._abort.is_set():
            try:
                target.put(_End(), timeout=_CHECK_SECONDS)
            except queue.Full:
                continue
            return
