"""The main flow with the Vietnamese engine: espeak-ng speaks, the tiny ChunkFormer hears it."""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import pytest
from samples import DATA, screen_text
from test_real_jobs import wait_until

from omoai_engine.events import Event, ProvisionalText, SegmentRecognized
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import Changed, Job, JobStatus

COMMANDS = (
    "xin chào bật đèn xanh",
    "mở cửa trái lên một hai ba",
    "tắt nhạc dừng quạt đỏ",
    "đóng cửa phải xuống bốn năm sáu",
    "gửi trắng lưu vàng tìm ngày",
    "cảm ơn dừng chạy tiếp",
)
TIMES = 6
"""So often are they said: first words are shown before they are firm in a long recording only."""


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """Return 100 s of spoken commands, with a pause after each."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed, so there is nothing to transcribe")
    once, recording = tmp_path / "once", tmp_path / "lệnh.wav"
    # Marked up, so that the pauses are silence of a known length.
    text = "".join(f'{command}<break time="1500ms"/>' for command in COMMANDS)
    subprocess.run(
        ["espeak-ng", "-m", "-v", "vi", "-s", "150", "-w", once, f"<speak>{text}</speak>"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    with wave.open(str(once)) as spoken, wave.open(str(recording), "wb") as said:
        said.setparams(spoken.getparams())
        said.writeframes(spoken.readframes(spoken.getnframes()) * TIMES)
    once.unlink()
    return recording


def bare(text: str) -> list[str]:
    return text.lower().replace(".", "").split()


async def test_a_job_with_chunkformer_from_the_first_words_to_the_summary(
    commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_ASR__ENGINE", "chunkformer")
    monkeypatch.setenv("OMOAI_ASR__MODEL", str(DATA / "tiny-chunkformer"))
    monkeypatch.setenv("OMOAI_ASR__LANGUAGE", "vi")
    heard: list[Event] = []
    apply = Job.apply

    def listen(job: Job, event: Event) -> Changed:
        heard.append(event)
        return apply(job, event)

    monkeypatch.setattr(Job, "apply", listen)
    app = OmoaiApp([str(commands)], folder=str(commands.parent), theme="omoai-night")
    async with app.run_test(size=(160, 48)) as pilot:
        job = app.queue.jobs[0]
        await wait_until(pilot, lambda: job.status.over)
        assert job.status is JobStatus.DONE, job.reason

        assert [bare(segment.text) for segment in job.segments] == [
            command.split() for command in COMMANDS * TIMES
        ]
        first = next(n for n, event in enumerate(heard) if isinstance(event, SegmentRecognized))
        drafts = [event for event in heard if isinstance(event, ProvisionalText)]
        assert heard.index(drafts[0]) < first
        assert bare(drafts[0].text) == " ".join(COMMANDS).split()[: len(bare(drafts[0].text))]
        assert job.provisional is None, "nothing stays provisional"
        assert bare(job.transcript()) == " ".join(COMMANDS * TIMES).split()
        assert job.summary is not None
        assert job.summary.bullets

        screen = screen_text(app)
        for shown in ("Xin chào bật đèn xanh.", "Tắt nhạc dừng quạt đỏ.", job.summary.title):
            assert shown in screen
        engine = next(line for line in screen.splitlines() if " Engine " in line)
        assert "tiny-chunkformer" in engine

        await pilot.press("6", "end", "enter")
        assert app.bench.current_pane == "segments"
        bullet = job.summary.bullets[-1]
        at = app.bench.query_one("#segments").cursor  # type: ignore[attr-defined]
        assert bare(job.segments[at].text) == bare(bullet)
