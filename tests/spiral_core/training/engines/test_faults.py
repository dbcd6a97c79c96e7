"""What engines with several samplers survive, and what they say when they do not."""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spiral_core.errors import ConfigError, TrainingError
from spiral_core.training.engines import EngineKind, make_sampler
from spiral_core.training.engines.process import ProcessSampler
from spiral_core.training.engines.shared_memory import SharedBlock
from spiral_core.training.sampling import Sampler

faulty: Any = importlib.import_module("faulty_renderers")
SAMPLING: list[Any] = [pytest.param("process"), pytest.param("ray", marks=pytest.mark.ray)]
NUM_KILLS = {"process": 24, "ray": 24} if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else {"process": 6, "ray": 4}
"""A killed sampler costs its successor's start, two CPU seconds; `make soak` takes the time."""
MakeAny = Any


def processes(of: int) -> set[int]:
    """Return the process ids of a process's samplers, or of all sampling actors of this machine."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if command.startswith(b"ray::SamplerActor") or (parent == of and b"spawn_main" in command):
                    found.add(int(folder.name))
    return found


def kill_now_and_then(stop: threading.Event, kills: list[int], most: int, seed: int) -> None:
    """Kill samplers at random moments, while they start, work, write or wait."""
    rng = random.Random(seed)
    while len(kills) < most and not stop.is_set():
        stop.wait(rng.uniform(0.0, 2.0))
        victims = sorted(processes(os.getpid()))
        if victims:
            victim = rng.choice(victims)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                kills.append(victim)


@pytest.mark.parametrize("kind", SAMPLING)
def test_every_batch_arrives_while_samplers_are_killed(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    engine = make_engine(kind, make_spec(renderer=faulty.SlowRenderer), max_lag=10**6)
    policy = make_policy()
    engine.publish(policy, 0)
    engine.next_batch()
    taken, kills, stop = [0], list[int](), threading.Event()
    killer = threading.Thread(target=kill_now_and_then, args=(stop, kills, NUM_KILLS[kind], 3))
    killer.start()
    try:
        while killer.is_alive() or len(taken) < 30:
            engine.publish(policy, len(taken))
            taken.append(engine.next_batch()[0])
    finally:
        stop.set()
        killer.join()
    # What still waits are at most two batches a sampler; everything below them has come.
    most = max(taken)
    for _ in range(20):
        if set(taken) >= set(range(most)):
            break
        taken.append(engine.next_batch()[0])
    assert set(taken) >= set(range(most))
    assert len(taken) == len(set(taken))
    health = engine.health()
    assert len(kills) == NUM_KILLS[kind]
    assert 0 < health.lost <= 3 * len(kills)
    assert 0 < health.restarts <= len(kills)
    assert health.samplers == 2


@pytest.mark.parametrize("kind", SAMPLING)
@pytest.mark.parametrize(
    ("renderer", "words"), [("RaisingRenderer", "the brush broke"), ("UnstartableRenderer", "no canvas of 32 x 32")]
)
def test_a_renderer_that_raises_is_quoted(
    kind: EngineKind, renderer: str, words: str, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    engine = make_engine(kind, make_spec(renderer=getattr(faulty, renderer)), num_samplers=1)
    engine.publish(make_policy(), 0)
    with pytest.raises(TrainingError, match=f"(?s)5 .*in a row.*faulty_renderers.*RuntimeError: {words}"):
        engine.next_batch()
    assert engine.health().samplers == 0
    engine.stop()


@pytest.mark.parametrize("kind", SAMPLING)
def test_weights_that_give_no_numbers_are_refused(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    engine, policy = make_engine(kind, make_spec(), num_samplers=1), make_policy()
    for parameter in policy.parameters():
        parameter.data.fill_(np.nan)
    engine.publish(policy, 0)
    with pytest.raises(TrainingError, match="5 .*in a row"):
        engine.next_batch()


@pytest.mark.parametrize("kind", SAMPLING)
def test_a_sampler_that_hangs_is_replaced(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny, tmp_path: Path
) -> None:
    spec = make_spec(renderer=faulty.HangingOnce(tmp_path / "hung"))
    engine = make_engine(kind, spec, num_samplers=1, patience_s=20.0)
    engine.publish(make_policy(), 0)
    assert sorted(engine.next_batch()[0] for _ in range(3)) == [0, 1, 2]
    assert (tmp_path / "hung").exists()
    health = engine.health()
    assert (health.samplers, health.restarts) == (1, 1)
    assert health.lost >= 1
