from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from adapters.mypaint import mypaint_renderer
from spiral_core.agent.weights import load_weights
from spiral_core.errors import AgentError, ConfigError
from spiral_core.learning.agent_file import load_agent
from spiral_core.learning.critic_learner import CriticLearner, CriticMetrics
from spiral_core.learning.parsing import ParsedPrograms
from spiral_core.learning.replay import Renders, Replay
from spiral_core.training.run_config import read_run_config

ADVERSARIAL: dict[str, Any] = {
    "kind": "reinforce",
    "name": "adversarial",
    "frames": 480,
    "critic_first": 2,
    "reward": {"critic": 1.0, "sequence_penalty": 0.01},
    "learner": {"anchor_weight": 0.05},
}


INVERT: dict[str, Any] = {"kind": "invert", "frames": 960}
REINFORCE: dict[str, Any] = {"kind": "reinforce", "frames": 960, "reward": {"l2": 1.0}}
Runner = Any


def metrics_of(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "minutes"} for line in lines]


def weights_of(path: Path) -> dict[str, Any]:
    return load_weights(path / "agent.safetensors")[0]


def assert_same_runs(a: Path, b: Path) -> None:
    assert metrics_of(a) == metrics_of(b)
    left, right = weights_of(a), weights_of(b)
    for name, tensor in left.items():
        np.testing.assert_array_equal(tensor, right[name], err_msg=name)


def test_a_run_leaves_an_agent_curves_and_pictures(runner: Runner) -> None:
    path = runner.begin("run", runner.table(INVERT, REINFORCE))
    policy, episode = load_agent(path / "agent.safetensors")
    assert episode.num_steps == 3
    assert policy.config.is_conditional
    lines = metrics_of(path)
    assert [line["frames"] for line in lines] == sorted({line["frames"] for line in lines})
    assert {line["phase"] for line in lines} == {"invert", "reinforce"}
    scores = [line["score"] for line in lines if "score" in line]
    assert len(scores) == 4
    assert len(list((path / "samples").glob("*.png"))) == 4
    last = lines[-1]
    assert last["frames"] == 1920
    assert 0 < last["error"] < 1
    assert last["ratio_gap"] < 1e-3
    assert set(last) >= {"entropy.flag", "entropy_target.end", "return", "explained", "gradient_norm"}
    left = [load_weights(path / f"agent-{number}.safetensors")[0] for number in (0, 1)]
    final = weights_of(path)
    assert all(np.array_equal(left[1][name], final[name]) for name in final)
    assert not all(np.array_equal(left[0][name], final[name]) for name in final)
    load_agent(path / "agent-0.safetensors")


@pytest.mark.parametrize("stop_after", [3, 20, 31, 42])
def test_a_stopped_run_goes_on_to_the_same_numbers(runner: Runner, stop_after: int) -> None:
    """Stopped in each phase, at an end, and while only the critic learns; with every kind of phase."""
    phases = (
        INVERT,
        {**REINFORCE, "frames": 480, "learner": {"anchor_weight": 0.01}},
        {"kind": "clone", "pictures": 32, "frames": 480},
        {**ADVERSARIAL, "reward": {"critic": 1.0, "critic_stride": 2, "blank_penalty": 0.1}},
    )
    table = runner.table(*phases, critic={"width": 4, "view": "pair"})
    whole = runner.begin("whole", table)
    stopped = runner.begin("stopped", table, stop_after=stop_after)
    assert not (stopped / "agent.safetensors").exists()
    assert runner.go_on(stopped)
    assert_same_runs(whole, stopped)


def test_an_unconditional_agent_learns_from_a_clone_and_a_critic(runner: Runner) -> None:
    episode = {"canvas_px": 32, "num_steps": 3, "brush": "round", "is_conditional": False}
    clone = {"kind": "clone", "pictures": 32, "frames": 480}
    path = runner.begin("run", runner.table(clone, ADVERSARIAL, episode=episode))
    last = metrics_of(path)[-1]
    assert {"critic_loss", "critic_real", "critic_fake", "critic_return", "anchor_distance", "ink"} <= set(
        last
    )
    assert not load_agent(path / "agent.safetensors")[1].is_conditional


def test_a_policy_can_imitate_the_best_of_its_own_attempts(runner: Runner) -> None:
    clone = {"kind": "clone", "parser": "itself", "attempts": 3, "pictures": 40, "frames": 240}
    path = runner.begin("run", runner.table(INVERT, clone))
    parsed = ParsedPrograms.load(path / "parsed-1.npz")
    assert parsed.actions.shape == (40, 3, 5)
    assert "imitation_loss" in metrics_of(path)[-1]


def test_parsing_that_was_stopped_goes_on(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spiral_core.training.trainer._PARSED_AT_ONCE", 8)
    table = runner.table({"kind": "clone", "pictures": 32, "frames": 240})
    whole = runner.begin("whole", table)
    stopped = runner.begin("stopped", table, stop_after=2)
    assert len(ParsedPrograms.load(stopped / "parsed-0.part.npz").index) == 16
    assert runner.go_on(stopped)
    assert_same_runs(whole, stopped)


def test_an_agent_can_begin_another_run_if_it_fits(runner: Runner) -> None:
    first = runner.begin("first", runner.table(INVERT))
    run = {"agent": str(first / "agent.safetensors")}
    second = runner.begin("second", runner.table({**REINFORCE, "frames": 48}, run=run))
    assert (second / "agent.safetensors").exists()
    policy = {"channels": [4, 8, 8], "map_channels": 4, "hidden": 48, "embedding": 4, "rank": 2}
    with pytest.raises(AgentError, match="of another shape"):
        runner.begin("third", runner.table(REINFORCE, run=run, policy=policy))


def test_a_critic_that_sees_programs_needs_parsed_ones(runner: Runner) -> None:
    episode = {"canvas_px": 32, "num_steps": 3, "brush": "round", "is_conditional": False}
    critic = {"width": 4, "sees_actions": True}
    clone = {"kind": "clone", "pictures": 32, "frames": 240}
    path = runner.begin("run", runner.table(clone, ADVERSARIAL, episode=episode, critic=critic))
    assert "critic_loss" in metrics_of(path)[-1]
    with pytest.raises(ConfigError, match="sees_actions: needs the programs"):
        runner.begin("none", runner.table(ADVERSARIAL, episode=episode, critic=critic))


@pytest.mark.parametrize("sees_actions", [False, True])
def test_a_critic_can_take_parsed_drawings_for_real(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, sees_actions: bool
) -> None:
    seen: list[Renders] = []

    def update(learner: CriticLearner, real: Renders, replay: Replay) -> CriticMetrics:
        seen.append(real)
        return whole_update(learner, real, replay)

    whole_update = CriticLearner.update
    monkeypatch.setattr(CriticLearner, "update", update)
    episode = {"canvas_px": 32, "num_steps": 3, "brush": "round", "is_conditional": False}
    critic = {"width": 4, "sees_actions": sees_actions}
    clone = {"kind": "clone", "pictures": 32, "keep": 0.25, "frames": 240}
    adversarial = {**ADVERSARIAL, "critic_real": "parsed"}
    path = runner.begin("run", runner.table(clone, adversarial, episode=episode, critic=critic))
    programs = ParsedPrograms.load(path / "parsed-0.npz").best(0.25)
    drawn = programs.drawings(read_run_config(path / "config.toml").episode, mypaint_renderer)
    known = {picture.tobytes(): row for row, picture in enumerate(drawn)}
    assert seen
    for real in seen:
        rows = [known[picture[..., :1].tobytes()] for picture in real.images]
        if sees_actions:
            assert real.actions is not None
            np.testing.assert_array_equal(real.actions, programs.actions[rows])
    with pytest.raises(ConfigError, match="critic_real: 'parsed': needs the programs"):
        runner.begin("none", runner.table(adversarial, episode=episode, critic=critic))


def test_a_killed_run_goes_on_to_the_same_numbers(runner: Runner, tmp_path: Path) -> None:
    """kill -9 at ten random moments: in the middle of updates, evaluations and checkpoints."""
    table = runner.table({**INVERT, "frames": 2400}, {**REINFORCE, "frames": 4800})
    whole = runner.begin("whole", table)
    config = tmp_path / "config.toml"
    config.write_text(tomli_w.dumps(table))
    run = tmp_path / "killed"
    rng = random.Random(1)
    command = ["train", str(config), "-o", str(run)]
    kills = 0
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    while True:
        process = subprocess.Popen(
            [sys.executable, "-m", "spiral_core.cli", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        if kills < 10:
            # Wait until it works, so that every kill hits the training and not the start of Python.
            seen = _size(run)
            while process.poll() is None and _size(run) == seen:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.4))
        if process.poll() is None and kills < 10:
            process.send_signal(signal.SIGKILL)
            kills += 1
        _, errors = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors.decode()
        command = ["resume", str(run)]
    assert kills == 10
    assert_same_runs(whole, run)


def _size(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.stat().st_size if path.exists() else 0


def test_spawned_samplers_train_as_well(runner: Runner) -> None:
    engine = {"kind": "process", "samplers": 2, "batch": 16}
    path = runner.begin("run", runner.table({**REINFORCE, "learner": {"algorithm": "vtrace"}}, engine=engine))
    last = metrics_of(path)[-1]
    assert last["frames"] == 960
    assert last["lost"] == 0
    assert (path / "agent.safetensors").exists()
