"""A field of strokes: the agent that sees a whole picture and proposes a stroke for every small square of it.

One convolutional network looks at what is painted and what is wanted and says, for each cell of 4 x 4 pixels,
a few strokes near it and what each would gain. A painter takes the best of all without painting any of them.
Shown a picture halved once or more, the same network proposes larger strokes. Free of torch.

Network, C1, C2, C3 channels on cells of 4, 8 and 16 pixels, all convolutions 3 x 3 unless said otherwise:

    planes      target and difference to the canvas, both also relative to the size of the error,
                error, hidden detail -> 4x4 patches, C1
    down        residual; stride 2, C2, residual; stride 2, C3, residual, residual
    up          1x1, added to the finer cells, residual; 1x1, added to the finest cells, residual, residual
    head        1x1, hidden; 1x1: for each of M anchors the numbers of STROKE_NUMBERS and the worth

Lengths are in pixels of the picture shown. Shapes: H x W pixels, h x w cells, M anchors, D numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from spiral_core.agent.field_config import (
    CELL,
    NUM_PLANES,
    RADII_PX,
    STROKE_NUMBERS,
    FieldConfig,
    check_field,
)
from spiral_core.agent.numpy_layers import relu, taps
from spiral_core.agent.weights import Weights, load_weights
from spiral_core.errors import AgentError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

BLOCK: Final = 16
"""Sides of the pictures shown are multiples of this many pixels."""

_SMALLEST_ERROR = 2e-3  # root of the mean squared error that a picture is shown relative to, at least
_MIDDLE_PX, _FARTHEST_PX = 4.0, 12.0
_AXIS_PX, _LONGEST_PX = 4.0, 24.0
_BEND_PX = 3.0
_RADIUS_STEP = 0.5  # in natural logarithms
_PRESSURE, _PRESSURE_STEP = 0.75, 0.25
_LEAST_PRESSURE = 0.2
_OPACITY, _OPACITY_STEP = 0.9, 0.2
_LEAST_OPACITY = 0.1
_DETAIL_PX = 8  # of the picture shown: detail is what differs from the mean of such a square
_WORTH_UNIT = 0.5
_LOSS_SCALE = 0.25


def planes_of(canvas: Floats, target: Floats, level: int) -> tuple[Floats, float]:
    """Return what the network sees of a picture halved some times.

    Halving hides what a stroke would destroy and what it could never paint; two planes bring both back, so
    that what a stroke gains on the picture itself can be told from its halved one.

    Args:
        canvas: Shape (height, width, 3), float32, in [0, 1]: what is painted; any size.
        target: The same shape: what is wanted.
        level: How many times to halve; 0 shows the picture as it is, -1 twice as large; at least -3.

    Returns:
        Planes (H, W, 14), sides filled up to multiples of 16 with nothing left to do; and the mean squared
        error of the picture, summed over channels, in units of which worths are.
    """
    size, times = 2 ** max(level, 0), 2 ** max(-level, 0)
    filled = BLOCK * size // times
    height, width = canvas.shape[:2]
    fill = ((0, -height % filled), (0, -width % filled), (0, 0))
    difference = target - canvas
    if fill[0][1] or fill[1][1]:
        difference = np.pad(difference, fill)
        target = np.pad(target, fill, mode="edge")
    missing = np.einsum("ijc,ijc->ij", difference, difference)
    error = max(float(missing.sum(dtype=np.float64)) / (height * width), _SMALLEST_ERROR**2)
    whole = target
    if size > 1:
        difference, target, missing = (_means(plane, size) for plane in (difference, target, missing))
    planes = np.empty((*target.shape[:2], NUM_PLANES), np.float32)
    scale = np.float32(1 / np.sqrt(error))
    side = _DETAIL_PX // times
    blocks = target.reshape(target.shape[0] // side, side, target.shape[1] // side, side, 3)
    detail = (blocks - blocks.mean(axis=(1, 3), keepdims=True)).reshape(target.shape)
    planes[..., 0:3] = target - np.float32(0.5)
    planes[..., 3:6] = difference
    for first, plane in ((6, difference), (9, detail)):
        relative = plane * scale
        np.divide(relative, 1 + np.float32(0.25) * np.abs(relative), out=planes[..., first : first + 3])
    planes[..., 12] = np.log1p(missing * np.float32(1 / error))
    if size > 1:
        hidden = _means(np.einsum("ijc,ijc->ij", whole, whole), size)
        hidden -= np.einsum("ijc,ijc->ij", target, target)
        planes[..., 13] = np.log1p(np.maximum(hidden, 0) * np.float32(1 / error))
    else:
        planes[..., 13] = 0.0
    if times > 1:  # every pixel a square of so many
        planes = planes.repeat(times, axis=0).repeat(times, axis=1)
    return planes, error


def _means(plane: Floats, size: int) -> Floats:
    """Return means over squares of size pixels, which divides the sides."""
    height, width = plane.shape[:2]
    squares = plane.reshape(height // size, size, width // size, size, *plane.shape[2:])
    return np.asarray(squares.mean(axis=(1, 3)), np.float32)


def worth_of(gain: Doubles, error: Doubles | float) -> Doubles:
    """Return what the network should say for gains, in squared error summed over the shown pixels.

    Losses are told apart less than gains are: nobody asks how bad a stroke is that is not painted.

    Args:
        gain: Any shape.
        error: From `planes_of`; a number or an array of a shape that fits.
    """
    relative = gain / (_WORTH_UNIT * np.asarray(error))
    said = np.log1p(np.abs(relative))
    return np.asarray(np.where(relative >= 0, said, -_LOSS_SCALE * said), np.float64)


def gain_of(worth: npt.NDArray[np.floating], error: float) -> Doubles:
    """Return the gain that a worth stands for; the inverse of `worth_of`."""
    said = np.asarray(worth, np.float64).clip(-5.0, 20.0)
    relative = np.where(
        said >= 0, np.expm1(np.maximum(said, 0)), -np.expm1(np.maximum(-said, 0) / _LOSS_SCALE)
    )
    return np.asarray(relative * (_WORTH_UNIT * error), np.float64)


def stroke_values(
    numbers: npt.NDArray[np.floating], cell_xy: npt.NDArray[np.floating], anchor_radius_px: npt.ArrayLike
) -> Doubles:
    """Return the strokes that the network's numbers mean.

    The axis is given by twice its angle, so that a stroke and its reverse are one and the numbers can follow
    a turning line without a jump; bend and taper are vectors on the canvas for the same reason.

    Args:
        numbers: Shape (N, D), as STROKE_NUMBERS.
        cell_xy: Shape (N, 2): the cells' middles in pixels.
        anchor_radius_px: Shape (N,) or a number.

    Returns:
        Shape (N, 13), float64, columns as STROKE_COLUMNS, lengths in pixels, black.
    """
    given = np.asarray(numbers, np.float64)
    values = np.zeros((len(given), 13))
    middle = cell_xy + _FARTHEST_PX * np.tanh(given[:, 0:2] * (_MIDDLE_PX / _FARTHEST_PX))
    half = np.minimum(_AXIS_PX * np.hypot(given[:, 2], given[:, 3]), _LONGEST_PX)
    angle = 0.5 * np.arctan2(given[:, 3], given[:, 2])
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    values[:, 0:2] = middle - half[:, None] * along
    values[:, 2:4] = middle + (_BEND_PX * given[:, 4:6]).clip(-_LONGEST_PX, _LONGEST_PX)
    values[:, 4:6] = middle + half[:, None] * along
    pressure = _PRESSURE + _PRESSURE_STEP * given[:, 7]
    taper = _PRESSURE_STEP * (given[:, 8:10] * along).sum(axis=1)
    values[:, 6] = (pressure - taper).clip(_LEAST_PRESSURE, 1.0)
    values[:, 7] = (pressure + taper).clip(_LEAST_PRESSURE, 1.0)
    radius = np.asarray(anchor_radius_px) * np.exp((_RADIUS_STEP * given[:, 6]).clip(-5.0, 5.0))
    values[:, 8] = radius.clip(*RADII_PX)
    values[:, 12] = (_OPACITY + _OPACITY_STEP * given[:, 10]).clip(_LEAST_OPACITY, 1.0)
    return values


def stroke_numbers(
    values: Doubles,
    cell_xy: npt.NDArray[np.floating],
    anchor_radius_px: npt.ArrayLike,
    like: npt.NDArray[np.floating],
) -> Doubles:
    """Return the numbers that would make strokes: the inverse of `stroke_values`, as far as there is one.

    Args:
        values: Shape (N, 13), lengths in pixels.
        cell_xy: Shape (N, 2): the cells' middles in pixels.
        anchor_radius_px: Shape (N,) or a number.
        like: Shape (N, D): numbers that decide what the strokes leave open, a taper across the axis.

    Returns:
        Shape (N, D), each within [-6, 6].
    """
    numbers = np.array(like, np.float64)
    start, end = values[:, 0:2], values[:, 4:6]
    middle, half = (start + end) / 2, (end - start) / 2
    reach = ((middle - cell_xy) / _FARTHEST_PX).clip(-0.98, 0.98)
    numbers[:, 0:2] = np.arctanh(reach) * (_FARTHEST_PX / _MIDDLE_PX)
    length, angle = np.hypot(half[:, 0], half[:, 1]), np.arctan2(half[:, 1], half[:, 0])
    numbers[:, 2] = length / _AXIS_PX * np.cos(2 * angle)
    numbers[:, 3] = length / _AXIS_PX * np.sin(2 * angle)
    numbers[:, 4:6] = (values[:, 2:4] - middle) / _BEND_PX
    numbers[:, 6] = np.log(values[:, 8] / np.asarray(anchor_radius_px)) / _RADIUS_STEP
    numbers[:, 7] = (values[:, 6:8].mean(axis=1) - _PRESSURE) / _PRESSURE_STEP
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    taper = (values[:, 7] - values[:, 6]) / (2 * _PRESSURE_STEP) - (numbers[:, 8:10] * along).sum(axis=1)
    numbers[:, 8:10] += taper[:, None] * along
    numbers[:, 10] = (values[:, 12] - _OPACITY) / _OPACITY_STEP
    return numbers.clip(-6.0, 6.0)


class StrokeField:
    """A stroke field without torch.

    Args:
        config: Its shape.
        weights: Its tensors, named and shaped as in the torch module.
        source: What errors call the weights.

    Raises:
        AgentError: A tensor is missing, unknown or of the wrong shape.
    """

    def __init__(self, config: FieldConfig, weights: Weights, source: str = "weights") -> None:
        check_field(config, weights, source)
        self.config = config
        self._bias = {
            name.removesuffix(".bias"): array for name, array in weights.items() if name.endswith("bias")
        }
        self._weight = {}
        for name in self._bias:
            weight = weights[f"{name}.weight"]
            self._weight[name] = np.ascontiguousarray(taps(weight).reshape(-1, len(weight)))

    @classmethod
    def load(cls, path: Path) -> StrokeField:
        """Read a field from its weights file.

        Raises:
            AgentError: The file is missing, malformed or no stroke field.
        """
        weights, metadata = load_weights(path)
        return cls(FieldConfig.from_metadata(metadata, str(path)), weights, str(path))

    def look(self, planes: Floats) -> tuple[Floats, Floats]:
        """Propose strokes for every cell of one picture.

        Args:
            planes: Shape (H, W, 14), from `planes_of`.

        Returns:
            Numbers (h, w, M, D) as STROKE_NUMBERS, and worths (h, w, M), see `gain_of`.
        """
        height, width, count = planes.shape
        if height % BLOCK or width % BLOCK or count != NUM_PLANES:
            raise AgentError(
                f"planes: shape {planes.shape}, must be ({NUM_PLANES} last) and multiples of {BLOCK}"
            )
        h, w = height // CELL, width // CELL
        patches = planes.reshape(h, CELL, w, CELL * count).transpose(0, 2, 1, 3).reshape(h, w, -1)
        fine = relu(self._mix("patch", patches))
        fine = self._residual("fine1", fine)
        middle = self._residual("middle1", relu(self._around("down1", fine, 2)))
        coarse = self._residual("coarse1", relu(self._around("down2", middle, 2)))
        coarse = self._residual("coarse2", coarse)
        middle = self._residual("middle2", _joined(middle, self._mix("up2", coarse)))
        fine = self._residual("fine2", _joined(fine, self._mix("up1", middle)))
        fine = self._residual("fine3", fine)
        said = self._mix("head", relu(self._mix("hidden", fine)))
        anchors = self.config.num_anchors
        numbers = said[..., :-anchors].reshape(h, w, anchors, len(STROKE_NUMBERS))
        return numbers, said[..., -anchors:]

    def _mix(self, name: str, cells: Floats) -> Floats:
        result = cells.reshape(-1, cells.shape[2]) @ self._weight[name]
        result += self._bias[name]
        return result.reshape(*cells.shape[:2], -1)

    def _around(self, name: str, cells: Floats, stride: int) -> Floats:
        """Return the 3 x 3 convolution of cells (h, w, C)."""
        height, width, channels = cells.shape
        framed = np.zeros((height + 2, width + 2, channels), np.float32)
        framed[1:-1, 1:-1] = cells
        near = [framed[i : i + height : stride, j : j + width : stride] for i in range(3) for j in range(3)]
        gathered = np.concatenate(near, axis=2)
        return self._mix(name, gathered)

    def _residual(self, name: str, cells: Floats) -> Floats:
        return relu(cells + self._around(name, cells, 1))


def _joined(cells: Floats, coarse: Floats) -> Floats:
    """Return relu of cells (h, w, C) plus coarser ones (h / 2, w / 2, C), each spread over its four."""
    height, width, channels = coarse.shape
    split = cells.reshape(height, 2, width, 2, channels) + coarse[:, None, :, None, :]
    return relu(split.reshape(cells.shape))
