"""`omoai compare` as a person meets it: two transcripts in, rates and places out."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from omoai_command import COMMAND, Home

REFERENCE = "Xin chào, anh Nam! Hôm nay trời đẹp. Anh đi đâu đấy?\n"
SRT = """1
00:00:01,000 --> 00:00:03,000
xin chào anh Nam hôm nay giời đẹp.

2
00:01:05,000 --> 00:01:08,000
Anh đi đâu đâu đấy.
"""


@pytest.fixture
def files(omoai: Home) -> tuple[Path, Path]:
    reference, hypothesis = omoai.folder / "ref.txt", omoai.folder / "họp.srt"
    reference.write_text(REFERENCE, encoding="utf-8")
    hypothesis.write_text(SRT, encoding="utf-8")
    return reference, hypothesis


def test_rates_and_places_with_their_times_are_shown_without_colours(
    omoai: Home, files: tuple[Path, Path]
) -> None:
    ended = omoai.run("compare", *files)
    shown = ended.stdout.decode()
    assert ended.returncode == 0
    assert ["words", "16.67%", "2", "12", "1", "1", "0"] in [
        line.split() for line in shown.splitlines()
    ]
    assert "00:00:01  …anh Nam hôm nay [-trời-] [+giời+] đẹp. Anh đi đâu…" in shown
    assert "00:01:05  …giời đẹp. Anh đi [+đâu+] đâu đấy.…" in shown
    assert "\x1b" not in shown


def test_json_holds_every_count_and_place(omoai: Home, files: tuple[Path, Path]) -> None:
    ended = omoai.run("compare", "--json", *files)
    document = json.loads(ended.stdout)
    assert document["schema"] == "omoai.comparison/1"
    assert document["words"] == {
        "rate": pytest.approx(2 / 12),
        "reference": 12,
        "right": 11,
        "substitutions": 1,
        "insertions": 1,
        "deletions": 0,
    }
    assert document["by_mark"]["?"]["missed"] == 1
    assert document["capitals"]["deletions"] == 2
    assert {"start": 1.0, "end": 3.0, "words": True, "reference": "trời", "hypothesis": "giời"} in (
        document["differences"]
    )


def test_places_can_be_narrowed_and_left_out(omoai: Home, files: tuple[Path, Path]) -> None:
    words = omoai.run("compare", "--diff", "words", *files).stdout.decode()
    assert "Places with other words: 2." in words
    assert "[-Xin chào,-]" not in words
    assert "[-" not in omoai.run("compare", "--diff", "none", *files).stdout.decode()


def test_a_transcript_may_be_a_number_of_the_library(omoai: Home, files: tuple[Path, Path]) -> None:
    assert omoai.run("library", "import", files[1]).returncode == 0
    document = json.loads(omoai.run("compare", "--json", files[0], "1").stdout)
    assert document["words"]["reference"] == 12
    assert omoai.run("compare", files[0], "4711").returncode == 2


def test_text_that_our_own_export_wrote_with_times_is_read_without_them(omoai: Home) -> None:
    (omoai.folder / "a.txt").write_text("[00:00:01] Một hai.\n\n[00:01:02] Ba.\n")
    (omoai.folder / "b.txt").write_text("Một hai. Ba.\r\n", encoding="utf-8-sig")
    ended = omoai.run("compare", "a.txt", "b.txt")
    assert "No place differs." in ended.stdout.decode()


@pytest.mark.parametrize("content", [b"\xff\x00\xd8\xff", b"", b"... !\n", b"{broken", None])
def test_what_is_no_transcript_is_one_sentence(omoai: Home, content: bytes | None) -> None:
    bad = omoai.folder / "bad.txt"
    if content is not None:
        bad.write_bytes(content)
    ended = omoai.run("compare", bad, bad)
    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1
    assert b"bad.txt" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_escape_codes_in_a_transcript_never_reach_the_terminal(omoai: Home) -> None:
    (omoai.folder / "a.txt").write_text("một \x1b[31mhai\x1b]0;x\x07 ba")
    (omoai.folder / "b.txt").write_text("một hai bốn")
    ended = omoai.run("compare", "a.txt", "b.txt")
    assert b"\x1b" not in ended.stdout
    assert b"\x07" not in ended.stdout


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_stand_on_a_terminal_only_and_never_with_no_color(
    omoai: Home, files: tuple[Path, Path], more: dict[str, str], coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in omoai.environment(**more).items() if k != "NO_COLOR" or more}
    with subprocess.Popen(
        [*COMMAND, "compare", *files], stdin=theirs, stdout=theirs, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    assert "trời".encode() in shown
    assert (b"\x1b[31m" in shown) is coloured
