"""Whole trainings as members of a population: each its own policy, critic and sampler, in one Ray worker.

The paper trains a population of 12 on step size and entropy cost, with the critic's score as fitness (Ganin
et al. 2018, appendix C). Members differ in their seed and in what they explore; the rest is one run's last
phase.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from spiral_core.agent.policy_file import AnyPolicy, policy_from_config
from spiral_core.errors import ConfigError
from spiral_core.learning.agent_file import Arrays, arrays_of, load_arrays
from spiral_core.learning.policy_learner import PolicyLearner
from spiral_core.rendering import RendererFactory
from spiral_core.training.checkpoints import plain_value, restored_value
from spiral_core.training.engines.population import Round, State, train_population
from spiral_core.training.engines.selection import Copy, PopulationConfig
from spiral_core.training.phases import Reinforcement
from spiral_core.training.reinforcing import reinforcement
from spiral_core.training.run_config import RunConfig

_BLOB = "training"


class TrainingMember:
    """One training of a population, see `engines.population.Member`.

    Args:
        config: The run, whose last phase is trained.
        renderer_factory: Makes the renderer.
        start: Weights to begin with; None begins with random ones.
        member: Its number, which is added to the run's seed.
    """

    def __init__(
        self, config: RunConfig, renderer_factory: RendererFactory, start: Arrays | None, member: int
    ) -> None:
        torch.set_num_threads(1)
        seed = config.run.seed + 10_007 * (member + 1)
        self._config = dataclasses.replace(config, run=dataclasses.replace(config.run, seed=seed))
        self._renderer_factory = renderer_factory
        torch.manual_seed(seed)
        self.policy: AnyPolicy = policy_from_config(config.policy)
        if start is not None:
            load_arrays(self.policy, start, "population")
        self._phase: Reinforcement = self._made(None)

    def _made(self, state: Mapping[str, Any] | None) -> Reinforcement:
        return reinforcement(
            self.policy, self._config, self._config.phases[-1], self._renderer_factory, state, engine="local"
        )

    def train(self, frames: int) -> float:
        """Train so many frames more and return the mean return of their second half."""
        first, returns = self._phase.frames, []
        while self._phase.frames < first + frames:
            values = self._phase.advance()
            if "return" in values:  # not while only the critic learns
                returns.append(values["return"])
        return float(np.mean(returns[len(returns) // 2 :]))

    def export(self) -> State:
        """Return weights, learners, replay and counters as one array of bytes that hold plain data only."""
        content = io.BytesIO()
        torch.save(
            plain_value({"policy": self.policy.state_dict(), "phase": self._phase.state_dict()}, "member"),
            content,
        )
        return {_BLOB: np.frombuffer(content.getvalue(), np.uint8)}

    def load(self, state: State) -> None:
        """Go on from a state, perhaps another member's."""
        blob = state[_BLOB]
        assert isinstance(blob, np.ndarray)
        kept = restored_value(torch.load(io.BytesIO(blob.tobytes()), weights_only=True))
        self.policy.load_state_dict(kept["policy"])
        self._phase.close()
        self._phase = self._made(kept["phase"])

    def explore(self, hyperparameters: Mapping[str, float]) -> None:
        """Train with these from now on: learning_rate and entropy_cost."""
        set_hyperparameters(self._phase.learner, hyperparameters)


def set_hyperparameters(learner: PolicyLearner, hyperparameters: Mapping[str, float]) -> None:
    """Give a learner another step size and a fixed entropy cost.

    Raises:
        ConfigError: A name is unknown.
    """
    for name, value in hyperparameters.items():
        if name == "learning_rate":
            learner.config = dataclasses.replace(learner.config, learning_rate=value)
        elif name == "entropy_cost":
            learner.controller.fix(value)
        else:
            raise ConfigError(f"population: {name!r}, must be learning_rate or entropy_cost")


@dataclass(frozen=True)
class MakeMember:
    """Makes members; picklable."""

    config: RunConfig
    renderer_factory: RendererFactory
    start: Arrays | None = None

    def __call__(self, member: int) -> TrainingMember:
        """Make a member in the process where it will live."""
        return TrainingMember(self.config, self.renderer_factory, self.start, member)


def train_run_population(
    config: RunConfig,
    renderer_factory: RendererFactory,
    population: PopulationConfig,
    *,
    rounds: int,
    start: Arrays | None = None,
    last: tuple[Round, Sequence[State]] | None = None,
    address: str | None = None,
) -> Iterator[tuple[Round, Sequence[State], Arrays]]:
    """Train the last phase of a run as a population.

    Yields after each round what it brought, the members' states, and the fittest one's weights.

    Args:
        config: The run; its last phase must learn from rewards.
        renderer_factory: Makes renderers.
        population: How many, how long, how they copy.
        rounds: How many in all, >= 1.
        start: Weights that all begin with.
        last: Go on after this round, with these states of its members.
        address: Of a running Ray cluster.

    Raises:
        ConfigError: The last phase is of another kind.
        TrainingError: See `engines.population.train_population`.
    """
    if config.phases[-1].kind != "reinforce":
        raise ConfigError(
            f"population: the last phase is {config.phases[-1].kind!r}, must be 'reinforce': others have "
            "nothing to explore"
        )
    make = MakeMember(config, renderer_factory, start)
    for done, states in train_population(make, population, rounds=rounds, last=last, address=address):
        fittest = int(np.nanargmax(done.fitness))
        member = make(fittest)
        member.load(states[fittest])
        yield done, states, arrays_of(member.policy)


def round_state(done: Round, states: Sequence[State]) -> dict[str, Any]:
    """Return a round and its members' states as a checkpoint keeps them."""
    return {"round": dataclasses.asdict(done), "states": [dict(state) for state in states]}


def round_of(state: Mapping[str, Any]) -> tuple[Round, list[State]]:
    """Return what `round_state` made a state of."""
    kept = state["round"]
    done = Round(
        number=kept["number"],
        fitness=tuple(kept["fitness"]),
        hyperparameters=tuple(kept["hyperparameters"]),
        copies=tuple(Copy(**copy) for copy in kept["copies"]),
        deaths=kept["deaths"],
    )
    return done, state["states"]
