"""Every test run has folders of its own: no settings, models or transcripts of the person's."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure of a property.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

DATA = Path(__file__).parent / "data"
_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch for machines that have everything."""
    parser.addoption("--fail-on-skip", action="store_true", help="a skipped test is a failure here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where the run asks for it."""
    report = yield
    if report.skipped and item.config.getoption("--fail-on-skip"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but this machine has everything: {report.longrepr}"
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Point the XDG folders to a new place and forget the person's own settings."""
    root = tempfile.mkdtemp(prefix="omoai-tests-")
    config.stash[_ROOT] = root
    # A run in the background (`pytest &`, `nohup`) hands ignored signals on to every program that
    # the tests start and then ask to stop.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
    for variable in [name for name in os.environ if name.startswith("OMOAI_")]:
        del os.environ[variable]
    for folder in _FOLDERS:
        os.environ[folder] = str(Path(root) / folder.lower())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folders."""
    shutil.rmtree(config.stash[_ROOT], ignore_errors=True)


_ROOT = pytest.StashKey[str]()


@pytest.fixture(autouse=True)
def no_setting_left() -> Iterator[None]:
    """Fail a test that leaves a setting behind: the tests after it would run with it."""
    before = {name for name in os.environ if name.startswith("OMOAI_")}
    yield
    left = {name for name in os.environ if name.startswith("OMOAI_")} - before
    for name in left:
        del os.environ[name]
    assert not left


@pytest.fixture(autouse=True)
def nothing_unfinished() -> Iterator[None]:
    """Let no job go on from where one of another test ended."""
    yield
    shutil.rmtree(Path(os.environ["XDG_DATA_HOME"]) / "omoai" / "unfinished", ignore_errors=True)


@pytest.fixture
def vietnamese() -> Path:
    """Return 85 s of Vietnamese utterances with pauses."""
    return DATA / "vi-common-voice.mp3"


@pytest.fixture
def english() -> Path:
    """Return 53 s of an English poem."""
    return DATA / "en-librivox-sonnet.mp3"


@pytest.fixture
def jfk() -> Path:
    """Return 11 s of English."""
    return DATA / "en-jfk.mp3"


@pytest.fixture
def no_child_left() -> Iterator[None]:
    """Fail a test that leaves a child process behind."""
    import psutil

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [c for c in psutil.Process().children(recursive=True) if c.pid not in before]
    psutil.wait_procs(left, timeout=60)
    assert [child.cmdline() for child in left if child.is_running()] == []
