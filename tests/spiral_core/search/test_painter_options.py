"""The painter on the real brush: options hold for every stroke, looked at one by one."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiral_core.program import Color, PaintingProgram, Stroke, StrokeArray
from spiral_core.search import (
    HeuristicProposer,
    PaintOptions,
    Proposer,
    RandomProposer,
    View,
)
from tests.spiral_core.search.paintings import (
    PALETTE,
    mse,
    painted,
    painter,
    picture,
    rendered,
)


def curve_length(stroke: Stroke) -> float:
    t = np.linspace(0, 1, 2001)[:, None]
    start, control, end = (np.array(point) for point in (stroke.start, stroke.control, stroke.end))
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def assert_options_hold(program: PaintingProgram, options: PaintOptions, width: int) -> None:
    limits = options.limits(width, program.aspect)
    slack = 1e-6
    for stroke in program.strokes:
        assert limits.radius[0] - slack <= stroke.radius <= limits.radius[1] + slack
        assert limits.length[0] - slack <= curve_length(stroke) <= limits.length[1] + slack
        assert limits.opacity[0] <= stroke.opacity <= limits.opacity[1]
        assert limits.min_pressure <= min(stroke.start_pressure, stroke.end_pressure)
        assert stroke.brush in options.brushes
        if options.pen_width is not None:
            assert stroke.radius == pytest.approx(options.pen_width / 2)
            assert (stroke.start_pressure, stroke.end_pressure, stroke.opacity) == (1, 1, 1)
        if options.opaque:
            assert stroke.opacity == 1.0
        if options.palette is not None:
            assert stroke.color in options.palette
    if options.background is not None:
        assert program.background == options.background


class Garbage:
    """Proposes what no limit allows: far out, huge, tiny, endless, dots."""

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        values = np.zeros((count, 13))
        values[:, 0:6] = rng.uniform(-1.5, 1.5, (count, 6))
        values[::3, 2:6] = np.tile(values[::3, 0:2], 2)
        values[:, 6:8] = rng.uniform(0, 1, (count, 2))
        values[:, 8] = np.exp(rng.uniform(np.log(1e-5), np.log(8.0), count))
        values[:, 12] = rng.uniform(0.01, 1, count)
        return StrokeArray(values, np.zeros(count, np.int32), np.arange(count, dtype=np.int32), view.brushes)


PROPOSERS: list[Callable[[], Proposer]] = [
    HeuristicProposer,
    functools.partial(HeuristicProposer, uniform_places=True),
    RandomProposer,
    Garbage,
]


@pytest.mark.parametrize("proposer", PROPOSERS)
@pytest.mark.parametrize(
    "options",
    [
        PaintOptions(strokes=15, threads=1, palette=PALETTE),
        PaintOptions(strokes=15, threads=1, palette=PALETTE, opaque=True, brushes=("round", "soft")),
        PaintOptions(strokes=15, threads=1, opaque=True, background=Color(1, 1, 1)),
        PaintOptions(strokes=15, threads=1, pen_width=0.06, brushes=("pen",)),
        PaintOptions(strokes=15, threads=1, min_radius=0.05, max_radius=0.06),
        PaintOptions(strokes=15, threads=1, min_length=0.2, max_length=0.25),
        PaintOptions(strokes=15, threads=1, min_length=0.3, max_radius=0.02, brushes=("dry",)),
        PaintOptions(strokes=15, threads=1, max_length=0.05),
    ],
)
def test_options_hold_for_every_stroke(proposer: Callable[[], Proposer], options: PaintOptions) -> None:
    program = painted(painter(options, proposer=proposer()))
    assert len(program.strokes) == 15
    assert_options_hold(program, options, 34)


@settings(max_examples=25)
@given(
    least=st.floats(0.01, 0.1),
    radii=st.floats(1, 3),
    shortest=st.floats(0, 0.3),
    more=st.floats(0, 0.3),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    seed=st.integers(0, 2**63 - 1),
)
def test_limits_hold_whatever_they_are(
    least: float, radii: float, shortest: float, more: float, height: int, width: int, seed: int
) -> None:
    options = PaintOptions(
        strokes=4,
        threads=1,
        min_radius=least,
        max_radius=least * radii,
        min_length=shortest,
        max_length=shortest + more + 1e-3,
        seed=seed,
    )
    program = painted(painter(options, picture(height, width)))
    assert_options_hold(program, options, width)
    assert program.aspect == height / width


def test_found_palettes_are_used_and_told() -> None:
    artist = painter(PaintOptions(strokes=20, threads=1, palette_size=4))
    palette = artist.palette
    assert palette is not None
    assert len(palette) == 4
    program = painted(artist)
    assert {stroke.color for stroke in program.strokes} <= set(palette)
    assert program.background in palette
    assert painter().palette is None


def test_importance_draws_the_effort() -> None:
    rng = np.random.default_rng(1)
    target = np.kron(rng.integers(0, 255, (10, 10, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    mask = np.full((40, 40), 0.02, np.float32)
    mask[:, :20] = 1.0

    def halves(importance: npt.NDArray[np.float32] | None) -> tuple[float, float]:
        options = PaintOptions(strokes=50, threads=1)
        result = rendered(painted(painter(options, target, importance=importance)), 40)
        return mse(result[:, :20], target[:, :20]), mse(result[:, 20:], target[:, 20:])

    even, left = halves(None), halves(mask)
    assert left[0] < 0.8 * even[0]
    assert left[1] > 1.2 * even[1]
