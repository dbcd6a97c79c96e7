from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spiral_core.errors import RunError
from spiral_core.training import run_lock
from spiral_core.training.run_lock import RunLock, holder

HOLD = """
import sys, time
from pathlib import Path
from spiral_core.training.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_another_process_is_named_and_its_end_frees_the_folder(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    assert holder(tmp_path) == f"process {other.pid}"
    with pytest.raises(RunError, match=f"{tmp_path}: process {other.pid} is training into this folder"):
        RunLock(tmp_path)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert holder(tmp_path) is None
    RunLock(tmp_path).release()


def test_a_folder_is_held_until_it_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "_TRIES", 1)
    assert holder(tmp_path) is None
    lock = RunLock(tmp_path)
    assert holder(tmp_path) == f"process {os.getpid()}"
    with pytest.raises(RunError, match=f"process {os.getpid()}"):
        RunLock(tmp_path)
    lock.release()
    lock.release()
    assert holder(tmp_path) is None


def test_a_forked_child_does_not_keep_its_parents_folder(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom spiral_core.training.run_lock import RunLock\n"
        "lock = RunLock(Path(sys.argv[1]))\n"
        "child = os.fork()\n"
        "if child:\n    print(child, flush=True)\n    os._exit(0)\n"
        "os.close(1)\ntime.sleep(60)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True, check=True
    )
    child = int(run.stdout)
    try:
        os.kill(child, 0)
        assert holder(tmp_path) is None
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_place_that_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere/lock: cannot be locked: No such file or directory"):
        RunLock(tmp_path / "nowhere")
