"""Planning against a slow literal painter: libmypaint's dabs, laid over one another in NumPy layers."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mypaint import MyPaintRenderer
from adapters.mypaint.planning import MyPaintPlanning, mypaint_planning
from spiral_core.errors import BrushError, CanvasError, SpiralError
from spiral_core.program import Color, Point, Stroke, StrokeArray
from tests.adapters.literal_painting import (
    BACKGROUND,
    BRUSHES,
    LIMITS,
    PALETTE,
    Literal,
    coverage,
    literal,
    one,
    part,
    random_strokes,
    random_target,
)

KINDS = ["plain", "weight", "palette", "sizes", "weight palette sizes"]

# ---- coverage ----


@given(st.integers(0, 10**6), st.sampled_from([0.02, 0.08, 0.3]))
def test_coverage_of_a_stroke_is_that_of_its_dabs(seed: int, radius: float) -> None:
    height, width = 19, 26
    strokes = random_strokes(1, seed, radius=radius)
    strokes.values[:, 9:12] = 1.0
    planning = mypaint_planning(
        np.zeros((height, width, 3), np.float32),
        background=Color(0, 0, 0),
        brushes=BRUSHES,
        weight=None,
        palette=None,
        num_threads=1,
    )
    planning.extend(strokes)
    expected = coverage(strokes, 0, height, width)
    np.testing.assert_allclose(planning.canvas()[:, :, 1], expected, atol=5e-5)


@given(st.integers(0, 10**6), st.sampled_from([(1, 1), (1, 40), (30, 3), (3, 90), (33, 20)]))
def test_the_planned_picture_is_what_the_renderer_paints(seed: int, shape: tuple[int, int]) -> None:
    height, width = shape
    strokes = random_strokes(20, seed, aspect=height / width)
    planning = Literal(random_target(height, width, 1)).planning()
    planning.extend(strokes)
    renderer = MyPaintRenderer(1, height, width)
    renderer.clear(BACKGROUND)
    renderer.draw(strokes)
    difference = np.abs(renderer.pixels()[0] / 255.0 - planning.canvas())
    assert difference.max() <= 1.3 / 255
    assert difference.mean() <= 0.5 / 255


# ---- what candidates are worth ----


def assert_worth(
    canvas: Literal, planning: MyPaintPlanning, layer: int | None, candidates: StrokeArray
) -> None:
    strokes = planning.strokes()
    at = len(strokes) if layer is None else layer
    worth = planning.evaluate(candidates, layer=layer)
    for i in range(len(candidates)):
        gain, color = canvas.evaluate(
            part(strokes, slice(0, at)), one(candidates, i), part(strokes, slice(at + 1, None))
        )
        if np.isneginf(worth.gain[i]):
            assert gain == pytest.approx(0.0, abs=1e-9)  # it covers nothing
            assert not worth.rectangle[i].any()
            continue
        assert worth.gain[i] == pytest.approx(gain, rel=2e-4, abs=2e-3)
        if abs(gain) > 0.05:  # some of it is seen, so that its colour matters
            np.testing.assert_allclose(worth.color[i], color, atol=2e-2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", [None, 0, 3, 5])
def test_gain_and_colour_are_those_of_the_literal_painter(kind: str, layer: int | None) -> None:
    canvas = literal(kind)
    planning = canvas.planning()
    planning.extend(random_strokes(6, 11, radius=0.15))
    assert_worth(canvas, planning, layer, random_strokes(10, 12))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 31), (12, 1), (2, 70), (16, 17)])
def test_gains_on_canvases_of_odd_shapes(kind: str, height: int, width: int) -> None:
    canvas = literal(kind, height, width)
    planning = canvas.planning()
    planning.extend(random_strokes(3, 21, aspect=height / width))
    assert_worth(canvas, planning, None, random_strokes(6, 22, aspect=height / width))
    assert_worth(canvas, planning, 1, random_strokes(6, 23, aspect=height / width))


@given(st.integers(0, 10**6), st.sampled_from(KINDS), st.booleans())
def test_gains_are_what_the_error_drops_by(seed: int, kind: str, on_top: bool) -> None:
    canvas = literal(kind)
    planning = canvas.planning()
    planning.extend(random_strokes(5, seed))
    layer = None if on_top else seed % 5
    candidate = random_strokes(1, seed + 1)
    worth = planning.evaluate(candidate, layer=layer)
    if np.isneginf(worth.gain[0]):
        return
    candidate.values[:, 9:12] = worth.color
    if layer is not None:
        planning.remove(layer)
    before, picture = planning.error(), planning.canvas()
    changed = planning.insert(len(planning) if layer is None else layer, candidate)
    assert before - planning.error() == pytest.approx(worth.gain[0], rel=1e-4, abs=1e-3)
    moved = np.argwhere(np.abs(planning.canvas() - picture).max(axis=2) > 1e-6)
    for y, x in moved:
        assert changed.left <= x < changed.right
        assert changed.top <= y < changed.bottom
    np.testing.assert_array_equal(worth.rectangle[0], changed)


def test_threads_do_not_change_what_candidates_are_worth() -> None:
    candidates = random_strokes(40, 3)
    results = []
    for num_threads in (1, 2, 5):
        planning = literal("sizes").planning(num_threads)
        planning.extend(random_strokes(4, 4))
        results.append([planning.evaluate(candidates), planning.evaluate(candidates, layer=2)])
        assert planning.num_evaluations == 80
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a.gain.tobytes() == b.gain.tobytes()
            assert a.color.tobytes() == b.color.tobytes()
            assert a.rectangle.tobytes() == b.rectangle.tobytes()


@pytest.mark.parametrize("kind", ["palette", "weight palette sizes"])
def test_colours_are_always_paints_of_the_palette(kind: str) -> None:
    planning = literal(kind).planning()
    worth = planning.evaluate(random_strokes(20, 1))
    seen = worth.color[np.isfinite(worth.gain)]
    assert {tuple(color) for color in seen.tolist()} <= {tuple(paint) for paint in PALETTE}
    planning.extend(random_strokes(8, 2))
    planning.solve_colors(3)
    planning.revise(2, steps=30, scale=0.5, limits=LIMITS, seed=1)
    colors = planning.strokes().values[:, 9:12].tolist()
    assert {tuple(color) for color in colors} <= {tuple(paint) for paint in PALETTE}


def test_a_stroke_off_the_canvas_changes_nothing() -> None:
    planning = literal("plain").planning()
    far = random_strokes(1, 1)
    far.values[:, 0:6] = 5.0
    assert np.isneginf(planning.evaluate(far).gain[0])
    error = planning.error()
    assert planning.insert(0, far) == (0, 0, 0, 0)
    planning.solve_colors(2)
    assert planning.revise(0, steps=10, scale=0.5, limits=LIMITS, seed=1)[0] == 0.0
    assert planning.removal_losses().tolist() == [0.0]
    assert planning.error() == error
    planning.remove(0)
    assert len(planning) == 0


def test_an_empty_batch_is_worth_nothing() -> None:
    planning = literal("plain").planning()
    assert planning.evaluate(random_strokes(0, 1)).gain.shape == (0,)
    planning.extend(random_strokes(0, 1))
    assert len(planning.strokes()) == 0
    assert planning.removal_losses().shape == (0,)
    planning.solve_colors(3)


# ---- what cannot be planned ----


def make(**changes: object) -> MyPaintPlanning:
    arguments: dict[str, object] = {
        "target": random_target(6, 8, 1),
        "background": BACKGROUND,
        "brushes": ("round",),
        "weight": None,
        "palette": None,
        "num_threads": 1,
    }
    return MyPaintPlanning(**(arguments | changes))  # type: ignore[arg-type]


def with_nan(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    array = np.zeros(shape, np.float32)
    array.flat[3] = np.nan
    return array


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": np.zeros((6, 8), np.float32)}, "target: shape"),
        ({"target": np.zeros((6, 8, 4), np.float32)}, "target: shape"),
        ({"target": np.zeros((0, 8, 3), np.float32)}, "target: shape"),
        ({"target": with_nan((6, 8, 3))}, "target: .* not finite"),
        ({"weight": with_nan((6, 8))}, "weight: .* finite"),
        ({"weight": np.full((6, 8), -1, np.float32)}, "weight: .* >= 0"),
        ({"weight": np.ones((8, 6), np.float32)}, r"weight: shape \(8, 6\)"),
        ({"weight": np.ones((6, 8, 1), np.float32)}, "weight: shape"),
        ({"palette": ()}, "palette: empty"),
        ({"palette": ((0.1, np.nan, 0.2),)}, r"palette\[0\]"),
        ({"background": (0.1, 0.2, 1.5)}, "background"),
        ({"sizes": (3,)}, "sizes"),
        ({"sizes": ()}, "sizes"),
        ({"brushes": ()}, "brushes"),
        ({"brushes": ("no such brush",)}, "no such brush"),
        ({"brushes": ("round", "classic/smudge")}, "classic/smudge.*planned with"),
    ],
)
def test_impossible_paintings_are_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SpiralError, match=message) as caught:
        make(**changes)
    assert isinstance(caught.value, (CanvasError, BrushError))


ROUND = Stroke(start=Point(0.2, 0.2), control=Point(0.5, 0.5), end=Point(0.8, 0.2), radius=0.1)


def broken(column: int, value: float) -> StrokeArray:
    strokes = StrokeArray.from_strokes([ROUND])
    strokes.values[0, column] = value
    return strokes


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        (broken(0, np.nan), "start_x"),
        (broken(8, 0.0), "radius"),
        (broken(12, 0.0), "opacity"),
        (broken(9, 1.5), "red"),
        (StrokeArray.from_strokes([dataclasses.replace(ROUND, brush="pen")]), "brush: pen"),
    ],
)
def test_impossible_strokes_are_refused_by_name(strokes: StrokeArray, message: str) -> None:
    planning = make()
    planning.extend(StrokeArray.from_strokes([ROUND]))
    before = planning.canvas()
    for attempt in (
        lambda: planning.evaluate(strokes),
        lambda: planning.climb(strokes, steps=3, scale=0.5, limits=LIMITS, seed=1),
        lambda: planning.extend(strokes),
        lambda: planning.insert(0, strokes),
        lambda: planning.replace(0, strokes),
    ):
        with pytest.raises(CanvasError, match=message):
            attempt()
    assert len(planning) == 1
    np.testing.assert_array_equal(planning.canvas(), before)


@pytest.mark.parametrize("index", [1, 2, 99, -1])
def test_places_that_are_not_there_are_named(index: int) -> None:
    planning = make()
    stroke = StrokeArray.from_strokes([ROUND])
    planning.extend(stroke)
    for attempt in (
        lambda: planning.evaluate(stroke, layer=index),
        lambda: planning.climb(stroke, steps=1, scale=0.5, limits=LIMITS, seed=1, layer=index),
        lambda: planning.insert(index + (index > 0), stroke),
        lambda: planning.replace(index, stroke),
        lambda: planning.remove(index),
        lambda: planning.revise(index, steps=1, scale=0.5, limits=LIMITS, seed=1),
    ):
        with pytest.raises(CanvasError, match=r"must be in \[0, "):
            attempt()
    assert len(planning) == 1


def test_only_one_stroke_goes_in_at_a_time() -> None:
    planning = make()
    with pytest.raises(CanvasError, match="2 of them, must be one"):
        planning.insert(0, StrokeArray.from_strokes([ROUND, ROUND]))


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_the_error_map_adds_up_to_the_error(seed: int) -> None:
    for kind in KINDS:
        planning = literal(kind).planning()
        planning.extend(random_strokes(4, seed))
        assert planning.error_map().sum(dtype=np.float64) == pytest.approx(planning.error(), rel=1e-5)
        if seed % 10 == 0:
            assert planning.error() == pytest.approx(literal(kind).error(planning.strokes()), rel=1e-4)
