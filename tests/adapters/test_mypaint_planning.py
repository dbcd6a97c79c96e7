"""Planning against a slow literal painter: libmypaint's dabs, laid over one another in NumPy layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mypaint import MyPaintRenderer, _native, find_brush, shipped_brushes
from adapters.mypaint.planning import MyPaintPlanning, mypaint_planning
from spiral_core.errors import BrushError, CanvasError, SpiralError
from spiral_core.program import Color, Point, Stroke, StrokeArray
from spiral_core.rendering import StrokeLimits

Floats = npt.NDArray[np.float64]

BRUSHES = shipped_brushes()
BACKGROUND = Color(0.5, 0.6, 0.4)
PALETTE = (Color(0.1, 0.1, 0.2), Color(0.9, 0.8, 0.7), Color(0.7, 0.2, 0.1), Color(0.2, 0.5, 0.3))
LIMITS = StrokeLimits(
    radius=(0.02, 0.4), length=(0.0, 2.0), opacity=(0.1, 1.0), min_pressure=0.2, one_width=False
)


# ---- the literal painter ----


def dab_coverage(dab: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """Return how much one round dab covers of each pixel: libmypaint's definition, in its arithmetic."""
    one = np.float32(1)
    x, y, radius, hardness, _, angle, opacity = dab[:7]
    hardness, opacity = hardness.clip(0, 1), opacity.clip(0, 1)
    if radius < 0.1 or hardness == 0 or opacity == 0:
        return np.zeros((height, width), np.float32)
    turn = float(angle) / 360 * 2 * np.pi
    cs, sn = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    if radius >= 3:
        distance = ((columns + np.float32(0.5) - x) ** 2 + (rows + np.float32(0.5) - y) ** 2) / radius**2
        reached_by = distance
    else:
        right, bottom = x - columns, y - rows
        left, top, center_x, center_y = right - one, bottom - one, right - one / 2, bottom - one / 2
        along = center_x * cs + center_y * sn
        inside = (left < 0) & (right > 0) & (top < 0) & (bottom > 0)
        near_x = np.where(inside, 0, np.minimum(np.maximum(cs * along, left), right))
        near_y = np.where(inside, 0, np.minimum(np.maximum(sn * along, top), bottom))
        reached_by = (near_x**2 + near_y**2) / radius**2
        below = np.where((center_x - cs) * sn - cs * (center_y + sn) < 0, one, -one)
        reach = np.float32(np.sqrt(1 / np.pi))  # radius of a circle of one pixel's area
        far = (near_x - below * sn * reach) ** 2 + (near_y + below * cs * reach) ** 2
        delta = far / radius**2 - reached_by
        edge = 1 - (1 - reached_by) / (1 + delta)
        distance = np.where(far < max(radius - 1, 0) ** 2, reached_by + delta / 2, edge)
    with np.errstate(divide="ignore", invalid="ignore"):
        outer = hardness / (1 - hardness) * (1 - distance)
    falls = np.where(distance <= hardness, 1 - distance * (1 / hardness - 1), outer)
    falls = np.where((distance <= 1) & (reached_by <= 1), falls, 0)
    covered: npt.NDArray[np.float32] = (falls * opacity).astype(np.float32)
    return covered


def coverage(strokes: StrokeArray, index: int, height: int, width: int) -> Floats:
    """Return the alpha of a stroke alone: 1 - prod(1 - a) over its dabs."""
    brush = find_brush(strokes.brushes[strokes.brush[index]])
    row = strokes.values[index : index + 1]
    bare = np.ones((height, width))
    for dab in _native.libmypaint_dabs(brush.json, row, int(strokes.seed[index]), float(width), 0):
        bare *= 1.0 - dab_coverage(dab, height, width)
    return 1.0 - bare


def shrunk(picture: Floats, factor: int) -> Floats:
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    mean: Floats = picture.reshape(height, factor, width, factor, -1).mean(axis=(1, 3))
    return mean


@dataclasses.dataclass
class Literal:
    """What a planning canvas means, worked out anew for every question."""

    target: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32] | None = None
    palette: tuple[Color, ...] | None = None
    sizes: tuple[int, ...] = (1,)

    def planning(self, num_threads: int = 1) -> MyPaintPlanning:
        return MyPaintPlanning(
            self.target,
            background=BACKGROUND,
            brushes=BRUSHES,
            weight=self.weight,
            palette=self.palette,
            num_threads=num_threads,
            sizes=self.sizes,
        )

    def alphas(self, strokes: StrokeArray, factor: int) -> list[Floats]:
        height, width = self.target.shape[:2]
        return [coverage(strokes, i, height * factor, width * factor) for i in range(len(strokes))]

    def picture(self, alphas: Sequence[Floats], colors: Floats, factor: int) -> Floats:
        picture = np.ones((*alphas[0].shape, 3)) if alphas else np.ones((*self.target.shape[:2], 3))
        picture = picture * BACKGROUND
        for alpha, color in zip(alphas, colors, strict=True):
            picture += alpha[:, :, None] * (color - picture)
        return shrunk(picture, factor if alphas else 1)

    def error_of(self, picture: Floats) -> float:
        weight = 1.0 if self.weight is None else self.weight[:, :, None].astype(np.float64)
        return float((weight * (self.target.astype(np.float64) - picture) ** 2).sum())

    def error(self, strokes: StrokeArray) -> float:
        colors = strokes.values[:, 9:12]
        return float(
            np.mean([self.error_of(self.picture(self.alphas(strokes, f), colors, f)) for f in self.sizes])
        )

    def evaluate(
        self, below: StrokeArray, candidate: StrokeArray, above: StrokeArray
    ) -> tuple[float, Floats]:
        """Return gain and colour of one candidate between two piles of strokes."""
        parts = [(below, slice(0, len(below))), (above, slice(len(below) + 1, None))]
        num = len(below) + 1 + len(above)
        colors = np.zeros((num, 3))
        for strokes, where in parts:
            colors[where] = strokes.values[:, 9:12]
        bare, dark, light = [], [], []  # without it, and with it in black and in white
        for factor in self.sizes:
            alphas = [
                *self.alphas(below, factor),
                *self.alphas(candidate, factor),
                *self.alphas(above, factor),
            ]
            rest = [alpha for i, alpha in enumerate(alphas) if i != len(below)]
            bare.append(self.picture(rest, np.delete(colors, len(below), axis=0), factor))
            dark.append(self.picture(alphas, colors, factor))
            colors[len(below)] = 1.0
            light.append(self.picture(alphas, colors, factor))
            colors[len(below)] = 0.0

        def error_with(color: Floats) -> float:
            return float(
                np.mean([self.error_of(d + color * (b - d)) for d, b in zip(dark, light, strict=True)])
            )

        if self.palette is not None:
            best = min((np.array(paint) for paint in self.palette), key=error_with)
        else:
            weight = np.ones_like(self.target[:, :, :1]) if self.weight is None else self.weight[:, :, None]
            pull, weight2 = np.zeros(3), np.zeros(3)
            for d, b in zip(dark, light, strict=True):
                pull += (weight * (b - d) * (self.target - d)).sum(axis=(0, 1))
                weight2 += (weight * (b - d) ** 2).sum(axis=(0, 1))
            best = np.divide(pull, weight2, out=np.zeros(3), where=weight2 > 0).clip(0, 1)
        return float(np.mean([self.error_of(b) for b in bare])) - error_with(best), best


# ---- strokes and targets ----


def random_strokes(count: int, seed: int, *, aspect: float = 1.0, radius: float = 0.1) -> StrokeArray:
    rng = np.random.default_rng(seed)
    values = np.empty((count, 13))
    values[:, 0:6] = rng.uniform(-0.1, 1.1, (count, 6))
    values[:, 1:6:2] *= aspect
    values[:, 6:8] = rng.uniform(0.2, 1.0, (count, 2))
    values[:, 8] = radius * np.exp(rng.normal(0, 0.7, count))
    values[:, 9:12] = rng.random((count, 3))
    values[:, 12] = rng.uniform(0.1, 1.0, count)
    return StrokeArray(
        values,
        rng.integers(0, len(BRUSHES), count).astype(np.int32),
        rng.integers(0, 2**30, count).astype(np.int32),
        BRUSHES,
    )


def part(strokes: StrokeArray, where: slice) -> StrokeArray:
    return StrokeArray(strokes.values[where], strokes.brush[where], strokes.seed[where], strokes.brushes)


def one(strokes: StrokeArray, index: int) -> StrokeArray:
    return part(strokes, slice(index, index + 1))


def random_target(height: int, width: int, seed: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    coarse = rng.random((3, 3, 3))
    rows = (np.arange(height) * 3) // height
    columns = (np.arange(width) * 3) // width
    picture = coarse[rows][:, columns] + rng.normal(0, 0.05, (height, width, 3))
    return picture.clip(0, 1).astype(np.float32)


def random_weight(height: int, width: int, seed: int) -> npt.NDArray[np.float32]:
    weight = np.random.default_rng(seed).uniform(0, 3, (height, width))
    weight[: height // 3] = 0.0
    return weight.astype(np.float32)


def literal(kind: str, height: int = 22, width: int = 27) -> Literal:
    target = random_target(height, width, 5)
    return Literal(
        target,
        weight=random_weight(height, width, 6) if "weight" in kind else None,
        palette=PALETTE if "palette" in kind else None,
        sizes=(1, 2) if "sizes" in kind else (1,),
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
