"""The review: a transcript of the library is corrected by keys, and every edit is on the disk."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from samples import DATA, screen_text, segment
from test_real_jobs import wait_until
from textual.pilot import Pilot

from omoai_engine.config import load_config
from omoai_engine.library import EditText, Library, Segment
from omoai_engine.results import ASRResult, PipelineResult, Suggestion, SummaryResult
from omoai_tui import review_drafts
from omoai_tui.app import OmoaiApp
from omoai_tui.screens.review_screen import ReviewScreen
from omoai_tui.screens.review_segments import parse_span


def talk() -> PipelineResult:
    """Twelve segments; the third words of 2, 4, 8 and 10 are doubtful, one has an alternative."""
    segments = [segment(index) for index in range(12)]
    words = list(segments[2].words)
    words[2] = replace(words[2], alternatives=(("tặng", 0.25), ("tang", 0.1)))
    segments[2] = replace(segments[2], words=tuple(words))
    return PipelineResult(
        tuple(segments),
        "",
        "",
        SummaryResult("Kế hoạch quý", ("Doanh thu tăng.", "Trời đẹp."), "", {}, ((2,), ())),
        {},
        {"audio_duration": 72.0},
        {"language": "vi", "postprocess": {"words_changed": 0}},
        asr=ASRResult(tuple(segments), "", 72.0),
        suggestions=(Suggestion(1, 2, 2, "rằng"),),
    )


class Sitting:
    """A review of a fresh transcript, and the library beside it."""

    def __init__(self, library: Library, entry: int) -> None:
        self.library, self.entry = library, entry
        self.app = OmoaiApp(theme="omoai-night")
        self.screen = ReviewScreen(entry)

    async def open(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.app.push_screen(self.screen)
        await wait_until(pilot, lambda: self.screen.document and self.screen.document.places)

    def kept(self) -> list[Segment]:
        return list(self.library.transcript(self.entry).segments)

    def texts(self) -> list[str]:
        return [segment.text for segment in self.kept()]

    def told(self, severity: str) -> list[str]:
        return [one.message for one in self.app._notifications if one.severity == severity]

    async def press(self, *keys: str, until: object = None) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        if until is not None:
            await wait_until(self.pilot, until, 30)


@pytest.fixture
def sitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sitting]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with Library.open(load_config()) as library:
        entry = library.store(talk(), title="Họp quý", audio=DATA / "vi-common-voice.mp3")
        yield Sitting(library, entry)


async def test_text_is_edited_in_its_place_and_taken_back(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(80, 24)) as pilot:
        await sitting.open(pilot)
        before = sitting.texts()
        await sitting.press("down", "enter", "end", *" thêm")
        assert "thêm" in screen_text(sitting.app)
        assert sitting.texts() == before, "nothing is kept before Enter"
        await sitting.press("enter", until=lambda: sitting.texts()[1].endswith(" thêm"))
        assert sitting.screen.view.cursor == 1, "the cursor stays"
        await sitting.press("u", until=lambda: sitting.texts() == before)
        await sitting.press("U", until=lambda: sitting.texts()[1].endswith(" thêm"))


async def test_what_was_typed_and_not_kept_is_a_draft_also_after_a_restart(
    sitting: Sitting,
) -> None:
    async with sitting.app.run_test(size=(80, 24)) as pilot:
        await sitting.open(pilot)
        await sitting.press("enter", "end", *" nháp", "escape")
        await wait_until(pilot, lambda: review_drafts.read_drafts(sitting.entry))
        assert "✎" in screen_text(sitting.app)
        assert not sitting.texts()[0].endswith("nháp")
    again = Sitting(sitting.library, sitting.entry)
    async with again.app.run_test(size=(80, 24)) as pilot:
        await again.open(pilot)
        assert "✎" in screen_text(again.app)
        await again.press("enter", "enter", until=lambda: again.texts()[0].endswith(" nháp"))
        await wait_until(pilot, lambda: not review_drafts.read_drafts(sitting.entry))


async def test_segments_are_split_merged_moved_deleted_and_named(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        before = sitting.texts()
        await sitting.press("enter", "home", *(["right"] * 8), "ctrl+s")
        await wait_until(pilot, lambda: len(sitting.texts()) == 13)
        assert sitting.texts()[:2] == ["Hôm nay", before[0][8:]]
        await sitting.press("m", until=lambda: sitting.texts() == before)
        start = sitting.kept()[1].start
        await sitting.press("down", "right_square_bracket")
        await wait_until(pilot, lambda: abs(sitting.kept()[1].start - start - 0.1) < 1e-6)
        await sitting.press("S", *"Lan", "enter")
        await wait_until(pilot, lambda: sitting.kept()[1].speaker == "Lan")
        await wait_until(pilot, lambda: "Lan: Trước" in screen_text(sitting.app))
        await sitting.press("R", *(["backspace"] * 3), *"Minh", "enter")
        await wait_until(pilot, lambda: sitting.kept()[1].speaker == "Minh")
        await sitting.press("g", "x", "x", "d", until=lambda: sitting.texts() == before[2:])
        await sitting.press("u", until=lambda: sitting.texts() == before)


async def test_doubts_are_walked_and_settled_by_one_key_each(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        screen = sitting.screen
        await sitting.press("n")
        assert screen.doubt is not None
        assert (screen.doubt.text, screen.doubt.options[0]) == ("xin", "rằng")
        assert "doubt 1 of 5" in screen_text(sitting.app)
        await sitting.press("a", until=lambda: sitting.library.suggestions(1)[0].state == "refused")
        await wait_until(pilot, lambda: screen.doubt is not None and screen.doubt.text == "tăng")
        assert screen.doubt.options == ("tặng", "tang")
        await sitting.press("1", until=lambda: "tặng" in sitting.texts()[2])
        await wait_until(pilot, lambda: screen.doubt is not None and screen.doubt.text == "câu")
        assert "doubt 3 of 5" in screen_text(sitting.app)
        await sitting.press("f", *"điều", "enter", until=lambda: "điều" in sitting.texts()[4])
        await wait_until(pilot, lambda: screen.doubt is not None and screen.doubt.key == 8)
        assert "left at your pace" in screen_text(sitting.app)
        await sitting.press("a")
        await wait_until(pilot, lambda: screen.doubt is not None and screen.doubt.key == 10)
        await sitting.press("a")
        await wait_until(pilot, lambda: not screen.document.places)
        assert "no doubtful place" in screen_text(sitting.app)
    again = Sitting(sitting.library, sitting.entry)
    async with again.app.run_test(size=(120, 36)) as pilot:
        again.app.push_screen(again.screen)
        await wait_until(pilot, lambda: again.screen.document is not None)
        await pilot.pause(0.3)
        assert not again.screen.document.places, "settled places stay settled"
        await pilot.press("u")
        await wait_until(pilot, lambda: len(again.screen.document.places) == 1)


async def test_what_another_program_wrote_is_not_written_over(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        first = sitting.kept()[0]
        sitting.library.edit(sitting.entry, EditText(first.key, "Của người khác."))
        await pilot.press("enter", "end", "x", "y", "enter")
        await wait_until(pilot, lambda: any("another program" in m for m in sitting.told("error")))
        assert sitting.texts()[0] == "Của người khác."
        document = sitting.screen.document
        assert document is not None
        assert document.drafts == {first.key: first.text + "xy"}
        await wait_until(
            pilot, lambda: sitting.screen.current() and sitting.screen.current().text[:3] == "Của"
        )
        await pilot.press("enter", "enter")  # what was typed is there, and may be kept now
        await wait_until(pilot, lambda: sitting.texts()[0] == first.text + "xy")


async def test_a_fix_is_made_everywhere_and_learned(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        await sitting.press("n", "n", "1", until=lambda: "tặng" in sitting.texts()[2])
        await wait_until(pilot, lambda: sitting.screen.doubt.text == "câu")
        await sitting.press("n", until=lambda: sitting.screen.doubt.text == "tăng")
        await sitting.press("F", until=lambda: "tặng" in sitting.texts()[8])
        await sitting.press("w", "enter")
        await wait_until(pilot, lambda: load_config().asr.hotwords != ())
    words = load_config().asr.hotwords
    assert isinstance(words, Path)
    assert words.read_text("utf-8") == "tặng\n"


async def test_words_are_replaced_without_tones_one_by_one_or_all(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        await sitting.press("slash", *"ke hoach", "enter", *"dự án")
        await wait_until(pilot, lambda: "found: 2" in screen_text(sitting.app))
        await sitting.press("f6", until=lambda: "dự án" in sitting.texts()[0])
        assert "dự án" not in sitting.texts()[6]
        await sitting.press("enter", until=lambda: "dự án" in sitting.texts()[6])


async def test_history_differences_and_the_original(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        before = sitting.texts()
        await sitting.press("enter", "end", *" một", "enter")
        await wait_until(pilot, lambda: sitting.texts()[0].endswith("một"))
        await sitting.press("enter", "end", *" hai", "enter")
        await wait_until(pilot, lambda: sitting.texts()[0].endswith("hai"))
        await sitting.press("D")
        await wait_until(pilot, lambda: "∅ → một hai" in screen_text(sitting.app))
        await sitting.press("escape", "h")
        await wait_until(pilot, lambda: "as recognised" in screen_text(sitting.app))
        await sitting.press("home", "enter", until=lambda: sitting.texts() == before)
        await sitting.press("U", until=lambda: sitting.texts()[0].endswith("một"))
        await sitting.press("O", until=lambda: sitting.texts() == before)
        await sitting.press("u", until=lambda: sitting.texts()[0].endswith("một"))


async def test_the_proof_names_suggestions_and_supports(sitting: Sitting) -> None:
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        assert "0 words changed by the language model" in screen_text(sitting.app)
        await sitting.press("P")
        assert "suggested: xin → rằng" in screen_text(sitting.app)
        await sitting.press("enter")
        assert sitting.screen.doubt is not None
        assert sitting.screen.doubt.suggestion == 1
        await sitting.press(
            "1", until=lambda: sitting.library.suggestions(1)[0].state == "accepted"
        )
        assert "rằng cảm ơn" in sitting.texts()[1]
        await sitting.press("b")
        assert "Doanh thu tăng. [0:12]" in screen_text(sitting.app)
        assert "! Trời đẹp. (no segment supports this)" in " ".join(
            screen_text(sitting.app).split()
        )
        await sitting.press("enter")
        assert sitting.screen.view.cursor == 2


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that runs a Python script on the file; return the script."""
    script = tmp_path / "editor.py"
    monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(script)]))
    return script


async def test_the_whole_transcript_goes_through_an_editor_and_back(
    sitting: Sitting, editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text('utf-8').replace('Hôm nay', 'Sáng nay', 1)\n"
        "path.write_text(text + '[#999 0:00:01.0] ở đâu ra\\n', 'utf-8')\n"
    )
    _without_a_terminal(sitting, monkeypatch)
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        before = sitting.kept()
        await sitting.press("E", until=lambda: sitting.texts()[0].startswith("Sáng nay"))
        after = sitting.kept()
        assert after[0].words[2:] == before[0].words[2:], "words that stayed keep their times"
        await wait_until(pilot, lambda: "ở đâu ra" in screen_text(sitting.app))


async def test_an_editor_that_breaks_changes_nothing_and_keeps_the_file(
    sitting: Sitting, editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor.write_text(
        "import os, pathlib, signal, sys\n"
        "pathlib.Path(sys.argv[1]).write_text('viết dở', 'utf-8')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    _without_a_terminal(sitting, monkeypatch)
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        before = sitting.texts()
        await sitting.press("E", until=lambda: sitting.told("error"))
        (told,) = sitting.told("error")
        assert "nothing was changed" in told
        path = Path(told.rpartition(" in ")[2].rstrip("."))
        assert path.read_text("utf-8") == "viết dở"
        assert sitting.texts() == before


def _without_a_terminal(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test has no terminal to give back to an editor; all else is real."""
    from contextlib import nullcontext

    monkeypatch.setattr(sitting.app, "suspend", nullcontext)


async def test_without_a_sound_output_the_alternatives_are_told(
    sitting: Sitting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    monkeypatch.setenv("PULSE_COOKIE", str(tmp_path / "cookie"))
    monkeypatch.chdir(tmp_path)
    copied: list[str] = []
    monkeypatch.setattr(sitting.app, "copy_to_clipboard", copied.append)
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        await sitting.press("space", until=lambda: sitting.told("warning"))
        (told,) = sitting.told("warning")
        assert "no sound output" in told
        assert "y copies a command" in told
        await sitting.press("y", until=lambda: copied)
        assert "vi-common-voice.mp3 0.00 5.50" in copied[0]
        await sitting.press("Y", "enter", until=lambda: list(tmp_path.glob("*.wav")))


async def test_a_span_is_recognised_again_compared_and_taken(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMOAI_ASR__MODEL", str(DATA / "tiny-chunkformer"))
    monkeypatch.setenv("OMOAI_ASR__LANGUAGE", "vi")
    async with sitting.app.run_test(size=(120, 36)) as pilot:
        await sitting.open(pilot)
        before = sitting.texts()
        await sitting.press("x", "x", "r")
        await wait_until(pilot, lambda: "Recognise again" in screen_text(sitting.app))
        await sitting.press("enter")
        await wait_until(pilot, lambda: "Which one?" in screen_text(sitting.app))
        assert "as it stands" in screen_text(sitting.app)
        await sitting.press("enter", until=lambda: sitting.texts() != before)
        assert sitting.texts()[-10:] == before[2:]
        times = [segment.start for segment in sitting.kept()]
        assert times == sorted(times)
        await sitting.press("u", until=lambda: sitting.texts() == before)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
async def test_it_stands_in_every_window(sitting: Sitting, size: tuple[int, int]) -> None:
    async with sitting.app.run_test(size=size) as pilot:
        await sitting.open(pilot)
        await sitting.press("n", "n")
        screen = screen_text(sitting.app)
        assert "Doanh thu" in screen
        assert "1 tặng" in screen
        await sitting.press("f")
        assert sitting.screen.input.region.height >= 1
        assert sitting.screen.input.selected_text == "tăng"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1:02.5 - 1:05", (62.5, 65.0)),
        ("0:01:02.5 – 0:01:05.0", (62.5, 65.0)),
        ("3 4,5", (3.0, 4.5)),
        ("gì đó", None),
    ],
)
def test_times_are_read_as_people_write_them(text: str, span: object) -> None:
    assert parse_span(text) == span
