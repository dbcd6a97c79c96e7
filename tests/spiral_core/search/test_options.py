from __future__ import annotations

from typing import Any

import pytest

from spiral_core.errors import ConfigError
from spiral_core.program import BLACK
from spiral_core.search import PaintOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strokes": 0}, "strokes: 0"),
        ({"strokes": 1_000_001}, "strokes: 1000001"),
        ({"seconds": 0.0}, "seconds: 0"),
        ({"seconds": float("nan")}, "seconds: nan"),
        ({"brushes": ()}, "brushes"),
        ({"palette": ()}, "palette"),
        ({"palette_size": 0}, "palette_size: 0"),
        ({"palette_size": 257}, "palette_size: 257"),
        ({"palette": (BLACK,), "palette_size": 2}, "palette and palette_size"),
        ({"min_radius": 0.0}, "min_radius"),
        ({"max_radius": 17.0}, "max_radius"),
        ({"min_radius": 0.2, "max_radius": 0.1}, "min_radius: 0.2"),
        ({"min_length": -0.1}, "min_length"),
        ({"min_length": 0.3, "max_length": 0.2}, "min_length: 0.3"),
        ({"max_length": 0.0}, "max_length"),
        ({"pen_width": -1.0}, "pen_width"),
        ({"seed": -1}, "seed: -1"),
        ({"seed": 2**63}, "seed"),
        ({"effort": 0.0}, "effort"),
        ({"effort": float("inf")}, "effort"),
        ({"threads": 0}, "threads: 0"),
    ],
)
def test_impossible_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PaintOptions(**options)


def test_limits_follow_from_the_planned_size() -> None:
    limits = PaintOptions().limits(300, 0.5)
    assert list(limits.radius) == pytest.approx([1.5 / 300, 0.15])
    assert limits.length == (0.0, 2.0)
    assert limits.opacity[1] == 1.0
    assert limits.opacity[0] < 0.5
    assert not limits.one_width
    assert PaintOptions().limits(300, 2.0).radius[1] == pytest.approx(0.3)
    assert PaintOptions().limits(300, 2.0).length[1] == 4.0


def test_limits_that_are_given_hold() -> None:
    limits = PaintOptions(min_radius=0.01, max_radius=0.02, min_length=0.1, max_length=0.2).limits(100, 1)
    assert limits.radius == (0.01, 0.02)
    assert limits.length == (0.1, 0.2)


def test_a_radius_given_on_one_side_moves_the_other_out_of_its_way() -> None:
    assert PaintOptions(min_radius=0.5).limits(100, 1).radius == (0.5, 0.5)
    assert PaintOptions(max_radius=0.001).limits(100, 1).radius == (0.001, 0.001)


def test_opaque_paint_and_pens_are_at_full_strength() -> None:
    assert PaintOptions(opaque=True).limits(100, 1).opacity == (1.0, 1.0)
    pen = PaintOptions(pen_width=0.01).limits(100, 1)
    assert pen.opacity == (1.0, 1.0)
    assert pen.radius == (0.005, 0.005)
    assert pen.one_width


def test_a_length_asked_for_is_possible_on_any_canvas() -> None:
    limits = PaintOptions(min_length=3.0).limits(100, 1)
    assert limits.length[0] <= limits.length[1]
