from __future__ import annotations

import numpy as np
import pytest

from adapters.mypaint import MyPaintRenderer, mean_width, shipped_brushes
from spiral_core.errors import BrushError
from spiral_core.program import BLACK, WHITE, Point, Stroke, StrokeArray


def stroke(brush: str, start_pressure: float, end_pressure: float, radius: float = 0.06) -> Stroke:
    return Stroke(
        start=Point(0.2, 0.4),
        control=Point(0.5, 0.5),
        end=Point(0.8, 0.6),
        start_pressure=start_pressure,
        end_pressure=end_pressure,
        radius=radius,
        color=BLACK,
        brush=brush,
    )


@pytest.mark.parametrize("brush", ["round", "pen", "soft"])
@pytest.mark.parametrize("pressures", [(1.0, 1.0), (0.5, 0.5), (0.3, 0.9)])
@pytest.mark.parametrize("radius", [0.03, 0.06])
def test_mean_width_is_that_of_the_painted_stroke(
    brush: str, pressures: tuple[float, float], radius: float
) -> None:
    drawn = stroke(brush, *pressures, radius)
    size = 500
    renderer = MyPaintRenderer(1, size, size)
    renderer.clear(WHITE)
    renderer.draw(StrokeArray.from_strokes([drawn]))
    paint = 1 - renderer.pixels()[0, :, :, 0] / 255.0
    paint = paint[:, int(0.25 * size) : int(0.75 * size)]
    slope = 0.2 / 0.6  # a straight line that is not level cuts columns at an angle
    widths = paint.sum(axis=0) / paint.max(axis=0) / size / np.hypot(1, slope)
    assert mean_width(drawn) == pytest.approx(float(np.mean(widths)), rel=0.12)


@pytest.mark.parametrize("brush", shipped_brushes())
def test_every_brush_of_ours_has_a_width(brush: str) -> None:
    assert 0.01 < mean_width(stroke(brush, 0.8, 0.8)) <= 0.15


def test_unknown_brush_is_an_error() -> None:
    with pytest.raises(BrushError, match="no such brush at all"):
        mean_width(stroke("no such brush at all", 1, 1))
