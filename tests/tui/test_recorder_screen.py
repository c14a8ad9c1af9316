"""The recorder with a real device: PortAudio, a virtual microphone, the tiny ChunkFormer."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorder_tools import Speak, VirtualSound, bare, folder, noise, own_sound, say, sound
from recorder_tools import _virtual as _virtual
from samples import screen_text
from test_real_jobs import wait_until
from textual.pilot import Pilot

from omoai_engine.recording import RecordingState, list_recordings
from omoai_engine.recording.state import Phase
from omoai_tui import state
from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import Job, JobStatus
from omoai_tui.screens import recorder_screen
from omoai_tui.tasks import Post, Task

__all__ = ["_virtual", "folder", "own_sound", "say", "sound"]


def app_in(folder: Path) -> OmoaiApp:
    return OmoaiApp([], folder=str(folder.parent), theme="omoai-night")


def shows(app: OmoaiApp, *words: str) -> bool:
    if app.screen.size != app.size:
        return False  # pushed a moment ago and not laid out yet
    text = " ".join(screen_text(app).replace("│", " ").split())
    return all(word in text for word in words)


def heard(app: OmoaiApp) -> str:
    session = app.recordings.session
    return bare(" ".join(one.text for one in session.job.segments)) if session else ""


async def recording(pilot: Pilot[None], seconds: float = 0.1) -> None:
    """Open the recorder, press its key, and wait until so much is on the disk."""
    app: OmoaiApp = pilot.app  # type: ignore[assignment]
    await pilot.press("r", "r")
    session = app.recordings.session
    assert session is not None
    await wait_until(pilot, lambda: session.state.seconds >= seconds)


async def finished(pilot: Pilot[None]) -> Job:
    """Wait for the final pass, and until it is kept."""
    app: OmoaiApp = pilot.app  # type: ignore[assignment]
    await wait_until(pilot, lambda: app.queue.jobs and app.queue.jobs[-1].status.over)
    job = app.queue.jobs[-1]
    assert job.status is JobStatus.DONE, job.reason
    await wait_until(pilot, lambda: list_recordings(Path(job.path).parent)[-1].state == "settled")
    return job


async def test_speech_comes_back_while_one_speaks_and_again_in_the_final_text(
    sound: VirtualSound, say: Speak, folder: Path
) -> None:
    app = app_in(folder)
    async with app.run_test(size=(100, 30)) as pilot:
        await recording(pilot)
        session = app.recordings.session
        assert session is not None
        assert not app.queue.jobs
        await wait_until(pilot, lambda: session.behind is not None)
        drafts: list[str] = []

        def watch(wanted: str) -> bool:
            if session.job.provisional:
                drafts.append(bare(session.job.provisional.text))
            return heard(app) == wanted

        sound.play(say("bật đèn tắt quạt mở cửa"))
        await wait_until(pilot, lambda: watch("bật đèn tắt quạt mở cửa"))
        assert any("bật đèn tắt quạt mở cửa".startswith(draft) for draft in drafts)
        before = session.state.seconds
        await pilot.press("m")
        await wait_until(pilot, lambda: shows(app, "bật đèn tắt quạt mở cửa", "1 marker"))
        after = session.state.seconds
        assert shows(app, "● REC", "nothing lost", "on disk", "room for", "behind")

        # What is said in a pause is not in the recording.
        await pilot.press("space")
        await wait_until(pilot, lambda: session.state.phase is Phase.PAUSED)
        await wait_until(pilot, lambda: shows(app, "‖ paused"))
        paused = session.state.seconds
        sound.play(noise(1.0))
        await pilot.pause(1.5)
        assert session.state.seconds == paused
        await pilot.press("space")
        await wait_until(pilot, lambda: session.state.phase is Phase.RECORDING)

        # Elsewhere the title says that it goes on.
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.bench and shows(app, "OmoAI ● REC 0:"))
        sound.play(say("một hai ba"))
        await wait_until(pilot, lambda: heard(app).endswith("một hai ba"))
        await pilot.press("r")
        await wait_until(pilot, lambda: shows(app, "một hai ba", "1 marker"))
        await pilot.press("s")
        job = await finished(pilot)

        assert bare(job.transcript()) == "bật đèn tắt quạt mở cửa một hai ba"
        assert shows(app, "Saved: 0:", "The final text is made now")
        await pilot.press("escape")
        await wait_until(pilot, lambda: shows(app, "Một hai ba"))
        assert "●" not in screen_text(app).splitlines()[0]
        assert app.bench.job is job

    assert job.result is not None
    (mark,) = job.result.metadata["marks"]
    assert before <= mark["at"] <= after + 0.5
    (kept,) = list_recordings(folder)
    assert (kept.state, kept.how, str(kept.path)) == (RecordingState.SETTLED, "stopped", job.path)
    from omoai_engine.config import load_config
    from omoai_engine.library import Library

    with Library.open(load_config()) as library:
        assert job.entry is not None
        assert library.audio_file(job.entry) == kept.path
        assert library.result(job.entry).metadata["marks"] == [mark]


async def test_microphones_have_live_levels_and_the_choice_is_remembered(
    sound: VirtualSound, folder: Path
) -> None:
    app = app_in(folder)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("r")
        await wait_until(pilot, lambda: shows(app, "system default", "over SSH"))
        lines = screen_text(app).splitlines()
        (default,) = (line for line in lines if "system default" in line)
        assert "default" in default
        await wait_until(pilot, lambda: shows(app, "only zeros: muted"))
        sound.play(noise(3.0))
        await wait_until(pilot, lambda: "━━━" in screen_text(app) and not shows(app, "only zeros"))
        devices = app.screen.query_one("#devices")
        at = next(n for n, one in enumerate(devices.devices) if one.name == "pulse")  # type: ignore[attr-defined]
        devices.show_block(at)  # type: ignore[attr-defined]
        await pilot.press("enter")
        session = app.recordings.session
        assert session is not None
        await wait_until(pilot, lambda: session.state.seconds > 0)
        assert session.state.device == "pulse"
        await pilot.press("s")
        await wait_until(pilot, lambda: app.recordings.session is None)
    assert state.read().microphone == "device:pulse"

    again = app_in(folder)
    async with again.run_test(size=(100, 30)) as pilot:
        await recording(pilot)  # before anybody has looked which devices there are
        assert again.recordings.session is not None
        assert again.recordings.session.state.device == "pulse"
        await pilot.press("s")
        await wait_until(pilot, lambda: again.recordings.session is None)
        state.remember(microphone="device:a headset that stays at home")
        await pilot.press("R")
        await wait_until(
            pilot, lambda: shows(again, "a headset that stays at home is not there any more")
        )
        # The key pressed before the list is there falls back to the default one.
        await pilot.press("escape")
        await recording(pilot)
        assert again.recordings.session.state.device == "default"
        await pilot.press("s")
        await wait_until(pilot, lambda: again.recordings.session is None)


async def test_a_machine_without_a_microphone_says_so_and_offers_another_machines(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    monkeypatch.setenv("PULSE_COOKIE", str(tmp_path / "cookie"))
    app = app_in(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await wait_until(pilot, lambda: shows(app, "no microphone on this machine", "over SSH"))
        # The key comes before the list does, or it would be the remote line's, alone in the list.
        looked_for = threading.Event()
        look = recorder_screen.devices_task

        def later(overrides: dict[str, Any], post: Post) -> Task:
            find = look(overrides, post)
            return lambda: find() if looked_for.wait(60) else None

        monkeypatch.setattr(recorder_screen, "devices_task", later)
        state.remember(microphone="default")
        await pilot.press("escape", "r", "r")
        looked_for.set()
        await wait_until(pilot, lambda: app.recordings.session is None)
        await wait_until(pilot, lambda: shows(app, "there is no microphone on this machine."))
    assert list_recordings(folder) == []


async def test_the_microphone_of_another_machine(
    say: Speak, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OmoaiApp, "copy_to_clipboard", lambda _app, text: copied.append(text))
    copied: list[str] = []
    state.remember(microphone="remote")
    app = app_in(folder)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("r", "r")
        await wait_until(pilot, lambda: shows(app, "waiting for a sender", "Windows", "macOS"))
        await pilot.press("down", "down", "c")
        assert copied[0].startswith("ffmpeg -v error -f avfoundation -i :default")
        assert copied[0].endswith("omoai mic-in")

        def send(text: str) -> None:
            speech = (say(text) * 32767).astype("<i2").tobytes()
            command = [sys.executable, "-m", "omoai_engine.cli", "mic-in", "--raw", "16000"]
            subprocess.run(command, input=speech, check=True, timeout=60)

        session = app.recordings.session
        assert session is not None
        send("bật đèn")
        await wait_until(
            pilot, lambda: session.state.phase is Phase.WAITING and session.marks == []
        )
        await wait_until(pilot, lambda: shows(app, "what has come is kept"))
        send("tắt quạt")
        await wait_until(pilot, lambda: heard(app) == "bật đèn tắt quạt")
        await pilot.press("s")
        job = await finished(pilot)
        assert bare(job.transcript()) == "bật đèn tắt quạt"
    assert len(list_recordings(folder)) == 1


async def test_a_device_that_vanishes_keeps_what_it_gave(
    own_sound: VirtualSound, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_RECORDING__WARN_MINUTES", "100000000")
    app = app_in(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await recording(pilot, 1.0)
        await wait_until(pilot, lambda: shows(app, "The disk is nearly full: room for"))
        own_sound.play(np.where(np.arange(32_000) % 80 < 40, 32767, -32768).astype(np.int16))
        await wait_until(pilot, lambda: shows(app, "The sound is clipping"))
        own_sound.unplug()
        await wait_until(pilot, lambda: shows(app, "Saved up to there: 0:0", "gives no more sound"))
        await finished(pilot)
    (kept,) = list_recordings(folder)
    assert kept.how == "device_gone"
    assert kept.seconds >= 1.0


async def test_without_a_model_there_is_a_sentence_and_the_recording_goes_on(
    sound: VirtualSound, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_ASR__MODEL", "no-such-model")
    app = app_in(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await recording(pilot)
        await wait_until(pilot, lambda: shows(app, "no live text; the recording goes on"))
        session = app.recordings.session
        assert session is not None
        seconds = session.state.seconds
        await wait_until(pilot, lambda: session.state.seconds > seconds + 1)
        await pilot.press("s")
        await wait_until(pilot, lambda: app.queue.jobs and app.queue.jobs[0].status.over)
        assert app.queue.jobs[0].status is JobStatus.FAILED
    (kept,) = list_recordings(folder)
    assert kept.state is RecordingState.WAITING, "it is offered until it is transcribed"


async def test_what_is_unfinished_is_offered_and_deleted_only_when_asked_twice(
    sound: VirtualSound, folder: Path
) -> None:
    from omoai_engine.config import load_config
    from omoai_engine.recording import Recorder

    for _ in range(2):
        with Recorder(load_config()) as recorder:
            recorder.start()
            recorder.wait_for(lambda now: now.seconds > 0.3, 120)
    app = app_in(folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: shows(app, "2 recordings are not transcribed yet"))
        await pilot.press("d")
        await wait_until(pilot, lambda: shows(app, "for good?"))
        await pilot.press("escape", "d", "up", "d", "escape")
        await pilot.pause(0.3)
        assert len(list_recordings(folder)) == 2
        await pilot.press("d", "d")
        await wait_until(pilot, lambda: len(list_recordings(folder)) == 1)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.bench)
        (kept,) = list_recordings(folder)
        assert kept.state is RecordingState.WAITING
        await pilot.press("r", "u")
        await wait_until(pilot, lambda: shows(app, "1 recording is not transcribed yet"))
        await pilot.press("enter")
        await finished(pilot)
        assert [path.suffix for path in sorted(folder.glob("rec*"))] == [".jsonl", ".wav"]
        await pilot.press("u")
        await wait_until(
            pilot,
            lambda: any("is transcribed" in note.message for note in app._notifications),
        )


def test_marks_are_in_the_notes_of_the_recording(folder: Path, sound: VirtualSound) -> None:
    from omoai_engine.config import load_config
    from omoai_engine.recording import Recorder
    from omoai_engine.recording.files import marks_of

    with Recorder(load_config()) as recorder:
        recorder.start()
        recorder.wait_for(lambda now: now.seconds > 0.3, 120)
        recorder.mark("here")
        began = time.monotonic()
        path = Path(recorder.stop().path)
    assert time.monotonic() - began < 10
    assert [mark.label for mark in marks_of(path)] == ["here"]
    strange = path.with_name("talk.wav")
    strange.with_suffix(".jsonl").write_text(json.dumps({"event": "mark", "at": 1.0}))
    assert marks_of(strange) == (), "somebody else's file"
