"""Fetching a model over real HTTP: resumed, checked, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hub_server import COMMIT, TINY, Hub

from omoai_engine.config import OmoAIConfig
from omoai_engine.control import JobControl
from omoai_engine.errors import (
    CancelledError,
    ModelCorruptError,
    ModelError,
    ModelNotFoundError,
)
from omoai_engine.models import find_spec, find_whisper_base_parts, resolve_model
from omoai_engine.models.catalogue import ModelSpec
from omoai_engine.models.download import DownloadProgress, download_model, remove_model
from omoai_engine.models.hub import HubUnreachableError, _SafeRedirects, make_plan
from omoai_engine.models.verify import check_model

ROOT = Path(__file__).parents[3]


def spec_named(name: str) -> ModelSpec:
    spec = find_spec(name)
    assert spec is not None
    return spec


@pytest.fixture
def spec() -> ModelSpec:
    return spec_named("chunkformer-rnnt-large-vie")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "data" / "omoai" / "models"


def assert_is_tiny(folder: Path) -> None:
    for path in TINY.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()


def test_the_plan_tells_size_and_licence_before_anything_is_fetched(
    hub: Hub, spec: ModelSpec
) -> None:
    plan = make_plan(spec)

    assert plan.commit == COMMIT
    assert plan.licence == "cc-by-4.0"
    assert plan.size == sum(path.stat().st_size for path in TINY.iterdir())
    assert hub.asked == [f"/api/models/{spec.repository}?blobs=true"]


def test_a_model_arrives_whole_and_can_be_used(
    hub: Hub, spec: ModelSpec, models: Path, config: OmoAIConfig
) -> None:
    seen: list[DownloadProgress] = []
    plan = make_plan(spec)

    folder = download_model(plan, models, on_progress=seen.append)

    assert_is_tiny(folder)
    assert resolve_model(config, language="vi").folder == folder
    assert [step.done for step in seen] == sorted(step.done for step in seen)
    assert (seen[-1].done, seen[-1].total) == (plan.size, plan.size)
    assert not list((models / ".downloads").glob("*/*"))


def test_pinned_files_are_fetched_without_asking_what_there_is(hub: Hub, models: Path) -> None:
    parts = find_whisper_base_parts()
    if parts is None:
        pytest.skip("the `offline` extra is not installed")
    hub.files = {
        name: b"".join(path.read_bytes() for path in parts.sources(name))
        for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
    }
    hub.lfs = frozenset({"model.bin"})

    spec = spec_named("base")
    folder = download_model(make_plan(spec), models)

    check_model(folder, spec, thorough=True, hint="")
    assert not [path for path in hub.asked if path.startswith("/api")]


def test_a_cut_connection_goes_on_where_it_ended(hub: Hub, spec: ModelSpec, models: Path) -> None:
    hub.cut_after, hub.cuts = 300_000, 2

    folder = download_model(make_plan(spec), models)

    assert_is_tiny(folder)
    assert hub.ranges == ["bytes=300000-", "bytes=600000-"]


def test_a_download_given_up_is_resumed_by_the_next(
    hub: Hub, spec: ModelSpec, models: Path
) -> None:
    hub.cut_after, hub.cuts = 500_000, 99
    # After the first piece nothing more comes: the server breaks at once.
    plan = make_plan(spec)
    control = JobControl()

    def stop(step: DownloadProgress) -> None:
        if step.file == "model.safetensors":
            control.cancel()

    with pytest.raises(CancelledError):
        download_model(plan, models, on_progress=stop, control=control)
    assert not (models / spec.name).exists()
    kept = list((models / ".downloads" / spec.name).glob("model.safetensors.*.part"))
    assert kept
    have = kept[0].stat().st_size
    assert have > 0
    hub.cuts = 0

    assert_is_tiny(download_model(plan, models))
    assert hub.ranges == [f"bytes={have}-"]


def test_a_server_that_cannot_resume_is_asked_for_the_whole(
    hub: Hub, spec: ModelSpec, models: Path
) -> None:
    hub.cut_after, hub.cuts, hub.resumes = 300_000, 1, False

    assert_is_tiny(download_model(make_plan(spec), models))


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
def test_changed_bytes_are_thrown_away(hub: Hub, spec: ModelSpec, models: Path, name: str) -> None:
    # One has a SHA-256 with the hub, the other only a Git blob id: both are proof.
    hub.spoil = name

    with pytest.raises(ModelCorruptError, match=name):
        download_model(make_plan(spec), models)

    assert not (models / spec.name).exists()
    hub.spoil = None
    assert_is_tiny(download_model(make_plan(spec), models))


def test_a_file_that_is_gone_is_named(hub: Hub, spec: ModelSpec, models: Path) -> None:
    plan = make_plan(spec)
    del hub.files["vocab.txt"]

    with pytest.raises(ModelNotFoundError, match=r"HTTP 404.*|vocab\.txt"):
        download_model(plan, models)


def test_a_repository_that_is_gone_or_incomplete_is_said(hub: Hub, spec: ModelSpec) -> None:
    del hub.files["config.yaml"]
    with pytest.raises(ModelError, match=r"it has no config\.yaml"):
        make_plan(spec)

    hub.refuse_with = 401
    with pytest.raises(ModelNotFoundError, match="HTTP 401"):
        make_plan(spec)


def test_a_server_that_only_fails_is_given_up(hub: Hub, spec: ModelSpec, models: Path) -> None:
    plan = make_plan(spec)
    hub.refuse_with = 503

    with pytest.raises(ModelError, match="HTTP 503"):
        download_model(plan, models, retries=1)


def test_no_network_is_one_sentence(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")

    with pytest.raises(HubUnreachableError, match="the hub cannot be reached: Connection refused"):
        make_plan(spec)


def test_junk_for_an_answer_is_one_sentence(
    hub: Hub, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for junk in (b"<html>", b"[]", b"{}", b'{"sha": 3}', b'{"sha": "' + b"a" * 40 + b'"}'):
        monkeypatch.setattr(hub, "description", lambda junk=junk: junk)
        with pytest.raises(ModelError, match="cannot be used"):
            make_plan(spec)


def test_an_address_that_is_none_names_the_variable(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "file:///etc")

    with pytest.raises(ModelError, match="HF_ENDPOINT"):
        make_plan(spec)


def test_nobody_is_sent_from_https_to_http() -> None:
    request = urllib.request.Request("https://hub/x")

    with pytest.raises(urllib.error.URLError, match="unprotected"):
        _SafeRedirects().redirect_request(request, None, 302, "", {}, "http://cdn/x")


def test_a_full_disk_is_said_and_the_start_is_kept(hub: Hub, spec: ModelSpec, models: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path;"
        "from omoai_engine.models import find_spec;"
        "from omoai_engine.models.download import download_model;"
        "from omoai_engine.models.hub import make_plan;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000,) * 2);"
        f"download_model(make_plan(find_spec({spec.name!r})), Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(models)], cwd=ROOT, capture_output=True, text=True
    )

    assert "there is no room for the model" in done.stderr.splitlines()[-1]
    assert not (models / spec.name).exists()
    assert_is_tiny(download_model(make_plan(spec), models))


def test_another_process_that_fetches_the_same_is_noticed(
    hub: Hub, spec: ModelSpec, models: Path
) -> None:
    import fcntl

    plan = make_plan(spec)
    (models / ".downloads").mkdir(parents=True)
    with (models / ".downloads" / f".{spec.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match="another omoai is fetching"):
            download_model(plan, models)


def test_a_damaged_model_is_noticed_when_it_is_used(
    hub: Hub, spec: ModelSpec, models: Path, config: OmoAIConfig
) -> None:
    folder = download_model(make_plan(spec), models)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(5000)
        file.write(b"junk")

    with pytest.raises(ModelCorruptError, match=r"model\.safetensors.*SHA-256"):
        resolve_model(config, language="vi")


def test_removing_deletes_that_model_alone(hub: Hub, spec: ModelSpec, models: Path) -> None:
    folder = download_model(make_plan(spec), models)

    assert remove_model(models, spec.name) == folder
    assert not folder.exists()
    for name in (spec.name, "..", ".downloads", ""):
        with pytest.raises(ModelNotFoundError):
            remove_model(models, name)
