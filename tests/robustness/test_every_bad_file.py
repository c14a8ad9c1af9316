"""Every odd recording through one sitting of the app: each ends as done or with one sentence.

The recordings that broke other programs lie beside the checkout; those that can be made are made
here, so that the test says something in any clone.
"""

from __future__ import annotations

import csv
import os
import struct
import subprocess
import sys
import time
import wave
from pathlib import Path

import psutil
import pytest

from omoai_tui.app import OmoaiApp
from omoai_tui.jobs import Job, JobStatus

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "data" / "tiny-chunkformer"
BAD = ROOT.parent / "shared" / "corpus" / "bad"
SECONDS = 0.5


def pcm(seconds: float = SECONDS, rate: int = 16_000) -> bytes:
    return struct.pack("<h", 900) * int(seconds * rate)


def wav_head(rate: int, size: int, kind: bytes = b"RIFF", bits: int = 16, code: int = 1) -> bytes:
    """Return the head of a mono WAV that claims `size` bytes of sound."""
    width = bits // 8
    form = struct.pack("<HHIIHH", code, 1, rate, rate * width, width, bits)
    large = b"ds64" + struct.pack("<IQQQI", 28, 1 << 33, 1 << 33, 1 << 32, 0)
    parts = [kind, struct.pack("<I", 0xFFFFFFFF), b"WAVE"]
    parts += [large] if kind == b"RF64" else []
    parts += [b"fmt ", struct.pack("<I", 16), form, b"data", struct.pack("<I", size)]
    return b"".join(parts)


def floats(*values: float) -> bytes:
    return (
        wav_head(16_000, 4 * 8000, bits=32, code=3)
        + struct.pack("<f", values[0]) * 4000
        + (struct.pack("<f", values[-1]) * 4000)
    )


MADE: dict[bytes, bytes] = {
    b"0 bytes.wav": b"",
    b"only a header.wav": wav_head(16_000, 0),
    b"no end.wav": wav_head(16_000, 0xFFFFFFFF) + pcm(),
    b"rf64.wav": wav_head(16_000, 0xFFFFFFFF, b"RF64") + pcm(),
    b"nan and inf.wav": floats(float("nan"), float("inf")),
    b"far too loud.wav": floats(1e30, -1e30),
    b"0 Hz.wav": wav_head(0, 16_000) + pcm(),
    b"1 Hz.wav": wav_head(1, 16_000) + pcm(),
    b"one sample.wav": wav_head(16_000, 2) + pcm()[:2],
    b"ten milliseconds.wav": wav_head(16_000, 320) + pcm()[:320],
    b"text.mp3": b"these are words, not sound\n" * 50,
    b"list.mp3": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
    b"list2.mp3": b"ffconcat version 1.0\nfile /etc/passwd\n",
    b"call.mp3": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
    b"line\nbreak.wav": wav_head(16_000, 16_000) + pcm(),
    b"\x1b[31m[b]red.wav": wav_head(16_000, 16_000) + pcm(),
    b"-i %d.wav": wav_head(16_000, 16_000) + pcm(),
    "tệp nói.wav".encode(): wav_head(16_000, 16_000) + pcm(),
    b"\xff\xfe.wav": wav_head(16_000, 16_000) + pcm(),
    b"x" * 251 + b".wav": wav_head(16_000, 16_000) + pcm(),
    b"concat:a.wav": wav_head(16_000, 16_000) + pcm(),
    b"subfile,,start,0,end,9,,:a.wav": wav_head(16_000, 16_000) + pcm(),
}  # fmt: skip


@pytest.fixture
def odd(tmp_path: Path) -> list[str]:
    """Return the paths of everything odd that can be made or found."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for name, content in MADE.items():
        (folder / os.fsdecode(name)).write_bytes(content)
    (folder / "loop.wav").symlink_to("loop.wav")
    os.mkfifo(folder / "pipe.wav")
    made = [str(folder / os.fsdecode(name)) for name in MADE]
    others = [folder, folder / "loop.wav", folder / "pipe.wav", folder / "gone.wav"]
    return [*made, *map(str, others), "/dev/zero", "http://127.0.0.1:9/a.mp3", *corpus()]


def corpus() -> list[str]:
    """Return real broken files: with LONG_TESTS=1 all that lie beside the checkout, else some."""
    if not (BAD / "manifest.tsv").exists():
        return []
    with (BAD / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = [str(BAD / row["file"]) for row in rows]
    return names if os.environ.get("LONG_TESTS") == "1" else names[::8]


async def test_every_odd_recording_in_one_sitting(
    odd: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    monkeypatch.setenv("OMOAI_ASR__ENGINE", "chunkformer")
    monkeypatch.setenv("OMOAI_ASR__MODEL", str(TINY))
    monkeypatch.setenv("OMOAI_ASR__LANGUAGE", "vi")
    monkeypatch.setenv("OMOAI_LIBRARY__KEEP", "false")
    me = psutil.Process()
    before = {child.pid for child in me.children(recursive=True)}
    app = OmoaiApp(odd, folder=str(tmp_path), theme="omoai-night")
    async with app.run_test(size=(100, 30)) as pilot:
        deadline = time.monotonic() + 1200
        assert len(app.queue.jobs) == len(odd)
        while not all(job.status.over for job in app.queue.jobs):
            assert time.monotonic() < deadline, [
                j.name for j in app.queue.jobs if not j.status.over
            ]
            await pilot.pause(0.1)
        ends = dict(zip(odd, app.queue.jobs, strict=True))
        await pilot.press("1", "down", "6", "down", "down")
        await pilot.pause()
        assert app.is_running
        problems = [f"{path!r}: {why}" for path, job in ends.items() if (why := wrong(path, job))]
        await pilot.press("q", "y")
    # What the program does when the app has left the terminal.
    app.release()
    assert problems == []
    left = [child for child in me.children(recursive=True) if child.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=20)
    assert alive == []


def wrong(path: str, job: Job) -> str | None:
    """Return what is not right about how a job ended."""
    good = (b"no end.wav", b"line\nbreak.wav", b"-i %d.wav", b"concat:a.wav", b"\xff\xfe.wav")
    if os.fsencode(Path(path).name) in good and job.status is not JobStatus.DONE:
        return f"{job.status}: {job.reason}"
    if job.status is JobStatus.DONE:
        return None
    if job.status is not JobStatus.FAILED:
        return str(job.status)
    sentence = job.reason
    if not sentence.isprintable() or not sentence.endswith(".") or "Traceback" in sentence:
        return repr(sentence)
    return None if 20 < len(sentence) < 900 else repr(sentence)


def test_the_command_says_one_sentence_and_code_two(odd: list[str], tmp_path: Path) -> None:
    """All in one call: a file that cannot be used stops no other."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OMOAI_")} | {
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "OMOAI_ASR__ENGINE": "chunkformer",
        "OMOAI_ASR__MODEL": str(TINY),
        "OMOAI_ASR__LANGUAGE": "vi",
    }
    with wave.open(str(tmp_path / "last.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm(2))
    command = [sys.executable, "-m", "omoai_engine.cli", "transcribe", "-f", "json", "--"]
    done = subprocess.run(
        [*command, *odd, str(tmp_path / "last.wav")],
        capture_output=True, env=environment, timeout=280, check=False,
    )  # fmt: skip
    told = done.stderr.decode()
    assert done.returncode == 2, told
    assert "Traceback" not in told
    assert "fault of omoai" not in told
    complaints = [line for line in told.splitlines() if line.startswith("omoai: ")]
    assert len(complaints) >= 15, told
    assert "\x1b[31m" not in told
    assert "last.wav" in told, "the last recording was reached"
