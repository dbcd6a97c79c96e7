"""How a stroke field learns from rewards, and what is told of it; see `stroke_reinforcement`."""

from __future__ import annotations

from dataclasses import dataclass

from spiral_core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class RewardsConfig:
    """How a field learns from rewards.

    Attributes:
        num_paintings: Paintings in the making.
        side: Side of their targets in pixels, a multiple of 128.
        most_strokes: Strokes of the longest painting.
        updates_per_round: Updates between two chances of a checkpoint.
        num_samples: Changes tried for each stroke, even.
        climb_steps: Steps by which the best change of each cell's best stroke is improved further.
        imitation: How much the climbed strokes pull, beside the gains of the changes.
        learning_rate: Adam's first step size.
        slow_down: Updates after which the step size has fallen by the square root of 2.
        deviation: First standard deviation of the changes, in the field's numbers.
        least_deviation: What it falls to.
        narrow_down: Updates after which it has fallen by the square root of 2.
        mean_decay: Decay of the running mean of the weights, in [0, 1).
        max_gradient_norm: Longer gradients are cut to this length.
        seed: Seed of everything.
    """

    num_paintings: int = 48
    side: int = 128
    most_strokes: int = 700
    updates_per_round: int = 100
    num_samples: int = 16
    climb_steps: int = 48
    imitation: float = 1.0
    learning_rate: float = 1e-3
    slow_down: int = 6000
    deviation: float = 0.3
    least_deviation: float = 0.08
    narrow_down: int = 3000
    mean_decay: float = 0.998
    max_gradient_norm: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("updates_per_round", "slow_down", "narrow_down"):
            if getattr(self, name) < 1:
                raise ConfigError(f"rewards.{name}: {getattr(self, name)}, must be >= 1")
        if self.num_samples < 2 or self.num_samples % 2:
            raise ConfigError(f"rewards.num_samples: {self.num_samples}, must be even and >= 2")
        for name in ("learning_rate", "deviation", "least_deviation", "max_gradient_norm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"rewards.{name}: {getattr(self, name)}, must be > 0")
        if not 0 <= self.mean_decay < 1:
            raise ConfigError(f"rewards.mean_decay: {self.mean_decay}, must be in [0, 1)")
