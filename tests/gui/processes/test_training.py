from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gui.processes.training import start_training, stop_training
from spiral_core.errors import OutputError, RunError
from spiral_core.training.run_folder import RunFolder
from spiral_core.training.run_lock import holder


def wait_for(what: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def test_a_training_runs_on_its_own_and_stops_with_a_checkpoint(tmp_path: Path) -> None:
    run = tmp_path / "new" / "tiny"
    started = start_training("tiny", run, seed=7, overrides=["run.log_updates=1"])
    try:
        assert os.getsid(started.pid) == started.pid != os.getsid(0)
        wait_for(lambda: (run / "metrics.jsonl").exists() and (run / "metrics.jsonl").read_text().count("\n"))
        assert holder(run) == f"process {started.pid}"
        assert not (run / "latest").exists()
        stop_training(run)
        wait_for(lambda: started.exit_code() is not None)
    finally:
        started.stop()
    assert started.exit_code() == 130
    assert (run / "latest").exists()
    assert '"seed": 7' in (run / "run.json").read_text()
    assert "log_updates = 1" in (run / "config.toml").read_text()
    assert f"go on with: spiral resume {run}" in started.last_lines()
    assert started.log == tmp_path / "new" / "tiny.log"


def test_what_goes_wrong_is_said_of_this_start_alone(tmp_path: Path) -> None:
    (tmp_path / "wrong.log").write_text("an older tale\n")
    config = tmp_path / "wrong.toml"
    config.write_text("[[phase]]\nkind = 'dance'\n")
    started = start_training(config, tmp_path / "wrong")
    wait_for(lambda: started.exit_code() is not None)
    assert started.exit_code() == 2
    assert "dance" in started.last_lines()
    assert "older tale" not in started.last_lines()
    assert not (tmp_path / "wrong").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/run\.log: cannot be written"):
        start_training("tiny", tmp_path / "file" / "run")


def test_only_who_holds_the_folder_is_stopped(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "a", config_text="", seed=0, command=["spiral"]) as run:
        bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            # As when the holder lives on another machine, where this number is its own.
            (run.path / "lock").write_text(f"{bystander.pid}\n")
            with pytest.raises(RunError, match=f"process {bystander.pid}.* is not ours here"):
                stop_training(run.path)
        finally:
            bystander.communicate(b"\n", timeout=30)
        assert bystander.returncode == 0
    with pytest.raises(RunError, match="nobody trains"):
        stop_training(tmp_path / "a")
