"""Renderers that fail in ways that renderers do. Samplers import this module by its own name."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from adapters.mypaint import MyPaintRenderer
from spiral_core.program import StrokeArray

Rows = npt.NDArray[np.int32]


class RaisingRenderer(MyPaintRenderer):
    """Raises at the first stroke."""

    def draw(self, strokes: StrokeArray, canvas: Rows | None = None) -> Rows:
        raise RuntimeError("the brush broke")


class UnstartableRenderer(MyPaintRenderer):
    """Raises when it is made."""

    def __init__(self, num_canvases: int, height: int, width: int) -> None:
        raise RuntimeError(f"no canvas of {height} x {width}")


class SlowRenderer(MyPaintRenderer):
    """Takes its time, so that a kill hits it at work."""

    def draw(self, strokes: StrokeArray, canvas: Rows | None = None) -> Rows:
        time.sleep(0.02)
        return super().draw(strokes, canvas)


class _HangingRenderer(MyPaintRenderer):
    def __init__(self, flag: Path, num_canvases: int, height: int, width: int) -> None:
        super().__init__(num_canvases, height, width)
        self._flag = flag

    def draw(self, strokes: StrokeArray, canvas: Rows | None = None) -> Rows:
        try:
            self._flag.touch(exist_ok=False)
        except FileExistsError:
            return super().draw(strokes, canvas)
        while True:
            time.sleep(60)


class HangingOnce:
    """Makes renderers of which one, the first to draw, never comes back; `flag` is a file that says so."""

    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def __call__(self, num_canvases: int, height: int, width: int) -> MyPaintRenderer:
        return _HangingRenderer(self.flag, num_canvases, height, width)
