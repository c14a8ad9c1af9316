"""Recording from a real PortAudio device: nothing is lost, and everything is said."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sound_tools import alive, find, noise, read_wav, samples_of

from omoai_engine.config import load_config
from omoai_engine.errors import RecordingError
from omoai_engine.recording import (
    DeviceMeters,
    Phase,
    Recorder,
    RecordingState,
    find_unfinished,
    list_devices,
    list_recordings,
    recover,
    settle,
)

pytestmark = pytest.mark.usefixtures("no_child_left")


def begun(recorder, **options):
    recorder.start(**options)
    state = recorder.wait_for(lambda state: state.seconds > 0, 120)
    assert state.phase is Phase.RECORDING, state
    return state


def play_whole(sound, recorder, samples):
    """Play, and wait until all of it is recorded: starting to play takes a slow machine long."""
    sound.play(samples)
    enough = recorder.state.seconds + len(samples) / 16_000 + 1.0
    state = recorder.wait_for(lambda state: state.seconds > enough, 120)
    assert state.seconds > enough, state


def gone(pid):
    until = time.monotonic() + 120
    while alive(pid):
        assert time.monotonic() < until, "the capture process stays"
        time.sleep(0.02)


def test_every_sample_that_is_played_is_in_the_file(sound, recorder):
    part = Path(begun(recorder).path)
    played = noise(2.0)
    play_whole(sound, recorder, played)
    state = recorder.stop()

    assert (state.phase, state.how, state.error, state.lost) == (Phase.SAVED, "stopped", None, 0)
    assert not part.exists()
    assert Path(state.path).stat().st_mode & 0o777 == 0o600
    assert Path(state.path).parent.stat().st_mode & 0o777 == 0o700
    rate, heard = read_wav(state.path)
    assert rate == 16_000
    assert len(heard) == pytest.approx(state.seconds * rate, abs=8)  # told in milliseconds
    find(played, heard)


def test_pauses_are_left_out_and_marks_are_kept(sound, recorder, folder):
    begun(recorder)
    recorder.mark("first  thing\x1b[31m")
    recorder.pause()
    paused = recorder.wait_for(lambda state: state.phase is Phase.PAUSED, 120)
    assert paused.phase is Phase.PAUSED, paused
    played = noise(0.5)
    sound.play(played)
    time.sleep(1.0)
    assert recorder.state.seconds == pytest.approx(paused.seconds, abs=0.3)
    recorder.resume()
    recorder.wait_for(lambda state: state.seconds > paused.seconds + 0.5, 120)
    recorder.mark()
    state = recorder.stop()

    with pytest.raises(AssertionError, match="as they were played"):
        find(played, read_wav(state.path)[1])
    (found,) = list_recordings(folder)
    assert [mark.label for mark in found.marks] == ["first thing[31m", ""]
    assert found.marks[1].at > found.marks[0].at
    assert (state.marks, state.lost) == (2, 0)


def test_a_silent_microphone_is_told_within_three_seconds_and_so_is_clipping(sound, config):
    said = []
    with Recorder(config, said.append) as recorder:
        begun(recorder)
        recorder.wait_for(lambda state: bool(state.warnings), 120)
        first = next(state for state in said if state.warnings)
        assert [warning.code for warning in first.warnings] == ["silent"]
        assert first.seconds <= 3.0  # of sound: a busy machine hears of it no sooner
        sound.play(np.full(16_000, 32767, np.int16))
        recorder.wait_for(lambda _: any(warned(state, "clipping") for state in said), 120)
        clipping = next(state for state in said if warned(state, "clipping"))
        assert [warning.code for warning in clipping.warnings] == ["clipping"]
        recorder.wait_for(lambda state: state.clipped > 5, 120)
        assert recorder.state.clipped > 5
        recorder.stop()


def warned(state, code):
    return code in [warning.code for warning in state.warnings]


def test_a_capture_process_that_hangs_is_told_and_goes_on_when_it_can(sound, recorder, monkeypatch):
    monkeypatch.setattr("omoai_engine.recording.recorder.SILENCE_SECONDS", 1.0)
    begun(recorder)
    os.kill(recorder.pid, signal.SIGSTOP)
    state = recorder.wait_for(lambda s: "stalled" in [w.code for w in s.warnings], 120)
    assert "keeps it waiting. What was written is kept" in state.warnings[-1].text
    with pytest.raises(RecordingError, match="not saved yet"):
        recorder.stop(timeout=0.3)
    os.kill(recorder.pid, signal.SIGCONT)
    saved = recorder.wait_for(lambda s: s.over, 120)
    assert (saved.phase, saved.how) == (Phase.SAVED, "stopped")
    assert saved.seconds >= state.seconds


@pytest.mark.parametrize("victim", ["capture", "parent", "both"])
def test_killed_at_any_moment_at_most_a_second_is_missing(sound, folder, config, victim):
    """The parent is a program of its own, so that it can be killed."""
    program = (
        "import sys, time\n"
        "from omoai_engine.config import load_config\n"
        "from omoai_engine.recording import Recorder\n"
        f"r = Recorder(load_config(recording={config.recording.model_dump(mode='json')!r}))\n"
        "r.start(); s = r.wait_for(lambda s: s.seconds > 0, 120)\n"
        "print(r.pid, s.path, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    pid, path = parent.stdout.readline().split()
    pid, part = int(pid), Path(os.fsdecode(path))
    played = noise(1.0)
    sound.play(played)
    # Enough of it has been written, however slow the machine: the player itself is in no hurry.
    enough = len(samples_of(part)) + round(16_000 * (1.2 + random.Random(victim).random()))
    until = time.monotonic() + 120
    while len(whole := samples_of(part)) < enough:
        assert time.monotonic() < until, "the recording does not grow"
        time.sleep(0.02)
    if victim == "both":  # or the parent, that sees its child die, makes the recording whole
        parent.send_signal(signal.SIGSTOP)
    if victim in ("capture", "both"):
        os.kill(pid, signal.SIGKILL)
    if victim in ("parent", "both"):
        parent.kill()
    gone(pid)
    if victim == "capture":  # the parent is alive and makes it whole
        until = time.monotonic() + 120
        while part.exists() and time.monotonic() < until:
            time.sleep(0.02)
    parent.kill()
    parent.wait()
    parent.stdout.close()

    until = time.monotonic() + 120  # the last thread of a killed process may live on a little
    while not find_unfinished(folder):
        assert time.monotonic() < until, list_recordings(folder)
    (found,) = find_unfinished(folder)
    assert found.state is (RecordingState.CUT if victim == "both" else RecordingState.WAITING)
    path = recover(found.path)
    _, heard = read_wav(path)
    # Nothing that stood in the file is lost, and what is missing at the end is not a second.
    assert np.array_equal(heard[: len(whole)], whole)
    start = find(played[:8000], heard)
    rest = heard[start : start + len(played)]
    assert np.array_equal(rest, played[: len(rest)])
    assert len(rest) > 8000
    settle(path)
    assert find_unfinished(folder) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_capture_process_closes_the_recording(sound, recorder, number):
    begun(recorder)
    os.kill(recorder.pid, number)
    state = recorder.wait_for(lambda state: state.over, 120)
    assert (state.phase, state.how) == (Phase.SAVED, "terminated")
    assert len(read_wav(state.path)[1]) == pytest.approx(
        state.seconds * 16_000, abs=8
    )  # told in milliseconds


def test_a_device_that_vanishes_is_told_and_everything_is_kept(own_sound, recorder):
    begun(recorder)
    played = noise(1.0)
    play_whole(own_sound, recorder, played)
    own_sound.unplug()
    state = recorder.wait_for(lambda state: state.over, 120)
    assert (state.phase, state.how) == (Phase.SAVED, "device_gone")
    assert "gives no more sound" in state.error
    find(played, read_wav(state.path)[1])


def test_a_sound_server_that_dies_is_told_and_everything_is_kept(own_sound, recorder):
    begun(recorder)
    own_sound.close()
    state = recorder.wait_for(lambda state: state.over, 120)
    assert (state.phase, state.how) == (Phase.SAVED, "device_gone")
    assert len(read_wav(state.path)[1]) > 0


def test_two_recordings_at_once_get_files_of_their_own(sound, config, folder):
    with Recorder(config) as one, Recorder(config) as two:
        paths = {begun(one).path, begun(two).path}
        assert len(paths) == 2
        assert {r.state for r in list_recordings(folder)} == {RecordingState.LIVE}
        assert find_unfinished(folder) == []
        with pytest.raises(RecordingError, match="still being made"):
            recover(Path(paths.pop()))
        assert one.stop().path != two.stop().path


def small_disk(tmp_path):
    """A disk of 1 MiB where we may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if os.getuid() or subprocess.run(mount, capture_output=True).returncode:
        return None
    return disk


def test_a_full_disk_ends_the_recording_and_keeps_it(sound, tmp_path):
    disk = small_disk(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    folder = (disk or tmp_path) / "recordings"
    settings = {"folder": str(folder), "sample_rate_hz": 96_000, "channels": 2, "reserve_mib": 0}
    recorder = Recorder(load_config(recording=settings))
    try:
        if disk is None:  # no file may grow past 1 MiB instead
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
        recorder.start()
        state = recorder.wait_for(lambda state: state.over, 120)
        assert (state.phase, state.how) == (Phase.SAVED, "disk_full")
        assert "disk" in state.error
        size = Path(state.path).stat().st_size
        assert size > 900_000
        assert len(read_wav(state.path)[1]) == (size - 80) // 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if disk is not None:
            subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_nearly_full_disk_is_told_and_the_reserve_is_left(sound, tmp_path):
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    settings = {"folder": str(tmp_path / "r"), "sample_rate_hz": 16_000}
    warned = Recorder(load_config(recording={**settings, "warn_minutes": free}))
    begun(warned)
    state = warned.wait_for(lambda state: any(w.code == "disk" for w in state.warnings), 120)
    assert any("nearly full" in warning.text for warning in state.warnings)
    warned.stop()
    reserved = Recorder(load_config(recording={**settings, "reserve_mib": (free >> 20) * 2}))
    reserved.start()
    state = reserved.wait_for(lambda state: state.over, 120)
    assert "the disk is full" in state.error


def test_without_a_device_one_sentence_says_so(no_sound, recorder):
    assert [device for device in list_devices() if device.inputs] == []
    recorder.start()
    state = recorder.wait_for(lambda state: state.over, 120)
    assert state.phase is Phase.FAILED
    assert "no microphone on this machine" in state.error
    assert "omoai record --listen" in state.error


def test_without_portaudio_one_sentence_says_so(config, monkeypatch, tmp_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    recorder = Recorder(config)
    recorder.start()
    state = recorder.wait_for(lambda state: state.over, 120)
    assert "the PortAudio library is not installed. Install it: `apt install" in state.error
    with pytest.raises(RecordingError, match="PortAudio library"):
        list_devices()


@pytest.mark.parametrize(
    ("recording", "device", "sentence"),
    [
        ({}, "no such thing", "there is no microphone named 'no such thing'"),
        ({"folder": "/proc/nowhere"}, None, "the recording cannot be written"),
    ],
)
def test_what_cannot_be_recorded_is_one_sentence(sound, folder, recording, device, sentence):
    recorder = Recorder(load_config(recording={"folder": str(folder), **recording}))
    recorder.start(device)
    state = recorder.wait_for(lambda state: state.over, 120)
    assert state.phase is Phase.FAILED
    assert sentence in state.error
    assert not folder.exists() or list_recordings(folder) == []


def test_an_app_that_does_not_listen_holds_nothing_up(sound, config, folder):
    from dataclasses import asdict

    from omoai_engine.recording.capture import Request

    request = Request(str(folder), None, None, 16_000, 1, 0, 60.0)
    code = "from omoai_engine.recording.capture import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(asdict(request))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    # Its pipe holds some 16 s of snapshots: fill it, so that the first seconds are like later ones.
    import fcntl

    fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, 4096)
    until = time.monotonic() + 120
    while not (found := list_recordings(folder)) or found[0].seconds < 3.0:
        assert time.monotonic() < until
        time.sleep(0.05)
    child.stdin.close()
    assert child.wait(10) == 0
    child.stdout.close()
    (found,) = find_unfinished(folder)
    assert (found.state, found.how) == (RecordingState.WAITING, "orphaned")


def test_the_devices_are_listed_with_the_default_and_their_levels(sound):
    found = list_devices()
    (default,) = [device for device in found if device.default_input]
    heard = {}
    with DeviceMeters([default.index, 999], heard.update):
        until = time.monotonic() + 120
        while not heard.get(default.index) or heard[default.index].peak == 0:
            assert time.monotonic() < until, heard
            sound.play(noise(0.5))
            time.sleep(0.3)
    assert 0.1 < heard[default.index].peak < 0.9
    assert heard[999].error == "there is no such device any more"


def test_the_capture_process_loads_nothing_heavy(sound, recorder):
    begun(recorder)
    maps = Path(f"/proc/{recorder.pid}/maps").read_text()
    for name in ("numpy", "torch", "onnxruntime", "av.libs"):
        assert name not in maps
