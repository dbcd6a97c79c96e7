"""MyPaintRenderer: `spiral_core.rendering.Renderer` on libmypaint's brush engine.

libmypaint decides where every dab goes and what it looks like; for plain brushes a short cut repeats its
arithmetic (native/plain_brush.h), dab by dab the same. Our own surface draws the dabs, to the bit as
libmypaint's tiled surface would (tests/adapters/test_mypaint_parity.py). Same program, same bytes: in another
process, in a batch of another size, with another number of threads.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from adapters.mypaint import _native
from adapters.mypaint.brushes import Brush, find_brush
from spiral_core.errors import CanvasError
from spiral_core.program import SEED_LIMIT, WHITE, Color, StrokeArray
from spiral_core.rendering import Rectangle

Snapshot: TypeAlias = _native.Snapshot
"""A copy of one canvas, taken and given back by MyPaintRenderer."""

_LARGEST_SIDE = 16384


def _whole(name: str, values: npt.ArrayLike, count: int | None, limit: int) -> npt.NDArray[np.int32]:
    """Check numbers before they are cut to 32 bits, and return them so; native code checks those that fit."""
    if isinstance(values, np.ndarray) and values.dtype == np.int32 and values.shape == (count,):
        return np.ascontiguousarray(values)
    array = np.asarray(values)
    if array.ndim != 1 or (count is not None and len(array) != count):
        raise CanvasError(
            f"{name}: shape {array.shape}, must be ({'any number' if count is None else count},)"
        )
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise CanvasError(f"{name}: {array.dtype}, must be whole numbers")
    wrong = np.flatnonzero((array < 0) | (array >= limit))
    if wrong.size:
        raise CanvasError(f"{name}[{wrong[0]}]: {array[wrong[0]]}, must be in [0, {limit})")
    return np.ascontiguousarray(array, np.int32)


class MyPaintRenderer:
    """A batch of canvases, at first white.

    Args:
        num_canvases: How many.
        height: Height of each in pixels, at most 16384.
        width: Width of each in pixels, at most 16384.
        num_threads: Threads that a call may use; each canvas is always drawn by one.
        events_per_stroke: 0 cuts a stroke into as few motion events as its curve needs unless its brush has a
            sense of time; a number > 0 always cuts it into that many, as the released environment does (50).
    """

    def __init__(
        self,
        num_canvases: int,
        height: int,
        width: int,
        *,
        num_threads: int = 1,
        events_per_stroke: int = 0,
    ) -> None:
        for name, value, limit in (
            ("num_canvases", num_canvases, 2**20),
            ("height", height, _LARGEST_SIDE),
            ("width", width, _LARGEST_SIDE),
            ("num_threads", num_threads, 1024),
        ):
            if not 1 <= value <= limit:
                raise CanvasError(f"{name}: {value}, must be in [1, {limit}]")
        if not 0 <= events_per_stroke <= 1000:
            raise CanvasError(f"events_per_stroke: {events_per_stroke}, must be in [0, 1000]")
        self._native = _native.Renderer(num_canvases, height, width, num_threads)
        self._events = events_per_stroke
        self._brush_numbers: dict[str, int] = {}
        self._numbers_of: dict[tuple[str, ...], npt.NDArray[np.int32]] = {}
        self.num_canvases = num_canvases
        self.height = height
        self.width = width

    def clear(self, background: Color = WHITE, canvas: npt.NDArray[np.int32] | None = None) -> None:
        """Paint canvases over with one opaque colour."""
        red, green, blue = (float(channel) for channel in background)
        if not all(0.0 <= channel <= 1.0 for channel in (red, green, blue)):
            raise CanvasError(f"background: {background}, each channel must be in [0, 1]")
        if canvas is None:
            canvas = np.arange(self.num_canvases, dtype=np.int32)
        try:
            self._native.clear([red, green, blue], _whole("canvas", canvas, None, self.num_canvases))
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def draw(
        self, strokes: StrokeArray, canvas: npt.NDArray[np.int32] | None = None
    ) -> npt.NDArray[np.int32]:
        """Draw strokes in order; see `spiral_core.rendering.Renderer.draw`."""
        try:
            return self._native.draw(*self._arrays(strokes, canvas), self._events)
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def draw_continuing(
        self,
        strokes: StrokeArray,
        canvas: npt.NDArray[np.int32] | None,
        jump: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.int32]:
        """Draw as the released SPIRAL environment does: each canvas' brush carries on from its last stroke.

        Nothing is reseeded, so the same strokes drawn again differ wherever the brush is random. `clear`
        makes the next stroke of a canvas start like one after a jump.

        Args:
            strokes: What to draw.
            canvas: As in `draw`.
            jump: Shape (num_strokes,), bool: move to the stroke's end without paint instead of drawing it.

        Returns:
            Shape (num_strokes, 4), int32: the changed rectangles.
        """
        if np.shape(jump) != (len(strokes),):
            raise CanvasError(f"jump: shape {np.shape(jump)}, must be ({len(strokes)},)")
        flags = np.ascontiguousarray(jump, np.bool_).astype(np.uint8)
        try:
            return self._native.draw_continuing(*self._arrays(strokes, canvas), flags)
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def pixels(self) -> npt.NDArray[np.uint8]:
        """Return a copy of all canvases, shape (num_canvases, height, width, 3)."""
        return self._native.pixels()

    def region(self, canvas: int, rectangle: Rectangle) -> npt.NDArray[np.uint8]:
        """Return a copy of a part of one canvas, clipped to it, shape (height, width, 3)."""
        try:
            return self._native.region(canvas, list(rectangle))
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def snapshot(self, canvas: int = 0) -> Snapshot:
        """Return a copy of one canvas that `restore` brings back exactly."""
        try:
            return self._native.snapshot(canvas)
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def restore(self, snapshot: Snapshot, canvas: int = 0) -> None:
        """Bring a canvas back to a snapshot, which may be of another canvas of the same size."""
        try:
            self._native.restore(canvas, snapshot)
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def keep_undo(self, keep: bool = True) -> None:
        """Remember from now on what each stroke covered, at the cost of its rectangle; or forget it all."""
        self._native.keep_undo(keep)

    def undo(self, canvas: int = 0) -> Rectangle:
        """Take the last stroke of a canvas off again and return the rectangle that changed.

        Raises:
            CanvasError: There is nothing to undo.
        """
        try:
            return Rectangle(*self._native.undo(canvas)[0].tolist())
        except ValueError as error:
            raise CanvasError(str(error)) from None

    def _arrays(
        self, strokes: StrokeArray, canvas: npt.NDArray[np.int32] | None
    ) -> tuple[
        npt.NDArray[np.float64],
        npt.NDArray[np.int32],
        npt.NDArray[np.int32],
        npt.NDArray[np.int32],
        int,
    ]:
        count = len(strokes)
        numbers = self._numbers(strokes.brushes)
        brush = _whole("brush", strokes.brush, count, len(numbers))
        if count and (brush.min() < 0 or brush.max() >= len(numbers)):
            index = np.flatnonzero((brush < 0) | (brush >= len(numbers)))[0]
            raise CanvasError(f"brush[{index}]: {brush[index]}, must be in [0, {len(numbers)})")
        if canvas is None:
            canvas = np.zeros(count, np.int32)
        return (
            np.ascontiguousarray(strokes.values, np.float64),
            numbers[brush] if count else brush,
            _whole("seed", strokes.seed, count, SEED_LIMIT),
            _whole("canvas", canvas, count, self.num_canvases),
            len(self._brush_numbers),
        )

    def _numbers(self, brushes: tuple[str, ...]) -> npt.NDArray[np.int32]:
        """Return the native numbers of brushes, after loading those that are new."""
        if brushes not in self._numbers_of:
            for name in brushes:
                if name not in self._brush_numbers:
                    brush: Brush = find_brush(name)
                    self._brush_numbers[name] = self._native.add_brush(
                        brush.json, brush.is_pigment, brush.time_matters
                    )
            self._numbers_of[brushes] = np.array([self._brush_numbers[name] for name in brushes], np.int32)
        return self._numbers_of[brushes]


def mypaint_renderer(num_canvases: int, height: int, width: int) -> MyPaintRenderer:
    """Make a renderer; a picklable `spiral_core.rendering.RendererFactory`."""
    return MyPaintRenderer(num_canvases, height, width)
