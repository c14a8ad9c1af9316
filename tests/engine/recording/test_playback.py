"""A stretch of a recording: cut out, played, or told how to play elsewhere."""

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from sound_tools import find, noise, read_wav

from omoai_engine.errors import RecordingError
from omoai_engine.preprocess import open_audio
from omoai_engine.recording import clip, play, play_command

pytestmark = pytest.mark.usefixtures("no_child_left")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "noise.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(noise(3.0).tobytes())
    return path


def test_a_clip_of_a_recording_has_its_very_samples(file):
    content = io.BytesIO(clip(file, 1.0, 1.5))
    with wave.open(content) as sound:
        assert sound.getframerate() == 16_000
        heard = np.frombuffer(sound.readframes(1 << 20), "<i2")
    assert np.array_equal(heard, noise(3.0)[16_000:24_000])


def test_a_clip_of_any_file_has_the_length_asked_for(jfk, tmp_path):
    command = [sys.executable, "-m", "omoai_engine.cli", "clip", str(jfk), "2", "4.5"]
    done = subprocess.run(command, capture_output=True, check=True)
    (tmp_path / "clip.wav").write_bytes(done.stdout)
    rate, heard = read_wav(tmp_path / "clip.wav")
    assert len(heard) == 2.5 * rate
    assert np.abs(heard).max() > 1000


@pytest.mark.parametrize(("start", "end"), [(2.0, 2.0), (5.0, 1.0), (60.0, 70.0)])
def test_a_clip_of_nothing_is_refused(file, start, end):
    with pytest.raises(RecordingError, match=r"nothing between|ends before"):
        clip(file, start, end)


def test_a_clip_is_played(sound, file, recorder):
    recorder.start()
    recorder.wait_for(lambda state: state.seconds > 0, 120)
    assert play(file, 0.5, 1.5).wait(20)
    state = recorder.stop()
    # A player may pause between its blocks on a busy machine: look for pieces.
    played, heard = noise(3.0)[8_000:24_000], read_wav(state.path)[1]
    find(played[4000:5000], heard)


def test_a_clip_is_stopped_at_once(sound, file):
    ended = []
    playing = play(file, 0.0, 3.0, on_end=lambda: ended.append(True))
    assert playing.playing
    playing.stop()
    assert not playing.playing
    assert ended == [True]


def test_without_an_output_the_alternatives_are_told(no_sound, file):
    with pytest.raises(RecordingError) as told:
        play(file, 1.0, 2.0)
    assert "there is no sound output on this machine. Export the clip" in str(told.value)
    assert play_command(file, 1.0, 2.0) in str(told.value)


def test_the_command_for_elsewhere_quotes_names():
    line = play_command(Path("/a b/it's.wav"), 1, 2)
    remote = subprocess.run(
        ["sh", "-c", line.replace("ssh", "printf '%s\\n'").partition(" | ")[0]],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-1]
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {remote}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert words == ["omoai", "clip", "/a b/it's.wav", "1.00", "2.00"]


@pytest.mark.parametrize("kind", ["mp3", "flac", "m4a", "ogg"])
def test_a_clip_from_the_middle_of_a_coded_file_is_what_stands_there(vietnamese, tmp_path, kind):
    coded = tmp_path / f"coded.{kind}"
    order = ["ffmpeg", "-loglevel", "error", "-i", str(vietnamese), str(coded)]
    subprocess.run(order, check=True)
    with open_audio(coded) as blocks:
        whole = np.concatenate([block.samples for block in blocks])
    with wave.open(io.BytesIO(clip(coded, 41.3, 42.3))) as sound:
        heard = np.frombuffer(sound.readframes(1 << 20), "<i2").astype(np.float32) / 32767
    there = whole[round(41.3 * 16_000) :][: len(heard)]
    assert len(heard) == 16_000
    # AAC writes some noise anew at every decoding, so not to the sample.
    assert np.corrcoef(heard, there)[0, 1] > 0.95
