"""The microphone of another machine: through the socket, as raw samples and as any stream."""

import os
import socket
import stat
import subprocess
import sys
import time

import numpy as np
import pytest
from sound_tools import find, noise, read_wav

from omoai_engine.config import load_config
from omoai_engine.recording import Phase, Recorder, help_text, list_recordings, socket_path
from omoai_engine.recording.remote import RAW_FORMATS, RawSound, read_line

pytestmark = pytest.mark.usefixtures("no_child_left")


@pytest.fixture
def listening(config, monkeypatch, tmp_path):
    """A recording that waits for senders, at the place that `omoai mic-in` looks at."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    recorder = Recorder(
        config.model_copy(
            update={
                "recording": config.recording.model_copy(
                    update={"sample_rate_hz": None, "channels": None}
                )
            }
        )
    )
    recorder.start(listen=socket_path())
    until = time.monotonic() + 120
    while not socket_path().exists():
        assert time.monotonic() < until, recorder.state
        time.sleep(0.02)
    yield recorder
    recorder.stop()


def mic_in(content, *options):
    command = [sys.executable, "-m", "omoai_engine.cli", "mic-in", *options]
    return subprocess.run(command, input=content, capture_output=True)


def connected(content):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(socket_path()))
    connection.sendall(content)
    return connection


def came(recorder, seconds):
    state = recorder.wait_for(lambda state: state.seconds >= seconds, 120)
    assert state.seconds >= seconds, state
    return state


def waits(recorder):
    state = recorder.wait_for(lambda state: state.phase is Phase.WAITING, 120)
    assert [warning.code for warning in state.warnings] == ["sender"], state


def test_the_socket_is_for_this_user_alone(listening):
    about = socket_path().stat()
    assert stat.S_ISSOCK(about.st_mode)
    assert about.st_mode & 0o777 == 0o600
    assert socket_path().parent.stat().st_mode & 0o777 == 0o700


def test_raw_samples_arrive_as_they_were_sent_also_after_a_broken_connection(listening, folder):
    first, second = noise(1.0, 1), noise(1.0, 2)
    # Cut in the middle of a sample: the ones after it must not be shifted.
    cut = connected(RawSound(16_000, 1, "s16le").to_line() + first.tobytes() + b"\x01")
    came(listening, 1.0)
    cut.close()
    listening.wait_for(lambda state: state.phase is Phase.WAITING, 120)
    waits(listening)
    path = listening.state.path
    done = mic_in(second.tobytes(), "--raw", "16000")
    assert (done.returncode, done.stderr) == (0, b"")
    came(listening, 2.0)
    state = listening.stop()

    assert state.path == path.removesuffix(".part")
    assert np.array_equal(read_wav(state.path)[1], np.concatenate((first, second)))
    assert len(list_recordings(folder)) == 1


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("wav", ["-f", "wav"]),
        ("opus", ["-c:a", "libopus", "-f", "ogg", "-page_duration", "200000"]),
        ("flac", ["-f", "flac"]),
    ],
)
def test_any_stream_of_ffmpeg_is_taken_while_it_comes(listening, kind, options, jfk):
    # It speaks without end: what waits until all was sent hears nothing at all.
    said = ["-re", "-stream_loop", "-1", "-i", str(jfk), "-ac", "1", "-ar", "48000"]
    command = ["ffmpeg", "-v", "error", *said]
    sender = subprocess.Popen([*command, *options, "-"], stdout=subprocess.PIPE)
    taker = subprocess.Popen(
        [sys.executable, "-m", "omoai_engine.cli", "mic-in"], stdin=sender.stdout
    )
    sender.stdout.close()
    state = came(listening, 0.5)
    assert sender.poll() is None, "it came only when all was sent"
    assert (state.rate_hz, state.channels) == (48_000, 1)
    sender.kill()
    sender.wait()
    taker.wait()
    waits(listening)


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_the_very_first_sample_of_a_stream_is_kept(listening, kind):
    """What FFmpeg reads to find out what the stream is belongs to the sound."""
    played = noise(2.0)
    raw = ["-f", "s16le", "-ar", "16000", "-ac", "1"]
    command = ["ffmpeg", "-v", "error", *raw, "-i", "-", "-f", kind, "-"]
    stream = subprocess.run(command, input=played.tobytes(), capture_output=True, check=True)
    assert mic_in(stream.stdout).returncode == 0
    came(listening, 2.0)
    assert np.array_equal(read_wav(listening.stop().path)[1], played)


def test_a_sender_of_another_rate_goes_on_with_the_same_recording(listening):
    came_from = connected(RawSound(16_000, 1, "s16le").to_line() + noise(0.5).tobytes())
    came(listening, 0.5)
    came_from.close()
    waits(listening)
    other = np.zeros((24_000, 2), "<f4") + 0.25
    connected(RawSound(48_000, 2, "f32le").to_line() + other.tobytes()).close()
    came(listening, 0.98)
    state = listening.stop()
    rate, heard = read_wav(state.path)
    assert rate == 16_000
    assert len(heard) == pytest.approx(16_000, abs=200)
    assert heard[12_000] == pytest.approx(8192, abs=10)


def test_a_new_sender_takes_the_place_of_one_that_hangs(listening):
    line = RawSound(16_000, 1, "s16le").to_line()
    first, second = noise(0.5, 1), noise(0.5, 2)
    with connected(line + first.tobytes()):
        came(listening, 0.5)
        with connected(line + second.tobytes()):
            came(listening, 1.0)
    find(np.concatenate((first, second)), read_wav(listening.stop().path)[1])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"OMOAI-PCM rate=0 channels=1 format=s16le\nxxxx", "first line made no sense"),
        (b"this is no sound " * 4000, "stream cannot be used"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" * 100, "stream cannot be used"),
        (b"", ""),
    ],
)
def test_a_strange_sender_is_told_of_and_the_next_one_is_taken(listening, content, sentence):
    with connected(content) as connection:
        connection.shutdown(socket.SHUT_WR)
        if sentence:
            state = listening.wait_for(lambda state: bool(state.warnings), 120)
            assert sentence in state.warnings[0].text
    connected(RawSound(16_000, 1, "s16le").to_line() + noise(0.5).tobytes()).close()
    came(listening, 0.5)


def test_a_second_recording_does_not_take_the_socket(listening, config):
    second = Recorder(config)
    second.start(listen=socket_path())
    state = second.wait_for(lambda state: state.over, 120)
    assert "another recording is listening already" in state.error
    assert listening.state.phase is Phase.WAITING


def test_a_folder_that_cannot_be_written_is_told_before_a_sender_comes(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    recorder = Recorder(load_config(recording={"folder": "/proc/nowhere"}))
    recorder.start(listen=socket_path())
    state = recorder.wait_for(lambda state: state.over, 120)
    assert state.phase is Phase.FAILED
    assert "the recording cannot be written" in state.error
    assert not socket_path().exists()


def test_without_a_recording_the_sender_is_told_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    done = mic_in(b"xx", "--raw", "16000", "--wait", "0.1")
    assert done.returncode == 1
    assert b"no recording listens on this machine. Start `omoai record --listen`" in done.stderr


def test_the_microphone_is_sent_by_our_own_command(sound, listening):
    cli = [sys.executable, "-m", "omoai_engine.cli"]
    sender = subprocess.Popen([*cli, "mic-send", "--rate", "16000"], stdout=subprocess.PIPE)
    taker = subprocess.Popen([*cli, "mic-in"], stdin=sender.stdout)
    sender.stdout.close()
    came(listening, 0.3)
    played = noise(1.0)
    sound.play(played)
    came(listening, 3.0)
    sender.terminate()
    assert sender.wait(10) == 0
    assert taker.wait(10) == 0
    find(played, read_wav(listening.stop().path)[1])


def test_the_line_before_raw_sound_is_read_back():
    for name in RAW_FORMATS:
        raw = RawSound(44_100, 2, name)
        assert read_line(raw.to_line()) == raw
    for line in (
        b"",
        b"OMOAI-PCM \n",
        b"OMOAI-PCM rate=99 channels=1 format=s16le\n",
        os.urandom(9),
    ):
        assert read_line(line) is None


def test_the_help_shows_a_line_for_every_system():
    text = help_text("me@here")
    for word in ("Linux", "macOS", "Windows", "-f pulse", "avfoundation", "dshow"):
        assert word in text
    assert text.count("| ssh me@here omoai mic-in") == 5
