"""The whole pipeline on real recordings: results, events, failures, cancelling, what is left."""

from __future__ import annotations

import io
import json
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import omoai_engine
from omoai_engine import (
    AudioInputError,
    AudioNotFoundError,
    AudioTooLongError,
    CancelledError,
    JobControl,
    ModelNotFoundError,
    Pipeline,
    PipelineFailure,
    PipelineResult,
    StageError,
    load_config,
    run_full_pipeline_memory,
    run_pipeline_batch,
)
from omoai_engine.events import (
    Event,
    JobStarted,
    LanguageDetected,
    Notice,
    RecognizerChosen,
    SegmentRecognized,
    StageFinished,
    StageStarted,
    SummaryReady,
    TextPunctuated,
)
from omoai_engine.postprocess.words import words_of

FAST = {"asr": {"quality": "fast"}}


def wav(sound: np.ndarray, rate: int = 16_000) -> bytes:
    """Return a WAV file of float samples in [-1, 1]."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline(load_config(**FAST)) as shared:
        shared.run(wav(np.zeros(1600)))
        yield shared


@pytest.mark.usefixtures("no_child_left")
def test_a_recording_becomes_segments_transcript_summary_and_timings(english: Path) -> None:
    events: list[Event] = []
    result = run_full_pipeline_memory(english, FAST, on_event=events.append)
    assert "fairest creatures" in result.transcript
    assert words_of(result.transcript_punctuated) == words_of(result.transcript)
    assert result.asr is not None
    assert [s.text for s in result.asr.segments] == [
        e.segment.text for e in events if isinstance(e, SegmentRecognized)
    ]
    assert len(result.segments) == len(result.asr.segments)
    assert result.summary.title
    assert 1 <= len(result.summary.bullets) <= 7
    assert len(result.summary.bullet_segments) == len(result.summary.bullets)
    for stage in ("preprocessing", "model_loading", "asr", "postprocessing", "total"):
        assert result.timing[stage] > 0
    assert result.timing["first_segment"] < result.timing["total"]
    assert result.performance["audio_duration"] == pytest.approx(53.3, abs=0.2)
    assert result.performance["real_time_factor"] == pytest.approx(
        result.performance["processing_time"] / result.performance["audio_duration"]
    )
    assert result.performance["peak_memory_mib"] > 100
    assert result.metadata["language"] == "en"
    assert result.metadata["cancelled"] is False


def test_events_tell_the_story_in_order(pipeline: Pipeline, jfk: Path) -> None:
    events: list[Event] = []
    pipeline.run(jfk, on_event=events.append)
    kinds = [type(event) for event in events]
    assert kinds.index(JobStarted) < kinds.index(RecognizerChosen)
    assert kinds.index(RecognizerChosen) < kinds.index(LanguageDetected)
    assert kinds.index(LanguageDetected) < kinds.index(SegmentRecognized)
    assert kinds.index(SegmentRecognized) < kinds.index(TextPunctuated) < kinds.index(SummaryReady)
    started = [e.stage for e in events if isinstance(e, StageStarted)]
    finished = [e.stage for e in events if isinstance(e, StageFinished)]
    assert sorted(started) == sorted(finished) == sorted(set(started))
    first = next(e for e in events if isinstance(e, SegmentRecognized))
    assert first.index == 0
    assert first.first_latency is not None


def test_path_bytes_and_stream_give_the_same(pipeline: Pipeline, jfk: Path) -> None:
    by_path = pipeline.run(str(jfk))
    by_bytes = pipeline.run(jfk.read_bytes())
    with jfk.open("rb") as stream:
        by_stream = pipeline.run(stream)
    assert by_path.segments == by_bytes.segments == by_stream.segments


@pytest.mark.usefixtures("no_child_left")
def test_a_batch_keeps_the_order_and_one_bad_input_stops_nobody(jfk: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("this is no sound\n" * 100)
    results = run_pipeline_batch([jfk, tmp_path / "nowhere.wav", text, jfk], FAST)
    assert [type(result) for result in results] == [
        PipelineResult,
        PipelineFailure,
        PipelineFailure,
        PipelineResult,
    ]
    missing, garbage = results[1], results[2]
    assert isinstance(missing, PipelineFailure)
    assert isinstance(missing.error, AudioNotFoundError | FileNotFoundError)
    assert isinstance(garbage, PipelineFailure)
    assert isinstance(garbage.error, ValueError)
    assert "nowhere.wav" in str(missing.error)
    assert "notes.mp3" in str(garbage.error)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"text" * 1000])
def test_bad_bytes_are_one_clear_sentence(pipeline: Pipeline, content: bytes) -> None:
    with pytest.raises(AudioInputError) as caught:
        pipeline.run(content)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_silence_gives_an_empty_result_and_says_why(pipeline: Pipeline) -> None:
    events: list[Event] = []
    result = pipeline.run(wav(np.zeros(16_000 * 3)), on_event=events.append)
    assert result.segments == ()
    assert result.metadata["no_speech"] is True
    assert "silent" in [event.text for event in events if isinstance(event, Notice)][-1]
    noise = np.random.default_rng(0).normal(0, 0.05, 16_000 * 3)
    assert "no speech" in pipeline.run(wav(noise)).metadata["notices"][-1]


def test_too_long_a_recording_is_refused(pipeline: Pipeline, jfk: Path) -> None:
    with pytest.raises(AudioTooLongError):
        pipeline.run(jfk, max_audio_duration=5.0)


@pytest.mark.usefixtures("no_child_left")
def test_cancelling_returns_what_is_done_and_recognises_no_further(english: Path) -> None:
    control = JobControl()
    events: list[Event] = []

    def watch(event: Event) -> None:
        events.append(event)
        if isinstance(event, SegmentRecognized):
            control.cancel()

    with Pipeline(load_config()) as pipeline:
        result = pipeline.run(english, on_event=watch, cancel=control)
    assert result.metadata["cancelled"] is True
    assert result.asr is not None
    recognised = [event.segment for event in events if isinstance(event, SegmentRecognized)]
    assert list(result.asr.segments) == recognised, "what came before the cancel is kept"
    assert recognised[-1].end < 45, "the rest of the 53 s was not recognised any more"
    finished = [event.stage for event in events if isinstance(event, StageFinished)]
    assert "asr" not in finished
    assert words_of(result.transcript_punctuated) == words_of(result.transcript)


def test_an_event_of_the_threading_module_cancels_too(jfk: Path) -> None:
    stop = threading.Event()
    stop.set()
    with Pipeline(load_config(**FAST)) as pipeline:
        result = pipeline.run(jfk, cancel=stop)
    assert result.metadata["cancelled"] is True
    assert result.segments == ()


def test_a_paused_job_waits_and_goes_on(pipeline: Pipeline, jfk: Path) -> None:
    control = JobControl()
    control.pause()
    threading.Timer(1.0, control.resume).start()
    began = time.monotonic()
    result = pipeline.run(jfk, cancel=control)
    assert time.monotonic() - began >= 1.0
    assert "fellow" in result.transcript
    assert result.metadata["cancelled"] is False


@pytest.mark.usefixtures("no_child_left")
def test_a_failing_recogniser_gives_what_was_finished(english: Path) -> None:
    with Pipeline(load_config(**FAST)) as pipeline:

        def kill(event: Event) -> None:
            if isinstance(event, SegmentRecognized) and event.index == 1:
                import os
                import signal

                recognizer = pipeline._recognizer
                os.kill(recognizer.pid, signal.SIGKILL)  # type: ignore[union-attr, arg-type]

        with pytest.raises(StageError, match="recogniser was killed") as caught:
            pipeline.run(english, on_event=kill)
        partial = caught.value.partial
        assert isinstance(caught.value, RuntimeError)
        assert caught.value.stage == "asr"
        assert isinstance(partial, PipelineResult)
        assert partial.asr is not None
        assert len(partial.asr.segments) >= 1
        assert words_of(partial.transcript_punctuated) == words_of(partial.transcript)
        assert pipeline.run(english.with_name("en-jfk.mp3")).segments


def test_intermediates_are_written_when_asked_for(jfk: Path, tmp_path: Path) -> None:
    result = run_full_pipeline_memory(jfk, FAST, save_intermediates=True, output_dir=tmp_path / "o")
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert names == ["en-jfk.asr.json", "en-jfk.final.json", "en-jfk.preprocessed.wav"]
    with wave.open(str(tmp_path / "o" / "en-jfk.preprocessed.wav")) as file:
        assert file.getframerate() == 16_000
        assert file.getnframes() / 16_000 == pytest.approx(11.0, abs=0.2)
    final = json.loads((tmp_path / "o" / "en-jfk.final.json").read_text("utf-8"))
    assert final["transcript"] == result.transcript


def test_nothing_is_written_unless_asked_for(
    jfk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the working folder nor, by a library that reports home, anywhere else."""
    load_config(**FAST)
    for variable in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    run_full_pipeline_memory(jfk, FAST)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_model_is_an_error_of_the_job_with_what_to_do(jfk: Path) -> None:
    config = load_config(asr={"model": "whisper-large-v3"})
    with Pipeline(config) as pipeline, pytest.raises(ModelNotFoundError) as caught:
        pipeline.run(jfk)
    assert "omoai models get whisper-large-v3" in str(caught.value)


def test_progress_lines_are_off_by_default_and_on_when_asked_for(
    jfk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_full_pipeline_memory(jfk, FAST)
    assert capfd.readouterr() == ("", "")
    run_full_pipeline_memory(jfk, {**FAST, "api": {"enable_progress_output": True}})
    out, err = capfd.readouterr()
    assert out == ""
    assert "omoai: asr: started" in err


def test_the_recogniser_in_this_process_gives_the_same(pipeline: Pipeline, jfk: Path) -> None:
    here = run_full_pipeline_memory(jfk, {"asr": {"quality": "fast", "isolate": False}})
    assert here.segments == pipeline.run(jfk).segments


def test_older_scripts_find_their_three_calls(jfk: Path, tmp_path: Path) -> None:
    result = omoai_engine.run_pipeline_legacy(jfk, tmp_path, FAST)
    assert (tmp_path / "en-jfk.txt").read_text("utf-8").strip() == result.transcript_punctuated
    asr = omoai_engine.run_asr_from_config(jfk, FAST)
    assert asr.transcript == result.transcript
    again = omoai_engine.postprocess_asr_json(tmp_path / "en-jfk.asr.json", FAST)
    assert again.transcript_punctuated == result.transcript_punctuated


def test_a_batch_that_is_cancelled_names_what_was_not_begun(jfk: Path) -> None:
    stop = threading.Event()
    stop.set()
    results = run_pipeline_batch([jfk, jfk], FAST, cancel=stop)
    assert all(isinstance(result, PipelineFailure) for result in results)
    assert all(
        isinstance(result.error, CancelledError)
        for result in results
        if isinstance(result, PipelineFailure)
    )
