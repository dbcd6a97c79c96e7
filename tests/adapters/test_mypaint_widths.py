from __future__ import annotations

import numpy as np
import pytest

from adapters.mypaint import MyPaintRenderer, mean_width
from spiral_core.errors import BrushError
from spiral_core.program import BLACK, WHITE, Point, Stroke, StrokeArray


def stroke(brush: str, start_pressure: float, end_pressure: float) -> Stroke:
    return Stroke(
        start=Point(0.2, 0.5),
        control=Point(0.5, 0.5),
        end=Point(0.8, 0.5),
        start_pressure=start_pressure,
        end_pressure=end_pressure,
        radius=0.08,
        color=BLACK,
        brush=brush,
    )


@pytest.mark.parametrize("brush", ["round", "pen"])
@pytest.mark.parametrize("pressures", [(1.0, 1.0), (0.5, 0.5), (0.3, 0.9)])
def test_mean_width_is_that_of_the_painted_stroke(brush: str, pressures: tuple[float, float]) -> None:
    drawn = stroke(brush, *pressures)
    size = 400
    renderer = MyPaintRenderer(1, size, size)
    renderer.clear(WHITE)
    renderer.draw(StrokeArray.from_strokes([drawn]))
    paint = 1 - renderer.pixels()[0, :, :, 0] / 255.0
    widths = paint[:, int(0.25 * size) : int(0.75 * size)].sum(axis=0) / size
    assert mean_width(drawn) == pytest.approx(float(np.mean(widths)), rel=0.12)


def test_unknown_brush_is_an_error() -> None:
    with pytest.raises(BrushError, match="no such brush at all"):
        mean_width(stroke("no such brush at all", 1, 1))
