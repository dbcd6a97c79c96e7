"""From how far strokes and sweeps are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.mypaint import MyPaintRenderer, mypaint_planning
from spiral_core.errors import ConfigError
from spiral_core.program import BLACK, WHITE, StrokeArray
from spiral_core.search import Painter, PaintOptions
from spiral_core.search.viewing import Look, Viewing


def test_big_strokes_are_planned_on_coarse_pictures() -> None:
    viewing = Viewing(1024, 1.0, PaintOptions(strokes=1000))
    widths = [viewing.for_stroke(n).width for n in range(1000)]
    assert widths[0] == 128
    assert widths == sorted(widths)
    assert len(set(widths)) > 2


def test_small_strokes_are_judged_at_both_sizes_in_the_end() -> None:
    small = Viewing(128, 1.0, PaintOptions(strokes=1000))
    assert small.final == Look(128, (1, 2))
    assert small.for_sweep(0, 10) == Look(128, (1,))
    assert small.for_sweep(9, 10) == small.final
    large = Viewing(2048, 1.0, PaintOptions(strokes=100))
    assert large.final == Look(2048, (1,))
    assert large.for_sweep(0, 10).width < 2048
    assert large.for_sweep(9, 10) == large.final


def test_a_pen_is_seen_from_where_its_lines_blend() -> None:
    viewing = Viewing(400, 1.0, PaintOptions(strokes=100, pen_width=0.005, brushes=("pen",)))
    assert {viewing.for_stroke(0), viewing.for_sweep(0, 3), viewing.final} == {Look(100, (4,))}


def test_a_pen_makes_tones_on_white_paper() -> None:
    # Left half gray, right half white: black lines must cover about that share of either half.
    target = np.full((120, 160, 3), 255, np.uint8)
    target[:, :80] = 150
    options = PaintOptions(strokes=120, threads=1, pen_width=0.012, brushes=("pen",), palette=(BLACK,))
    painter = Painter(target, options, mypaint_planning)
    list(painter.run())
    program = painter.program()
    assert program.background == WHITE
    renderer = MyPaintRenderer(1, 120, 160)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    picture = renderer.pixels()[0].astype(np.float64)
    assert picture[:, :80].mean() == pytest.approx(150, abs=25)
    assert picture[:, 80:].mean() > 240


def test_a_pen_too_thin_to_leave_a_mark_is_an_error_and_a_thin_one_draws() -> None:
    target = np.zeros((40, 100, 3), np.uint8)
    with pytest.raises(ConfigError, match=r"pen_width: 0\.50 pixels of a picture 100 px wide"):
        Painter(target, PaintOptions(pen_width=0.005, brushes=("pen",)), mypaint_planning)
    painter = Painter(target, PaintOptions(pen_width=0.006, brushes=("pen",), strokes=5), mypaint_planning)
    list(painter.run())
    assert len(painter.program().strokes) == 5
