"""A small honest renderer: discs along the Bezier. It keeps the contract, only not libmypaint's look."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from spiral_core.program import Color, StrokeArray

NUM_DISCS = 16


class DiscRenderer:
    """Opaque discs whose radius follows the pressure; the seed shifts each disc by up to a tenth of it."""

    def __init__(self, num_canvases: int, height: int, width: int) -> None:
        self.num_canvases, self.height, self.width = num_canvases, height, width
        self._pixels = np.zeros((num_canvases, height, width, 3), np.uint8)
        self._generators = [np.random.default_rng(1000) for _ in range(num_canvases)]
        self._at: list[tuple[float, float]] = [(0.0, 0.0)] * num_canvases
        self.events: list[tuple[int, bool, tuple[float, ...]]] = []

    def clear(self, background: Color, canvas: npt.NDArray[np.int32] | None = None) -> None:
        chosen = slice(None) if canvas is None else canvas
        self._pixels[chosen] = np.round(255 * np.array(background)).astype(np.uint8)

    def draw(
        self, strokes: StrokeArray, canvas: npt.NDArray[np.int32] | None = None
    ) -> npt.NDArray[np.int32]:
        where = np.zeros(len(strokes), np.int32) if canvas is None else canvas
        rows = [
            self._stroke(int(index), row, np.random.default_rng(int(seed)))
            for index, row, seed in zip(where, strokes.values, strokes.seed, strict=True)
        ]
        return np.array(rows, np.int32).reshape(-1, 4)

    def draw_continuing(
        self, strokes: StrokeArray, canvas: npt.NDArray[np.int32], jump: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int32]:
        rows = []
        for index, row, is_jump in zip(canvas.tolist(), strokes.values, jump.tolist(), strict=True):
            self.events.append((index, is_jump, tuple(row[:6])))
            rows.append([0, 0, 0, 0] if is_jump else self._stroke(index, row, self._generators[index]))
        return np.array(rows, np.int32).reshape(-1, 4)

    def pixels(self) -> npt.NDArray[np.uint8]:
        return self._pixels.copy()

    def _stroke(self, index: int, row: npt.NDArray[np.float64], generator: np.random.Generator) -> list[int]:
        start, control, end = row[0:2], row[2:4], row[4:6]
        image = self._pixels[index]
        before = image.copy()
        down, across = np.mgrid[0 : self.height, 0 : self.width]
        shifts = generator.uniform(-0.1, 0.1, (NUM_DISCS, 2))
        for t, shift in zip(np.linspace(0, 1, NUM_DISCS), shifts, strict=True):
            radius = self.width * row[8] * ((1 - t) * row[6] + t * row[7])
            x, y = (
                self.width * ((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end) + radius * shift
            )
            inside = (across + 0.5 - x) ** 2 + (down + 0.5 - y) ** 2 <= radius**2
            image[inside] = np.round(255 * row[9:12]).astype(np.uint8)
        changed = np.argwhere((image != before).any(axis=2))
        if not len(changed):
            return [0, 0, 0, 0]
        (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
        return [int(left), int(top), int(right) + 1, int(bottom) + 1]


@pytest.fixture
def disc_renderer() -> Callable[[int, int, int], DiscRenderer]:
    return DiscRenderer
