"""Population-based training on Ray: members are whole trainings, in rounds.

In a round every member is made, loads its last state, trains the same number of frames and is exported. Then
`selection` decides, copies are made, and the next round begins. So a member is a function of its state, its
hyperparameters and its number: one that dies trains its round anew, and where there are fewer cores than
members they take turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from spiral_core.errors import TrainingError
from spiral_core.training.engines.ray_cluster import connect, disconnect, import_ray
from spiral_core.training.engines.selection import (
    Copy,
    Hyperparameters,
    PopulationConfig,
    decide,
    first_hyperparameters,
)

State = dict[str, npt.NDArray[Any] | float | int]
"""A training's state: arrays and numbers by name, nothing that would have to be run to be read."""

MOST_DEATHS: Final = 5
"""So many deaths of one member in one round end the population."""


class Member(Protocol):
    """A training that can be one of a population."""

    def train(self, frames: int) -> float:
        """Train so many frames and return the fitness, higher is better."""
        ...

    def export(self) -> State:
        """Return all that `load` needs to go on from here."""
        ...

    def load(self, state: State) -> None:
        """Go on from a state, perhaps another member's."""
        ...

    def explore(self, hyperparameters: Mapping[str, float]) -> None:
        """Train with these from now on."""
        ...


MakeMember = Callable[[int], Member]
"""Makes the member of a number, in the process where it will live; picklable."""


@dataclass(frozen=True)
class Round:
    """What a round brought.

    Attributes:
        number: Counted from 1.
        fitness: Of each member.
        hyperparameters: That each member trained with in this round.
        copies: What was decided after it.
        deaths: Members that died and were started again, in all rounds so far.
    """

    number: int
    fitness: tuple[float, ...]
    hyperparameters: tuple[Hyperparameters, ...]
    copies: tuple[Copy, ...]
    deaths: int


def train_round(
    make: MakeMember, member: int, state: State | None, hyperparameters: Hyperparameters, frames: int
) -> tuple[float, State]:
    """Train a member for a round, in whatever process; return its fitness and state."""
    training = make(member)
    if state is not None:
        training.load(state)
    training.explore(hyperparameters)
    return float(training.train(frames)), training.export()


def following(done: Round, trained: Sequence[State]) -> tuple[list[State | None], list[Hyperparameters]]:
    """Return the states and hyperparameters that members begin the next round with."""
    states: list[State | None] = list(trained)
    hyperparameters = list(done.hyperparameters)
    for copy in done.copies:
        states[copy.loser] = trained[copy.winner]
        hyperparameters[copy.loser] = copy.hyperparameters
    return states, hyperparameters


def train_population(
    make: MakeMember,
    config: PopulationConfig,
    *,
    rounds: int,
    last: tuple[Round, Sequence[State]] | None = None,
    address: str | None = None,
    cpus_per_member: float = 1.0,
    gpus_per_member: float = 0.0,
) -> Iterator[tuple[Round, list[State]]]:
    """Train a population; yields after each round what it brought, and each member's state.

    With the same members, configuration and seed all decisions are the same, whatever dies meanwhile.

    Args:
        make: Makes a member.
        config: How many, how long, how they copy.
        rounds: How many in all, >= 1.
        last: Go on after this round, with these states of its members; None begins.
        address: Of a running cluster; None starts one on this machine, unless this process has one.
        cpus_per_member: Cores that each takes, > 0.
        gpus_per_member: Devices that each takes, >= 0.

    Raises:
        TrainingError: Ray is missing, a member raised (it is quoted), or one died five times in a round.
    """
    is_ours = connect(address, num_cpus=max(1, math.ceil(cpus_per_member)), store_bytes=2**28)
    ray = import_ray()
    # Whether a member is trained again is decided here, where it is counted.
    train = ray.remote(train_round).options(
        num_cpus=cpus_per_member, num_gpus=gpus_per_member, max_retries=0, retry_exceptions=False
    )
    try:
        # Kept here and not in the store: they must outlive any node.
        states: list[State | None] = [None] * config.size
        hyperparameters = first_hyperparameters(config)
        begun = deaths = 0
        if last is not None:
            begun, deaths = last[0].number, last[0].deaths
            states, hyperparameters = following(*last)
        for number in range(begun + 1, rounds + 1):
            calls = [
                (make, member, states[member], hyperparameters[member], config.frames)
                for member in range(config.size)
            ]
            fitness, trained, died = _results(ray, train, calls)
            deaths += died
            copies = decide(config, fitness, hyperparameters, number)
            done = Round(number, tuple(fitness), tuple(hyperparameters), tuple(copies), deaths)
            yield done, trained
            states, hyperparameters = following(done, trained)
    finally:
        if is_ours:
            disconnect()


def _results(ray: Any, train: Any, calls: Sequence[tuple[Any, ...]]) -> tuple[list[float], list[State], int]:
    """Train all members; return their fitnesses, their states and how often one died."""
    flying = {train.remote(*call): member for member, call in enumerate(calls)}
    deaths = [0] * len(calls)
    results: dict[int, tuple[float, State]] = {}
    try:
        while flying:
            (ref,), _ = ray.wait(list(flying))
            member = flying.pop(ref)
            try:
                fitness, state = ray.get(ref)
            except ray.exceptions.RayTaskError as error:
                # What a member raises it would raise again.
                raise TrainingError(f"population: member {member}: {error}") from error
            except ray.exceptions.RayError as error:
                deaths[member] += 1
                if deaths[member] == MOST_DEATHS:
                    raise TrainingError(
                        f"population: member {member} died {MOST_DEATHS} times in a round; the last: {error}"
                    ) from error
                flying[train.remote(*calls[member])] = member
            else:
                results[member] = fitness, checked_state(state)
    finally:
        for ref in flying:
            ray.cancel(ref, force=True)
    ordered = [results[member] for member in range(len(calls))]
    return [fitness for fitness, _ in ordered], [state for _, state in ordered], sum(deaths)


def checked_state(state: Mapping[str, object]) -> State:
    """Return a copy of a member's export whose arrays can be written.

    Raises:
        TrainingError: It holds something else than arrays and numbers.
    """
    copy: State = {}
    for name, value in state.items():
        if isinstance(value, np.ndarray) and value.dtype != np.object_:
            copy[name] = value.copy()
        elif isinstance(value, int | float):
            copy[name] = value
        else:
            raise TrainingError(
                f"population: state {name!r} is a {type(value).__name__}, must be array or number"
            )
    return copy
