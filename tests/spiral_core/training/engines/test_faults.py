"""What engines with several samplers survive, and what they say when they do not."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
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
from spiral_core.learning.rollout import Rollout
from spiral_core.training.engines import EngineKind, make_sampler
from spiral_core.training.engines.process import ProcessSampler
from spiral_core.training.engines.shared_memory import SharedBlock

faulty: Any = importlib.import_module("faulty_renderers")
SAMPLING: list[Any] = [pytest.param("process"), pytest.param("ray", marks=pytest.mark.ray)]
NUM_KILLS = (
    {"process": 24, "ray": 24} if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else {"process": 6, "ray": 4}
)
"""A killed sampler costs its successor's start, two CPU seconds; `make soak` takes the time."""
SHARED = "/dev/shm/"  # noqa: S108
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


def kill_now_and_then(
    stop: threading.Event, kills: list[int], taken: list[int], most: int, seed: int
) -> None:
    """Kill samplers at random moments: at start, at work, waiting; at most three between two batches."""
    rng, seen, since = random.Random(seed), 0, 0
    while len(kills) < most and not stop.is_set():
        stop.wait(rng.uniform(0.0, 2.0))
        seen, since = len(taken), since if len(taken) == seen else 0
        if since == 3:
            continue
        victims = sorted(processes(os.getpid()))
        if victims:
            victim = rng.choice(victims)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                kills.append(victim)
                since += 1


@pytest.mark.parametrize("kind", SAMPLING)
def test_every_batch_arrives_while_samplers_are_killed(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    engine = make_engine(kind, make_spec(renderer=faulty.SlowRenderer), max_lag=10**6)
    policies, local = [make_policy(0), make_policy(1)], Rollout(make_spec())
    engine.publish(policies[0], 0)
    taken, kills, stop = [engine.next_batch()[0]], list[int](), threading.Event()
    killer = threading.Thread(target=kill_now_and_then, args=(stop, kills, taken, NUM_KILLS[kind], 3))
    killer.start()
    try:
        while killer.is_alive() or len(taken) < 30:
            engine.publish(policies[len(taken) % 2], len(taken))
            number, episodes = engine.next_batch()
            # The weights are those of the version, all of them.
            expected = local.sample(policies[episodes.version % 2], number)
            assert episodes.log_prob.tobytes() == expected.log_prob.tobytes()
            assert episodes.canvas.tobytes() == expected.canvas.tobytes()
            taken.append(number)
    finally:
        stop.set()
        killer.join()
    # A number that was lost comes again, after some later ones.
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


@pytest.mark.parametrize("kind", SAMPLING)
@pytest.mark.parametrize(
    ("renderer", "words"),
    [("RaisingRenderer", "the brush broke"), ("UnstartableRenderer", "no canvas of 32 x 32")],
)
def test_a_renderer_that_raises_is_quoted(
    kind: EngineKind,
    renderer: str,
    words: str,
    make_engine: MakeAny,
    make_spec: MakeAny,
    make_policy: MakeAny,
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
    with pytest.raises(TrainingError, match=r"5 .*in a row"):
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
    assert health.samplers == 1
    assert health.restarts >= 1
    assert health.lost >= 1


def test_lost_numbers_come_first_and_finished_batches_outlive_their_sampler(
    make_spec: MakeAny, make_policy: MakeAny
) -> None:
    with contextlib.closing(Stopping(ProcessSampler(make_spec(), 1, 3))) as stopping:
        engine = stopping.engine
        engine.publish(make_policy(), 0)
        assert engine.next_batch()[0] == 3
        # Both slots fill while nobody takes: then the sampler waits, and two batches are in the pipe.
        (sampler,) = engine._samplers
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(engine._finished) < 2:
            engine._hear(sampler)
            time.sleep(0.01)
        os.kill(sampler.process.pid or 0, signal.SIGKILL)
        sampler.process.join()
        assert [engine.next_batch()[0] for _ in range(3)] == [4, 5, 6]
        assert engine.health().restarts == 1


class Stopping:
    """Gives an engine the method that contextlib.closing calls."""

    def __init__(self, engine: ProcessSampler) -> None:
        self.engine = engine

    def close(self) -> None:
        self.engine.stop()


LEARNER = """
import os, pickle, sys
from spiral_core.agent.policy import LightPolicy
from spiral_core.training.engines.process import ProcessSampler

if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        spec, config = pickle.load(file)
    engine = ProcessSampler(spec, 2, patience_s=1000)
    engine.publish(LightPolicy(config), 0)
    engine.next_batch()
    print(*(sampler.process.pid for sampler in engine._samplers), flush=True)
    if sys.argv[3] == "raises":
        raise KeyError("a defect of ours")
    if sys.argv[3] == "waits":
        sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["raises", "waits"])
def test_nothing_is_left_of_a_learner_that_ends(
    end: str, make_spec: MakeAny, make_policy: MakeAny, tmp_path: Path
) -> None:
    script, order = tmp_path / "learner.py", tmp_path / "order.pickle"
    script.write_text(LEARNER)
    # One sampler hangs in its renderer, and must end with the learner all the same.
    spec = make_spec(renderer=faulty.HangingOnce(tmp_path / "hung"))
    order.write_bytes(pickle.dumps((spec, make_policy().config)))
    command = [sys.executable, str(script), str(Path(__file__).parent), str(order), end]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as learner:
        assert learner.stdout is not None
        assert learner.stderr is not None
        samplers = [int(word) for word in learner.stdout.readline().split()]
        assert len(samplers) == 2
        if end == "waits":
            shared = mapped(learner.pid)
            assert len(shared) >= 2
            assert all(path.exists() for path in shared)
            learner.kill()
        said = learner.stderr.read()
        learner.wait(60)
    if end == "waits":
        wait_until(lambda: not any(path.exists() for path in shared))
    else:
        assert ("a defect of ours" in said) == (end == "raises")
        assert "resource_tracker" not in said
    wait_until(lambda: not any(is_alive(pid) for pid in samplers))


def mapped(process: int) -> set[Path]:
    """Return the files of shared memory that a process has mapped."""
    lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    return {Path(line.split()[-1]) for line in lines if SHARED in line and "(deleted)" not in line}


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_stopping_gives_the_memory_back(make_spec: MakeAny, make_policy: MakeAny) -> None:
    engine = ProcessSampler(make_spec(), 1)
    engine.publish(make_policy(), 0)
    shared = mapped(os.getpid())
    assert len(shared) >= 2
    engine.stop()
    assert not any(path.name.startswith("psm_") and path.exists() for path in shared)


def test_too_little_shared_memory_is_said_before_anything_starts() -> None:
    folder = os.statvfs(SHARED)
    free = folder.f_bavail * folder.f_frsize
    before = mapped(os.getpid())
    with pytest.raises(TrainingError, match=f"{SHARED[:-1]}: .*MiB there"):
        SharedBlock.create(free + 2**30)
    assert mapped(os.getpid()) == before


def test_settings_are_checked(make_spec: MakeAny) -> None:
    for wrong in ({"num_samplers": 0}, {"first_batch": -1}, {"max_lag": -1}, {"patience_s": 0.0}):
        with pytest.raises(ConfigError, match=f"sampling.{next(iter(wrong))}: .*must be >"):
            ProcessSampler(make_spec(), **wrong)
    with pytest.raises(ConfigError, match="cannot be sent"):
        ProcessSampler(make_spec(renderer=lambda *_: None))


def test_ray_is_asked_for_by_name_where_it_is_missing(
    make_spec: MakeAny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(TrainingError, match=r"ray: not installed.*pip install"):
        make_sampler("ray", make_spec())
