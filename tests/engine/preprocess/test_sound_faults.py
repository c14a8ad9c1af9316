"""Whatever happens while sound is read: a clear end, no process left, nothing else read."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sound_makers import DATA, encode, noise, read, tone, wav

import omoai_engine.preprocess
from omoai_engine.config import AudioSettings
from omoai_engine.control import JobControl
from omoai_engine.errors import AudioInputError, CancelledError, WorkerDiedError
from omoai_engine.preprocess import open_audio

SETTINGS = AudioSettings()
ROOT = Path(omoai_engine.preprocess.__path__[0]).parents[1]


def sparse_wav(path: Path, seconds: float) -> Path:
    """A WAV of silence that takes no room on the disk."""
    size = int(seconds * 16_000) * 2
    head = bytearray(wav(tone(1.0))[:44])
    head[4:8], head[40:44] = struct.pack("<I", size + 36), struct.pack("<I", size)
    path.write_bytes(head)
    os.truncate(path, 44 + size)
    return path


@pytest.fixture
def long_wav(tmp_path: Path) -> Path:
    return sparse_wav(tmp_path / "long.wav", 600)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def run(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python that has the engine and prints what it is asked to."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_decoder_that_is_killed_is_told_of(long_wav: Path) -> None:
    with open_audio(long_wav, SETTINGS) as source:
        next(source)
        os.kill(source.decoder_pid, signal.SIGKILL)
        with pytest.raises(WorkerDiedError, match="SIGKILL"):
            list(source)
        with pytest.raises(WorkerDiedError):
            next(source)


def test_a_decoder_that_hangs_is_given_up(long_wav: Path) -> None:
    with open_audio(long_wav, AudioSettings(stall_seconds=1.0)) as source:
        os.kill(source.decoder_pid, signal.SIGSTOP)
        with pytest.raises(AudioInputError, match="no sound came for 1 seconds"):
            list(source)


def test_a_slow_consumer_or_a_long_pause_is_no_hang(tmp_path: Path) -> None:
    control = JobControl()
    short = AudioSettings(stall_seconds=0.6)
    with open_audio(sparse_wav(tmp_path / "s.wav", 60), short, control=control) as source:
        next(source)
        time.sleep(1.0)
        next(source)
        control.pause()
        threading.Timer(1.0, control.resume).start()
        blocks = list(source)
    assert blocks[-1].end == 60.0


def test_a_paused_job_reads_nothing_until_it_goes_on(long_wav: Path) -> None:
    control = JobControl()
    ends: list[float] = []
    with open_audio(long_wav, SETTINGS, control=control) as source:
        next(source)
        control.pause()
        reader = threading.Thread(target=lambda: ends.extend(block.end for block in source))
        reader.start()
        time.sleep(0.5)
        assert ends == []
        control.resume()
        reader.join()
    assert ends[-1] == 600.0


def test_cancelling_ends_the_job_and_its_process(long_wav: Path) -> None:
    control = JobControl()
    source = open_audio(long_wav, SETTINGS, control=control)
    pid = source.decoder_pid
    next(source)
    control.cancel()
    with pytest.raises(CancelledError):
        next(source)
    assert is_gone(pid)


def test_cancelling_wakes_who_waits_for_a_stream() -> None:
    control = JobControl()
    receiver, sender = os.pipe()
    with os.fdopen(receiver, "rb") as stream, os.fdopen(sender, "wb"):
        threading.Timer(0.3, control.cancel).start()
        with pytest.raises(CancelledError):
            open_audio(stream, SETTINGS, control=control)
        os.write(sender, b"x")  # Lets go of the thread that reads the stream.


def test_closing_wakes_a_reader_in_another_thread(long_wav: Path) -> None:
    source = open_audio(long_wav, SETTINGS)
    os.kill(source.decoder_pid, signal.SIGSTOP)
    errors: list[BaseException] = []

    def consume() -> None:
        try:
            list(source)
        except CancelledError as error:
            errors.append(error)

    reader = threading.Thread(target=consume)
    reader.start()
    time.sleep(0.3)
    source.close()
    reader.join(10)
    assert len(errors) == 1
    source.close()


def test_a_source_that_is_forgotten_takes_its_process_along(long_wav: Path) -> None:
    source = open_audio(long_wav, SETTINGS)
    pid = source.decoder_pid
    del source
    wait_for(lambda: is_gone(pid))


HOLD = """
    import sys, time
    from omoai_engine.config import AudioSettings
    from omoai_engine.preprocess import open_audio
    source = open_audio(sys.argv[1], AudioSettings())
    next(source)
    print(source.decoder_pid, flush=True)
    time.sleep(600)
"""


def test_no_decoder_outlives_a_killed_parent(long_wav: Path) -> None:
    with run(HOLD, str(long_wav)) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
        wait_for(lambda: is_gone(pid))


def test_a_busy_decoder_does_not_outlive_a_killed_parent_either(tmp_path: Path) -> None:
    # A fork of the parent keeps copies of all its pipes open.
    code = HOLD.replace("time.sleep(600)", "import os; os.fork(); time.sleep(600)")
    long = sparse_wav(tmp_path / "long.wav", 600)
    with run(code, str(long)) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_for(lambda: len(psutil.Process(parent.pid).children()) == 2)
        forks = [c for c in psutil.Process(parent.pid).children() if c.pid != pid]
        parent.kill()
        wait_for(lambda: is_gone(pid))
        for fork in forks:
            fork.kill()


def test_ctrl_c_in_the_terminal_does_not_reach_the_decoder(long_wav: Path) -> None:
    with open_audio(long_wav, SETTINGS) as source:
        assert os.getsid(source.decoder_pid) != os.getsid(0)
        os.kill(source.decoder_pid, signal.SIGINT)
        assert len(list(source)) == 1200


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    broken = bytearray(encode(tone(5.0, rate=44_100), "mp3", "libmp3lame", 44_100))
    broken[5000:20_000] = noise(1.0).tobytes()[:15_000]
    read(bytes(broken))
    with pytest.raises(AudioInputError):
        read(b"not a sound at all" * 50)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_shrinks_while_it_is_read_gives_what_is_left(long_wav: Path) -> None:
    with open_audio(long_wav, SETTINGS) as source:
        next(source)
        os.truncate(long_wav, 44 + 300 * 32_000)
        blocks = list(source)
    assert blocks[-1].end == pytest.approx(300, abs=1)
    assert any("5:00 of the 10:00" in notice for notice in source.notices)


def test_a_file_that_grows_or_disappears_while_it_is_read_stays_good(tmp_path: Path) -> None:
    path = tmp_path / "growing.wav"
    path.write_bytes(wav(tone(60.0), data_size=0xFFFF_FFFF))
    with open_audio(path, SETTINGS) as source:
        next(source)
        with path.open("ab") as file:
            file.write(bytes(32_000 * 10))
        path.unlink()
        blocks = list(source)
    assert 60.0 <= blocks[-1].end <= 70.0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    code = """
        import os, pathlib, sys
        from omoai_engine.config import AudioSettings
        from omoai_engine.preprocess import open_audio

        def peak(pid):
            status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
            return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

        for path in sys.argv[1:]:
            with open_audio(path, AudioSettings()) as source:
                for block in source:
                    if block.end > source.info.duration - 10 and block.start % 1 == 0:
                        child = peak(source.decoder_pid)
                    if block.end > source.info.duration - 5:
                        break
            print(peak(os.getpid()), child)
    """
    short, long = sparse_wav(tmp_path / "a.wav", 30), sparse_wav(tmp_path / "b.wav", 1800)
    with run(code, str(short), str(long)) as process:
        out, _ = process.communicate()
    parent_short, child_short, parent_long, child_long = map(int, out.split())
    # Half an hour is 115 MB of samples.
    assert parent_long - parent_short < 10_000
    assert child_long - child_short < 10_000


def test_the_decoder_imports_nothing_heavy() -> None:
    code = """
        import sys
        import omoai_engine.preprocess.child
        heavy = {"torch", "onnxruntime", "pydantic", "textual", "omoai_engine.config", "scipy"}
        print(sorted(heavy & set(sys.modules)))
    """
    with run(code) as process:
        out, _ = process.communicate()
    assert out.strip() == "[]"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = """
        import sys
        import omoai_engine.preprocess
        from omoai_engine.preprocess import is_media_name, open_audio
        heavy = {"torch", "onnxruntime", "pydantic", "av", "omoai_engine.config"}
        print(sorted(heavy & set(sys.modules)))
    """
    with run(code) as process:
        out, _ = process.communicate()
    assert out.strip() == "[]"


@pytest.mark.parametrize("in_folder", [False, True])
def test_a_module_in_the_current_folder_is_never_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_folder: bool
) -> None:
    for name in ("av", "numpy", "json", "omoai_engine"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    monkeypatch.chdir(tmp_path)
    path = "sound.mp3" if in_folder else str(DATA / "en-jfk.mp3")
    (tmp_path / "sound.mp3").write_bytes((DATA / "en-jfk.mp3").read_bytes())
    assert len(read(path)[0]) == 176_000


def test_the_decoder_gives_up_files_connections_and_memory(tmp_path: Path) -> None:
    code = """
        import fcntl, os, socket
        from omoai_engine.preprocess.confine import OUTPUT, confine, stand_alone
        from omoai_engine.preprocess.wire import Request
        receiver, sender = os.pipe()
        held = fcntl.fcntl(sender, fcntl.F_DUPFD, 100)
        request = Request(False, 0, 1, 100.0, 256, False, receiver)
        stand_alone(request)
        confine(request)
        said = []
        def attempt(name, action):
            try:
                action()
                said.append(name + " worked")
            except (OSError, MemoryError) as error:
                said.append(type(error).__name__)
        attempt("open", lambda: open("/etc/passwd"))
        attempt("socket", socket.socket)
        attempt("pipe", os.pipe)
        attempt("memory", lambda: bytearray(400 << 20))
        attempt("some memory", lambda: bytearray(100 << 20))
        os.write(OUTPUT, ", ".join(said).encode())
        os._exit(0)
    """
    with run(code) as process:
        out, _ = process.communicate()
    assert out == "OSError, OSError, OSError, MemoryError, some memory worked"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A local web server: its port, and what was asked of it."""
    import http.server

    asked: list[str] = []
    sound = wav(tone(2.0))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(sound)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    thread.join()
    server.server_close()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXT-X-MEDIA-SEQUENCE:0\n"
    "#EXTINF:9.0,\n{target}\n#EXT-X-ENDLIST\n",
    "hls key": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n"
    '#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:9.0,\n{target}\n#EXT-X-ENDLIST\n',
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT9S">'
    '<Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>\n",
    "pls": "[playlist]\nFile1={target}\nNumberOfEntries=1\n",
    "m3u": "{target}\n",
    "concat protocol": "concat:{target}|{target}\n",
    "rtsp text": "RTSPtext\nrtsp://127.0.0.1:{port}/x\n",
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>\n',
    "smil": '<smil><body><audio src="{target}"/></body></smil>\n',
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_reads_no_other_file_and_no_network(
    tmp_path: Path, listener: tuple[int, list[str]], kind: str
) -> None:
    port, asked = listener
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav(tone(2.0)))
    before = secret.stat().st_atime_ns
    for target in (str(secret), f"file:{secret}", "secret.wav", f"http://127.0.0.1:{port}/a.mp3"):
        trap = tmp_path / "trap.mp3"
        trap.write_text(PLAYLISTS[kind].format(target=target, port=port))
        with pytest.raises(AudioInputError, match="sound or video file"):
            read(trap)
    assert asked == []
    assert secret.stat().st_atime_ns == before
