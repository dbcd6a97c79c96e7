"""Rewards of the painting environment: how much nearer the canvas came to the target.

The error is the mean squared error over pixels and channels of values in [0, 1], so it lies in [0, 1]. The
dense form pays each step's drop of the error, the final form pays the whole drop in the last step; over an
episode both sum to the same (temporal credit, SPIRAL++, arXiv 1910.01007, section 2.2).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError

RewardForm = Literal["none", "dense", "final"]
_EXACT = 256
"""So many squares of differences of bytes add up exactly in single precision: 256 * 255**2 < 2**24."""

REWARD_FORMS: tuple[RewardForm, ...] = ("none", "dense", "final")


def mean_squared_error(
    canvas: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """Return each canvas's error against its target.

    Args:
        canvas: Shape (B, height, width, channels), uint8.
        target: The same shape, uint8.

    Returns:
        Shape (B,), float64, in [0, 1]; exact, whatever the batch.

    Raises:
        CanvasError: The shapes or types disagree.
    """
    if canvas.shape != target.shape or canvas.dtype != np.uint8 or target.dtype != np.uint8:
        raise CanvasError(
            f"canvas {canvas.shape} {canvas.dtype} and target {target.shape} {target.dtype}, "
            "must be uint8 arrays of one shape"
        )
    difference = canvas.astype(np.float32).reshape(len(canvas), -1) - target.reshape(len(target), -1)
    size = difference.shape[1]
    whole = size - size % _EXACT
    runs, rest = difference[:, :whole].reshape(len(canvas), -1, _EXACT), difference[:, whole:]
    total = np.vecdot(runs, runs).sum(axis=1, dtype=np.float64) + np.vecdot(rest, rest)
    return np.asarray(total / (255.0**2 * size))


def l2_drop(
    form: RewardForm,
    *,
    initial: npt.NDArray[np.float64],
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    is_last: bool,
) -> npt.NDArray[np.float64]:
    """Return the reward of one step for a batch of episodes.

    Args:
        form: "dense", "final" or "none".
        initial: Shape (B,): error at the start of the episode.
        before: Shape (B,): error before the step.
        after: Shape (B,): error after the step.
        is_last: The step ends the episode.

    Returns:
        Shape (B,): drop of the error in [-1, 1].
    """
    if form == "dense":
        return before - after
    if form == "final" and is_last:
        return initial - after
    return np.zeros_like(after)
