"""Paintings in the making that a stroke field learns on, each on the real brush, from bare to finished.

A picture is shown at several sizes (levels): as it is, and halved once or more. Gains are exact, from
`PlanningCanvas.evaluate`, which solves each candidate's colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import ConfigError
from spiral_core.learning.pictures import PictureSource
from spiral_core.program import Color, StrokeArray
from spiral_core.rendering import PlanningCanvas, PlanningCanvasFactory, StrokeLimits

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

LEVELS: Final = (-1, 0, 1, 2, 3)
"""How many times pictures are halved to be shown; at -1 they are shown twice as large."""
_FIRST_RADIUS = 0.3  # to be expected of the first stroke, in canvas widths; of the n-th: this over sqrt(n)
_SUITS_RADIUS_PX = 3.0  # that a level suits best
_LEAST_RADIUS_PX = 1.5
_LARGEST_RADIUS = 0.3
_OPACITIES = (0.1, 1.0)
_LEAST_PRESSURE = 0.2
_CLIMB_SCALE = 0.25  # near enough to the field's stroke for it to follow


@dataclass(slots=True)
class Painting:
    """One painting.

    Attributes:
        pixels: Shape (side, side, 3), uint8: the target.
        target: The same in [0, 1], float32.
        background: Colour of its bare canvas.
        limit: Strokes after which it is finished.
        canvas: The painting on the real brush.
    """

    pixels: npt.NDArray[np.uint8]
    target: Floats
    background: Color
    limit: int
    canvas: PlanningCanvas

    def suited_level(self) -> float:
        """Return the level, not rounded, that suits the stroke to be expected next."""
        radius_px = _FIRST_RADIUS * len(self.target) / np.sqrt(len(self.canvas) + 1.0)
        return float(np.log2(radius_px / _SUITS_RADIUS_PX).clip(LEVELS[0], LEVELS[-1]))

    def gains(self, values: Doubles) -> tuple[Doubles, Doubles]:
        """Return what strokes gain, (N,), and their best colours, (N, 3), after clipping them to limits.

        Args:
            values: Shape (N, 13), as STROKE_COLUMNS, lengths in pixels of the target; clipped in place.
        """
        worth = self.canvas.evaluate(self._strokes(values))
        # A stroke that leaves no mark gains nothing.
        return np.where(np.isfinite(worth.gain), worth.gain, 0.0), worth.color

    def climbed(self, values: Doubles, steps: int, seed: int) -> tuple[Doubles, Doubles]:
        """Return strokes (N, 13), in pixels, improved by small random changes, and their gains (N,)."""
        side = len(self.target)
        better, worth = self.canvas.climb(
            self._strokes(values), steps=steps, scale=_CLIMB_SCALE, limits=_limits(side), seed=seed
        )
        result = better.values.copy()
        result[:, :6] *= side
        result[:, 8] *= side
        return result, np.where(np.isfinite(worth.gain), worth.gain, 0.0)

    def put_down(self, values: Doubles, color: Doubles) -> None:
        """Paint strokes (N, 13), lengths in pixels, in their colours (N, 3)."""
        strokes = self._strokes(values)
        strokes.values[:, 9:12] = color
        self.canvas.extend(strokes)

    def _strokes(self, values: Doubles) -> StrokeArray:
        side = len(self.target)
        values[:, 8] = values[:, 8].clip(_LEAST_RADIUS_PX, _LARGEST_RADIUS * side)
        values[:, 12] = values[:, 12].clip(*_OPACITIES)
        scaled = values.copy()
        scaled[:, :6] /= side
        scaled[:, 8] /= side
        margin = scaled[:, 8:9]
        scaled[:, :6] = scaled[:, :6].clip(-margin, 1 + margin)
        zeros = np.zeros(len(values), np.int32)
        return StrokeArray(scaled, zeros, zeros, ("round",))


def _limits(side: int) -> StrokeLimits:
    return StrokeLimits(
        radius=(_LEAST_RADIUS_PX / side, _LARGEST_RADIUS),
        length=(0.0, 2.0),
        opacity=_OPACITIES,
        min_pressure=_LEAST_PRESSURE,
        one_width=False,
    )


class PaintingPool:
    """Paintings of all ages.

    Args:
        planning: Makes planning canvases on the real brush.
        pictures: Where the pictures come from.
        num: How many paintings.
        side: Side of their targets in pixels, a multiple of 128.
        most_strokes: The longest-lived painting has so many.
        rng: Source of randomness, used further by `renew`.

    Raises:
        ConfigError: A size is impossible.
    """

    def __init__(
        self,
        planning: PlanningCanvasFactory,
        pictures: PictureSource,
        *,
        num: int,
        side: int,
        most_strokes: int,
        rng: np.random.Generator,
    ) -> None:
        if side < 1 or side % (16 * 2 ** LEVELS[-1]):
            raise ConfigError(f"rewards.side: {side}, must be a multiple of {16 * 2 ** LEVELS[-1]} pixels")
        if num < 0 or most_strokes < 8:
            raise ConfigError(
                f"rewards: num_paintings {num} and most_strokes {most_strokes}, must be >= 0 and >= 8"
            )
        self._planning = planning
        self._pictures = pictures
        self._side = side
        self._most_strokes = most_strokes
        self._rng = rng
        self.paintings = [self._begin(staggered=True) for _ in range(num)]

    def pick(self, num: int, level: int, rng: np.random.Generator) -> list[Painting]:
        """Return different paintings for which a level is right, and a few for which it is not."""
        misfit = np.array([painting.suited_level() - level for painting in self.paintings])
        weight = np.exp(-0.5 * np.square(misfit / 0.7)) + 0.02
        order = np.argsort(-(np.log(weight) + rng.gumbel(size=len(weight))))
        return [self.paintings[int(i)] for i in order[:num]]

    def renew(self) -> None:
        """Replace finished paintings by bare canvases with new targets."""
        for i, painting in enumerate(self.paintings):
            if len(painting.canvas) >= painting.limit:
                self.paintings[i] = self._begin(staggered=False)

    def rebuild(self) -> None:
        """Paint every canvas anew from its strokes, which rids it of the rounding of many small changes.

        A pool that was saved and loaded goes on with the same numbers as one that was rebuilt.
        """
        for painting in self.paintings:
            strokes = painting.canvas.strokes()
            painting.canvas = self._canvas(painting.target, painting.background)
            painting.canvas.extend(strokes)

    def state(self) -> list[dict[str, Any]]:
        """Return all that `load` needs, as arrays and numbers."""
        return [
            {
                "pixels": painting.pixels,
                "background": list(painting.background),
                "limit": painting.limit,
                "values": painting.canvas.strokes().values,
            }
            for painting in self.paintings
        ]

    def load(self, state: list[dict[str, Any]]) -> None:
        """Go back to a saved state."""
        self.paintings = []
        for saved in state:
            painting = self._painting(saved["pixels"], Color(*saved["background"]), saved["limit"])
            values = saved["values"]
            zeros = np.zeros(len(values), np.int32)
            painting.canvas.extend(StrokeArray(values, zeros, zeros, ("round",)))
            self.paintings.append(painting)

    def _begin(self, *, staggered: bool) -> Painting:
        rng = self._rng
        pixels = self._pictures(rng, 1, self._side)[0]
        mean = pixels.reshape(-1, 3).mean(axis=0, dtype=np.float64) / 255.0
        kind = rng.random()
        background = mean if kind < 0.8 else np.ones(3) if kind < 0.9 else rng.random(3)
        # Half of all lives are short, for young paintings are soon old.
        most = self._most_strokes if rng.random() < 0.5 else min(60, self._most_strokes)
        limit = int(np.exp(rng.uniform(np.log(4), np.log(most))))
        painting = self._painting(pixels, Color(*background.tolist()), limit)
        if staggered:
            self._paint_roughly(painting, int(rng.integers(0, limit)))
        return painting

    def _painting(self, pixels: npt.NDArray[np.uint8], background: Color, limit: int) -> Painting:
        target = pixels.astype(np.float32) / np.float32(255)
        return Painting(pixels, target, background, limit, self._canvas(target, background))

    def _canvas(self, target: Floats, background: Color) -> PlanningCanvas:
        return self._planning(
            target, background=background, brushes=("round",), weight=None, palette=None, num_threads=1
        )

    def _paint_roughly(self, painting: Painting, num: int) -> None:
        """Paint the best of a few random strokes at a time, as a bad painter does."""
        rng, side = self._rng, self._side
        for step in range(num):
            radius = _FIRST_RADIUS * side / np.sqrt(step + 1.0) * np.exp(rng.normal(0, 0.5, 12))
            error = painting.canvas.error_map().ravel().cumsum(dtype=np.float64)
            index = np.searchsorted(error, rng.random(12) * error[-1]).clip(0, side * side - 1)
            place = np.stack([index % side, index // side], axis=1) + 0.5
            angle, length = rng.uniform(0, 2 * np.pi, 12), radius * rng.uniform(0.5, 3.0, 12)
            along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None]
            values = np.zeros((12, 13))
            values[:, 0:2], values[:, 2:4], values[:, 4:6] = place - along, place, place + along
            values[:, 6:8], values[:, 8], values[:, 12] = 0.8, radius, rng.uniform(0.5, 1.0, 12)
            gain, color = painting.gains(values)
            best = int(np.argmax(gain))
            if gain[best] > 0:
                painting.put_down(values[best : best + 1], color[best : best + 1])
