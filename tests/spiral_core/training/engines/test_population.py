from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spiral_core.errors import TrainingError
from spiral_core.training.engines.population import (
    MakeMember,
    Round,
    State,
    checked_state,
    train_population,
    train_round,
)
from spiral_core.training.engines.selection import LogRange, PopulationConfig, decide, first_hyperparameters

toy: Any = importlib.import_module("toy_member")
CONFIG = PopulationConfig(size=4, frames=4, ranges={"step": LogRange(0.001, 1.0)}, seed=1)


def trained(make: MakeMember, rounds: int = 3) -> list[tuple[Round, list[State]]]:
    return list(train_population(make, CONFIG, rounds=rounds, cpus_per_member=0.5))


def in_this_process(rounds: int, *, copying: bool = True) -> list[tuple[float, ...]]:
    """Return the fitnesses that the same decisions give without Ray, or that members reach alone."""
    hyperparameters, states = first_hyperparameters(CONFIG), [None] * CONFIG.size
    history: list[tuple[float, ...]] = []
    for number in range(1, rounds + 1):
        results = [
            train_round(toy.ToyMember, member, states[member], hyperparameters[member], CONFIG.frames)
            for member in range(CONFIG.size)
        ]
        history.append(tuple(fitness for fitness, _ in results))
        after: list[Any] = [state for _, state in results]
        states, before = list(after), list(hyperparameters)
        for copy in decide(CONFIG, history[-1], before, number) if copying else []:
            states[copy.loser] = after[copy.winner]
            hyperparameters[copy.loser] = copy.hyperparameters
    return history


@pytest.mark.ray
def test_a_population_improves_and_deaths_change_nothing(cluster: None, tmp_path: Path) -> None:
    for member in (0, 2):
        (tmp_path / f"member-{member}").touch()
    rounds = trained(functools.partial(toy.DyingMember, tmp_path))
    assert [r.fitness for r, _ in rounds] == in_this_process(3)
    assert rounds[-1][0].deaths == 2
    first, last = rounds[0][0], rounds[-1][0]
    assert max(last.fitness) > max(first.fitness)
    assert min(last.fitness) > min(in_this_process(3, copying=False)[-1])
    assert any(r.copies for r, _ in rounds)
    state = rounds[-1][1][0]
    assert state["frames"] == 12
    assert isinstance(state["x"], np.ndarray)
    assert state["x"].flags.writeable


@pytest.mark.ray
def test_a_population_goes_on_after_any_round_as_if_it_had_not_stopped(cluster: None) -> None:
    rounds = trained(toy.ToyMember)
    assert any(done.copies for done, _ in rounds[:2]), "else nothing of copies is shown"
    for number in (1, 2):
        rest = list(train_population(toy.ToyMember, CONFIG, rounds=3, last=rounds[number - 1]))
        assert [done for done, _ in rest] == [done for done, _ in rounds[number:]]
    assert not list(train_population(toy.ToyMember, CONFIG, rounds=3, last=rounds[2]))


@pytest.mark.ray
def test_a_member_that_raises_is_quoted(cluster: None) -> None:
    with pytest.raises(TrainingError, match=r"(?s)member \d: .*ArithmeticError: the loss is not a number"):
        trained(toy.BrokenMember, 1)


def test_states_hold_arrays_and_numbers_only() -> None:
    assert checked_state({"a": np.ones(2), "b": 3, "c": 0.5}).keys() == {"a", "b", "c"}
    for wrong in (b"pickled", np.array([object()]), None, "text"):
        with pytest.raises(TrainingError, match="must be array or number"):
            checked_state({"x": wrong})
