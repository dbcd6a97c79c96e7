"""Changes of a planned painting: whatever was done, it is what a fresh painting of its strokes would be."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mypaint import shipped_brushes
from adapters.mypaint.planning import MyPaintPlanning, mypaint_planning
from spiral_core.errors import CanvasError
from spiral_core.program import Color, StrokeArray
from spiral_core.rendering import StrokeLimits

HEIGHT, WIDTH = 24, 31
ASPECT = HEIGHT / WIDTH
BRUSHES = shipped_brushes()
BACKGROUND = Color(0.5, 0.6, 0.4)
PALETTE = (Color(0.1, 0.1, 0.2), Color(0.9, 0.8, 0.7), Color(0.7, 0.2, 0.1), Color(0.2, 0.5, 0.3))
LIMITS = StrokeLimits(
    radius=(0.02, 0.4), length=(0.0, 4.0), opacity=(0.1, 1.0), min_pressure=0.2, one_width=False
)
KINDS = ["plain", "weight", "palette", "sizes", "weight palette sizes"]


def random_target(seed: int = 5) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    coarse = rng.random((4, 4, 3))
    picture = coarse[(np.arange(HEIGHT) * 4) // HEIGHT][:, (np.arange(WIDTH) * 4) // WIDTH]
    return picture.astype(np.float32)


def planning_of(
    kind: str, target: npt.NDArray[np.float32] | None = None, *, num_threads: int = 1
) -> MyPaintPlanning:
    weight = np.random.default_rng(6).uniform(0, 2, (HEIGHT, WIDTH)).astype(np.float32)
    return MyPaintPlanning(
        random_target() if target is None else target,
        background=BACKGROUND,
        brushes=BRUSHES,
        weight=weight if "weight" in kind else None,
        palette=PALETTE if "palette" in kind else None,
        num_threads=num_threads,
        sizes=(1, 2) if "sizes" in kind else (1,),
    )


def random_strokes(count: int, seed: int, *, radius: float = 0.12) -> StrokeArray:
    rng = np.random.default_rng(seed)
    values = np.empty((count, 13))
    values[:, 0:6] = rng.uniform(0.0, 1.0, (count, 6))
    values[:, 1:6:2] *= ASPECT
    values[:, 6:8] = rng.uniform(0.2, 1.0, (count, 2))
    values[:, 8] = np.clip(radius * np.exp(rng.normal(0, 0.7, count)), 0.02, 0.4)
    values[:, 9:12] = rng.random((count, 3))
    values[:, 12] = rng.uniform(0.1, 1.0, count)
    brush = rng.integers(0, len(BRUSHES), count).astype(np.int32)
    return StrokeArray(values, brush, rng.integers(0, 2**30, count).astype(np.int32), BRUSHES)


def one(strokes: StrokeArray, index: int) -> StrokeArray:
    where = slice(index, index + 1)
    return StrokeArray(strokes.values[where], strokes.brush[where], strokes.seed[where], strokes.brushes)


def without(strokes: StrokeArray, index: int) -> StrokeArray:
    return StrokeArray(
        np.delete(strokes.values, index, axis=0),
        np.delete(strokes.brush, index),
        np.delete(strokes.seed, index),
        strokes.brushes,
    )


def fresh(kind: str, strokes: StrokeArray) -> MyPaintPlanning:
    planning = planning_of(kind)
    planning.extend(strokes)
    return planning


def assert_same_state(planning: MyPaintPlanning, other: MyPaintPlanning) -> None:
    assert len(planning) == len(other)
    np.testing.assert_allclose(planning.canvas(), other.canvas(), atol=2e-5)
    np.testing.assert_allclose(planning.error_map(), other.error_map(), atol=1e-4)
    assert planning.error() == pytest.approx(other.error(), rel=1e-5, abs=1e-3)
    np.testing.assert_allclose(planning.removal_losses(), other.removal_losses(), rtol=1e-3, atol=2e-3)
    probes = random_strokes(3, 99)
    for layer in (None, *range(0, len(planning), 3)):
        a, b = planning.evaluate(probes, layer=layer), other.evaluate(probes, layer=layer)
        np.testing.assert_allclose(a.gain, b.gain, rtol=1e-4, atol=2e-3)


OPERATIONS = ["insert", "insert", "replace", "remove", "revise", "extend", "solve_colors", "climb"]


def change(planning: MyPaintPlanning, operation: str, seed: int) -> float:
    """Do something to a painting; return what it says that the error drops by (NaN where it says nothing)."""
    num = len(planning)
    at = seed % max(num, 1)
    if operation == "insert":
        planning.insert(seed % (num + 1), random_strokes(1, seed))
    elif operation == "extend":
        planning.extend(random_strokes(seed % 4, seed))
    elif operation == "solve_colors":
        planning.solve_colors(seed % 4)
    elif num == 0:
        return np.nan
    elif operation == "replace":
        planning.replace(at, random_strokes(1, seed))
    elif operation == "remove":
        loss = planning.removal_losses()[at]
        planning.remove(at)
        return -float(loss)
    elif operation == "revise":
        return planning.revise(at, steps=seed % 20, scale=0.5, limits=LIMITS, seed=seed)[0]
    elif operation == "climb":
        climbed, value = planning.climb(random_strokes(1, seed), steps=8, scale=0.5, limits=LIMITS, seed=seed)
        if np.isfinite(value.gain[0]):
            planning.insert(num, climbed)
            return float(value.gain[0])
    return np.nan


@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 10**6)), min_size=1, max_size=14),
)
def test_any_history_leaves_what_a_fresh_painting_would_be(kind: str, history: list[tuple[str, int]]) -> None:
    planning = planning_of(kind)
    for operation, seed in history:
        before = planning.error()
        said = change(planning, operation, seed)
        if not np.isnan(said):
            assert before - planning.error() == pytest.approx(said, rel=1e-3, abs=4e-3), operation
    assert_same_state(planning, fresh(kind, planning.strokes()))


@pytest.mark.parametrize("kind", KINDS)
def test_rectangles_of_changes_hold_everything_that_changed(kind: str) -> None:
    planning = fresh(kind, random_strokes(8, 1, radius=0.05))
    num_changes = 0
    for seed in range(40):
        before = planning.canvas()
        at = seed % len(planning)
        if seed % 4 == 0:
            rectangle = planning.insert(at, random_strokes(1, seed, radius=0.05))
        elif seed % 4 == 1:
            rectangle = planning.replace(at, random_strokes(1, seed, radius=0.05))
        elif seed % 4 == 2:
            rectangle = planning.remove(at)
        else:
            _, rectangle = planning.revise(at, steps=10, scale=0.5, limits=LIMITS, seed=seed)
        moved = np.abs(planning.canvas() - before).max(axis=2) > 1e-5
        num_changes += bool(moved.any())
        moved[rectangle.top : rectangle.bottom, rectangle.left : rectangle.right] = False
        assert not moved.any()
    assert num_changes > 15


@pytest.mark.parametrize("kind", KINDS)
def test_removal_losses_are_what_the_error_really_rises_by(kind: str) -> None:
    strokes = random_strokes(12, 3)
    planning = fresh(kind, strokes)
    losses = planning.removal_losses()
    for index in range(len(strokes)):
        rise = fresh(kind, without(strokes, index)).error() - planning.error()
        assert losses[index] == pytest.approx(rise, rel=1e-3, abs=2e-3)
    assert np.ptp(losses) > 0.1


# ---- colours solved together ----


@given(st.sampled_from(KINDS), st.integers(0, 10**6), st.integers(0, 5))
def test_solving_colours_never_raises_the_error(kind: str, seed: int, sweeps: int) -> None:
    planning = fresh(kind, random_strokes(10, seed))
    if "palette" in kind:  # colours that are no paints may have to get worse first
        planning.solve_colors(1)
    before = planning.error()
    planning.solve_colors(sweeps)
    assert planning.error() <= before * (1 + 1e-6) + 1e-4
    colors = planning.strokes().values[:, 9:12]
    assert colors.min() >= 0.0
    assert colors.max() <= 1.0


@pytest.mark.parametrize("kind", ["plain", "weight", "sizes"])
def test_solved_colours_are_the_least_squares_optimum(kind: str) -> None:
    strokes = random_strokes(9, 8, radius=0.07)
    strokes.values[:, 12] = 0.5 + 0.5 * strokes.values[:, 12]  # each is well seen
    strokes.values[:, 9:12] = 0.3 + 0.4 * strokes.values[:, 9:12]
    noise = np.random.default_rng(1).normal(0, 0.02, (HEIGHT, WIDTH, 3))
    target = (fresh("plain", strokes).canvas() + noise).clip(0, 1).astype(np.float32)

    def picture(colors: npt.NDArray[np.float64], factor: int) -> npt.NDArray[np.float64]:
        values = strokes.values.copy()
        values[:, 9:12] = colors
        canvas = mypaint_planning(
            np.zeros((factor * HEIGHT, factor * WIDTH, 3), np.float32),
            background=BACKGROUND,
            brushes=BRUSHES,
            weight=None,
            palette=None,
            num_threads=1,
        )
        canvas.extend(StrokeArray(values, strokes.brush, strokes.seed, BRUSHES))
        fine = canvas.canvas().astype(np.float64)
        mean: npt.NDArray[np.float64] = fine.reshape(HEIGHT, factor, WIDTH, factor, 3).mean(axis=(1, 3))
        return mean

    weight = np.random.default_rng(6).uniform(0, 2, (HEIGHT, WIDTH)).astype(np.float32)
    root = np.sqrt(weight if kind == "weight" else np.ones_like(weight)).astype(np.float64)[:, :, None]
    columns, rest = [], []
    for factor in (1, 2) if kind == "sizes" else (1,):
        bare = picture(np.zeros((9, 3)), factor)
        rest.append((root * (target - bare)).reshape(-1, 3))
        columns.append(
            np.stack(
                [(root * (picture(unit, factor) - bare))[:, :, 0].ravel() for unit in np.eye(9)[:, :, None]],
                axis=1,
            )
        )
    optimum = np.linalg.lstsq(np.concatenate(columns), np.concatenate(rest), rcond=None)[0]
    assert optimum.min() > 0.0
    assert optimum.max() < 1.0

    strokes.values[:, 9:12] = 0.5
    planning = planning_of(kind, target)
    planning.extend(strokes)
    planning.solve_colors(400)
    np.testing.assert_allclose(planning.strokes().values[:, 9:12], optimum, atol=4e-3)


# ---- climbing ----


def curve_length(row: npt.NDArray[np.float64]) -> float:
    start, control, end = row[0:2], row[2:4], row[4:6]
    t = np.linspace(0, 1, 2001)[:, None]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def assert_within(values: npt.NDArray[np.float64], limits: StrokeLimits) -> None:
    slack = 1e-6
    for column, (low, high) in ((8, limits.radius), (12, limits.opacity)):
        assert values[:, column].min() >= low - slack
        assert values[:, column].max() <= high + slack
    assert values[:, 6:8].min() >= limits.min_pressure - slack
    assert values[:, 6:8].max() <= 1.0
    for row in values:
        assert limits.length[0] - slack <= curve_length(row) <= limits.length[1] + slack
        assert -row[8] - slack <= row[0:6:2].min() <= row[0:6:2].max() <= 1 + row[8] + slack
        assert -row[8] - slack <= row[1:6:2].min() <= row[1:6:2].max() <= ASPECT + row[8] + slack


@st.composite
def limits_and_starts(draw: st.DrawFn) -> tuple[StrokeLimits, StrokeArray]:
    low_radius = draw(st.floats(0.01, 0.1))
    opacity = draw(st.floats(0.1, 1.0))
    one_width = draw(st.booleans())
    length = draw(st.floats(0.0, 0.3))
    limits = StrokeLimits(
        radius=(low_radius, low_radius if one_width else low_radius + draw(st.floats(0, 0.3))),
        length=(length, length + draw(st.floats(0.05, 0.5))),
        opacity=(opacity, draw(st.floats(opacity, 1.0))),
        min_pressure=draw(st.sampled_from([0.0, 0.2, 1.0])),
        one_width=one_width,
    )
    strokes = random_strokes(5, draw(st.integers(0, 10**6)))
    values = strokes.values
    values[:, 6:8] = values[:, 6:8].clip(limits.min_pressure, 1.0)
    values[:, 8] = values[:, 8].clip(*limits.radius)
    values[:, 12] = values[:, 12].clip(*limits.opacity)
    for row in values:  # straight, from inside, of an allowed length
        row[0:2] = (0.5, 0.5 * ASPECT)
        along = row[4:6] - row[0:2]
        row[4:6] = row[0:2] + along / np.linalg.norm(along) * np.mean(limits.length)
        row[2:4] = (row[0:2] + row[4:6]) / 2
        for x, end in ((0, 1.0), (1, ASPECT)):
            row[x:6:2] = row[x:6:2].clip(-row[8], end + row[8])
    assert_within(values, dataclasses.replace(limits, length=(0.0, limits.length[1])))
    return limits, strokes


@given(limits_and_starts(), st.integers(0, 2**63), st.sampled_from(["plain", "sizes", "palette"]))
def test_climbing_never_loses_and_keeps_within_limits(
    setting: tuple[StrokeLimits, StrokeArray], seed: int, kind: str
) -> None:
    limits, starts = setting
    starts_within = [i for i, row in enumerate(starts.values) if curve_length(row) >= limits.length[0]]
    planning = fresh(kind, random_strokes(3, 1))
    for layer in (None, 1):
        before = planning.evaluate(starts, layer=layer)
        climbed, after = planning.climb(starts, steps=60, scale=0.7, limits=limits, seed=seed, layer=layer)
        assert (after.gain >= before.gain).all()
        assert_within(climbed.values[starts_within], limits)
        if limits.one_width:
            np.testing.assert_array_equal(climbed.values[:, 6:9], starts.values[:, 6:9])
        again = planning.evaluate(climbed, layer=layer)
        np.testing.assert_array_equal(again.gain, after.gain)
        seen = np.isfinite(after.gain)
        np.testing.assert_array_equal(climbed.values[seen, 9:12], after.color[seen])


def test_climbing_finds_what_is_better() -> None:
    planning = planning_of("plain")
    starts = random_strokes(20, 1)
    before = planning.evaluate(starts).gain
    after = planning.climb(starts, steps=150, scale=0.6, limits=LIMITS, seed=1)[1].gain
    assert np.mean(after > before + 1.0) > 0.9


def climb_hash(num_threads: int, seed: int = 7) -> str:
    planning = planning_of("weight sizes", num_threads=num_threads)
    planning.extend(random_strokes(5, 2))
    climbed, value = planning.climb(random_strokes(16, 3), steps=40, scale=0.6, limits=LIMITS, seed=seed)
    planning.revise(2, steps=40, scale=0.5, limits=LIMITS, seed=seed)
    planning.solve_colors(5)
    parts = (climbed.values, value.gain, value.color, planning.strokes().values, planning.canvas())
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_climbing_depends_on_its_seed_alone() -> None:
    expected = climb_hash(1)
    assert climb_hash(1) == expected
    assert climb_hash(2) == expected
    assert climb_hash(5) == expected
    assert climb_hash(1, seed=8) != expected


def test_climbing_is_the_same_in_another_process() -> None:
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('same', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['same'] = module\n"
        "spec.loader.exec_module(module)\n"
        "print(module.climb_hash(2))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, __file__], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == climb_hash(1)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(KINDS))
def test_revising_gains_what_it_says_and_stays_in_limits(seed: int, kind: str) -> None:
    planning = fresh(kind, random_strokes(6, seed))
    planning.solve_colors(1)
    for index in range(6):
        before = planning.error()
        gain, _ = planning.revise(index, steps=25, scale=0.5, limits=LIMITS, seed=seed)
        assert gain >= 0.0
        assert before - planning.error() == pytest.approx(gain, rel=1e-3, abs=3e-3)
    assert_within(planning.strokes().values, LIMITS)


def test_revising_recolours_a_stroke_whose_colour_is_not_the_best() -> None:
    planning = fresh("plain", random_strokes(4, 5))
    best = planning.evaluate(one(planning.strokes(), 2), layer=2).color[0]
    gain, _ = planning.revise(2, steps=0, scale=0.5, limits=LIMITS, seed=1)
    assert gain > 0.1
    np.testing.assert_allclose(planning.strokes().values[2, 9:12], best, atol=1e-6)
    assert planning.revise(2, steps=0, scale=0.5, limits=LIMITS, seed=1)[0] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [({"steps": -1}, "steps: -1"), ({"scale": 0.0}, "scale: 0"), ({"scale": 2.0}, "scale: 2")],
)
def test_impossible_climbs_are_refused(change: dict[str, float], message: str) -> None:
    planning = fresh("plain", random_strokes(1, 1))
    arguments: dict[str, float] = {"steps": 1, "scale": 0.5, **change}
    steps, scale = int(arguments["steps"]), arguments["scale"]
    with pytest.raises(CanvasError, match=message):
        planning.climb(random_strokes(1, 1), steps=steps, scale=scale, limits=LIMITS, seed=1)
    with pytest.raises(CanvasError, match=message):
        planning.revise(0, steps=steps, scale=scale, limits=LIMITS, seed=1)
