"""How wide a stroke looks: what the brush makes of its pressure, for outputs that draw lines of one width."""

from __future__ import annotations

import functools
import json

import numpy as np
import numpy.typing as npt

from adapters.mypaint.brushes import find_brush
from spiral_core.program import Stroke

_PLACES = np.linspace(0.0, 1.0, 9)


def mean_width(stroke: Stroke) -> float:
    """Return the width of a stroke in canvas widths, averaged over its length.

    Raises:
        BrushError: The stroke's brush is missing or not supported.
    """
    pressure = stroke.start_pressure + (stroke.end_pressure - stroke.start_pressure) * _PLACES
    curve = _radius_curve(stroke.brush)
    log_factor = np.interp(pressure, curve[:, 0], curve[:, 1])
    return float(2 * stroke.radius * np.exp(log_factor).mean())


@functools.lru_cache(maxsize=512)
def _radius_curve(brush: str) -> npt.NDArray[np.float64]:
    """Return how pressure changes the logarithm of the radius, shape (num_points, 2)."""
    radius = json.loads(find_brush(brush).json)["settings"].get("radius_logarithmic", {})
    points = radius.get("inputs", {}).get("pressure") or [[0.0, 0.0]]
    return np.array(sorted(points), np.float64)
