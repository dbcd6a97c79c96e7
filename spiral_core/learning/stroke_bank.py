"""A bank of real strokes, all from one start, and what each is worth from any place of any canvas.

The strokes are drawn once by the real renderer, on canvases twice as wide as an agent's, from the middle.
What a stroke covers from another place is the same picture moved, so the worth of thousands of strokes from a
given place is one matrix product. (libmypaint's opaque brushes do not depend on where they paint.)

Offsets and radii are in widths of the agent's canvas, `side` pixels; places are the centres of 2 x 2 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from spiral_core.program import BLACK, STROKE_COLUMNS, WHITE, Color, StrokeArray
from spiral_core.rendering import RendererFactory

Floats = npt.NDArray[np.float32]
LONGEST = 0.7
"""No stroke of a bank ends further than this from its start, in canvas widths."""
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class StrokeBank:
    """M strokes from one start.

    Attributes:
        side: Side of the agent's canvas in pixels.
        end: Shape (M, 2), float32: end point relative to the start.
        control: Shape (M, 2), float32: control point relative to the start.
        radius: Shape (M,), float32.
        pressure: Shape (M,), float32: at both ends.
        cover: Shape (M, 2 * side, 2 * side), uint8: how much of each pixel the stroke covers, 255 all of it;
            the start lies at pixel (side + 1, side + 1).
        coarse: Shape (M, side * side), bfloat16: the same in 2 x 2 means, in [0, 1].
    """

    side: int
    end: Floats
    control: Floats
    radius: Floats
    pressure: Floats
    cover: npt.NDArray[np.uint8]
    coarse: torch.Tensor

    def window(self, stroke: int, cell: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """Return what a stroke covers from the place (row, column) of the 2 x 2 grid, (side, side), uint8."""
        top, left = self.side - 2 * cell[0], self.side - 2 * cell[1]
        return self.cover[stroke, top : top + self.side, left : left + self.side]


def random_bank(
    rng: np.random.Generator, num: int, side: int, renderer_factory: RendererFactory, *, brush: str = "round"
) -> StrokeBank:
    """Draw a bank of random strokes: radius and length log-uniform, any direction, bent at random.

    Args:
        rng: Source of randomness.
        num: How many strokes.
        side: Side of the agent's canvas in pixels, even.
        renderer_factory: Makes the renderer that draws them.
        brush: Name of the brush, which must not mix with what lies under it.
    """
    radius = np.exp(rng.uniform(np.log(0.9 / side), np.log(20 / side), num))
    length = np.exp(rng.uniform(np.log(0.5 / side), np.log(LONGEST), num))
    # Half of the strokes are a few radii long: blunt strokes matter as much as lines.
    short = rng.random(num) < 0.5
    length = np.where(short, np.minimum(radius * rng.uniform(0, 6, num), LONGEST), length)
    angle = rng.uniform(0, 2 * np.pi, num)
    along = np.stack([np.cos(angle), np.sin(angle)], 1)
    normal = along[:, ::-1] * (-1.0, 1.0)
    end = along * length[:, None]
    bend = (0.5 + rng.uniform(-0.2, 0.2, num)) * length, rng.normal(0, 0.25, num) * length
    control = along * bend[0][:, None] + normal * bend[1][:, None]
    pressure = rng.choice(np.linspace(0.1, 1.0, 10)[3:], num)
    values = np.zeros((num, len(STROKE_COLUMNS)))
    start = (side + 1) / (2 * side)
    values[:, 0:2] = start
    values[:, 2:4] = start + control / 2
    values[:, 4:6] = start + end / 2
    values[:, 6:8] = pressure[:, None]
    values[:, 8] = radius / 2
    values[:, 9:12] = BLACK
    values[:, 12] = 1.0
    cover = draw_cover(values, rng.integers(0, 2**30, num), 2 * side, renderer_factory, brush)
    coarse = pooled(cover.astype(np.float32)) / np.float32(4 * 255)
    return StrokeBank(
        side,
        end.astype(np.float32),
        control.astype(np.float32),
        radius.astype(np.float32),
        pressure.astype(np.float32),
        cover,
        torch.from_numpy(coarse.reshape(num, -1)).bfloat16(),
    )


def pooled(planes: Floats) -> Floats:
    """Return sums over 2 x 2 pixels: (N, height, width, ...) to (N, height / 2, width / 2, ...)."""
    rows = planes[:, 0::2] + planes[:, 1::2]
    return np.asarray(rows[:, :, 0::2] + rows[:, :, 1::2])


def draw_cover(
    values: npt.NDArray[np.float64],
    seeds: npt.NDArray[np.int64],
    side: int,
    renderer_factory: RendererFactory,
    brush: str,
) -> npt.NDArray[np.uint8]:
    """Return what each stroke covers alone: black strokes on white, turned round.

    Args:
        values: Shape (N, 13): strokes as in `StrokeArray`, black.
        seeds: Shape (N,): their seeds.
        side: Side of the square canvas in pixels.
        renderer_factory: Makes the renderer.
        brush: Name of the brush.

    Returns:
        Shape (N, side, side), uint8: 255 where the stroke hides what lies under it.
    """
    cover = np.empty((len(values), side, side), np.uint8)
    renderer = renderer_factory(min(_BATCH, len(values)), side, side)
    for first in range(0, len(values), _BATCH):
        rows = values[first : first + _BATCH]
        renderer.clear(Color(*WHITE))
        strokes = StrokeArray(
            rows, np.zeros(len(rows), np.int32), seeds[first : first + _BATCH].astype(np.int32), (brush,)
        )
        renderer.draw(strokes, np.arange(len(rows), dtype=np.int32))
        cover[first : first + _BATCH] = 255 - renderer.pixels()[: len(rows), :, :, 0]
    return cover


def coarse_gains(bank: StrokeBank, canvas: Floats, target: Floats, cells: npt.NDArray[np.int64]) -> Floats:
    """Return about what every stroke of the bank is worth from a place, with its best colour.

    The worth is the drop of the squared error, summed over pixels and channels, reckoned on 2 x 2 means as if
    a pixel were covered all or not at all. A stroke that ends or bends outside the canvas is worth -inf.

    Args:
        bank: M strokes.
        canvas: Shape (B, side, side, 3), float32, in [0, 1].
        target: The same shape.
        cells: Shape (B, 2): the start of each, (row, column) of the 2 x 2 grid.

    Returns:
        Shape (B, M), float32.
    """
    batch, side, half = len(canvas), bank.side, bank.side // 2
    difference = target - canvas
    # Colours are reckoned from the target's at the start: a good stroke's is near, so little cancels out.
    pixel = 2 * cells
    near = target - target[np.arange(batch), pixel[:, 0], pixel[:, 1]][:, None, None]
    wasted = np.einsum("bijc,bijc->bij", near, near) - np.einsum("bijc,bijc->bij", difference, difference)
    planes = np.concatenate([near, wasted[..., None], np.ones_like(wasted)[..., None]], axis=3)
    sums_of_four = pooled(planes)
    frame = np.zeros((side, side, batch, 5), np.float32)
    for i, (row, column) in enumerate(cells):
        top, left = half - row, half - column
        frame[top : top + half, left : left + half, i] = sums_of_four[i]
    # Half precision is enough to find the best few, and twice as fast where the processor has it.
    planned = torch.from_numpy(frame.reshape(side * side, batch * 5)).to(bank.coarse.dtype)
    sums = (bank.coarse @ planned).float().numpy().reshape(-1, batch, 5)
    area = np.maximum(sums[..., 4], 1e-3)
    gain = np.einsum("mbc,mbc->mb", sums[..., :3], sums[..., :3]) / area - sums[..., 3]
    places = ((cells[:, ::-1] + 0.5) / half).astype(np.float32)
    for offset in (bank.end, bank.control):
        points = places[None] + offset[:, None]
        gain[((points < 0) | (points >= 1)).any(axis=2)] = -np.inf
    return np.asarray(gain.T, np.float32)


def exact_gains(cover: npt.NDArray[np.uint8], canvas: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return what strokes are worth on one canvas with their best colours.

    Args:
        cover: Shape (K, side, side), uint8: what each covers.
        canvas: Shape (side, side, 3), float32, in [0, 1].
        target: The same shape.

    Returns:
        Drop of the squared error, summed over pixels and channels, (K,), and colours (K, 3) in [0, 1].
    """
    alpha = cover.reshape(len(cover), -1).astype(np.float32) / np.float32(255)
    below, difference = canvas.reshape(-1, 3), (target - canvas).reshape(-1, 3)
    once = np.concatenate([difference, (below * difference).sum(axis=1, keepdims=True)], axis=1)
    twice = np.concatenate(
        [below, (below * below).sum(axis=1, keepdims=True), np.ones((len(below), 1))], axis=1
    )
    first = alpha @ once
    second = (alpha * alpha) @ twice.astype(np.float32)
    wanted, area = first[:, :3] + second[:, :3], np.maximum(second[:, 4], 1e-6)
    color = np.clip(wanted / area[:, None], 0, 1)
    # Error of (difference + alpha * below) - alpha * color, against that of the difference alone.
    gain = (
        2 * (color * wanted).sum(axis=1) - (color * color).sum(axis=1) * area - 2 * first[:, 3] - second[:, 3]
    )
    return np.asarray(gain, np.float32), np.asarray(color, np.float32)
