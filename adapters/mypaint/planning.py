"""Planning on the real brush: `spiral_core.rendering.PlanningCanvas` over the native painting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from adapters.mypaint import _native
from adapters.mypaint.brushes import find_brush
from spiral_core.errors import BrushError, CanvasError
from spiral_core.program import Color, StrokeArray
from spiral_core.rendering import Evaluation, PlanningCanvasFactory, Rectangle, StrokeLimits


class MyPaintPlanning:
    """A painting being planned; arguments as in `spiral_core.rendering.PlanningCanvasFactory`."""

    def __init__(
        self,
        target: npt.NDArray[np.float32],
        *,
        background: Color,
        brushes: tuple[str, ...],
        weight: npt.NDArray[np.float32] | None,
        palette: tuple[Color, ...] | None,
        num_threads: int,
        sizes: tuple[int, ...] = (1,),
    ) -> None:
        if target.ndim != 3 or target.shape[2] != 3 or not target.size:
            raise CanvasError(f"target: shape {target.shape}, must be (height, width, 3)")
        if not np.isfinite(target).all():
            raise CanvasError("target: has values that are not finite")
        _check_color("background", background)
        if not brushes:
            raise CanvasError("brushes: none, must name at least one")
        arrays: list[Any] = [
            np.ascontiguousarray(target, np.float32),
            [float(channel) for channel in background],
            list(sizes),
        ]
        if weight is not None:
            if weight.shape != target.shape[:2]:
                raise CanvasError(f"weight: shape {weight.shape}, must be {target.shape[:2]}")
            if not np.isfinite(weight).all() or weight.min() < 0:
                raise CanvasError("weight: values must be finite and >= 0")
            arrays.append(np.ascontiguousarray(weight, np.float32))
        try:
            self._native = _native.Painting(*arrays)
        except ValueError as error:
            raise CanvasError(str(error)) from None
        self._brushes = brushes
        self._threads = num_threads
        for name in brushes:
            brush = find_brush(name)
            if not brush.lays_flat_color:
                raise BrushError(
                    f"brush {name!r}: smudges, erases or changes its colour, so that the painter cannot "
                    "solve for the colour; it can be drawn with, but not planned with"
                )
            self._native.add_brush(brush.json, brush.time_matters)
        if palette is not None:
            if not palette:
                raise CanvasError("palette: empty, must have at least one colour")
            for number, color in enumerate(palette):
                _check_color(f"palette[{number}]", color)
            self._native.set_palette([list(color) for color in palette])

    @property
    def num_evaluations(self) -> int:
        """How many candidate strokes were rendered so far."""
        return int(self._native.evaluations())

    def __len__(self) -> int:
        """How many strokes there are."""
        return len(self._native)

    def error(self) -> float:
        """Return the error of the whole picture."""
        return float(self._native.error())

    def error_map(self) -> npt.NDArray[np.float32]:
        """Return the error of each pixel, shape (height, width)."""
        return self._native.error_map()

    def canvas(self) -> npt.NDArray[np.float32]:
        """Return the picture so far, shape (height, width, 3), in [0, 1]."""
        return self._native.canvas()

    def strokes(self) -> StrokeArray:
        """Return all strokes, bottom first."""
        values, brush, seed = self._native.strokes()
        return StrokeArray(values, brush, seed, self._brushes)

    def stroke(self, index: int) -> StrokeArray:
        """Return one stroke."""
        values, brush, seed = self._call(self._native.stroke, index)
        return StrokeArray(values, brush, seed, self._brushes)

    def evaluate(self, strokes: StrokeArray, *, layer: int | None = None) -> Evaluation:
        """Render candidates, each alone, solve their colours and say what they gain."""
        return Evaluation(
            *self._call(self._native.evaluate, *self._arrays(strokes), self._layer(layer), self._threads)
        )

    def climb(
        self,
        strokes: StrokeArray,
        *,
        steps: int,
        scale: float,
        limits: StrokeLimits,
        seed: int,
        layer: int | None = None,
    ) -> tuple[StrokeArray, Evaluation]:
        """Improve candidates by small random changes; see `spiral_core.rendering.PlanningCanvas.climb`."""
        _check_climb(steps, scale)
        values, evaluation = self._call(
            self._native.climb,
            *self._arrays(strokes),
            self._layer(layer),
            steps,
            scale,
            _limits(limits),
            seed,
            self._threads,
        )
        return StrokeArray(values, strokes.brush, strokes.seed, strokes.brushes), Evaluation(*evaluation)

    def extend(self, strokes: StrokeArray) -> None:
        """Put strokes on top, coloured as they are."""
        self._call(self._native.extend, *self._arrays(strokes))

    def insert(self, index: int, strokes: StrokeArray) -> Rectangle:
        """Put one stroke in, before the one at `index`; return what changed."""
        _check_index("index", index, len(self) + 1)
        return Rectangle(*self._call(self._native.insert, index, *self._one(strokes)))

    def replace(self, index: int, strokes: StrokeArray) -> Rectangle:
        """Put one stroke in the place of another."""
        _check_index("index", index, len(self))
        return Rectangle(*self._call(self._native.replace, index, *self._one(strokes)))

    def remove(self, index: int) -> Rectangle:
        """Take a stroke out."""
        _check_index("index", index, len(self))
        return Rectangle(*self._call(self._native.remove, index))

    def revise(
        self, index: int, *, steps: int, scale: float, limits: StrokeLimits, seed: int
    ) -> tuple[float, Rectangle]:
        """Climb a stroke where it lies; return the gain (0 if nothing better was found) and what changed."""
        _check_index("index", index, len(self))
        _check_climb(steps, scale)
        gain, changed = self._call(self._native.revise, index, steps, scale, _limits(limits), seed)
        return gain, Rectangle(*changed)

    def removal_losses(self) -> npt.NDArray[np.float64]:
        """Return how much the error would grow without each stroke, shape (num_strokes,)."""
        return self._native.removal_losses()

    def solve_colors(self, sweeps: int) -> None:
        """Solve all colours together, within [0, 1] or the palette."""
        self._native.solve_colors(sweeps)

    def _layer(self, layer: int | None) -> int:
        if layer is None:
            return len(self)
        _check_index("layer", layer, len(self))
        return layer

    def _arrays(
        self, strokes: StrokeArray
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.int32], int]:
        try:
            numbers = np.array([self._brushes.index(name) for name in strokes.brushes], np.int32)
        except ValueError:
            raise CanvasError(
                f"brush: {', '.join(strokes.brushes)}; this painting was made for {', '.join(self._brushes)}"
            ) from None
        return (
            np.ascontiguousarray(strokes.values, np.float64),
            np.ascontiguousarray(numbers[strokes.brush], np.int32),
            np.ascontiguousarray(strokes.seed, np.int32),
            len(self._brushes),
        )

    def _one(self, strokes: StrokeArray) -> tuple[npt.NDArray[np.float64], int, int, int]:
        values, brush, seed, count = self._arrays(strokes)
        if len(values) != 1:
            raise CanvasError(f"strokes: {len(values)} of them, must be one")
        return values, int(brush[0]), int(seed[0]), count

    @staticmethod
    def _call(function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ValueError as error:
            raise CanvasError(str(error)) from None


def _check_color(name: str, color: Color) -> None:
    if not all(0.0 <= channel <= 1.0 for channel in color):
        raise CanvasError(f"{name}: {tuple(color)}, each channel must be in [0, 1]")


def _check_index(name: str, index: int, end: int) -> None:
    if not 0 <= index < end:
        raise CanvasError(f"{name}: {index}, must be in [0, {end})")


def _check_climb(steps: int, scale: float) -> None:
    if steps < 0:
        raise CanvasError(f"steps: {steps}, must be >= 0")
    if not 0.0 < scale <= 1.0:
        raise CanvasError(f"scale: {scale:g}, must be in (0, 1]")


def _limits(limits: StrokeLimits) -> _native.Limits:
    return _native.Limits(
        radius=list(limits.radius),
        length=list(limits.length),
        opacity=list(limits.opacity),
        min_pressure=limits.min_pressure,
        fixed_radius=limits.one_width,
    )


mypaint_planning: PlanningCanvasFactory = MyPaintPlanning
"""Starts a painting."""
