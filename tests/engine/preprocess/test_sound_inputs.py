"""What callers may hand in: every kind of path and stream gives sound or one clear sentence."""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sound_makers import DATA, encode, read, tone, wav

from omoai_engine.config import AudioSettings
from omoai_engine.errors import AudioInputError, AudioNotFoundError
from omoai_engine.preprocess import (
    get_audio_info,
    is_media_name,
    open_audio,
    preprocess_audio_bytes,
    preprocess_audio_to_tensor,
    preprocess_file_to_wav_bytes,
    validate_audio_input,
)

SETTINGS = AudioSettings()


@pytest.mark.parametrize(
    "name",
    [
        b"t\xe1\xbb\x87p n\xc3\xb3i.wav",
        b"\xff\xfe not utf-8.wav",
        b"line\nbreak.wav",
        b"\x1b[31mred.wav",
        b"-i.wav",
        b"[b]%d 100%.wav",
        b"concat:a.wav",
        b"http:x.wav",
        b"pipe:0",
        b"x" * 251 + b".wav",
    ],
)
@pytest.mark.parametrize("relative", [False, True])
def test_any_file_name_is_only_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes, relative: bool
) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(wav(tone(1.0)))
    monkeypatch.chdir(tmp_path)
    samples, source = read(path.name if relative else path)
    assert len(samples) == 16_000
    assert source.info.name.isprintable()


def test_a_name_that_is_too_long_or_no_name_says_so(tmp_path: Path) -> None:
    for name, what in (
        ("x" * 256, "name is too long"),
        ("a\0b.wav", "no file name"),
        ("", "no file was named"),
    ):
        with pytest.raises(AudioInputError, match=what):
            open_audio(name, SETTINGS)


@pytest.mark.parametrize("name", ["missing.wav", "file.wav/inside.wav", "http://localhost/a.mp3"])
def test_a_missing_file_is_also_a_file_not_found_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.wav").write_bytes(b"x")
    with pytest.raises(FileNotFoundError) as caught:
        open_audio(f"{tmp_path}/{name}", SETTINGS)
    assert isinstance(caught.value, AudioNotFoundError)
    assert str(caught.value).startswith(str(tmp_path))
    assert "no such file" in str(caught.value)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo, loop, sock = tmp_path / "fifo.wav", tmp_path / "loop.wav", tmp_path / "sock.wav"
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(sock))
        for path, what in (
            (tmp_path, "a folder"),
            (fifo, "a named pipe"),
            (sock, "a socket"),
            (Path("/dev/zero"), "a device"),
            (loop, "lead in a circle"),
        ):
            with pytest.raises(AudioInputError, match=what):
                open_audio(path, SETTINGS)


def test_a_forbidden_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.wav"
    path.write_bytes(wav(tone(1.0)))
    path.chmod(0)
    # Root may read everything, so the attempt is made as nobody.
    code = (
        "import os, sys; from omoai_engine.preprocess.opening import open_regular\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "try: open_regular(os.fsencode(sys.argv[1]))\n"
        "except Exception as error: print(error)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "there is no permission to read it" in done.stdout
    assert done.stderr == ""


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "link.wav"
    link.symlink_to(DATA / "en-jfk.mp3")
    assert get_audio_info(link)["duration"] == pytest.approx(11.0)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_sound_in_memory_is_read(kind: Callable[[bytes], Any]) -> None:
    samples, _ = read(kind((DATA / "en-jfk.mp3").read_bytes()))
    assert len(samples) == 176_000


def test_names_of_what_this_process_holds_open_mean_that(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(tone(1.0)))
    with path.open("rb") as file:
        for name in (f"/dev/fd/{file.fileno()}", f"/proc/self/fd/{file.fileno()}"):
            samples, _ = read(name)
            assert len(samples) == 16_000
    reading, writing = os.pipe()
    with pytest.raises(AudioInputError, match="a named pipe"):
        read(f"/dev/fd/{reading}")
    os.close(reading)
    os.close(writing)
    with pytest.raises(AudioNotFoundError, match="no such file"):
        read(f"/dev/fd/{reading}")


def test_memory_with_gaps_is_read() -> None:
    data = wav(tone(1.0))
    apart = bytes(byte for value in data for byte in (value, 0))
    samples, _ = read(memoryview(apart)[::2])
    assert len(samples) == 16_000


@pytest.mark.parametrize("buffering", [-1, 0])
def test_an_open_file_is_read_from_where_it_stands_and_left_there(
    tmp_path: Path, buffering: int
) -> None:
    path = tmp_path / "behind.bin"
    path.write_bytes(b"something else" + wav(tone(1.0)))
    with path.open("rb", buffering=buffering) as stream:
        stream.read(len(b"something else"))
        samples, source = read(stream)
        assert stream.tell() == len(b"something else")
    assert len(samples) == 16_000
    assert source.info.name == "behind.bin"
    assert source.info.size_bytes == len(wav(tone(1.0)))


def test_a_stream_in_memory_is_read_from_where_it_stands() -> None:
    stream = io.BytesIO(b"something else" + wav(tone(1.0)))
    stream.seek(len(b"something else"))
    assert len(read(stream)[0]) == 16_000


def test_a_compressed_stream_gives_its_content_and_not_its_file(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav.gz"
    path.write_bytes(gzip.compress(wav(tone(1.0))))
    with gzip.open(path) as stream:
        assert len(read(stream)[0]) == 16_000


def test_an_m4a_with_its_index_at_the_end_comes_through_a_pipe() -> None:
    data = encode(tone(5.0, rate=44_100), "mp4", "aac", 44_100)
    assert data.index(b"moov") > data.index(b"mdat")
    receiver, sender = os.pipe()

    def write() -> None:
        with os.fdopen(sender, "wb") as target:
            target.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(receiver, "rb") as stream:
        samples, _ = read(stream)
    writer.join()
    assert len(samples) / 16_000 == pytest.approx(5.0, abs=0.1)


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    receiver, sender = os.pipe()
    os.set_blocking(receiver, False)
    data = wav(tone(1.0))
    with os.fdopen(receiver, "rb", buffering=0) as stream:
        timer = threading.Timer(0.3, lambda: (os.write(sender, data), os.close(sender)))
        timer.start()
        samples, _ = read(stream)
        timer.join()
    assert len(samples) == 16_000


class Breaking(io.RawIOBase):
    """A stream that breaks in the middle."""

    def __init__(self, data: bytes) -> None:
        self._parts = [data[:1000]]

    def read(self, size: int = -1) -> bytes:
        if self._parts:
            return self._parts.pop()
        raise ConnectionResetError("the other side hung up")


class Endless(io.RawIOBase):
    """A stream that never ends."""

    def read(self, size: int = -1) -> bytes:
        return bytes(size)


class Wordy:
    """Claims to be a stream and gives text."""

    def read(self, size: int = -1) -> str:
        return "text"


def test_streams_that_cannot_be_used_say_why() -> None:
    closed = io.BytesIO(b"x")
    closed.close()
    for stream, what in (
        (Breaking(wav(tone(1.0))), "the other side hung up"),
        (io.StringIO("text"), "gives text"),
        (Wordy(), "gives no bytes"),
        (closed, "is closed"),
        (12, "cannot be read from a int"),
        (io.BytesIO(b""), "is empty"),
    ):
        bad: Any = stream
        with pytest.raises(AudioInputError, match=what):
            open_audio(bad, SETTINGS)


def test_a_stream_that_never_ends_is_refused() -> None:
    limited = AudioSettings(max_stream_bytes=3_000_000)
    endless: Any = Endless()
    with pytest.raises(AudioInputError, match="longer than 3000000 bytes"):
        open_audio(endless, limited)


def test_a_whole_recording_becomes_one_tensor() -> None:
    tensor = preprocess_audio_to_tensor(DATA / "en-jfk.mp3")
    assert tuple(tensor.shape) == (1, 176_000)
    assert str(tensor.dtype) == "torch.float32"
    samples, _ = read(DATA / "en-jfk.mp3")
    assert np.array_equal(tensor.numpy()[0], samples)


def test_a_tensor_grows_where_the_header_tells_too_little() -> None:
    short = encode(tone(2.0, rate=44_100), "flac", "flac", 44_100)
    assert preprocess_audio_to_tensor(short + short).shape[1] == 4 * 16_000


def test_wav_bytes_hold_the_same_sound() -> None:
    data = (DATA / "vi-common-voice.mp3").read_bytes()
    converted = preprocess_audio_bytes(data)
    assert converted == preprocess_file_to_wav_bytes(DATA / "vi-common-voice.mp3")
    told = get_audio_info(converted)
    assert (told["codec"], told["sample_rate"], told["channels"]) == ("pcm_s16le", 16_000, 1)
    before, after = read(data)[0], read(converted)[0]
    assert np.abs(before - after).max() <= 1 / 32_768
    assert preprocess_audio_bytes(converted) == converted


def test_checking_leaves_a_stream_where_it_stood() -> None:
    stream = io.BytesIO(b"skip" + wav(tone(2.0)))
    stream.seek(4)
    info = validate_audio_input(stream)
    assert info is not None
    assert info.duration == pytest.approx(2.0)
    assert stream.tell() == 4
    assert get_audio_info(stream)["duration"] == pytest.approx(2.0)
    assert stream.tell() == 4


def test_checking_does_not_use_up_what_cannot_be_put_back() -> None:
    receiver, sender = os.pipe()
    with os.fdopen(receiver, "rb") as stream, os.fdopen(sender, "wb") as writer:
        writer.write(b"x" * 100)
        writer.flush()
        assert validate_audio_input(stream) is None
        assert stream.read1() == b"x" * 100


def test_checking_raises_what_transcribing_would() -> None:
    with pytest.raises(AudioInputError, match="longer than"):
        validate_audio_input(DATA / "vi-common-voice.mp3", max_duration=10)
    with pytest.raises(AudioInputError, match="no sound or video file"):
        validate_audio_input(b"just some words\n" * 100)
    with pytest.raises(AudioInputError, match="holds no sound"):
        validate_audio_input(wav(tone(1.0)[:0]))


def test_media_are_told_by_their_suffix() -> None:
    for name in ("a.mp3", "B.WAV", "c.d.m4a", "film.mkv", "tiếng.opus"):
        assert is_media_name(name)
    for name in ("a.txt", "mp3", ".mp3", "a.m3u8", "a.mp3.part", ""):
        assert not is_media_name(name)
