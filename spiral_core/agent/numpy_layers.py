"""The arithmetic of `numpy_policy`: sampling, and convolutions of channels-last maps as matrix products."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spiral_core.agent.policy_config import PATCH

Floats = npt.NDArray[np.float32]
Actions = npt.NDArray[np.int64]
_BLOCK = 32


def sample(weight: Floats, share: npt.NDArray[np.float64]) -> Actions:
    """Draw columns in proportion to their weights by inverting the cumulative sum.

    Args:
        weight: Shape (N, V), >= 0, not all 0 in a row.
        share: Shape (N, K), in [0, 1): where each draw lies in the cumulative sum.

    Returns:
        Shape (N, K), int64, in [0, V).
    """
    rows, values = weight.shape
    if share.shape[1] == 1 and values % _BLOCK == 0 and values > _BLOCK:
        # First the block, then the column in it: summing is much cheaper than summing up.
        blocks = weight.reshape(rows, -1, _BLOCK)
        upto = blocks.sum(axis=2).cumsum(axis=1)
        reached = (share * upto[:, -1:]).astype(np.float32)
        block = np.minimum((upto <= reached).sum(axis=1), upto.shape[1] - 1)
        row = np.arange(rows)
        before = np.where(block > 0, upto[row, block - 1], np.float32(0))
        inside = blocks[row, block].cumsum(axis=1)
        column = np.minimum((inside <= reached - before[:, None]).sum(axis=1), _BLOCK - 1)
        return np.asarray(block * _BLOCK + column, np.int64)[:, None]
    total = weight.cumsum(axis=1)
    reached = (share * total[:, -1:]).astype(np.float32)
    drawn = (total[:, None, :] <= reached[:, :, None]).sum(axis=2)
    return np.asarray(np.minimum(drawn, weight.shape[1] - 1), np.int64)


def relu(values: Floats) -> Floats:
    """Return max(values, 0), in place."""
    return np.maximum(values, np.float32(0), out=values)


def sigmoid(values: Floats) -> Floats:
    """Return 1 / (1 + exp(-values)) without overflow."""
    return np.asarray(np.float32(0.5) * (np.tanh(np.float32(0.5) * values) + np.float32(1)))


def taps(weight: Floats) -> Floats:
    """Return a 3x3 convolution's weight (out, in, 3, 3) as (3, 3, in, out)."""
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


def patches_of(pixels: npt.NDArray[np.uint8], side: int, channels: int) -> Floats:
    """Return the first channels of pixels (B, 4 * S, 4 * S, 1 or 3) as patches (B * S * S, 16 * channels)."""
    rows = np.ascontiguousarray(pixels[..., :channels]).reshape(-1, side, PATCH, side, PATCH * channels)
    rows = rows.transpose(0, 1, 3, 2, 4)
    return np.multiply(rows, np.float32(1 / 255), dtype=np.float32).reshape(-1, PATCH * PATCH * channels)


def same_convolution(framed: Floats, weight: Floats) -> Floats:
    """Return the 3x3 convolution (B, S * S, out) of maps with a frame of one cell, (B, S + 2, S + 2, in)."""
    batch, side = len(framed), framed.shape[1] - 2
    wide = np.concatenate([framed[:, :, i : i + side] for i in range(3)], axis=3)
    size = side * side
    result = wide[:, 0:side].reshape(batch, size, -1) @ weight[0]
    for i in (1, 2):
        result += wide[:, i : i + side].reshape(batch, size, -1) @ weight[i]
    return np.asarray(result)


def halving_convolution(cells: Floats, weight: Floats, bias: Floats) -> Floats:
    """Return relu of the 3x3 convolution of stride 2, (B, S / 2, S / 2, out), of maps (B, S, S, in)."""
    batch, side, _, channels = cells.shape
    framed = np.zeros((batch, side + 2, side + 2, channels), np.float32)
    framed[:, 1:-1, 1:-1] = cells
    around = [framed[:, i : i + side : 2, j : j + side : 2] for i in range(3) for j in range(3)]
    gathered = np.concatenate(around, axis=3)
    result = gathered.reshape(-1, 9 * channels) @ weight
    result += bias
    return relu(result).reshape(batch, side // 2, side // 2, -1)


def add_upsampled(cells: Floats, coarse: Floats) -> None:
    """Add maps (B, S / 2, S / 2, C) to maps (B, S, S, C), each coarse cell to its four."""
    batch, side, _, channels = cells.shape
    half = side // 2
    blocks = cells.reshape(batch, half, 2, half, 2, channels)
    blocks += coarse[:, :, None, :, None, :]
