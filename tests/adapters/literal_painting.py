"""A slow painter that says the planning canvas's arithmetic literally, with strokes and targets for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from adapters.mypaint import _native, find_brush, shipped_brushes
from adapters.mypaint.planning import MyPaintPlanning
from spiral_core.program import Color, StrokeArray
from spiral_core.rendering import StrokeLimits

Floats = npt.NDArray[np.float64]

BRUSHES = shipped_brushes()
BACKGROUND = Color(0.5, 0.6, 0.4)
PALETTE = (Color(0.1, 0.1, 0.2), Color(0.9, 0.8, 0.7), Color(0.7, 0.2, 0.1), Color(0.2, 0.5, 0.3))
LIMITS = StrokeLimits(
    radius=(0.02, 0.4), length=(0.0, 2.0), opacity=(0.1, 1.0), min_pressure=0.2, one_width=False
)


def dab_coverage(dab: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """Return how much one round dab covers of each pixel: libmypaint's definition, in its arithmetic."""
    one = np.float32(1)
    x, y, radius, hardness, _, angle, opacity = dab[:7]
    hardness, opacity = hardness.clip(0, 1), opacity.clip(0, 1)
    if radius < 0.1 or hardness == 0 or opacity == 0:
        return np.zeros((height, width), np.float32)
    turn = float(angle) / 360 * 2 * np.pi
    cs, sn = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    if radius >= 3:
        distance = ((columns + np.float32(0.5) - x) ** 2 + (rows + np.float32(0.5) - y) ** 2) / radius**2
        reached_by = distance
    else:
        right, bottom = x - columns, y - rows
        left, top, center_x, center_y = right - one, bottom - one, right - one / 2, bottom - one / 2
        along = center_x * cs + center_y * sn
        inside = (left < 0) & (right > 0) & (top < 0) & (bottom > 0)
        near_x = np.where(inside, 0, np.minimum(np.maximum(cs * along, left), right))
        near_y = np.where(inside, 0, np.minimum(np.maximum(sn * along, top), bottom))
        reached_by = (near_x**2 + near_y**2) / radius**2
        below = np.where((center_x - cs) * sn - cs * (center_y + sn) < 0, one, -one)
        reach = np.float32(np.sqrt(1 / np.pi))  # radius of a circle of one pixel's area
        far = (near_x - below * sn * reach) ** 2 + (near_y + below * cs * reach) ** 2
        delta = far / radius**2 - reached_by
        edge = 1 - (1 - reached_by) / (1 + delta)
        distance = np.where(far < max(radius - 1, 0) ** 2, reached_by + delta / 2, edge)
    with np.errstate(divide="ignore", invalid="ignore"):
        outer = hardness / (1 - hardness) * (1 - distance)
    falls = np.where(distance <= hardness, 1 - distance * (1 / hardness - 1), outer)
    falls = np.where((distance <= 1) & (reached_by <= 1), falls, 0)
    covered: npt.NDArray[np.float32] = (falls * opacity).astype(np.float32)
    return covered


def coverage(strokes: StrokeArray, index: int, height: int, width: int) -> Floats:
    """Return the alpha of a stroke alone: 1 - prod(1 - a) over its dabs."""
    brush = find_brush(strokes.brushes[strokes.brush[index]])
    row = strokes.values[index : index + 1]
    bare = np.ones((height, width))
    for dab in _native.libmypaint_dabs(brush.json, row, int(strokes.seed[index]), float(width), 0):
        bare *= 1.0 - dab_coverage(dab, height, width)
    return 1.0 - bare


def shrunk(picture: Floats, factor: int) -> Floats:
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    mean: Floats = picture.reshape(height, factor, width, factor, -1).mean(axis=(1, 3))
    return mean


@dataclasses.dataclass
class Literal:
    """What a planning canvas means, worked out anew for every question."""

    target: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32] | None = None
    palette: tuple[Color, ...] | None = None
    sizes: tuple[int, ...] = (1,)

    def planning(self, num_threads: int = 1) -> MyPaintPlanning:
        return MyPaintPlanning(
            self.target,
            background=BACKGROUND,
            brushes=BRUSHES,
            weight=self.weight,
            palette=self.palette,
            num_threads=num_threads,
            sizes=self.sizes,
        )

    def alphas(self, strokes: StrokeArray, factor: int) -> list[Floats]:
        height, width = self.target.shape[:2]
        return [coverage(strokes, i, height * factor, width * factor) for i in range(len(strokes))]

    def picture(self, alphas: Sequence[Floats], colors: Floats, factor: int) -> Floats:
        picture = np.ones((*alphas[0].shape, 3)) if alphas else np.ones((*self.target.shape[:2], 3))
        picture = picture * BACKGROUND
        for alpha, color in zip(alphas, colors, strict=True):
            picture += alpha[:, :, None] * (color - picture)
        return shrunk(picture, factor if alphas else 1)

    def error_of(self, picture: Floats) -> float:
        weight = 1.0 if self.weight is None else self.weight[:, :, None].astype(np.float64)
        return float((weight * (self.target.astype(np.float64) - picture) ** 2).sum())

    def error(self, strokes: StrokeArray) -> float:
        colors = strokes.values[:, 9:12]
        return float(
            np.mean([self.error_of(self.picture(self.alphas(strokes, f), colors, f)) for f in self.sizes])
        )

    def evaluate(
        self, below: StrokeArray, candidate: StrokeArray, above: StrokeArray
    ) -> tuple[float, Floats]:
        """Return gain and colour of one candidate between two piles of strokes."""
        parts = [(below, slice(0, len(below))), (above, slice(len(below) + 1, None))]
        num = len(below) + 1 + len(above)
        colors = np.zeros((num, 3))
        for strokes, where in parts:
            colors[where] = strokes.values[:, 9:12]
        bare, dark, light = [], [], []  # without it, and with it in black and in white
        for factor in self.sizes:
            alphas = [
                *self.alphas(below, factor),
                *self.alphas(candidate, factor),
                *self.alphas(above, factor),
            ]
            rest = [alpha for i, alpha in enumerate(alphas) if i != len(below)]
            bare.append(self.picture(rest, np.delete(colors, len(below), axis=0), factor))
            dark.append(self.picture(alphas, colors, factor))
            colors[len(below)] = 1.0
            light.append(self.picture(alphas, colors, factor))
            colors[len(below)] = 0.0

        def error_with(color: Floats) -> float:
            return float(
                np.mean([self.error_of(d + color * (b - d)) for d, b in zip(dark, light, strict=True)])
            )

        if self.palette is not None:
            best = min((np.array(paint) for paint in self.palette), key=error_with)
        else:
            weight = np.ones_like(self.target[:, :, :1]) if self.weight is None else self.weight[:, :, None]
            pull, weight2 = np.zeros(3), np.zeros(3)
            for d, b in zip(dark, light, strict=True):
                pull += (weight * (b - d) * (self.target - d)).sum(axis=(0, 1))
                weight2 += (weight * (b - d) ** 2).sum(axis=(0, 1))
            best = np.divide(pull, weight2, out=np.zeros(3), where=weight2 > 0).clip(0, 1)
        return float(np.mean([self.error_of(b) for b in bare])) - error_with(best), best


# ---- strokes and targets ----


def random_strokes(count: int, seed: int, *, aspect: float = 1.0, radius: float = 0.1) -> StrokeArray:
    rng = np.random.default_rng(seed)
    values = np.empty((count, 13))
    values[:, 0:6] = rng.uniform(-0.1, 1.1, (count, 6))
    values[:, 1:6:2] *= aspect
    values[:, 6:8] = rng.uniform(0.2, 1.0, (count, 2))
    values[:, 8] = radius * np.exp(rng.normal(0, 0.7, count))
    values[:, 9:12] = rng.random((count, 3))
    values[:, 12] = rng.uniform(0.1, 1.0, count)
    return StrokeArray(
        values,
        rng.integers(0, len(BRUSHES), count).astype(np.int32),
        rng.integers(0, 2**30, count).astype(np.int32),
        BRUSHES,
    )


def part(strokes: StrokeArray, where: slice) -> StrokeArray:
    return StrokeArray(strokes.values[where], strokes.brush[where], strokes.seed[where], strokes.brushes)


def one(strokes: StrokeArray, index: int) -> StrokeArray:
    return part(strokes, slice(index, index + 1))


def random_target(height: int, width: int, seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    coarse = rng.random((3, 3, 3))
    rows = (np.arange(height) * 3) // height
    columns = (np.arange(width) * 3) // width
    picture = coarse[rows][:, columns] + rng.normal(0, 0.05, (height, width, 3))
    return picture.clip(0, 1).astype(np.float32)


def random_weight(height: int, width: int, seed: int) -> npt.NDArray[np.float32]:
    weight = np.random.default_rng(seed).uniform(0, 3, (height, width))
    weight[: height // 3] = 0.0
    return weight.astype(np.float32)


def literal(kind: str, height: int = 22, width: int = 27) -> Literal:
    target = random_target(height, width, 5)
    return Literal(
        target,
        weight=random_weight(height, width, 6) if "weight" in kind else None,
        palette=PALETTE if "palette" in kind else None,
        sizes=(1, 2) if "sizes" in kind else (1,),
    )


KINDS = ["plain", "weight", "palette", "sizes", "weight palette sizes"]
