"""What a renderer can do, without saying which one: a batch of canvases, and candidates tried on them.

Canvases are numbered 0 .. num_canvases - 1 and all have the same size. Pixels are sRGB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from spiral_core.program import Color, StrokeArray


class Rectangle(NamedTuple):
    """Pixels left <= x < right, top <= y < bottom; empty when right <= left or bottom <= top."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What candidate strokes are worth, each alone on the same canvas.

    Attributes:
        gain: Shape (num_candidates,), float64: drop of the weighted squared error, summed over pixels and
            channels of values in [0, 1], that the candidate brings with its colour below; may be < 0.
        color: Shape (num_candidates, 3), float64: the colour in [0, 1] that the gain is for.
        rectangle: Shape (num_candidates, 4), int32: left, top, right, bottom of the changed pixels.
    """

    gain: npt.NDArray[np.float64]
    color: npt.NDArray[np.float64]
    rectangle: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrokeLimits:
    """What a stroke of a painting must keep within; lengths in canvas widths.

    Attributes:
        radius: Least and largest brush radius.
        length: Least and largest length of the curve.
        opacity: Least and largest opacity; equal values keep opacity fixed.
        min_pressure: Least pressure at either end.
        one_width: A pen: the radius is not changed and pressure stays as it is.
    """

    radius: tuple[float, float]
    length: tuple[float, float]
    opacity: tuple[float, float]
    min_pressure: float
    one_width: bool


class PlanningCanvas(Protocol):
    """A painting in the making over a target, every stroke of which can still be tried, changed or taken out.

    The picture is kept as layers of known alpha, so that the best colour of a stroke under the strokes above
    it is solved, not searched. Errors are squared, weighted, summed over pixels and channels in [0, 1].
    Candidates lie on top unless `layer` says in which stroke's place.
    """

    @property
    def num_evaluations(self) -> int:
        """How many candidate strokes were rendered so far."""
        ...

    def __len__(self) -> int:
        """How many strokes there are."""
        ...

    def error(self) -> float:
        """Return the error of the whole picture."""
        ...

    def error_map(self) -> npt.NDArray[np.float32]:
        """Return the error of each pixel, shape (height, width)."""
        ...

    def canvas(self) -> npt.NDArray[np.float32]:
        """Return the picture so far, shape (height, width, 3), in [0, 1]."""
        ...

    def strokes(self) -> StrokeArray:
        """Return all strokes, bottom first."""
        ...

    def stroke(self, index: int) -> StrokeArray:
        """Return one stroke."""
        ...

    def evaluate(self, strokes: StrokeArray, *, layer: int | None = None) -> Evaluation:
        """Render candidates, each alone, solve their colours and say what they gain."""
        ...

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
        """Improve candidates by small random changes.

        Args:
            strokes: Where to start, each on its own.
            steps: Changes tried for each.
            scale: First size of a change, relative to the stroke, in (0, 1].
            limits: What every result keeps within, if its start does.
            seed: Of the random changes.
            layer: As in `evaluate`.

        Returns:
            The improved candidates, coloured, and what they gain.
        """
        ...

    def extend(self, strokes: StrokeArray) -> None:
        """Put strokes on top, coloured as they are."""
        ...

    def insert(self, index: int, strokes: StrokeArray) -> Rectangle:
        """Put one stroke in, before the one at `index`; return what changed."""
        ...

    def replace(self, index: int, strokes: StrokeArray) -> Rectangle:
        """Put one stroke in the place of another."""
        ...

    def remove(self, index: int) -> Rectangle:
        """Take a stroke out."""
        ...

    def revise(
        self, index: int, *, steps: int, scale: float, limits: StrokeLimits, seed: int
    ) -> tuple[float, Rectangle]:
        """Climb a stroke where it lies; return the gain (0 if nothing better was found) and what changed."""
        ...

    def removal_losses(self) -> npt.NDArray[np.float64]:
        """Return how much the error would grow without each stroke, shape (num_strokes,)."""
        ...

    def solve_colors(self, sweeps: int) -> None:
        """Solve all colours together, within [0, 1] or the palette."""
        ...


class PlanningCanvasFactory(Protocol):
    """Makes planning canvases; picklable."""

    def __call__(
        self,
        target: npt.NDArray[np.float32],
        *,
        background: Color,
        brushes: tuple[str, ...],
        weight: npt.NDArray[np.float32] | None,
        palette: tuple[Color, ...] | None,
        num_threads: int,
        sizes: tuple[int, ...] = (1,),
    ) -> PlanningCanvas:
        """Start a painting.

        Args:
            target: Shape (height, width, 3), in [0, 1].
            background: Colour of the bare canvas.
            brushes: Names of the brushes that strokes may use.
            weight: Shape (height, width), >= 0: how much each pixel's error counts; 1 everywhere by default.
            palette: The only colours that strokes may have.
            num_threads: Threads that a call may use; the result does not depend on it.
            sizes: Multiples of the target's size that the painting is judged at, out of 1, 2 and 4, averaged
                back over as many pixels. A plan with strokes of few pixels that is judged at one size only
                does not hold at another.

        Raises:
            BrushError: A brush is missing, broken, or does more than lay one colour over another.
            CanvasError: A shape or a value is impossible.
        """
        ...


class Renderer(Protocol):
    """A batch of canvases that strokes are drawn on."""

    @property
    def num_canvases(self) -> int:
        """How many canvases there are."""
        ...

    @property
    def height(self) -> int:
        """Height of every canvas in pixels."""
        ...

    @property
    def width(self) -> int:
        """Width of every canvas in pixels."""
        ...

    def clear(self, background: Color, canvas: npt.NDArray[np.int32] | None = None) -> None:
        """Paint the canvases (all of them by default) over with one opaque colour."""
        ...

    def draw(
        self, strokes: StrokeArray, canvas: npt.NDArray[np.int32] | None = None
    ) -> npt.NDArray[np.int32]:
        """Draw strokes, in order, each on its canvas.

        Args:
            strokes: What to draw.
            canvas: Shape (num_strokes,), int32: which canvas each stroke goes to; canvas 0 by default.

        Returns:
            Shape (num_strokes, 4), int32: the rectangle (left, top, right, bottom) that each stroke changed.

        Raises:
            BrushError: A brush is missing, broken or not supported.
            CanvasError: A canvas number is out of range, or a value is not finite.
        """
        ...

    def pixels(self) -> npt.NDArray[np.uint8]:
        """Return a copy of all canvases, shape (num_canvases, height, width, 3)."""
        ...


RendererFactory = Callable[[int, int, int], Renderer]
"""(num_canvases, height, width) -> renderer; picklable, so that sampler processes can call it."""
