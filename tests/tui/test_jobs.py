"""A job takes in the engine's events and knows what changed."""

from __future__ import annotations

from dataclasses import replace

from samples import events, segment

from omoai_engine.events import (
    SegmentRecognized,
    StageFinished,
    StageProgress,
    SummaryDelta,
    TextPunctuated,
)
from omoai_engine.results import ASRSegment, Paragraph, PipelineResult, SummaryResult
from omoai_tui.job_queue import JobQueue
from omoai_tui.jobs import Changed, Job, JobStatus
from omoai_tui.mailbox import Mailbox


def finished_job() -> Job:
    job = Job(1, "x.mp3")
    for event in events(8):
        job.apply(event)
    return job


def result_of(job: Job, **metadata: object) -> PipelineResult:
    return PipelineResult(
        tuple(job.segments),
        job.transcript(),
        job.transcript(),
        job.summary or SummaryResult("", (), ""),
        {"total": 5.0},
        {"audio_duration": 48.0, "peak_memory_mib": 400.0},
        metadata,
        tuple(job.paragraphs),
    )


def test_events_become_what_is_drawn() -> None:
    job = finished_job()
    assert len(job.segments) == 8
    assert len(job.paragraphs) == 2
    assert job.first_latency == 2.1
    assert job.engine == "whisper-base"
    assert job.language == "vi"
    assert job.progress == 1.0
    assert job.summary is not None
    assert job.transcript().count("\n\n") == 1


def test_each_event_says_what_changed() -> None:
    job = Job(1, "x.mp3")
    assert job.apply(SegmentRecognized(0, segment(0))) == Changed.SEGMENTS
    assert job.apply(StageProgress("asr", 3, 60, 1)) == Changed.TIMING
    assert job.apply(SummaryDelta("Ke")) == Changed.SUMMARY
    assert Changed.TIMING in job.apply(StageFinished("asr", 3, 60, 2))


def test_punctuation_revises_the_segments_it_changes() -> None:
    job = Job(1, "x.mp3")
    for index in range(3):
        job.apply(SegmentRecognized(index, ASRSegment(index, index + 1, "xin chào")))
    job.take_revised()
    punctuated = tuple(replace(job.segments[n], text="Xin chào.") for n in (1, 2))
    paragraph = Paragraph(1, 3, "Xin chào. Xin chào.", 1, 2)
    changed = job.apply(TextPunctuated(0, paragraph, punctuated))
    assert changed == Changed.TRANSCRIPT | Changed.SEGMENTS
    assert job.take_revised() == [(1, 2)]
    assert [part.text for part in job.segments] == ["xin chào", "Xin chào.", "Xin chào."]


def test_late_progress_does_not_reopen_a_finished_stage() -> None:
    job = Job(1, "x.mp3")
    job.apply(StageFinished("asr", 3, 60, 2))
    job.apply(StageProgress("asr", 10, 60, 1))
    assert job.stages["asr"].finished
    assert job.progress == 1.0


def test_the_rest_that_is_not_punctuated_yet_belongs_to_the_transcript() -> None:
    job = finished_job()
    job.apply(SegmentRecognized(8, ASRSegment(48, 50, "và còn nữa")))
    assert job.transcript().endswith("\n\nvà còn nữa")


def test_how_a_job_ends() -> None:
    job = finished_job()
    job.settle(result_of(job), "")
    assert job.status is JobStatus.DONE
    stopped = finished_job()
    stopped.control.cancel()
    stopped.settle(result_of(stopped, cancelled=True), "")
    assert stopped.status is JobStatus.STOPPED
    assert stopped.segments
    failed = finished_job()
    failed.settle(None, "x.mp3: broken. Try another.")
    assert failed.status is JobStatus.FAILED
    assert failed.segments, "what was recognised before is kept"


def test_names_are_harmless() -> None:
    assert Job(1, "/a/\x1b[31m[b]x.mp3").name == "[31m[b]x.mp3"


def test_remaining_time_follows_the_speed_so_far() -> None:
    job = Job(1, "x.mp3")
    assert job.remaining is None
    job.apply(StageProgress("asr", 30, 120, 10))
    assert job.remaining == 30


def test_the_queue_works_on_one_at_a_time() -> None:
    queue = JobQueue()
    first, second = queue.add("a"), queue.add("b")
    first.status = JobStatus.RUNNING
    assert queue.active is first
    assert queue.waiting == [second]
    first.status = JobStatus.FAILED
    again = queue.again(first)
    assert queue.jobs == [again, second]
    assert queue.by_number(first.number) is None


def test_a_flood_of_events_is_told_once_and_nothing_is_lost() -> None:
    told = []
    box = Mailbox(lambda: told.append(1))
    for index in range(5000):
        box.put(StageProgress("asr", index, 5000, index))
        if index % 10 == 0:
            box.put(SegmentRecognized(index // 10, segment(index // 10)))
    assert told == [1]
    news = box.collect()
    assert len(news) == 501
    assert news[-1] == StageProgress("asr", 4999, 5000, 4999)
    assert [event.index for event in news[:-1]] == list(range(500))  # type: ignore[union-attr]
    assert box.collect() == []
    box.put(StageProgress("asr", 1, 2, 3))
    assert told == [1, 1]
