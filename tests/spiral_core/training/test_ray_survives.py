"""A training on Ray whose samplers and whose learner are killed again and again, as a person starts it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tomli_w

FRAMES = 96_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 14_400
NUM_KILLS = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1
"""Of samplers, and as many of the learner: Ray's start costs ten CPU seconds; `make soak` takes the time."""
_PATIENCE_S = 240.0


@pytest.mark.ray
@pytest.mark.slow
def test_a_training_on_ray_ends_with_all_its_frames(runner: Any, tmp_path: Path) -> None:
    table = runner.table(
        {"kind": "reinforce", "frames": FRAMES, "reward": {"l2": 1.0}, "learner": {"algorithm": "vtrace"}},
        engine={"kind": "ray", "samplers": 2, "batch": 16},
    )
    config, run = tmp_path / "config.toml", tmp_path / "run"
    config.write_text(tomli_w.dumps(table))
    rng = random.Random(4)
    victims = rng.sample(["sampler"] * NUM_KILLS + ["learner"] * NUM_KILLS, 2 * NUM_KILLS)
    moments = sorted(rng.randrange(FRAMES // 20, FRAMES * 19 // 20) for _ in victims)
    mark = f"SPIRAL_TEST={run}"
    process = start(mark, "train", str(config), "-o", str(run))
    lost = restarts = 0
    for victim, moment in zip(victims, moments, strict=True):
        await_frames(run, moment, process)
        time.sleep(rng.uniform(0.0, 0.2))  # not always right after a line of the curve
        if victim == "learner":
            last = lines_of(run)[-1]
            lost, restarts = lost + last["lost"], restarts + last["restarts"]
            process.kill()
            process.communicate()
            process = start(mark, "resume", str(run))
        else:
            os.kill(rng.choice(await_samplers(mark)), signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    lines = lines_of(run)
    lost, restarts = lost + lines[-1]["lost"], restarts + lines[-1]["restarts"]
    sys.stdout.write(
        f"{NUM_KILLS} samplers, {NUM_KILLS} learners killed; {lost:.0f} batches lost, "
        f"{restarts:.0f} restarts\n"
    )
    assert [line["frames"] for line in lines] == sorted({line["frames"] for line in lines})
    assert lines[-1]["frames"] == FRAMES
    assert (run / "agent.safetensors").exists()
    # A sampler that died shortly before its learner was not seen to be replaced.
    assert 0 < restarts <= NUM_KILLS
    assert lost >= restarts
    assert not samplers(mark)


def start(mark: str, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "spiral_core.cli", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | dict([mark.split("=")]),
    )


def lines_of(run: Path) -> list[dict[str, Any]]:
    path = run / "metrics.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def await_frames(run: Path, frames: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has trained to so many frames itself."""
    path = run / "metrics.jsonl"
    size = path.stat().st_size if path.exists() else 0
    for _ in range(int(_PATIENCE_S / 0.02)):
        lines = lines_of(run)
        if lines and lines[-1]["frames"] >= frames and path.stat().st_size != size:
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"no {frames} frames: {process.communicate()[1].decode()[-2000:]}")


def await_samplers(mark: str) -> list[int]:
    """Wait until a sampler of the training is alive; return the process ids of all of them."""
    for _ in range(int(_PATIENCE_S / 0.02)):
        if found := samplers(mark):
            return found
        time.sleep(0.02)
    raise AssertionError("no sampler lives")


def samplers(mark: str) -> list[int]:
    """Return the process ids of the sampling actors that inherited a mark from the training's start."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                is_sampler = (folder / "cmdline").read_bytes().startswith(b"ray::SamplerActor")
                if is_sampler and mark.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
    return found
