"""Which places lie on a network disk: told by the mount table and links alone, never by a look."""

from __future__ import annotations

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
        return silent_places._is_far(tmp_path.joinpath(*names), far)

    assert leads("far")
    assert leads("far", "deep", "inside")
    assert leads("link", "file")
    assert leads("near", "up")
    assert leads("near", "..", "far", "x")
    assert not leads("near", "not there")
    assert not leads("farther")
    assert not leads("round", "x")
    assert silent_places._is_far(Path("/any"), ["/"])


def test_the_table_of_mounts_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "30 22 0:50 / /home/lan\\040anh rw shared:2 master:1 - nfs4 server:/home rw\n"
        "31 22 0:51 / /media/usb rw - fuseblk /dev/sdb1 rw\n"
        "32 22 0:52 / /remote rw - fuse.sshfs host: rw\n"
        "33 32 0:53 / /remote rw - tmpfs none rw\n"
        "34 22 0:54 / /share rw - cifs //server/share rw\n"
        "a line of another kind\n"
    )
    monkeypatch.setattr(silent_places, "MOUNTS", table)
    assert silent_places._far_mounts() == ["/home/lan anh", "/share"]
    monkeypatch.setattr(silent_places, "MOUNTS", tmp_path / "none")
    assert silent_places._far_mounts() == []
