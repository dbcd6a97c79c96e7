"""Population-based training's decisions: who copies whom, and how the copies' hyperparameters change.

No processes here: all decisions are functions of fitnesses, hyperparameters, a seed and the number of the
round, so a population that is resumed decides as it would have.

Source: Jaderberg et al. 2017 (arXiv 1711.09846), truncation selection, perturbing or resampling; the
hyperparameters and their ranges are those of SPIRAL++ (Mellor et al. 2019, arXiv 1910.01007).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from spiral_core.errors import ConfigError

Hyperparameters = dict[str, float]


@dataclass(frozen=True, slots=True)
class LogRange:
    """Where a hyperparameter may be: log-uniform in [low, high], 0 < low <= high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high < math.inf:
            raise ConfigError(f"population.range: {self.low:g} to {self.high:g}, must be 0 < low <= high")

    def sample(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return self.clip(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))

    def clip(self, value: float) -> float:
        """Return the nearest value within."""
        return min(max(value, self.low), self.high)


def spiral_ranges() -> dict[str, LogRange]:
    """Return the ranges of SPIRAL++."""
    return {"learning_rate": LogRange(1e-5, 3e-4), "entropy_cost": LogRange(2e-3, 1e-1)}


@dataclass(frozen=True, kw_only=True)
class PopulationConfig:
    """How a population is trained.

    Attributes:
        size: Members, >= 1; the paper's SPIRAL had 12.
        frames: What each member trains between two decisions, >= 1.
        share: The lowest share copies out of the highest share, in [0, 0.5].
        factors: A copy's hyperparameters are multiplied by one of these, each > 0.
        resample: Or, with this probability for each, drawn anew, in [0, 1].
        ranges: Where each hyperparameter may be.
        seed: Seed of all decisions, >= 0.
    """

    size: int = 12
    frames: int = 1_000_000
    share: float = 0.25
    factors: tuple[float, ...] = (0.8, 1.25)
    resample: float = 0.25
    ranges: Mapping[str, LogRange] = field(default_factory=spiral_ranges)
    seed: int = 0

    def __post_init__(self) -> None:
        def check(name: str, holds: bool, valid: str) -> None:
            if not holds:
                raise ConfigError(f"population.{name}: {getattr(self, name)!r}, must be {valid}")

        check("size", self.size >= 1, ">= 1")
        check("frames", self.frames >= 1, ">= 1")
        check("share", 0 <= self.share <= 0.5, "in [0, 0.5]")
        check("factors", bool(self.factors) and all(0 < f < math.inf for f in self.factors), "numbers > 0")
        check("resample", 0 <= self.resample <= 1, "in [0, 1]")
        check("seed", self.seed >= 0, ">= 0")


@dataclass(frozen=True, slots=True)
class Copy:
    """A decision: `loser` goes on from `winner`'s state with these hyperparameters."""

    loser: int
    winner: int
    hyperparameters: Hyperparameters


def first_hyperparameters(config: PopulationConfig) -> list[Hyperparameters]:
    """Draw what each member begins with."""
    rng = np.random.default_rng([config.seed, 0])
    return [{name: r.sample(rng) for name, r in config.ranges.items()} for _ in range(config.size)]


def decide(
    config: PopulationConfig,
    fitness: Sequence[float],
    hyperparameters: Sequence[Hyperparameters],
    round_number: int,
) -> list[Copy]:
    """Say who copies whom after a round.

    Args:
        config: How.
        fitness: Of each member, higher is better; one that is not a number is below all others.
        hyperparameters: Of each member.
        round_number: Counted from 1.

    Returns:
        Copies, each loser once, none of them a winner. A member that is as fit as its winner stays.
    """
    assert len(fitness) == len(hyperparameters) == config.size
    assert round_number >= 1
    values = [-math.inf if math.isnan(value) else value for value in fitness]
    # Equals keep their order, so that decisions do not hang on how a sort is made.
    order = sorted(range(config.size), key=lambda member: (values[member], -member))
    # At least one, also of a small population; nobody is loser and winner at once.
    num = min(math.ceil(config.share * config.size), config.size // 2)
    rng = np.random.default_rng([config.seed, round_number])
    copies = []
    for loser in order[:num]:
        winner = order[config.size - 1 - int(rng.integers(num))]
        changed = explore(config, hyperparameters[winner], rng)
        if values[winner] > values[loser]:
            copies.append(Copy(loser, winner, changed))
    return copies


def explore(
    config: PopulationConfig, hyperparameters: Hyperparameters, rng: np.random.Generator
) -> Hyperparameters:
    """Return changed hyperparameters, within their ranges."""
    changed = {}
    for name, allowed in config.ranges.items():
        if rng.random() < config.resample:
            changed[name] = allowed.sample(rng)
        else:
            changed[name] = allowed.clip(hyperparameters[name] * float(rng.choice(config.factors)))
    return changed
