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
