from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiral_core.cli import main
from spiral_core.training.run_folder import RunFolder

pytest.importorskip("tensorboardX")


def test_runs_are_listed_with_how_far_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with RunFolder.create("runs/deep/one", config_text="", seed=0, command=[]) as run:
        run.log(12_800, {"phase": "warm start", "score": 0.5, "minutes": 3.25})
        run.save_agent({}, {}, {})
    RunFolder.create("runs/empty", config_text="", seed=0, command=[]).close()
    RunFolder.create("runs/bad", config_text="", seed=0, command=[]).close()
    Path("runs/bad/run.json").write_text("{")
    with RunFolder.create("runs/two", config_text="", seed=0, command=[]):
        assert main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["run", "phase", "frames", "score", "minutes", "last", "change", "state"]
    assert lines[1].startswith("bad ")
    assert "broken: runs/bad/run.json: cannot be read" in lines[1]
    assert lines[2].split()[:6] == ["deep/one", "warm", "start", "12,800", "0.5000", "3.2"]
    assert lines[2].endswith(" finished")
    assert lines[3].split()[:2] == ["empty", "0"]
    assert lines[3].split()[-2:] == ["ago", "stopped"]
    assert lines[4].endswith(f"running (process {os.getpid()})")


def test_a_folder_without_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(tmp_path)]) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"{tmp_path}: no runs in here\n")
    assert main(["runs", str(tmp_path / "no")]) == 2
