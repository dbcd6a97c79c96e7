"""What every `Renderer` promises. A new one joins by a line in RENDERERS."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint import mypaint_renderer
from spiral_core.errors import BrushError, SpiralError
from spiral_core.program import SEED_LIMIT, WHITE, Color, StrokeArray
from spiral_core.rendering import Renderer, RendererFactory

HEIGHT, WIDTH = 45, 70


@dataclass(frozen=True)
class Case:
    """A renderer and brushes that it can draw, the first opaque and hard-edged, some using chance."""

    make: RendererFactory
    brushes: tuple[str, ...]


RENDERERS = {"mypaint": Case(mypaint_renderer, ("round", "dry", "pen", "soft"))}


@pytest.fixture(params=sorted(RENDERERS))
def case(request: pytest.FixtureRequest) -> Case:
    return RENDERERS[request.param]


def random_strokes(case: Case, count: int, seed: int = 0) -> StrokeArray:
    rng = np.random.default_rng(seed)
    values = np.empty((count, 13))
    values[:, :6] = rng.uniform(-0.2, 1.2, (count, 6))
    values[:, 6:8] = rng.uniform(0.2, 1, (count, 2))
    values[:, 8] = rng.uniform(0.005, 0.15, count)
    values[:, 9:12] = rng.uniform(0, 1, (count, 3))
    values[:, 12] = 1
    return StrokeArray(
        values,
        rng.integers(0, len(case.brushes), count).astype(np.int32),
        rng.integers(0, SEED_LIMIT, count).astype(np.int32),
        case.brushes,
    )


def part(strokes: StrokeArray, which: slice | list[int] | npt.NDArray[np.bool_]) -> StrokeArray:
    index = np.arange(len(strokes))[which]
    return StrokeArray(strokes.values[index], strokes.brush[index], strokes.seed[index], strokes.brushes)


def test_it_says_its_size_and_starts_white(case: Case) -> None:
    renderer: Renderer = case.make(3, HEIGHT, WIDTH)
    assert (renderer.num_canvases, renderer.height, renderer.width) == (3, HEIGHT, WIDTH)
    pixels = renderer.pixels()
    assert pixels.shape == (3, HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == 255).all()


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 1, 37), (1, 130, 3)])
def test_any_size_can_be_drawn_on(case: Case, size: tuple[int, int, int]) -> None:
    renderer = case.make(*size)
    strokes = random_strokes(case, 20)
    strokes.values[:, :9] = [0.1, 0.1, 0.5, 0.5, 0.9, 0.9, 1, 1, 0.5]
    renderer.draw(strokes)
    assert renderer.pixels().shape == (*size, 3)
    assert (renderer.pixels()[0] != 255).any()
    assert (renderer.pixels()[1:] == 255).all()


def test_pixels_are_a_copy(case: Case) -> None:
    renderer = case.make(1, HEIGHT, WIDTH)
    renderer.pixels()[:] = 7
    assert (renderer.pixels() == 255).all()


def test_no_strokes_change_nothing(case: Case) -> None:
    renderer = case.make(1, HEIGHT, WIDTH)
    assert renderer.draw(random_strokes(case, 0)).shape == (0, 4)
    assert renderer.draw(StrokeArray.from_strokes(())).shape == (0, 4)
    assert (renderer.pixels() == 255).all()


def test_clear_paints_over_the_named_canvases(case: Case) -> None:
    renderer = case.make(3, HEIGHT, WIDTH)
    renderer.draw(random_strokes(case, 30), (np.arange(30) % 3).astype(np.int32))
    before = renderer.pixels()
    renderer.clear(Color(1.0, 0.0, 0.4), np.array([0, 2], np.int32))
    after = renderer.pixels()
    assert (after[[0, 2]] == [255, 0, 102]).all()
    assert np.array_equal(after[1], before[1])
    assert (before[1] != 255).any()
    renderer.clear(WHITE)
    assert (renderer.pixels() == 255).all()


def test_one_color_comes_out_as_it_went_in(case: Case) -> None:
    renderer = case.make(1, 16, 16)
    for value in range(256):
        renderer.clear(Color(value / 255, 1 - value / 255, 0.5))
        assert (renderer.pixels() == [value, 255 - value, 128]).all()


def digest(case: Case, strokes: StrokeArray) -> str:
    renderer = case.make(1, HEIGHT, WIDTH)
    rectangles = renderer.draw(strokes)
    return hashlib.sha256(renderer.pixels().tobytes() + rectangles.tobytes()).hexdigest()


def test_the_same_strokes_are_the_same_bytes(case: Case) -> None:
    strokes = random_strokes(case, 40)
    assert digest(case, strokes) == digest(case, strokes)
    assert digest(case, strokes) != digest(case, random_strokes(case, 40, seed=1))


def test_a_seed_matters_where_a_brush_uses_chance(case: Case) -> None:
    strokes = random_strokes(case, 40)
    other = StrokeArray(strokes.values, strokes.brush, (strokes.seed + 1) % SEED_LIMIT, strokes.brushes)
    assert digest(case, strokes) != digest(case, other)


def test_another_process_paints_the_same_bytes(case: Case, tmp_path: Path) -> None:
    strokes = random_strokes(case, 40)
    (tmp_path / "work").write_bytes(pickle.dumps((case.make, strokes, HEIGHT, WIDTH)))
    script = (
        "import hashlib, pathlib, pickle, sys\n"
        "make, strokes, height, width = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "renderer = make(1, height, width)\n"
        "rectangles = renderer.draw(strokes)\n"
        "print(hashlib.sha256(renderer.pixels().tobytes() + rectangles.tobytes()).hexdigest())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "work")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == digest(case, strokes)


@pytest.mark.parametrize("num_canvases", [2, 5])
def test_a_batch_of_another_size_paints_the_same_bytes(case: Case, num_canvases: int) -> None:
    """Strokes dealt out to canvases in turn, against each canvas drawn alone."""
    strokes = random_strokes(case, 40)
    canvas = (np.arange(40) % num_canvases).astype(np.int32)
    batch = case.make(num_canvases, HEIGHT, WIDTH)
    rectangles = batch.draw(strokes, canvas)
    for number in range(num_canvases):
        mine = canvas == number
        alone = case.make(1, HEIGHT, WIDTH)
        assert np.array_equal(alone.draw(part(strokes, mine)), rectangles[mine])
        assert np.array_equal(alone.pixels()[0], batch.pixels()[number])


def test_one_call_is_many_calls(case: Case) -> None:
    strokes = random_strokes(case, 30)
    once, often = case.make(1, HEIGHT, WIDTH), case.make(1, HEIGHT, WIDTH)
    rectangles = once.draw(strokes)
    each = [often.draw(part(strokes, slice(i, i + 1)))[0] for i in range(30)]
    assert np.array_equal(rectangles, each)
    assert np.array_equal(once.pixels(), often.pixels())


def test_later_strokes_lie_on_top(case: Case) -> None:
    row = [0.1, 0.3, 0.5, 0.3, 0.9, 0.3, 1, 1, 0.1]
    values = np.array([[*row, 1, 0, 0, 1], [*row, 0, 0, 1, 1]], np.float64)
    strokes = StrokeArray(values, np.zeros(2, np.int32), np.zeros(2, np.int32), case.brushes)
    for order, top in (([0, 1], [0, 0, 255]), ([1, 0], [255, 0, 0])):
        renderer = case.make(1, HEIGHT, WIDTH)
        renderer.draw(part(strokes, order))
        assert (renderer.pixels()[0, round(0.3 * WIDTH), WIDTH // 2] == top).all()


def test_strokes_look_the_same_at_another_size(case: Case) -> None:
    """Lengths are fractions of the canvas: a stroke at twice the size, box-filtered, is the stroke."""
    values = np.array([[0.2, 0.2, 0.5, 0.9, 0.8, 0.2, 1, 1, 0.08, 0, 0, 0, 1]], np.float64)
    strokes = StrokeArray(values, np.zeros(1, np.int32), np.zeros(1, np.int32), case.brushes)
    small, large = case.make(1, 64, 64), case.make(1, 256, 256)
    small.draw(strokes)
    large.draw(strokes)
    filtered = large.pixels()[0].reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert (filtered < 128).mean() > 0.05
    assert np.abs(filtered - small.pixels()[0]).mean() < 2


@given(
    name=st.sampled_from(sorted(RENDERERS)),
    count=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 90),
    width=st.integers(6, 90),
)
def test_rectangles_hold_every_change_and_little_else(
    name: str, count: int, seed: int, height: int, width: int
) -> None:
    case = RENDERERS[name]
    strokes = random_strokes(case, count, seed)
    strokes.brush[:] = 0
    # The first stays on the canvas: of a dab beyond a corner only the square around it may reach in.
    aspect = height / width
    strokes.values[0, :6] = np.clip(strokes.values[0, :6], 0.05, 0.95) * [1, aspect, 1, aspect, 1, aspect]
    strokes.values[:, 6:8] = 1
    strokes.values[:, 8] = np.maximum(strokes.values[:, 8], 2 / width)
    strokes.values[:, 9:12] = np.round(strokes.values[:, 9:12])
    renderer = case.make(1, height, width)
    renderer.clear(Color(0.4, 0.5, 0.6))
    for i in range(count):
        before = renderer.pixels()[0]
        left, top, right, bottom = renderer.draw(part(strokes, slice(i, i + 1)))[0].tolist()
        changed = (renderer.pixels()[0] != before).any(axis=2)
        if right <= left or bottom <= top:
            assert not changed.any()
            continue
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        outside = changed.copy()
        outside[top:bottom, left:right] = False
        assert not outside.any()
        # Paint over paint of the same colour changes nothing, so only the first is held to size.
        if i == 0 and changed.any():
            ys, xs = np.nonzero(changed)
            assert xs.min() - left <= 3
            assert right - xs.max() <= 4
            assert ys.min() - top <= 3
            assert bottom - ys.max() <= 4


def spoiled(strokes: StrokeArray, row: int, column: int, value: float) -> StrokeArray:
    values = strokes.values.copy()
    values[row, column] = value
    return StrokeArray(values, strokes.brush, strokes.seed, strokes.brushes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6])
@pytest.mark.parametrize(
    ("column", "name"), [(0, "start_x"), (5, "end_y"), (6, "start_pressure"), (8, "radius"), (11, "blue")]
)
def test_a_bad_value_is_named_and_nothing_is_drawn(case: Case, value: float, column: int, name: str) -> None:
    renderer = case.make(1, HEIGHT, WIDTH)
    with pytest.raises(SpiralError, match=rf"strokes\[3\].{name}"):
        renderer.draw(spoiled(random_strokes(case, 5), 3, column, value))
    assert (renderer.pixels() == 255).all()


@pytest.mark.parametrize(
    ("canvas", "message"),
    [
        (np.array([0, 0, 2, 0, 0]), r"canvas\[2\]: 2, must be in \[0, 2\)"),
        (np.array([0, -1, 0, 0, 0]), r"canvas\[1\]: -1"),
        (np.array([0, 0, 0, 0, 2**32]), r"canvas\[4\]: 4294967296"),
        (np.zeros(4, np.int32), r"canvas: shape \(4,\), must be \(5,\)"),
        (np.zeros((5, 1), np.int32), r"canvas: shape \(5, 1\)"),
        (np.full(5, 0.7), "canvas: float64, must be whole numbers"),
    ],
)
def test_a_bad_canvas_number_is_named_and_nothing_is_drawn(
    case: Case, canvas: npt.NDArray[np.int32], message: str
) -> None:
    renderer = case.make(2, HEIGHT, WIDTH)
    with pytest.raises(SpiralError, match=message):
        renderer.draw(random_strokes(case, 5), canvas)
    assert (renderer.pixels() == 255).all()


@pytest.mark.parametrize(
    ("canvas", "message"),
    [
        (np.array([0, 2]), r"canvas\[1\]: 2"),
        (np.array([-1]), r"canvas\[0\]: -1"),
        (np.zeros((1, 1), int), "shape"),
    ],
)
def test_clearing_a_canvas_that_is_not_there_clears_none(
    case: Case, canvas: npt.NDArray[np.int32], message: str
) -> None:
    renderer = case.make(2, HEIGHT, WIDTH)
    with pytest.raises(SpiralError, match=message):
        renderer.clear(Color(0, 0, 0), canvas)
    assert (renderer.pixels() == 255).all()


@pytest.mark.parametrize("channel", [np.nan, -0.1, 1.1])
def test_a_background_that_is_no_color_is_refused(case: Case, channel: float) -> None:
    renderer = case.make(1, HEIGHT, WIDTH)
    with pytest.raises(SpiralError, match="background"):
        renderer.clear(Color(0.0, channel, 0.0))
    assert (renderer.pixels() == 255).all()


@pytest.mark.parametrize("seed", [-1, SEED_LIMIT, 2**40])
def test_a_bad_seed_is_named(case: Case, seed: int) -> None:
    strokes = random_strokes(case, 3)
    seeds = strokes.seed.astype(np.int64)
    seeds[1] = seed
    renderer = case.make(1, HEIGHT, WIDTH)
    with pytest.raises(SpiralError, match=rf"seed\[1\]: {seed}"):
        renderer.draw(StrokeArray(strokes.values, strokes.brush, seeds, strokes.brushes))  # type: ignore[arg-type]
    assert (renderer.pixels() == 255).all()


def test_a_missing_brush_is_named_and_nothing_is_drawn(case: Case) -> None:
    strokes = random_strokes(case, 3)
    brush = np.array([0, 1, 0], np.int32)
    missing = StrokeArray(strokes.values, brush, strokes.seed, (case.brushes[0], "no/such_brush"))
    renderer = case.make(1, HEIGHT, WIDTH)
    with pytest.raises(BrushError, match="no/such_brush"):
        renderer.draw(missing)
    assert (renderer.pixels() == 255).all()


def test_a_brush_number_without_a_brush_is_named(case: Case) -> None:
    strokes = random_strokes(case, 3)
    strokes.brush[2] = len(case.brushes)
    renderer = case.make(1, HEIGHT, WIDTH)
    with pytest.raises(SpiralError, match=rf"brush\[2\]: {len(case.brushes)}"):
        renderer.draw(strokes)
    assert (renderer.pixels() == 255).all()


def test_an_error_does_not_spoil_what_was_painted(case: Case) -> None:
    renderer = case.make(1, HEIGHT, WIDTH)
    renderer.draw(random_strokes(case, 10))
    before = renderer.pixels()
    with pytest.raises(SpiralError):
        renderer.draw(spoiled(random_strokes(case, 5), 4, 2, np.nan))
    assert np.array_equal(renderer.pixels(), before)
    renderer.draw(random_strokes(case, 10, seed=1))
    fresh = case.make(1, HEIGHT, WIDTH)
    fresh.draw(random_strokes(case, 10))
    fresh.draw(random_strokes(case, 10, seed=1))
    assert np.array_equal(renderer.pixels(), fresh.pixels())
