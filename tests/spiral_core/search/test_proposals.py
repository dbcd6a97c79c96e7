from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint.planning import mypaint_planning
from spiral_core.agent.weights import SHIPPED_FOLDER
from spiral_core.program import SEED_LIMIT, Color
from spiral_core.rendering import StrokeLimits
from spiral_core.search import HeuristicProposer, Proposer, RandomProposer, View, make_strokes
from spiral_core.search.agent_proposer import load_proposer
from spiral_core.search.proposals import curve_lengths, fit_to_limits, sample_places

LIMITS = StrokeLimits(
    radius=(0.02, 0.2), length=(0.05, 0.6), opacity=(0.3, 0.9), min_pressure=0.2, one_width=False
)


def view(
    num_strokes: int = 0,
    limits: StrokeLimits = LIMITS,
    height: int = 20,
    width: int = 32,
    bright: bool = True,
) -> View:
    """Return a black canvas over a target that is bright in its lower right quarter alone."""
    target = np.zeros((height, width, 3), np.float32)
    if bright:
        target[height // 2 :, width // 2 :] = 1.0
    canvas = mypaint_planning(
        target,
        background=Color(0, 0, 0),
        brushes=("round", "pen"),
        weight=None,
        palette=None,
        num_threads=1,
    )
    return View(
        target=target,
        canvas=canvas,
        error_map=canvas.error_map(),
        num_strokes=num_strokes,
        limits=limits,
        brushes=("round", "pen"),
    )


def literal_length(row: npt.NDArray[np.float64]) -> float:
    t = np.linspace(0, 1, 20001)[:, None]
    start, control, end = row[0:2], row[2:4], row[4:6]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


coordinates = st.lists(st.floats(-3, 3), min_size=6, max_size=6)


@given(coordinates)
def test_lengths_are_those_of_the_curve(points: list[float]) -> None:
    row = np.array([[*points, 1, 1, 0.1, 0, 0, 0, 1]])
    assert curve_lengths(row)[0] == pytest.approx(literal_length(row[0]), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("points", "length"),
    [
        ([0, 0, 0, 0, 0, 0], 0.0),
        ([0, 0, 0.5, 0, 1, 0], 1.0),  # straight and even
        ([0, 0, 0, 0, 3, 4], 5.0),  # straight, from rest
        ([0, 0, 1, 0, 0, 0], 1.0),  # there and back
        ([0, 0, 0.5, 1e-9, 1, 0], 1.0),
        ([2, 2, 2 + 1e-7, 2, 2, 2], 1e-7),
    ],
)
def test_lengths_of_curves_that_are_hardly_curves(points: list[float], length: float) -> None:
    row = np.array([[*points, 1, 1, 0.1, 0, 0, 0, 1]], np.float64)
    assert curve_lengths(row)[0] == pytest.approx(length, rel=1e-6)


def load_field() -> Proposer:
    return load_proposer(SHIPPED_FOLDER / "field" / "agent.safetensors")


def load_imitator() -> Proposer:
    return load_proposer(SHIPPED_FOLDER / "painter" / "agent.safetensors")


PROPOSERS: list[Callable[[], Proposer]] = [HeuristicProposer, RandomProposer, load_imitator, load_field]


@pytest.mark.parametrize("make", PROPOSERS)
@pytest.mark.parametrize("count", [1, 7, 200])
@pytest.mark.parametrize("num_strokes", [0, 300])
def test_proposals_keep_within_limits(make: Callable[[], Proposer], count: int, num_strokes: int) -> None:
    strokes = make().propose(view(num_strokes), count, np.random.default_rng(1))
    assert len(strokes) == count
    values = strokes.values
    assert values[:, 8].min() >= LIMITS.radius[0]
    assert values[:, 8].max() <= LIMITS.radius[1]
    assert values[:, 12].min() >= LIMITS.opacity[0]
    assert values[:, 12].max() <= LIMITS.opacity[1]
    assert values[:, 6:8].min() >= LIMITS.min_pressure
    lengths = [literal_length(row) for row in values]
    assert min(lengths) >= LIMITS.length[0] - 1e-6
    assert max(lengths) <= LIMITS.length[1] + 1e-6
    assert strokes.seed.min() >= 0
    assert strokes.seed.max() < SEED_LIMIT
    assert strokes.brushes == ("round", "pen")
    if count == 200:
        assert set(strokes.brush.tolist()) == {0, 1}


@pytest.mark.parametrize("make", PROPOSERS)
def test_the_same_generator_gives_the_same_proposals(make: Callable[[], Proposer]) -> None:
    a, b, other = (make().propose(view(), 16, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.seed, b.seed)
    assert not np.array_equal(a.values, other.values)


@pytest.mark.parametrize("make", PROPOSERS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 60), (12, 1), (300, 7)])
def test_targets_of_any_shape_get_proposals(make: Callable[[], Proposer], height: int, width: int) -> None:
    seen = view(height=height, width=width, bright=height * width > 1)
    worth = seen.canvas.evaluate(make().propose(seen, 20, np.random.default_rng(1)))
    assert len(worth.gain) == 20


@pytest.mark.parametrize("make", PROPOSERS)
def test_a_finished_picture_gets_proposals_too(make: Callable[[], Proposer]) -> None:
    seen = view(bright=False)
    assert not seen.error_map.any()
    assert len(make().propose(seen, 9, np.random.default_rng(1))) == 9


def test_the_heuristic_starts_where_the_error_is() -> None:
    rng = np.random.default_rng(1)
    driven = HeuristicProposer().propose(view(500), 400, rng).values
    uniform = HeuristicProposer(uniform_places=True).propose(view(500), 400, rng).values

    def share_in_quarter(values: npt.NDArray[np.float64]) -> float:
        middle = (values[:, 0:2] + values[:, 4:6]) / 2
        return float(np.mean((middle[:, 0] > 0.5) & (middle[:, 1] > 10 / 32)))

    assert share_in_quarter(driven) > 0.85
    assert 0.15 < share_in_quarter(uniform) < 0.35


def test_strokes_to_expect_get_smaller_down_to_the_least_radius() -> None:
    radii = [HeuristicProposer().typical_radius(view(n)) for n in (0, 1, 10, 100, 10_000)]
    assert radii == sorted(radii, reverse=True)
    assert radii[0] == LIMITS.radius[1]
    assert radii[-1] == LIMITS.radius[0]


def test_places_are_drawn_by_their_error() -> None:
    error = np.zeros((4, 8), np.float32)
    error[1, 2], error[3, 7] = 1.0, 3.0
    places = sample_places(error, 4000, np.random.default_rng(1))
    columns, rows = np.floor(places * 8).astype(int).T
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(1, 2), (3, 7)}
    assert np.mean(rows == 3) == pytest.approx(0.75, abs=0.03)
    inside = places * 8 - np.floor(places * 8)
    assert inside.mean() == pytest.approx(0.5, abs=0.02)
    nowhere = sample_places(np.zeros((4, 8), np.float32), 4000, np.random.default_rng(1))
    assert nowhere.max(axis=0) == pytest.approx([1.0, 0.5], abs=0.01)


def test_random_proposals_know_nothing() -> None:
    bright = RandomProposer().propose(view(), 20, np.random.default_rng(1))
    dark = RandomProposer().propose(view(500, bright=False), 20, np.random.default_rng(1))
    np.testing.assert_array_equal(bright.values, dark.values)


@given(
    st.lists(
        st.tuples(coordinates, st.floats(0, 1), st.floats(0, 1), st.floats(1e-6, 16), st.floats(1e-6, 1)),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
    st.sampled_from([0.0, 0.4]),
    st.floats(0.1, 20),
)
def test_anything_is_brought_within_limits_and_stays_as_it_is_then(
    rows: list[tuple[list[float], float, float, float, float]],
    one_width: bool,
    shortest: float,
    aspect: float,
) -> None:
    limits = StrokeLimits(
        radius=(0.05, 0.05 if one_width else 0.3),
        length=(shortest, 0.5),
        opacity=(0.4, 0.8),
        min_pressure=0.3,
        one_width=one_width,
    )
    values = np.array([[*points, p, q, radius, 0, 0, 0, o] for points, p, q, radius, o in rows])
    fit_to_limits(values, limits, aspect)
    for row in values:
        assert limits.radius[0] <= row[8] <= limits.radius[1]
        assert 0.4 <= row[12] <= 0.8
        assert row[6:8].min() >= 0.3
        assert not one_width or row[6:8].tolist() == [1.0, 1.0]
        assert shortest - 1e-6 <= literal_length(row) <= 0.5 + 1e-6
        assert abs(row[0:6]).max() <= 20.9
    if shortest == 0.0:  # strokes made longer may reach over the canvas
        again = values.copy()
        fit_to_limits(again, limits, aspect)
        np.testing.assert_allclose(again, values, atol=1e-9)


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, 0.2), (9.0, -9.0)])
def test_dots_are_drawn_out_to_the_least_length(place: tuple[float, float]) -> None:
    values = np.array([[*place, *place, *place, 1, 1, 0.1, 0, 0, 0, 0.5]])
    fit_to_limits(values, LIMITS, 0.8)
    assert literal_length(values[0]) == pytest.approx(LIMITS.length[0])


def test_made_strokes_have_brushes_and_seeds_of_their_own() -> None:
    values = np.tile([0.1, 0.1, 0.2, 0.2, 0.4, 0.2, 1, 1, 0.1, 0, 0, 0, 0.5], (300, 1))
    strokes = make_strokes(values, view(), np.random.default_rng(1))
    assert len(set(strokes.seed.tolist())) == 300
    assert np.mean(strokes.brush) == pytest.approx(0.5, abs=0.1)
