from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiral_core.errors import OutputError
from spiral_core.files import atomic_path, make_folder, write_atomic


def test_replaces_the_old_content_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomic(path, "old")
    write_atomic(path, "new\n")
    assert path.read_bytes() == b"new\n"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failure_half_way_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomic(path, "old")

    def fail_half_way() -> None:
        with atomic_path(path) as draft:
            draft.write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_writes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_atomic(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text(encoding="utf-8") == "new"


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    write_atomic(tmp_path / "ours", "x")
    (tmp_path / "plain").write_text("x", encoding="utf-8")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_missing_folder_directory_and_device_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing" / "a.txt", tmp_path, Path(os.devnull)):
        with pytest.raises(OutputError, match=str(path)):
            write_atomic(path, "x")


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make this folder"):
        make_folder(tmp_path / "file" / "sub")
    assert make_folder(tmp_path / "x" / "y").is_dir()
