"""Which places lie on a network disk: told by the mount table and links alone, never by a look."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from omoai_engine import silent_places


def test_the_way_is_followed_without_setting_foot_there(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").mkdir()
    (tmp_path / "link").symlink_to("near/../far")
    (tmp_path / "near" / "up").symlink_to(tmp_path / "link" / "inside")
    (tmp_path / "round").symlink_to("round")
    far = [str(tmp_path / "far")]

    def leads(*names: str) -> bool:
        return bool(silent_places._mount_of(tmp_path.joinpath(*names), far))

    assert leads("far")
    assert leads("far", "deep", "inside")
    assert leads("link", "file")
    assert leads("near", "up")
    assert leads("near", "..", "far", "x")
    assert not leads("near", "not there")
    assert not leads("farther")
    assert not leads("round", "x")
    assert silent_places._mount_of(Path("/any"), ["/"]) == "/"
    inner = f"{far[0]}/deep"
    assert silent_places._mount_of(tmp_path / "far/deep/x", [*far, inner]) == inner
    assert silent_places._mount_of(tmp_path / "far/deep/../x", ["/", *far, inner]) == far[0]


def test_the_table_of_mounts_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "30 22 0:50 / /home/lan\\040anh rw shared:2 master:1 - nfs4 server:/home rw\n"
        "31 22 0:51 / /media/usb rw - fuseblk /dev/sdb1 rw\n"
        "32 22 0:52 / /remote rw - fuse.sshfs host: rw\n"
        "33 32 0:53 / /remote rw - tmpfs none rw\n"
        "34 22 0:54 / /share rw - cifs //server/share rw\n"
        "35 22 0:55 / /odd rw - a_kind_of_tomorrow x rw\n"
        "a line of another kind\n"
    )
    monkeypatch.setattr(silent_places, "MOUNTS", table)
    assert silent_places._far_mounts() == ["/home/lan anh", "/share", "/odd"]
    table.write_text("22 1 8:1 / / rw - btrfs /dev/sda1 rw\n40 22 0:9 / /tmp rw - tmpfs x rw\n")
    assert silent_places._far_mounts() == []
    monkeypatch.setattr(silent_places, "MOUNTS", tmp_path / "none")
    assert silent_places._far_mounts() == []


def test_what_else_one_can_do_is_what_the_place_comes_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("OMOAI_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "passing"))
    advice = {place.name: place.other for place in reversed(silent_places.own_places())}
    if sys.platform == "linux":
        assert "XDG_DATA_HOME" in advice["data"]
        assert "HOME" in advice["settings"]
        assert "XDG" not in advice["settings"] + advice["state"] + advice["cache"]
    assert tmp_path / "passing" in [place.path for place in silent_places.own_places()]
    inside = {path.name for path in (one.path for one in silent_places.own_places())}
    assert {"themes", "templates", "unfinished"} <= inside, "each may be a link to another disk"
    monkeypatch.setenv("OMOAI_CONFIG", str(tmp_path / "a.toml"))
    assert silent_places.own_places()[0].path == tmp_path / "a.toml"
