"""Where a pen goes to draw a program, in millimetres on its page: x right, y down, from the top left corner.

Curves become chains of straight lines that keep within a tolerance, cut at the edges of the picture, since
the hand of a machine must stay on its sheet where a brush on a screen may start beyond the edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spiral_core.errors import ConfigError
from spiral_core.program import PaintingProgram, Stroke

_DOT_MM = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class PenPath:
    """One touch of the pen.

    Attributes:
        stroke_index: Which stroke of the program it belongs to.
        points_mm: Shape (num_points, 2), num_points >= 1, float64; one point alone is a dot.
    """

    stroke_index: int
    points_mm: npt.NDArray[np.float64]


def pen_paths(program: PaintingProgram, *, tolerance_mm: float = 0.05) -> Iterator[PenPath]:
    """Yield the touches of the pen in painting order; a stroke cut by the edge gives several or none.

    Args:
        program: What to draw; its picture lies centred on its page, within the margins.
        tolerance_mm: How far the lines may be from the true curve, > 0.

    Raises:
        ConfigError: The tolerance is not > 0.
    """
    if not (math.isfinite(tolerance_mm) and tolerance_mm > 0):
        raise ConfigError(f"tolerance_mm: {tolerance_mm:g}, must be > 0")
    left, top, width, height = program.page.picture_rectangle_mm(program.aspect)
    low = np.array([left, top])
    high = np.array([left + width, top + height])
    for index, stroke in enumerate(program.strokes):
        for points_mm in _clipped(_flattened(stroke, low, width, tolerance_mm), low, high):
            yield PenPath(index, points_mm)


def _flattened(
    stroke: Stroke, origin_mm: npt.NDArray[np.float64], scale_mm: float, tolerance_mm: float
) -> npt.NDArray[np.float64]:
    start, control, end = (
        np.array(point) * scale_mm + origin_mm for point in (stroke.start, stroke.control, stroke.end)
    )
    # Equal steps of the parameter: each line is at most |start - 2 control + end| / (4 num_lines^2) off.
    bend_mm = float(np.hypot(*(start - 2 * control + end)))
    num_lines = max(1, math.ceil(math.sqrt(bend_mm / (4 * tolerance_mm))))
    t = np.linspace(0.0, 1.0, num_lines + 1)[:, None]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return np.asarray(points, np.float64)


def _clipped(
    points: npt.NDArray[np.float64], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the parts of a chain of lines inside a rectangle (Liang and Barsky, line by line)."""
    if bool(((points >= low) & (points <= high)).all()):
        yield points[:1] if _extent(points) < _DOT_MM else points
        return
    part: list[npt.NDArray[np.float64]] = []
    a = points[0]
    for b in points[1:]:
        length = float(np.hypot(*(b - a)))
        if length <= _DOT_MM:
            continue
        enter, leave = _inside_span(a, b, low, high)
        if (leave - enter) * length > _DOT_MM:
            if enter > 0 and part:
                yield np.array(part)
                part = []
            if not part:
                part = [np.clip(a + (b - a) * enter, low, high)]
            part.append(np.clip(a + (b - a) * leave, low, high))
        if leave < 1 and part:
            yield np.array(part)
            part = []
        a = b
    if part:
        yield np.array(part)


def _extent(points: npt.NDArray[np.float64]) -> float:
    return float(np.ptp(points, axis=0).max())


def _inside_span(
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Return from where to where, as parts of the way from a to b, it lies inside; (0, 0) if nowhere."""
    enter, leave = 0.0, 1.0
    for axis in (0, 1):
        step = float(b[axis] - a[axis])
        to_low, to_high = float(low[axis] - a[axis]), float(high[axis] - a[axis])
        if step == 0.0:
            if to_low > 0 or to_high < 0:
                return 0.0, 0.0
            continue
        first, last = sorted((to_low / step, to_high / step))
        enter, leave = max(enter, first), min(leave, last)
    return (enter, leave) if enter < leave else (0.0, 0.0)
