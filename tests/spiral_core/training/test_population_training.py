from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.errors import ConfigError
from spiral_core.training.engines.population import Round, State, checked_state
from spiral_core.training.engines.selection import Copy, PopulationConfig
from spiral_core.training.population_training import MakeMember, round_of, round_state, train_run_population
from spiral_core.training.run_config import run_config
from spiral_core.training.run_folder import RunFolder

Runner = Any
REINFORCE = {"kind": "reinforce", "frames": 4800, "reward": {"l2": 1.0, "critic": 0.1}}
EXPLORED = {"learning_rate": 1e-3, "entropy_cost": 0.02}


def test_a_member_goes_on_from_its_export_to_the_same_numbers(runner: Runner) -> None:
    # The critic learns alone first, as in the paper's configurations.
    first = {**REINFORCE, "critic_first": 3}
    config = run_config(runner.table(first, critic={"width": 4, "view": "pair"}), "x")
    make = pickle.loads(pickle.dumps(MakeMember(config, mypaint_renderer)))  # noqa: S301  # our own bytes
    whole = make(1)
    whole.explore(EXPLORED)
    whole.train(480)
    state = checked_state(whole.export())
    expected = whole.train(480)
    other = make(1)
    other.load(state)
    other.explore(EXPLORED)
    assert other.train(480) == expected
    for name, tensor in whole.policy.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), other.policy.state_dict()[name].numpy(), err_msg=name)
    assert make(2).train(480) != make(3).train(480), "members differ in their seeds"


def test_what_is_explored_takes_effect(runner: Runner) -> None:
    config = run_config(runner.table(REINFORCE, critic={"width": 4, "view": "pair"}), "x")
    member = MakeMember(config, mypaint_renderer)(0)
    member.explore(EXPLORED)
    learner = member._phase.learner
    assert learner.config.learning_rate == 1e-3
    np.testing.assert_allclose(learner.controller.coefficients, 0.02)
    member.train(96)
    np.testing.assert_allclose(learner.controller.coefficients, 0.02)
    with pytest.raises(ConfigError, match="'batch', must be learning_rate or entropy_cost"):
        member.explore({"batch": 2.0})


def test_a_round_comes_back_from_a_checkpoint(runner: Runner, tmp_path: Path) -> None:
    config = run_config(runner.table(REINFORCE, critic={"width": 4, "view": "pair"}), "x")
    member = MakeMember(config, mypaint_renderer)(0)
    states: list[State] = [checked_state(member.export()), {"x": np.arange(3.0), "frames": 12, "cost": 0.5}]
    done = Round(2, (0.5, float("nan")), (EXPLORED, EXPLORED), (Copy(1, 0, {"learning_rate": 1e-4}),), 3)
    with RunFolder.create(tmp_path / "run", config_text="", seed=0, command=["spiral"]) as folder:
        folder.save_checkpoint(96, {}, {}, round_state(done, states))
        checkpoint = folder.load_checkpoint()
    assert checkpoint is not None
    back, again = round_of(checkpoint.state)
    assert repr(back) == repr(done)  # nan is not equal to itself
    for before, after in zip(states, again, strict=True):
        assert before.keys() == after.keys()
        for name, value in before.items():
            np.testing.assert_array_equal(after[name], value)
    member.load(again[0])


def test_only_rewards_can_be_explored(runner: Runner) -> None:
    config = run_config(runner.table({"kind": "invert", "frames": 48}), "x")
    with pytest.raises(ConfigError, match="the last phase is 'invert'"):
        next(train_run_population(config, mypaint_renderer, PopulationConfig(size=2), rounds=1))
