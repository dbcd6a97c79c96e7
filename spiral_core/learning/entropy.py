"""Entropy held at a target for each action part, and a guard that says when a policy has stopped choosing.

A fixed entropy cost is either lost among the rewards or drowns them, and what is right for 1024 locations is
not right for a flag. So each of the P parts has its own coefficient, which rises while the part's entropy is
below its target and falls while it is above. The loss subtracts the sum of coefficient times entropy.

Entropies are in nats. Everything here is float64 NumPy, so that a resumed run goes on to the bit.

Source: targets and a multiplicative coefficient as in soft actor-critic, Haarnoja et al. 2018
(arXiv 1812.05905), section 5; annealed target and fractions are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionPart
from spiral_core.errors import CanvasError, ConfigError, TrainingError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class EntropyConfig:
    """What entropy a policy is held to: for each part, a fraction of the log of its number of values.

    Attributes:
        first: Fraction at the start of training, in [0, 1].
        last: Fraction from `frames` on, in [0, 1]; linear in between.
        frames: Environment steps from the first target to the last, >= 1.
        coefficient: Coefficient of every part at the start, in [minimum, maximum].
        rate: How fast coefficients move: the change of a log coefficient in one update, when the entropy is
            off its target by all there is (the log of the number of values). > 0.
        minimum: Smallest coefficient, > 0.
        maximum: Largest coefficient.

    Raises:
        ConfigError: A value is out of range.
    """

    first: float = 0.8
    last: float = 0.3
    frames: int = 1_000_000
    coefficient: float = 0.01
    rate: float = 0.05
    minimum: float = 1e-5
    maximum: float = 1.0

    def __post_init__(self) -> None:
        for name in ("first", "last"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"entropy.{name}: {getattr(self, name)}, must be in [0, 1]")
        if self.frames < 1:
            raise ConfigError(f"entropy.frames: {self.frames}, must be >= 1")
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise ConfigError(f"entropy.rate: {self.rate}, must be > 0")
        if not 0 < self.minimum <= self.coefficient <= self.maximum < np.inf:
            raise ConfigError(
                f"entropy.coefficient: {self.coefficient}, "
                f"must be in [minimum, maximum] = [{self.minimum}, {self.maximum}], minimum > 0"
            )


def mean_part_entropy(entropy: npt.ArrayLike, matters: npt.ArrayLike) -> Floats:
    """Return the mean entropy of each part over the steps in which the part matters.

    Args:
        entropy: Shape (..., P): entropy of each part in each step.
        matters: Shape (..., P), bool: the part has an effect (`Observation.action_mask` of the next step).

    Returns:
        Shape (P,); nan for a part that mattered nowhere.

    Raises:
        CanvasError: The shapes disagree.
        TrainingError: An entropy that matters is not finite: the policy has diverged.
    """
    values, mask = np.asarray(entropy, np.float64), np.asarray(matters, np.bool_)
    if values.ndim < 1 or values.shape != mask.shape:
        raise CanvasError(f"entropy {values.shape} and matters {mask.shape}, must be of one shape (..., P)")
    num_parts = values.shape[-1]
    values, mask = values.reshape(-1, num_parts), mask.reshape(-1, num_parts)
    if not np.isfinite(values[mask]).all():
        part = int(np.argwhere(mask & ~np.isfinite(values))[0, 1])
        raise TrainingError(
            f"entropy of action part {part} is not finite: the policy has diverged; go back to an earlier "
            "checkpoint with a smaller learning rate"
        )
    counts = mask.sum(axis=0)
    total = np.where(mask, values, 0.0).sum(axis=0)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


class EntropyController:
    """One entropy coefficient for each action part, moved towards a target entropy.

    A part that was not measured (nan), or has one value only, keeps its coefficient.

    Args:
        parts: The action parts.
        config: Targets and speeds.
    """

    def __init__(self, parts: Sequence[ActionPart], config: EntropyConfig | None = None) -> None:
        self.config = EntropyConfig() if config is None else config
        self.names = tuple(part.name for part in parts)
        self.greatest: Floats = np.log([part.num_values for part in parts])
        """Shape (P,): entropy of an even choice, the log of the number of values."""
        self._log_alpha: Floats = np.full(len(parts), np.log(self.config.coefficient))

    @property
    def coefficients(self) -> Floats:
        """Shape (P,): coefficient of each part's entropy, in [minimum, maximum]."""
        return np.clip(np.exp(self._log_alpha), self.config.minimum, self.config.maximum)

    def fix(self, coefficient: float) -> None:
        """Hold every part's coefficient at one value from now on: the paper's entropy cost.

        Raises:
            ConfigError: It is not > 0.
        """
        self.config = replace(self.config, coefficient=coefficient, minimum=coefficient, maximum=coefficient)
        self._log_alpha = np.full(len(self.names), np.log(coefficient))

    def targets(self, frames: int) -> Floats:
        """Return the target entropy (P,) in nats after so many environment steps."""
        share = min(max(frames / self.config.frames, 0.0), 1.0)
        return ((1 - share) * self.config.first + share * self.config.last) * self.greatest

    def update(self, entropy: npt.ArrayLike, frames: int) -> Floats:
        """Move the coefficients by one update's measurement.

        Args:
            entropy: Shape (P,): mean entropy of each part, see `mean_part_entropy`; nan is not measured.
            frames: Environment steps so far.

        Returns:
            The new coefficients (P,).

        Raises:
            CanvasError: The shape is wrong or an entropy is infinite.
        """
        measured = _checked(entropy, len(self.names))
        moves = (self.greatest > 0) & ~np.isnan(measured)
        error = np.where(moves, self.targets(frames) - measured, 0.0) / np.where(moves, self.greatest, 1.0)
        self._log_alpha = np.clip(
            self._log_alpha + self.config.rate * error,
            np.log(self.config.minimum),
            np.log(self.config.maximum),
        )
        return self.coefficients

    def state_dict(self) -> dict[str, list[float]]:
        """Return what a checkpoint keeps."""
        return {"log_alpha": self._log_alpha.tolist()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises:
            CanvasError: It is that of other action parts.
        """
        self._log_alpha = _checked(state["log_alpha"], len(self.names))


class EntropyGuard:
    """Says what it saw when a policy has all but stopped choosing.

    Args:
        names: Names of the action parts.
        limit: Fraction of the total target entropy below which the total is too low, in (0, 1).
        patience: Updates in a row that must be too low before it speaks, >= 1; it speaks again after as many.

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(self, names: Sequence[str], *, limit: float = 0.25, patience: int = 50) -> None:
        if not 0 < limit < 1:
            raise ConfigError(f"entropy guard: limit {limit}, must be in (0, 1)")
        if patience < 1:
            raise ConfigError(f"entropy guard: patience {patience}, must be >= 1")
        self.names, self.limit, self.patience = tuple(names), limit, patience
        self._low = 0

    def check(self, entropy: npt.ArrayLike, target: npt.ArrayLike) -> str | None:
        """Return a message if the total entropy has been too low for long, else None.

        Args:
            entropy: Shape (P,): measured entropies; parts that are nan count on neither side.
            target: Shape (P,): what they should be.
        """
        measured, wanted = _checked(entropy, len(self.names)), _checked(target, len(self.names))
        seen = ~np.isnan(measured)
        total, floor = measured[seen].sum(), self.limit * wanted[seen].sum()
        self._low = self._low + 1 if total < floor else 0
        if not self._low or self._low % self.patience:
            return None
        # The part that lacks most is named: it is the one to look at first.
        worst = int(np.nanargmin(measured - wanted))
        return (
            f"entropy of part {self.names[worst]} {measured[worst]:.2f} nats, target {wanted[worst]:.2g}, "
            f"for {self._low} updates: all parts together {total:.2f}, limit {floor:.2f}; "
            "the policy hardly chooses any more. Go back to an earlier checkpoint with a greater "
            "entropy.coefficient or entropy.rate, or a smaller learning rate"
        )

    def state_dict(self) -> dict[str, int]:
        """Return what a checkpoint keeps."""
        return {"low": self._low}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._low = int(state["low"])


def _checked(values: npt.ArrayLike, num_parts: int) -> Floats:
    result = np.array(values, np.float64)
    if result.shape != (num_parts,) or np.isinf(result).any():
        raise CanvasError(
            f"entropy: {result.tolist()}, must be {num_parts} numbers, one for each action part"
        )
    return result
