"""How wide a stroke looks, for outputs that draw lines of one width.

Pressure, softness and bristles make a stroke narrower than its brush. How much is measured: each brush draws
a few straight strokes once, and what they cover is what its strokes are taken to cover.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from adapters.mypaint.renderer import MyPaintRenderer
from spiral_core.program import BLACK, WHITE, Point, Stroke, StrokeArray

_PRESSURES = np.linspace(0.0, 1.0, 6)
_PLACES = np.linspace(0.0, 1.0, 9)
_WIDTH_PX, _HEIGHT_PX, _RADIUS_PX = 192, 96, 16
_FAINTEST = 0.02  # less paint than this is no stroke to be measured


def mean_width(stroke: Stroke) -> float:
    """Return the width of a stroke in canvas widths, averaged over its length.

    Raises:
        BrushError: The stroke's brush is missing or not supported.
    """
    pressure = stroke.start_pressure + (stroke.end_pressure - stroke.start_pressure) * _PLACES
    factor = np.interp(pressure, _PRESSURES, _width_factors(stroke.brush))
    return float(2 * stroke.radius * factor.mean())


@functools.lru_cache(maxsize=512)
def _width_factors(brush: str) -> npt.NDArray[np.float64]:
    """Return for each of _PRESSURES how wide strokes are, in diameters of the brush."""
    middle = 0.5 * _HEIGHT_PX / _WIDTH_PX
    strokes = [
        Stroke(
            start=Point(0.1, middle),
            control=Point(0.5, middle),
            end=Point(0.9, middle),
            start_pressure=pressure,
            end_pressure=pressure,
            radius=_RADIUS_PX / _WIDTH_PX,
            color=BLACK,
            brush=brush,
        )
        for pressure in _PRESSURES.tolist()
    ]
    renderer = MyPaintRenderer(len(strokes), _HEIGHT_PX, _WIDTH_PX)
    renderer.clear(WHITE)
    renderer.draw(StrokeArray.from_strokes(strokes), np.arange(len(strokes), dtype=np.int32))
    cut = slice(_WIDTH_PX // 4, -_WIDTH_PX // 4)
    profiles = (1 - renderer.pixels()[:, :, cut, 0] / 255.0).mean(axis=2)
    peaks = profiles.max(axis=1)
    widths_px = profiles.sum(axis=1) / np.maximum(peaks, _FAINTEST)
    return np.asarray(widths_px / (2 * _RADIUS_PX), np.float64)
