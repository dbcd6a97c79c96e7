"""Scales of returns and advantages: PopArt for the value layer, a running scale for what drives the policy.

Moments are exponential means, corrected for their start at nothing, kept as Python floats (64 bits).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from spiral_core.errors import CanvasError, ConfigError, TrainingError

ScaleForm = Literal["std", "percentile"]


class RunningMoments:
    """Exponential means of values and of their squares.

    The first batch counts in full: the weights of all batches so far are divided by their sum.

    Args:
        decay: Weight of the past in one update, in [0, 1).

    Raises:
        ConfigError: The decay is out of range.
    """

    def __init__(self, decay: float) -> None:
        if not 0 <= decay < 1:
            raise ConfigError(f"decay: {decay}, must be in [0, 1)")
        self.decay = decay
        self._weight = self._first = self._second = 0.0

    @property
    def mean(self) -> float:
        """Mean so far; 0 at the start."""
        return self._first / self._weight if self._weight else 0.0

    @property
    def std(self) -> float:
        """Standard deviation so far, >= 0; 1 at the start."""
        if not self._weight:
            return 1.0
        return math.sqrt(max(self._second / self._weight - self.mean**2, 0.0))

    def update(self, values: Tensor) -> None:
        """Count a batch of values of any shape.

        Raises:
            CanvasError: There are none.
            TrainingError: Some are not finite.
        """
        double = _checked(values)
        self._weight = self.decay * self._weight + 1 - self.decay
        self._first = self.decay * self._first + (1 - self.decay) * double.mean().item()
        self._second = self.decay * self._second + (1 - self.decay) * double.square().mean().item()

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        return {"weight": self._weight, "first": self._first, "second": self._second}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._weight, self._first, self._second = (
            float(state[name]) for name in ("weight", "first", "second")
        )


class PopArt:
    """Lets a value layer learn returns of mean 0 and deviation 1, whatever the scale of the rewards.

    The layer gives normalised values n; the value is std * n + mean. When mean and std move, the layer is
    rescaled so that no value changes (but for rounding). Its optimiser's moments are left as they are.

    Args:
        decay: Weight of the past in one update, in [0, 1).
        minimum_std: Smallest standard deviation, > 0: without it, equal returns would divide by nothing.

    Raises:
        ConfigError: A value is out of range.

    Source: van Hasselt et al. 2016 (arXiv 1602.07714), eq. 3 and proposition 1; Hessel et al. 2018
    (arXiv 1809.04474), section "Adaptive normalization".
    """

    def __init__(self, *, decay: float = 0.99, minimum_std: float = 1e-4) -> None:
        if not 0 < minimum_std < math.inf:
            raise ConfigError(f"popart: minimum_std {minimum_std}, must be > 0")
        self.minimum_std = minimum_std
        self._moments = RunningMoments(decay)

    @property
    def mean(self) -> float:
        """Mean of the returns; 0 at the start."""
        return self._moments.mean

    @property
    def std(self) -> float:
        """Standard deviation of the returns, at least minimum_std; 1 at the start."""
        return max(self._moments.std, self.minimum_std)

    def normalise(self, returns: Tensor) -> Tensor:
        """Return what the value layer should say for such returns."""
        return (returns - self.mean) / self.std

    def denormalise(self, normalised: Tensor) -> Tensor:
        """Return the values that the value layer means."""
        return normalised * self.std + self.mean

    @torch.no_grad()
    def update(self, returns: Tensor, layer: nn.Linear) -> None:
        """Count a batch of returns of any shape, and rescale the value layer so that its values stay.

        Raises:
            CanvasError: There are none.
            ConfigError: The layer has no bias, so its values cannot be kept.
            TrainingError: Some are not finite.
        """
        if layer.bias is None:
            raise ConfigError("popart: the value layer has no bias, must have one")
        mean, std = self.mean, self.std
        self._moments.update(returns)
        layer.weight.mul_(std / self.std)
        layer.bias.mul_(std).add_(mean - self.mean).div_(self.std)

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint keeps; the layer is the policy's."""
        return self._moments.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint; the layer's weights must be those of the same checkpoint."""
        self._moments.load_state_dict(state)


class RunningScale:
    """Divides values by how widely they spread; never moves their zero.

    A mean is not taken away: with temporal credit that would pay for steps that changed nothing.

    Args:
        form: "std", their running standard deviation, or "percentile", the running range from the 5th to the
            95th percentile, which a few wild values do not move.
        decay: Weight of the past in one update, in [0, 1).
        minimum: Smallest divisor, > 0: noise around nothing is not blown up.

    Raises:
        ConfigError: A value is out of range.

    Source: the percentile range is that of Hafner et al. 2023 (arXiv 2301.04104), eq. 12.
    """

    def __init__(self, form: ScaleForm = "std", *, decay: float = 0.99, minimum: float = 1e-4) -> None:
        if form not in ("std", "percentile"):
            raise ConfigError(f"scale: form {form!r}, must be one of std, percentile")
        if not 0 < minimum < math.inf:
            raise ConfigError(f"scale: minimum {minimum}, must be > 0")
        self.form, self.minimum = form, minimum
        self._moments = RunningMoments(decay)

    @property
    def scale(self) -> float:
        """What values are divided by, at least the minimum; 1 before the first update."""
        spread = self._moments.std
        if self.form == "percentile" and self._moments.state_dict()["weight"]:
            spread = self._moments.mean  # of the ranges
        return max(spread, self.minimum)

    def update(self, values: Tensor) -> float:
        """Count a batch of values of any shape and return the new scale.

        Raises:
            CanvasError: There are none.
            TrainingError: Some are not finite.
        """
        if self.form == "percentile":
            bounds = torch.tensor([0.05, 0.95], dtype=torch.float64, device=values.device)
            low, high = torch.quantile(_checked(values), bounds)
            values = high - low
        self._moments.update(values)
        return self.scale

    def divided(self, values: Tensor) -> Tensor:
        """Return values divided by the scale."""
        return values / self.scale

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        return self._moments.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._moments.load_state_dict(state)


def _checked(values: Tensor) -> Tensor:
    if not values.numel():
        raise CanvasError(f"values: shape {tuple(values.shape)}, must hold at least one")
    double = values.detach().double().flatten()
    if not torch.isfinite(double).all():
        num_bad = int((~torch.isfinite(double)).sum())
        raise TrainingError(
            f"{num_bad} of {double.numel()} returns or advantages are not finite: "
            "the training has diverged; go back to an earlier checkpoint with a smaller learning rate"
        )
    return double
