"""Rewards of whole episodes, worked out from their canvases when a learner consumes them.

T steps, B episodes, N images. Canvas t is what is seen after t actions, so there are T + 1 of them, and the
reward in row t belongs to the action that led from canvas t to canvas t + 1. Errors and distances are those
of values in [0, 1]. A part is worked out only where its weight is not 0.

The critic is called when the rewards are needed, not when the episode was painted: so it is the newest one.

Sources: Ganin et al. 2018 (arXiv 1804.01118), sections 3.2, 4.3 and 4.5; temporal credit: SPIRAL++
(arXiv 1910.01007), section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError, ConfigError, TrainingError
from spiral_core.reward import mean_squared_error

Floats = npt.NDArray[np.float64]
Images = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]
Form = Literal["dense", "final"]
CriticForm = Literal["dense", "final", "ratio"]

MAX_RATIO: Final = 10.0
"""The greatest reward of the form "ratio": single renders that a critic misjudges must not drown the rest."""

ScoreFunction = Callable[[Images, Indices, Indices], Floats]
"""(canvases (N, height, width, 3), how many actions were taken (N,), episode (N,)) -> scores (N,).

What else the critic sees (targets, actions, halves) is looked up by episode and must be the same for all
canvases of an episode, or temporal credit pays for the change of view.
"""


@dataclass(frozen=True, kw_only=True)
class RewardConfig:
    """What is rewarded. Weights are >= 0; 0 is off.

    Attributes:
        l2: Weight of the drop of the mean squared error to the target.
        l2_form: "dense" pays each step's drop, "final" the whole drop in the last step.
        blur: Both pictures are blurred by two 3x3 means before the error is taken: a stroke beside its place
            then counts for more than none, without which learning from scratch ends with blank canvases.
        critic: Weight of the critic's score.
        critic_form: "dense" (temporal credit) pays D(x_t) - D(x_t-1), in all D(x_T) - D(x_0); "final" pays
            D(x_T) in the last step, as in the paper; "ratio" pays exp(D(x_T)), at most MAX_RATIO, in the last
            step. Of a critic that learned the standard loss, that is the density of the data over that of
            the renders, and following it raises the likelihood of the data: all of them are to be covered,
            where D itself lets a policy keep to what it draws best (Che et al. 2017, arXiv 1702.07983).
        critic_stride: With "dense", every how many steps a canvas is scored, and the last; >= 1.
        sequence_penalty: Cost of each start of a new continuous sequence of strokes.
        blank_penalty: Cost of an episode at whose end nothing can be seen.
        visible_levels: The greatest change of any value, out of 255, that is still nothing to be seen.
        color_emd: Weight of the earth mover's distance of the colour histograms, paid in the last step.

    Raises:
        ConfigError: A value is out of range.
    """

    l2: float = 0.0
    l2_form: Form = "dense"
    blur: bool = False
    critic: float = 0.0
    critic_form: CriticForm = "dense"
    critic_stride: int = 1
    sequence_penalty: float = 0.0
    blank_penalty: float = 0.0
    visible_levels: int = 8
    color_emd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("l2", "critic", "sequence_penalty", "blank_penalty", "color_emd"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigError(f"reward.{name}: {getattr(self, name)}, must be a number >= 0")
        for name, forms in (("l2_form", Form), ("critic_form", CriticForm)):
            if getattr(self, name) not in get_args(forms):
                raise ConfigError(
                    f"reward.{name}: {getattr(self, name)!r}, must be one of {', '.join(get_args(forms))}"
                )
        if isinstance(self.critic_stride, bool) or self.critic_stride < 1:
            raise ConfigError(f"reward.critic_stride: {self.critic_stride}, must be a whole number >= 1")
        if not 0 <= self.visible_levels <= 254:
            raise ConfigError(f"reward.visible_levels: {self.visible_levels}, must be in [0, 254]")

    @property
    def needs_target(self) -> bool:
        """Whether some part compares with a target."""
        return self.l2 > 0 or self.color_emd > 0


class RewardParts(NamedTuple):
    """Rewards, each (T, B), float64; parts are before their weight, and zeros where they are off.

    Attributes:
        total: Weighted sum of the parts.
        l2: Drop of the squared error, in [-1, 1].
        critic: The critic's score or its rise.
        sequence: -1 where a new sequence of strokes starts.
        blank: -1 in the last step of an episode that shows nothing.
        color: Minus the distance of the colour histograms, in the last step, in [-1, 0].
    """

    total: Floats
    l2: Floats
    critic: Floats
    sequence: Floats
    blank: Floats
    color: Floats


def compute_rewards(
    config: RewardConfig,
    canvases: Images,
    targets: Images | None,
    paint: npt.NDArray[np.bool_],
    score: ScoreFunction | None = None,
) -> RewardParts:
    """Return the rewards of a batch of whole episodes.

    Args:
        config: What is rewarded.
        canvases: Shape (T + 1, B, height, width, 3), uint8: the bare canvas and the one after each action.
        targets: Shape (B, height, width, 3), uint8; None if nothing compares with a target.
        paint: Shape (T, B), bool: the action painted a stroke, otherwise it jumped.
        score: The critic; None if it is off.

    Raises:
        CanvasError: Shapes or types disagree.
        ConfigError: A part is on whose targets or critic are missing.
        TrainingError: The critic's scores are not finite.
    """
    if canvases.ndim != 5 or canvases.dtype != np.uint8 or len(canvases) < 2:
        raise CanvasError(
            f"canvases: {canvases.shape} {canvases.dtype}, must be (T + 1, B, height, width, 3) uint8"
        )
    shape = (len(canvases) - 1, canvases.shape[1])
    if paint.shape != shape or paint.dtype != np.bool_:
        raise CanvasError(f"paint: {paint.shape} {paint.dtype}, must be {shape} bool to fit the canvases")
    if targets is not None and (targets.shape != canvases.shape[1:] or targets.dtype != np.uint8):
        raise CanvasError(f"targets: {targets.shape} {targets.dtype}, must be {canvases.shape[1:]} uint8")
    l2, critic, sequence, blank, color = (np.zeros(shape) for _ in range(5))
    if config.l2:
        l2 = l2_reward(config, canvases, _needed(targets, "l2"))
    if config.critic:
        if score is None:
            raise ConfigError(f"reward.critic: {config.critic} needs a critic; without one it must be 0")
        critic = critic_reward(config, canvases, score)
    if config.sequence_penalty:
        sequence = -sequence_starts(paint).astype(np.float64)
    if config.blank_penalty:
        change = np.abs(canvases[-1].astype(np.int16) - canvases[0]).reshape(shape[1], -1).max(axis=1)
        blank[-1] = np.where(change <= config.visible_levels, -1.0, 0.0)
    if config.color_emd:
        color[-1] = -color_distance(canvases[-1], _needed(targets, "color_emd"))
    total = (
        config.l2 * l2
        + config.critic * critic
        + config.sequence_penalty * sequence
        + config.blank_penalty * blank
        + config.color_emd * color
    )
    return RewardParts(total, l2, critic, sequence, blank, color)


def l2_reward(config: RewardConfig, canvases: Images, targets: Images) -> Floats:
    """Return the drop of the squared error, (T, B); see `compute_rewards`. It sums to the whole drop."""
    error_of = blurred_squared_error if config.blur else mean_squared_error
    if config.l2_form == "dense":
        errors = np.stack([error_of(canvas, targets) for canvas in canvases])
        return errors[:-1] - errors[1:]
    reward = np.zeros((len(canvases) - 1, canvases.shape[1]))
    reward[-1] = error_of(canvases[0], targets) - error_of(canvases[-1], targets)
    return reward


def critic_reward(config: RewardConfig, canvases: Images, score: ScoreFunction) -> Floats:
    """Return the critic's reward, (T, B); see `compute_rewards`.

    In the dense form it sums to D(x_T) - D(x_0), whatever the stride: a rise between two scored canvases is
    paid for the action that led to the second.
    """
    num_steps, batch = len(canvases) - 1, canvases.shape[1]
    stride = config.critic_stride if config.critic_form == "dense" else num_steps
    steps = np.append(np.arange(0, num_steps, stride), num_steps)
    if config.critic_form != "dense":
        steps = steps[-1:]
    chosen = canvases[steps].reshape(-1, *canvases.shape[2:])
    scores = np.asarray(score(chosen, np.repeat(steps, batch), np.tile(np.arange(batch), len(steps))))
    if scores.shape != (len(chosen),):
        raise CanvasError(f"scores: {scores.shape}, must be ({len(chosen)},)")
    if not np.isfinite(scores).all():
        raise TrainingError(
            f"{np.sum(~np.isfinite(scores))} of {scores.size} scores of the critic are not finite: it has "
            "diverged; go back to an earlier checkpoint with a smaller learning rate of the critic"
        )
    table = scores.astype(np.float64).reshape(len(steps), batch)
    reward = np.zeros((num_steps, batch))
    if config.critic_form == "dense":
        reward[steps[1:] - 1] = np.diff(table, axis=0)
    elif config.critic_form == "final":
        reward[-1] = table[-1]
    else:
        reward[-1] = np.exp(np.minimum(table[-1], np.log(MAX_RATIO)))
    return reward


def sequence_starts(paint: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return where a continuous sequence of strokes starts: (T, B), painted with no stroke just before.

    Source: Ganin et al. 2018, section 4.3: a small negative reward for starting each continuous sequence.
    """
    before = np.zeros_like(paint)
    before[1:] = paint[:-1]
    return paint & ~before


def blurred_squared_error(canvas: Images, target: Images) -> Floats:
    """Return each canvas's mean squared error (B,) after two 3x3 means of both; edges repeat outwards.

    Args:
        canvas: Shape (B, height, width, channels), uint8.
        target: The same shape, uint8.

    Returns:
        Shape (B,), float64, in [0, 1]; exact, whatever the batch.
    """
    # A mean of differences is the difference of means. Sums of 9 x 9 values below 256 fit into 16 bits.
    total = canvas.astype(np.int16) - target
    for _ in range(2):
        for axis in (1, 2):
            total = _sum_of_three(total, axis)
    flat = total.reshape(len(total), -1).astype(np.float64)  # sums of whole numbers below 2**53 are exact
    squares = np.vecdot(flat, flat)
    return np.asarray(squares / ((81 * 255.0) ** 2 * flat.shape[1]))


def _sum_of_three(values: npt.NDArray[np.int16], axis: int) -> npt.NDArray[np.int16]:
    """Return the sum of each value and its two neighbours along an axis; the edge is its own neighbour."""
    moved = np.moveaxis(values, axis, 0)
    result = values.copy()
    out = np.moveaxis(result, axis, 0)
    out[1:] += moved[:-1]
    out[:-1] += moved[1:]
    out[0] += moved[0]
    out[-1] += moved[-1]
    return result


def color_distance(canvas: Images, target: Images) -> Floats:
    """Return the earth mover's distance of two pictures' colour histograms, meaned over channels.

    In one dimension it is the area between the two cumulative histograms.

    Args:
        canvas: Shape (B, height, width, channels), uint8.
        target: The same shape, uint8.

    Returns:
        Shape (B,), float64, in [0, 1]: how far, on the mean, a value must move.

    Source: Ganin et al. 2018, section 4.5 (an optional penalty, CelebA).
    """
    batch, channels = len(canvas), canvas.shape[-1]
    bins = 256 * np.arange(batch * channels).reshape(batch, 1, channels)
    difference = np.zeros(batch * channels * 256, np.int64)
    for sign, picture in ((1, canvas), (-1, target)):
        index = (picture.reshape(batch, -1, channels) + bins).ravel()
        difference += sign * np.bincount(index, minlength=difference.size)
    between = np.abs(np.cumsum(difference.reshape(batch, channels, 256), axis=2)).sum(axis=(1, 2))
    return np.asarray(between / (255.0 * channels * canvas[0, ..., 0].size))


def _needed(targets: Images | None, name: str) -> Images:
    if targets is None:
        raise ConfigError(f"reward.{name}: needs targets; without them it must be 0")
    return targets
