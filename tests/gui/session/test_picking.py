"""Which stroke lies under the mouse, against a slow look at every curve."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gui.session.picking import Picker
from spiral_core.program import Stroke
from tests.gui.session.strokes import strokes

SLACK = 0.004


def slowly(painted: list[Stroke], x: float, y: float) -> int:
    """Return the place of the topmost stroke that covers a point, or -1."""
    return max((place for place, stroke in enumerate(painted) if covers(stroke, x, y)), default=-1)


def covers(stroke: Stroke, x: float, y: float) -> bool:
    nearest = min(
        math.hypot(
            (1 - t) ** 2 * stroke.start.x + 2 * t * (1 - t) * stroke.control.x + t**2 * stroke.end.x - x,
            (1 - t) ** 2 * stroke.start.y + 2 * t * (1 - t) * stroke.control.y + t**2 * stroke.end.y - y,
        )
        for t in np.linspace(0, 1, 400).tolist()
    )
    return nearest <= max(stroke.radius * max(stroke.start_pressure, stroke.end_pressure), SLACK)


@pytest.mark.parametrize("count", [0, 1, 3, 12])
def test_it_is_the_topmost_stroke_that_covers_the_place(count: int) -> None:
    painted = strokes(12)
    picker = Picker(painted)
    rng = np.random.default_rng(count)
    places = rng.uniform(-0.1, 1.1, (60, 2)).tolist()
    found = [picker.at(x, y, count=count, slack=SLACK) for x, y in places]
    wanted = [slowly(painted[:count], x, y) for x, y in places]
    differ = sum((-1 if one is None else one) != other for one, other in zip(found, wanted, strict=True))
    assert differ <= 1, "a place at the very edge of a stroke may fall to either side"
    if count == 12:
        assert len(set(found)) > 4


def test_nothing_is_chosen_where_nothing_is() -> None:
    assert Picker([]).at(0.5, 0.5, count=0, slack=SLACK) is None
    assert Picker(strokes(3)).at(9.0, 9.0, count=3, slack=SLACK) is None
