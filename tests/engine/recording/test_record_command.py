"""`omoai record` as a person meets it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sound_tools import alive, read_wav

from omoai_engine.recording import RecordingState, list_devices, list_recordings

pytestmark = pytest.mark.usefixtures("no_child_left")


@pytest.fixture
def omoai(folder, config):
    def start(*words):
        environ = {
            **os.environ,
            "OMOAI_RECORDING__FOLDER": str(folder),
            "OMOAI_RECORDING__SAMPLE_RATE_HZ": "16000",
            "OMOAI_ASR__MODEL": config.asr.model,
            "OMOAI_ASR__THREADS": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "omoai_engine.cli", *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def recording(folder, seconds):
    until = time.monotonic() + 120
    while not (found := list_recordings(folder)) or found[0].seconds < seconds:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found[0]


def test_speech_into_the_microphone_comes_back_as_its_words(sound, say, omoai, folder, tmp_path):
    running = omoai("record", "-f", "json", "-o", str(tmp_path / "texts"))
    recording(folder, 0.3)
    sound.play(np.concatenate((say("bật đèn tắt quạt", after=0.6), say("mở cửa", after=3.0))))
    lines = []
    for line in running.stderr:  # until the live text is firm
        lines.append(line)
        if "mở cửa" in line:
            break
    running.send_signal(signal.SIGINT)
    out, rest = running.communicate(timeout=60)

    assert running.returncode == 0, rest
    assert any("bật đèn tắt quạt" in line for line in lines)
    assert out == ""
    (written,) = (tmp_path / "texts").iterdir()
    document = json.loads(written.read_text())
    assert document["transcript"].lower().replace(".", "") == "bật đèn tắt quạt mở cửa"
    (kept,) = list_recordings(folder)
    assert kept.state is RecordingState.SETTLED


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_the_recording_and_the_next_start_offers_it(
    sound, omoai, folder, number, code
):
    running = omoai("record", "--no-live")
    recording(folder, 0.3)
    running.send_signal(number)
    _, told = running.communicate(timeout=30)
    assert running.returncode == code, told
    assert "saved" in told
    (kept,) = list_recordings(folder)
    assert kept.state is RecordingState.WAITING
    again = omoai("record", "--no-live", "--no-transcribe", "--limit", "0.2")
    _, told = again.communicate(timeout=30)
    assert (again.returncode, "1 earlier recording waits" in told) == (0, True), told


def test_a_killed_command_leaves_a_recording_that_is_recovered_and_transcribed(
    sound, say, omoai, folder
):
    running = omoai("record", "--no-live")
    recording(folder, 0.3)
    sound.play(say("một hai ba"))
    recording(folder, 4.0)
    running.kill()
    running.communicate()
    until = time.monotonic() + 120
    while list_recordings(folder)[0].state is RecordingState.LIVE:
        assert time.monotonic() < until
        time.sleep(0.05)
    listed = omoai("recordings", "list").communicate(timeout=30)[0]
    assert listed.startswith("waiting ")
    done = omoai("record", "--recover", "-q")
    out, told = done.communicate(timeout=60)
    assert done.returncode == 0, told
    assert out.strip().lower().rstrip(".") == "một hai ba"
    assert list_recordings(folder)[0].state is RecordingState.SETTLED
    assert omoai("record", "--recover").communicate(timeout=30)[1] == (
        "every recording is complete and transcribed\n"
    )


def test_a_machine_without_a_microphone_gets_one_sentence(no_sound, omoai):
    running = omoai("record", "-q")
    out, told = running.communicate(timeout=30)
    assert (running.returncode, out) == (1, "")
    assert told.splitlines()[-1].startswith("omoai: there is no microphone on this machine. ")
    listed = omoai("devices")
    assert "none on this machine" in listed.communicate(timeout=30)[0]
    assert listed.returncode == 1


def test_the_microphone_that_was_chosen_is_taken_until_another_is(
    sound, omoai, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def ran(*words):
        running = omoai(*words)
        told = running.communicate(timeout=30)[1]
        return running.returncode, told

    code, told = ran("devices", "--choose", "no such thing")
    assert (code, "there is no microphone named 'no such thing'" in told) == (1, True), told
    (name,) = {d.name for d in list_devices() if d.inputs and not d.default_input} or {
        d.name for d in list_devices() if d.default_input
    }
    assert ran("devices", "--choose", name)[0] == 0
    short = ("record", "--no-transcribe", "--no-live", "--limit", "0.2")
    assert ran(*short)[0] == 0
    assert list_recordings(folder)[-1].device == name
    (tmp_path / "state" / "omoai" / "microphone").write_text("gone away\n")
    code, told = ran(*short)
    assert (code, "there is no microphone named 'gone away'" in told) == (1, True), told
    assert ran("devices", "--choose", "default")[0] == 0
    assert ran(*short)[0] == 0


def test_a_limit_ends_the_recording_and_nobody_else_may_hear_it(sound, omoai, folder):
    before = os.umask(0)
    try:
        running = omoai("record", "--no-transcribe", "--no-live", "--limit", "1")
    finally:
        os.umask(before)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 0, told
    (kept,) = list_recordings(folder)
    assert 1.0 <= kept.seconds < 4.0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert len(read_wav(kept.path)[1]) == pytest.approx(
        kept.seconds * 16_000, abs=8
    )  # told in milliseconds


@pytest.mark.parametrize(
    "words", [["talk.mp3"], ["--limit", "soon"], ["-f", "srt,vtt"], ["--no-such"]]
)
def test_wrong_usage_is_one_line(omoai, words):
    running = omoai("record", *words)
    out, told = running.communicate(timeout=30)
    assert (running.returncode, out, len(told.splitlines())) == (2, "", 1), told
    assert not alive(running.pid)
