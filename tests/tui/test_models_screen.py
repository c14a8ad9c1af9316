"""The models screen: what is there, what can be had, and nothing fetched without a yes.

The hub is a real HTTP server on loopback; the downloader is the engine's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from samples import QuietApp, screen_text
from textual.pilot import Pilot

from omoai_tui.screens.models_screen import ModelList, ModelsScreen

sys.path.append(str(Path(__file__).parents[1] / "engine" / "models"))
from hub_server import TINY, Hub, serving

NAME = "chunkformer-large-vie"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("HF_HOME", raising=False)
    with serving() as state:
        monkeypatch.setenv("HF_ENDPOINT", state.address)
        yield state


async def shows(pilot: Pilot[None], *words: str) -> str:
    """Wait until the screen has all of these words."""
    text = ""
    for _ in range(400):
        text = " ".join(screen_text(pilot.app).replace("│", " ").split())  # type: ignore[arg-type]
        if all(word in text for word in words):
            return text
        await pilot.pause(0.05)
    raise AssertionError(f"never showed {words}; shows: {text}")


async def opened(pilot: Pilot[None]) -> ModelList:
    await pilot.press("M")
    await shows(pilot, "Installed", NAME)
    models = pilot.app.screen.query_one(ModelList)
    number = next(
        index for index, row in enumerate(models.rows) if getattr(row, "name", "") == NAME
    )
    models.show_block(number)
    return models


async def test_a_model_is_fetched_only_after_size_and_licence_were_agreed_to(
    tmp_path: Path, hub: Hub
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        text = await shows(pilot, f"Download {NAME}?", "licence:")
        assert "cc-by-4.0" in text.lower()
        assert hub.address in text
        folder = tmp_path / "data" / "omoai" / "models" / NAME
        assert "y download" in text
        assert not any("/resolve/" in path for path in hub.asked), "only its description was read"
        await pilot.press("n", "y")
        await pilot.pause(0.2)
        assert not any("/resolve/" in path for path in hub.asked)
        await pilot.press("enter")
        await shows(pilot, f"Download {NAME}?")
        await pilot.press("y")
        await shows(pilot, "is installed and its hashes are right")
        assert folder.is_dir()
        await pilot.press("v")
        await shows(pilot, "every file is as published")
        await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, ModelsScreen)
        assert app.conductor.overrides["asr"] == {"model": NAME, "engine": "auto"}
        said = [note.message for note in app._notifications]
        assert any(f"transcribed with {NAME} from now on" in sentence for sentence in said)


async def test_what_goes_wrong_is_one_sentence_and_can_be_tried_again(
    tmp_path: Path, hub: Hub
) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        hub.spoil = "config.yaml"
        await pilot.press("enter")
        await shows(pilot, "Download")
        await pilot.press("y")
        await shows(pilot, "not the published file")
        hub.spoil = None
        await pilot.press("enter")
        await shows(pilot, "y download")
        await pilot.press("y")
        await shows(pilot, "is installed and its hashes are right")


async def test_without_a_network_it_says_so(
    tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await shows(pilot, "the hub cannot be reached")
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.bench


async def test_a_folder_on_disk_can_be_used(tmp_path: Path, hub: Hub) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("o", *str(tmp_path), "enter")
        await shows(pilot, "holds no complete model")
        await pilot.press("o", *str(TINY), "enter")
        for _ in range(200):
            if app.screen is app.bench:
                break
            await pilot.pause(0.05)
        assert app.conductor.overrides["asr"]["model"] == str(TINY)
