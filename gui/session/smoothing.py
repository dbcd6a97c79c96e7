"""A moving average that is true to its newest value and has no lag at its beginning."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_BLOCK: Final = 64


def smoothed(values: npt.NDArray[np.float64], weight: float) -> npt.NDArray[np.float64]:
    """Return the debiased exponential moving average.

    Debiased: divided by the sum of the weights so far, so that it begins at the first value and not at zero.

    Args:
        values: Shape (N,).
        weight: How much of the average before is kept at each value, in [0, 1).
    """
    assert 0 <= weight < 1
    if weight == 0 or len(values) < 2:
        return values.copy()
    kept = weight ** np.arange(1, len(values) + 1)
    return _recursion((1 - weight) * values, weight) / (1 - kept)


def _recursion(inputs: npt.NDArray[np.float64], weight: float) -> npt.NDArray[np.float64]:
    """Return y with y[t] = weight y[t - 1] + inputs[t], in blocks: no step of Python per value."""
    if len(inputs) <= _BLOCK:
        return _powers(len(inputs), weight) @ inputs
    num_blocks = -(-len(inputs) // _BLOCK)
    padded = np.zeros(num_blocks * _BLOCK)
    padded[: len(inputs)] = inputs
    within = padded.reshape(num_blocks, _BLOCK) @ _powers(_BLOCK, weight).T
    ends = _recursion(within[:, -1], weight**_BLOCK)
    within[1:] += np.outer(ends[:-1], weight ** np.arange(1, _BLOCK + 1))
    return within.reshape(-1)[: len(inputs)]


def _powers(size: int, weight: float) -> npt.NDArray[np.float64]:
    """Return the matrix of what each input still counts for at each later place."""
    age = np.subtract.outer(np.arange(size), np.arange(size))
    return np.where(age >= 0, weight ** np.maximum(age, 0), 0.0)
