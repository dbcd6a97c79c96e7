"""Where a stroke field looks: at the window of a large picture that has most left to do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint.planning import mypaint_planning
from spiral_core.agent.stroke_field import StrokeField
from spiral_core.agent.weights import SHIPPED_FOLDER
from spiral_core.program import Color
from spiral_core.rendering import StrokeLimits
from spiral_core.search import View
from spiral_core.search.field_proposer import FieldProposer, _worst

LIMITS = StrokeLimits(
    radius=(0.002, 0.2), length=(0.0, 0.6), opacity=(0.3, 0.9), min_pressure=0.2, one_width=False
)


def view(target: npt.NDArray[np.float32], error_map: npt.NDArray[np.float32] | None = None) -> View:
    canvas = mypaint_planning(
        target, background=Color(0, 0, 0), brushes=("round",), weight=None, palette=None, num_threads=1
    )
    found = canvas.error_map() if error_map is None else error_map
    return View(target, canvas, found, 50_000, LIMITS, ("round",))  # late: strokes are small


def field() -> FieldProposer:
    return FieldProposer.load(SHIPPED_FOLDER / "field" / "agent.safetensors")


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50), st.integers(0, 10**6))
def test_the_worst_window_holds_the_most_error_of_all(height: int, width: int, side: int, seed: int) -> None:
    error = np.random.default_rng(seed).random((height, width)) ** 4
    rows, columns = _worst(error, side)
    high, wide = min(side, height), min(side, width)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (high, wide)

    def starts(whole: int, part: int) -> list[int]:
        return [*range(0, whole - part + 1, max(part // 4, 1)), whole - part]

    most = max(
        error[top : top + high, left : left + wide].sum()
        for top in starts(height, high)
        for left in starts(width, wide)
    )
    assert error[rows, columns].sum() == pytest.approx(most)


def test_many_candidates_come_from_where_most_is_left_to_do() -> None:
    target = np.zeros((800, 1000, 3), np.float32)
    target[700:790, 880:970] = np.random.default_rng(0).random((90, 90, 1), np.float32)
    values = field().propose(view(target), 7, np.random.default_rng(1)).values
    middle = (values[:, 0:2] + values[:, 4:6]) / 2 * 1000
    assert ((middle > (490, 290)) & (middle < (1000, 800))).all()


def test_where_nothing_was_found_it_looks_elsewhere_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that is said to hold much, in which no stroke helps, must not be looked at for ever."""
    target = np.zeros((1200, 1200, 3), np.float32)
    target[1100:, 1100:] = np.random.default_rng(0).random((100, 100, 1), np.float32)
    told = np.zeros((1200, 1200), np.float32)
    told[:100, :100], told[1100:, 1100:] = 1.0, 0.7
    proposer, seen = field(), view(target, told)
    shown = []

    def look(planes: npt.NDArray[np.float32]) -> object:
        shown.append(bool(np.abs(planes[..., 3:6]).max() > 0))
        numbers, worth = StrokeField.look(proposer._field, planes)
        return numbers, worth if shown[-1] else np.full_like(worth, -1.0)

    monkeypatch.setattr(proposer._field, "look", look)
    rng = np.random.default_rng(1)
    proposer.propose(seen, 7, rng)
    assert not any(shown), "the empty corner is looked at first"
    stroke = proposer._heuristic.propose(seen, 1, rng)
    stroke.values[:, 0:6] = 0.5, 0.97, 0.55, 0.97, 0.6, 0.97
    stroke.values[:, 9:12] = 1.0  # a white line where nobody looked
    seen.canvas.insert(0, stroke)
    shown.clear()
    proposer.propose(seen, 7, rng)
    assert any(shown)
