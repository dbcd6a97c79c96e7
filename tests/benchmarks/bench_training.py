"""What training costs, beside RLlib: frames per CPU second of whole training; run by `make bench`.

A frame is one action in one episode: rendered by libmypaint, chosen by the policy, rewarded and learned from.
CPU seconds are those of a training's process and everything below it, Ray's servers included. Every training
lives in a process of its own, computes on one thread, and gets its turns one after the other, several rounds
of them; rates are medians of rounds. Starting is not counted, nor the first frames of a turn, in which
samplers live on what they stored up.

All train on the same pictures at 64 px with 20 actions, the brush "soft", a policy of the same size, batches
of 64 episodes: for the squared error's drop, once over each batch with V-trace, as IMPALA does. Beside them,
not judged: RLlib with our vector environment and with a network made for it (see `rllib_training`), the
clipped recipe of the configurations (two passes in two parts), and a critic with temporal credit.

Pictures are MNIST's, or random drawings where SPIRAL_DATA is not set. Exits with 1 where a goal is missed.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded
# Ray gives its workers less of a busy machine by default; the clock would measure that.
os.environ.setdefault("RAY_worker_niceness", "0")

import argparse
import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from adapters.mypaint import mypaint_renderer
from spiral_core.agent.policy_file import policy_from_config
from spiral_core.environment import PaintingEnvironment
from spiral_core.learning.critic_learner import CriticLearner
from spiral_core.learning.replay import NUM_BATCHES
from spiral_core.learning.rollout import RolloutSpec
from spiral_core.training.engines import EngineKind, make_sampler
from spiral_core.training.engines.ray_cluster import connect
from spiral_core.training.phases import Adversary, Reinforcement
from spiral_core.training.run_config import RunConfig, run_config, split_pictures

HERE = Path(__file__).resolve().parent
RLLIB_MISSING = "RLlib is not installed: pip install -c constraints.txt -e '.[bench]', or `make bench`"


class Arm(NamedTuple):
    """A training: what it is called, how it learns, where it samples, whether a critic rewards it."""

    words: str
    algorithm: str = "vtrace"
    engine: EngineKind = "local"
    has_critic: bool = False


ARMS = {
    "single": Arm("RLlib 2.60 IMPALA as its documentation has it", "impala"),
    "batched": Arm("RLlib 2.60 IMPALA, our vector environment", "impala"),
    "tuned": Arm("RLlib 2.60 IMPALA, our vector environment, and a network made for it", "impala"),
    "local": Arm("ours, local, V-trace, one pass"),
    "clipped": Arm("ours, local, clipped, 2 passes x 2 parts", "clipped"),
    "critic": Arm("ours, local, V-trace, critic every 4th canvas", has_critic=True),
    "process": Arm("ours, process, two samplers, V-trace", engine="process"),
    "ray": Arm("ours, ray, two samplers, V-trace", engine="ray"),
}


class Goal(NamedTuple):
    """A ratio of two rates that must be reached."""

    ours: str
    theirs: str
    at_least: float


RLLIB = ("single", "batched", "tuned")
GOALS = (Goal("local", "single", 2.5), Goal("ray", "process", 0.8))
BESIDE = (
    Goal("local", "batched", 0.0),
    Goal("local", "tuned", 0.0),
    Goal("critic", "single", 0.0),
    Goal("clipped", "single", 0.0),
    Goal("process", "local", 0.0),
)


@dataclass(frozen=True)
class Size:
    """How much is trained."""

    side: int = 64
    steps: int = 20
    batch: int = 64
    pictures: int = 8192
    skipped: int = 4
    measured: int = 16
    rounds: int = 3


QUICK = Size(side=32, steps=3, batch=4, pictures=64, skipped=1, measured=2, rounds=1)


class Turn(NamedTuple):
    """One turn: frames, and what they took."""

    frames: int
    cpu_s: float
    wall_s: float


class Training(Protocol):
    """A training in the making."""

    num_parameters: int

    @property
    def painted(self) -> float:
        """Share of the actions so far that painted."""
        ...

    def advance(self) -> int:
        """Train a little; return the frames."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def sibling(name: str) -> ModuleType:
    """Import a module that lies beside this one."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def configuration(arm: Arm, size: Size) -> RunConfig:
    """Return a training's configuration."""
    has_data = bool(os.environ.get("SPIRAL_DATA"))
    reward = {"critic": 1.0, "critic_stride": 4} if arm.has_critic else {"l2": 1.0}
    learner = {"algorithm": "clipped" if arm.algorithm == "clipped" else "vtrace", "discount": 1.0}
    radii = [2.5, 3.2, 4.0, 5.0, 6.0, 7.5]
    return run_config(
        {
            "episode": {"canvas_px": size.side, "num_steps": size.steps, "brush": "soft"},
            "actions": {"grayscale": True, "radii_px": radii},
            "data": {
                "name": "mnist" if has_data else "scribbles",
                "limit": size.pictures,
                "held_out": 1,
            },
            "critic": {"kind": "spectral", "view": "pair", "width": 16},
            "engine": {"kind": arm.engine, "batch": size.batch},
            "phase": [{"kind": "reinforce", "frames": 10_000_000, "reward": reward, "learner": learner}],
        },
        "bench_training",
    )


class OurTraining:
    """A phase "reinforce" as the trainer runs it, without curves and checkpoints."""

    def __init__(self, arm: Arm, size: Size) -> None:
        run = configuration(arm, size)
        torch.set_num_threads(1)
        torch.manual_seed(0)
        policy = policy_from_config(run.policy)
        self.num_parameters = sum(parameter.numel() for parameter in policy.parameters())
        spec = RolloutSpec(
            episode=run.episode,
            renderer_factory=mypaint_renderer,
            load_targets=run.load_targets(mypaint_renderer),
            batch=size.batch,
        )
        adversary = None
        if arm.has_critic:
            critic = CriticLearner(run.critic, run.critic_learner)
            adversary = Adversary(critic, None, None, capacity=NUM_BATCHES * size.batch, seed=0)
        sampler = make_sampler(run.engine.kind, spec, num_samplers=2)
        self._phase = Reinforcement(policy, run, run.phases[0], sampler, adversary)
        self._painted: list[float] = []

    @property
    def painted(self) -> float:
        """Share of the actions so far that painted."""
        return float(np.mean(self._painted))

    def advance(self) -> int:
        """Do one update."""
        before = self._phase.frames
        self._painted.append(self._phase.advance()["painted"])
        return self._phase.frames - before

    def close(self) -> None:
        """End the samplers."""
        self._phase.close()


class TheirTraining:
    """RLlib's IMPALA on the same environment."""

    def __init__(self, setup: str, size: Size) -> None:
        run = configuration(ARMS["local"], size)
        # Without dashboard and usage reports, on loopback, as our own engine has it.
        connect(None, num_cpus=1, store_bytes=2**28)
        rllib = sibling("rllib_training")
        pictures, _ = split_pictures(run, mypaint_renderer)
        images = pictures.batch(np.arange(len(pictures)))
        episode = run.episode

        def environment(num: int) -> PaintingEnvironment:
            return PaintingEnvironment(
                mypaint_renderer(num, size.side, size.side),
                episode.action_space,
                num_steps=episode.num_steps,
                brush=episode.brush,
                reward="dense",
            )

        learner = run.phases[0].learner
        self._training = rllib.RllibTraining(
            setup,
            environment,
            images,
            batch=size.batch,
            num_steps=size.steps,
            learning_rate=learner.learning_rate,
            discount=learner.discount,
        )
        self.num_parameters = self._training.num_parameters

    @property
    def painted(self) -> float:
        """Share of the actions so far that painted."""
        return float(self._training.painted)

    def advance(self) -> int:
        """Train some batches; frames are those of the environment, whatever was learned from them."""
        return int(self._training.advance())

    def close(self) -> None:
        """End it."""
        self._training.close()


def make_training(name: str, size: Size) -> Training:
    if name in RLLIB:
        return TheirTraining(name, size)
    return OurTraining(ARMS[name], size)


def take_turn(training: Training, size: Size) -> Turn:
    """Train some batches unmeasured, then some measured."""
    cpu_s = sibling("bench_engines").cpu_s
    a_batch = size.batch * size.steps

    def frames(batches: int) -> int:
        done = 0
        while done < batches * a_batch:
            done += training.advance()
        return done

    frames(size.skipped)
    wall_s, before_s = time.perf_counter(), cpu_s()
    done = frames(size.measured)
    return Turn(done, cpu_s() - before_s, time.perf_counter() - wall_s)


def serve(name: str, size: Size) -> int:
    """Be a training's process: say that it is there, then take a turn for every line that comes."""
    # What libraries print must not get between our lines.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    training = make_training(name, size)

    def say(values: object) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    say(training.num_parameters)
    for _ in sys.stdin:
        say([*take_turn(training, size), training.painted])
    training.close()
    return 0


class Process:
    """A training in a process of its own."""

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name, self.turns = name, list[Turn]()
        self.painted = 0.0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `end`)
        command = [sys.executable, str(Path(__file__).resolve()), "--serve", name, *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self.num_parameters = int(self._answer())

    def take_turn(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        frames, cpu_s, wall_s, self.painted = self._answer()
        self.turns.append(Turn(frames, cpu_s, wall_s))

    @property
    def rate(self) -> float:
        """Frames per CPU second."""
        return statistics.median(turn.frames / turn.cpu_s for turn in self.turns)

    @property
    def wall_rate(self) -> float:
        """Frames per second on the clock."""
        return statistics.median(turn.frames / turn.wall_s for turn in self.turns)

    def end(self) -> None:
        self._process.communicate(timeout=120)
        self._log.close()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            words = self._log.read().decode()[-4000:]
            self.end()
            raise SystemExit(f"{self.name}: the training ended ({self._process.returncode}):\n{words}")
        return json.loads(line)


def report(processes: dict[str, Process], goals: tuple[Goal, ...], *, is_judged: bool) -> bool:
    """Print ratios; return whether all goals are reached."""
    all_kept = True
    for goal in goals:
        if goal.ours not in processes or goal.theirs not in processes:
            continue
        ours, theirs = processes[goal.ours], processes[goal.theirs]
        ratio = ours.rate / theirs.rate
        kept = ratio >= goal.at_least
        all_kept = all_kept and kept
        words = (
            (f"kept   (goal {goal.at_least:g})" if kept else f"MISSED (goal {goal.at_least:g})")
            if is_judged
            else ""
        )
        print(
            f"  {goal.ours:8} {ours.rate:6.0f}  {goal.theirs:8} {theirs.rate:6.0f}  "
            f"ratio {ratio:5.2f}  by the clock {ours.wall_rate / theirs.wall_rate:5.2f}  {words}".rstrip()
        )
    return all_kept


def main(arguments: list[str] | None = None) -> int:
    """Train, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny: shows that it runs, proves nothing")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--rounds", type=int, help="turns of each training")
    parser.add_argument("--serve", choices=list(ARMS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    size = QUICK if options.quick else Size()
    if options.serve:
        return serve(options.serve, size)
    if set(RLLIB) & set(options.arms) and importlib.util.find_spec("tree") is None:
        print(RLLIB_MISSING)
        return 1
    rounds = options.rounds or size.rounds
    data = "MNIST" if os.environ.get("SPIRAL_DATA") else "random drawings"
    print(
        f"{data}, {size.side} px, {size.steps} actions, {size.batch} episodes a batch, one thread a process; "
        f"medians of {rounds} turns of {size.measured} batches"
    )
    processes: dict[str, Process] = {}
    try:
        for name in options.arms:
            processes[name] = Process(name, ["--quick"] if options.quick else [])
        for _ in range(rounds):
            for process in processes.values():
                process.take_turn()
    finally:
        for process in processes.values():
            process.end()
    for name, process in processes.items():
        spread = [turn.frames / turn.cpu_s for turn in process.turns]
        print(
            f"  {name:8} {process.rate:6.0f} frames per CPU s [{min(spread):.0f}-{max(spread):.0f}], "
            f"{process.wall_rate:6.0f} a second; {process.num_parameters} parameters, "
            f"{process.painted:.0%} painted: {ARMS[name].words}"
        )
    report(processes, BESIDE, is_judged=False)
    return 0 if report(processes, GOALS, is_judged=True) else 1


if __name__ == "__main__":
    sys.exit(main())
