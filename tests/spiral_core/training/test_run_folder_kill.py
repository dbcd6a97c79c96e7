from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from spiral_core.training.run_folder import RunFolder
from spiral_core.training.run_lock import holder

pytest.importorskip("torch")

SCRIPT = Path(__file__).with_name("killed_run.py")


class Nursery:
    """Starts small trainings into one folder, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self._line() == "ready"

    def start(self, command: str) -> int:
        assert self._process.stdin is not None
        print(command, file=self._process.stdin, flush=True)
        return int(self._line())

    def end(self) -> int:
        return int(self._line())

    def run(self, command: str) -> int:
        self.start(command)
        return self.end()

    def close(self) -> None:
        self._process.communicate(timeout=30)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("killed") / "run")
    yield nursery
    nursery.close()


@pytest.fixture
def nursery(started: Nursery) -> Nursery:
    shutil.rmtree(started.folder, ignore_errors=True)
    return started


def outcome(folder: Path) -> dict[str, Any]:
    """Return all that must not depend on how often a run was killed."""
    with RunFolder.open(folder) as run:
        checkpoint = run.load_checkpoint()
    assert checkpoint is not None
    return {
        "metrics": (folder / "metrics.jsonl").read_bytes(),
        "samples": {path.name: path.read_bytes() for path in (folder / "samples").iterdir()},
        "checkpoints": sorted(path.name for path in (folder / "checkpoints").iterdir()),
        "latest": (folder / "latest").read_text(),
        "weights": checkpoint.weights["policy"]["weight"].tolist(),
        "agent": (folder / "agent.safetensors").read_bytes(),
        "others": sorted(path.name for path in folder.iterdir()),
    }


@pytest.fixture(scope="module")
def uninterrupted(started: Nursery) -> dict[str, Any]:
    shutil.rmtree(started.folder, ignore_errors=True)
    assert started.run("train") == 0
    result = outcome(started.folder)
    shutil.rmtree(started.folder)
    assert result["metrics"].count(b"\n") == 18
    assert result["checkpoints"] == ["000000150", "000000180"]
    return result


def is_left(folder: Path) -> bool:
    """Wait until nobody holds the folder: a child that its killed parent has just started may, shortly."""
    deadline = time.monotonic() + 10
    while holder(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    return holder(folder) is None


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(
    nursery: Nursery, uninterrupted: dict[str, Any]
) -> None:
    rng = random.Random(7)
    began = time.monotonic()
    assert nursery.run("train") == 0
    duration = time.monotonic() - began
    shutil.rmtree(nursery.folder)
    killed = 0
    for _ in range(200):
        child = nursery.start("train")
        time.sleep(rng.uniform(0, 0.7 * duration))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        code = nursery.end()
        assert code in (0, -signal.SIGKILL)
        killed += code != 0
        assert is_left(nursery.folder)
        if killed >= 12 and code == 0:
            break
        if code == 0:
            shutil.rmtree(nursery.folder)
    assert killed >= 12
    assert nursery.run("train") == 0
    assert outcome(nursery.folder) == uninterrupted


@pytest.mark.slow
def test_a_run_killed_before_a_change_to_the_disk_ends_as_one_that_was_not(
    nursery: Nursery, uninterrupted: dict[str, Any]
) -> None:
    limit, kills = 1, 0
    while True:
        if nursery.folder.exists():
            shutil.rmtree(nursery.folder)
        first = nursery.run(f"until {limit}")
        if first == 0:
            break
        assert first == 9
        # Once more on what it has left, so that the clearing up is interrupted as well.
        assert nursery.run(f"until {1 + limit % 7}") == 9
        assert nursery.run("train") == 0
        assert outcome(nursery.folder) == uninterrupted, f"killed before change {limit}"
        # Every change until the run is made; then in strides that meet other changes of each checkpoint.
        limit += 1 if limit < 12 else 7
        kills += 2
    assert kills > 50


@pytest.mark.slow
def test_events_of_a_killed_run_tell_every_step_once(
    nursery: Nursery,
    uninterrupted: dict[str, Any],
    read_events: Callable[[Path], dict[str, dict[int, float]]],
) -> None:
    for limit in (60, 30, 30):
        assert nursery.run(f"until {limit}") == 9
    assert nursery.run("train") == 0
    assert outcome(nursery.folder) == uninterrupted
    assert len(list((nursery.folder / "events").iterdir())) > 1
    rows = [json.loads(line) for line in uninterrupted["metrics"].splitlines()]
    told = read_events(nursery.folder / "events")
    assert set(told) == {"score"}
    assert told["score"] == pytest.approx({row["frames"]: row["score"] for row in rows})
