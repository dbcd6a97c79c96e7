"""The command `spiral-gui` before any window is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gui.__main__ import main


def test_without_a_screen_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 2
    assert "there is no screen here" in capsys.readouterr().err


def test_the_installed_command_needs_a_screen_and_says_so_in_one_line() -> None:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in screens}
    command = Path(sys.executable).with_name("spiral-gui")
    run = subprocess.run([command], capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)


def test_without_qt_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gui.__main__.find_spec", lambda name: None)
    assert main([]) == 2
    assert "make gui" in capsys.readouterr().err


def test_it_comes_into_the_menu_and_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert main(["--install-desktop"]) == 0
    written = [Path(line.removeprefix("wrote ")) for line in capsys.readouterr().out.splitlines()]
    assert len(written) == 3
    assert all(path.is_file() and tmp_path in path.parents for path in written)
    assert main(["--uninstall-desktop"]) == 0
    assert not any(path.exists() for path in written)
