"""Our surface against libmypaint's own, under every brush that Debian ships and under our own brushes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint import MyPaintRenderer, _native, find_brush, shipped_brushes
from adapters.mypaint.brushes import SYSTEM_FOLDERS
from spiral_core.errors import BrushError
from spiral_core.program import SEED_LIMIT, StrokeArray

EVENTS = _native.MAX_EVENTS
SIDE = 128
Planes = npt.NDArray[np.float64]


def system_brushes() -> list[str]:
    return sorted({str(path) for folder in SYSTEM_FOLDERS for path in folder.rglob("*.myb")})


def strokes_across(count: int, brush: str, seed: int) -> StrokeArray:
    """Strokes all over the canvas and a little beyond, of all pressures and sizes, firm ones first."""
    rng = np.random.default_rng(seed)
    values = np.empty((count, 13))
    values[:, :6] = rng.uniform(-0.1, 1.1, (count, 6))
    values[:, 6:8] = rng.uniform(0.0, 1.0, (count, 2))
    values[: count // 2, 6:8] = rng.uniform(0.6, 1.0, (count // 2, 2))
    values[:, 8] = np.exp(rng.uniform(np.log(0.004), np.log(0.2), count))
    values[:, 9:12] = rng.uniform(0, 1, (count, 3))
    values[:, 12] = rng.choice([1.0, 0.6], count)
    seeds = rng.integers(0, SEED_LIMIT, count).astype(np.int32)
    return StrokeArray(values, np.zeros(count, np.int32), seeds, (brush,))


UNDERPAINTING = strokes_across(8, "round", seed=99)


def ours(strokes: list[StrokeArray], height: int, width: int) -> Planes:
    renderer = MyPaintRenderer(1, height, width, events_per_stroke=EVENTS)
    for some in strokes:
        renderer.draw(some)
    return planes_of(renderer)


def planes_of(renderer: MyPaintRenderer, canvas: int = 0) -> Planes:
    """Premultiplied red, green, blue and alpha in [0, 1], shape (height, width, 4)."""
    planes = renderer._native.planes(canvas)
    return planes.transpose(1, 2, 0).astype(np.float64) / 2**15


def theirs(strokes: list[StrokeArray], height: int, width: int) -> Planes:
    """The same from libmypaint's surface, which has whole tiles: larger if need be, and cut to size."""
    pigment = any(find_brush(name).is_pigment for some in strokes for name in some.brushes)
    surface = _native.ReferenceSurface(-(-height // 64) * 64, -(-width // 64) * 64, pigment)
    surface.clear([1.0, 1.0, 1.0])
    for some in strokes:
        brush = find_brush(some.brushes[0])
        engine = _native.ReferenceBrush(brush.json, brush.is_pigment)
        for row, seed in zip(some.values, some.seed.tolist(), strict=True):
            surface.begin_atomic()
            engine.draw(surface, row[None], seed, width)
            surface.end_atomic()
    tiles = surface.tiles()
    rows, columns = tiles.shape[:2]
    whole = tiles.transpose(0, 2, 1, 3, 4).reshape(rows * 64, columns * 64, 4)
    return whole[:height, :width].astype(np.float64) / 2**15


class Compared(NamedTuple):
    """One brush under both surfaces; differences over the pixels that either changed."""

    name: str
    refused: str | None
    changed: int
    mean: float
    largest: float


def compare(name: str) -> Compared:
    try:
        find_brush(name)
    except BrushError as error:
        return Compared(name, str(error), 0, 0.0, 0.0)
    strokes = [UNDERPAINTING, strokes_across(10, name, seed=7)]
    before = ours(strokes[:1], SIDE, SIDE)
    mine, reference = ours(strokes, SIDE, SIDE), theirs(strokes, SIDE, SIDE)
    changed = ((mine != before) | (reference != before)).any(axis=2)
    difference = np.abs(mine - reference)[changed]
    if not changed.any():
        return Compared(name, None, 0, 0.0, 0.0)
    return Compared(name, None, int(changed.sum()), float(difference.mean()), float(difference.max()))


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    return [compare(name) for name in (*shipped_brushes(), *system_brushes())]


def test_debian_brushes_are_supported_or_refused_with_a_reason(compared: list[Compared]) -> None:
    system = [one for one in compared if one.name not in shipped_brushes()]
    assert len(system) > 150, f"Debian's mypaint-brushes is not installed in {SYSTEM_FOLDERS}"
    refused = [one for one in system if one.refused is not None]
    for one in refused:
        assert one.refused is not None
        assert Path(one.name).stem in one.refused
        assert "settings." in one.refused or "pigment" in one.refused, one.refused
    assert len(refused) <= 0.05 * len(system), [one.name for one in refused]


def test_brushes_paint_what_libmypaint_paints(
    compared: list[Compared], capsys: pytest.CaptureFixture[str]
) -> None:
    supported = [one for one in compared if one.refused is None]
    worst = max(supported, key=lambda one: one.largest)
    exact = sum(one.largest == 0 for one in supported)
    report = f"{exact} of {len(supported)} brushes exact, largest difference {255 * worst.largest:.4f}/255"
    with capsys.disabled():
        sys.stdout.write(f"\n  {report} ({Path(worst.name).stem})\n")
    assert [one for one in supported if one.mean >= 1 / 255] == []


def test_agreement_is_never_that_nothing_was_drawn(compared: list[Compared]) -> None:
    idle = [one.name for one in compared if one.refused is None and one.changed < 20]
    assert idle == []


def test_our_own_brushes_are_exact(compared: list[Compared]) -> None:
    assert [one for one in compared if one.name in shipped_brushes() and one.largest > 0] == []


def supported_brushes() -> Iterator[str]:
    for name in (*shipped_brushes(), *system_brushes()):
        try:
            find_brush(name)
        except BrushError:
            continue
        yield name


def test_a_stroke_depends_on_no_earlier_one() -> None:
    """Stroke B after stroke A on another canvas, by the same engine, against B alone; and B, A, B."""
    dependent = []
    for name in supported_brushes():
        strokes = strokes_across(2, name, seed=3)
        strokes.values[0, 6:8] = 0.9, 0.0  # A ends without pressure, which libmypaint treats in its own way
        b_alone = StrokeArray(strokes.values[1:], strokes.brush[1:], strokes.seed[1:], (name,))
        alone = MyPaintRenderer(1, 64, 64)
        alone.draw(UNDERPAINTING)
        alone.draw(b_alone)
        after = MyPaintRenderer(3, 64, 64)
        for canvas in range(3):
            after.draw(UNDERPAINTING, np.full(len(UNDERPAINTING), canvas, np.int32))
        after.draw(b_alone, np.array([1], np.int32))
        after.draw(strokes, np.array([2, 0], np.int32))
        expected = planes_of(alone)
        if not all(np.array_equal(planes_of(after, canvas), expected) for canvas in (0, 1)):
            dependent.append(name)
    assert dependent == []


def stroke_rows(reach: float, largest_radius: float) -> st.SearchStrategy[npt.NDArray[np.float64]]:
    place = st.floats(-reach, 1 + reach, allow_subnormal=False)
    unit = st.floats(0, 1, allow_subnormal=False)
    row = st.tuples(
        *[place] * 6, unit, unit, st.floats(0.003, largest_radius), unit, unit, unit, st.floats(0.01, 1.0)
    )
    return st.lists(row, min_size=1, max_size=4).map(lambda rows: np.array(rows, np.float64))


def as_strokes(values: npt.NDArray[np.float64], seed: int, brush: str) -> StrokeArray:
    count = len(values)
    seeds = ((seed + np.arange(count)) % SEED_LIMIT).astype(np.int32)
    return StrokeArray(values, np.zeros(count, np.int32), seeds, (brush,))


@given(
    values=stroke_rows(reach=0.7, largest_radius=0.4),
    brush=st.sampled_from(["round", "pen", "soft", "dry", "classic/dry_brush", "classic/calligraphy"]),
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    seed=st.integers(0, SEED_LIMIT - 1),
)
def test_any_canvas_is_a_part_of_libmypaints(
    values: npt.NDArray[np.float64], brush: str, height: int, width: int, seed: int
) -> None:
    strokes = [as_strokes(values, seed, brush)]
    difference = np.abs(ours(strokes, height, width) - theirs(strokes, height, width))
    # libmypaint measures from the corner of each tile: the last bit of a float may differ from ours.
    assert difference.max() <= 8 / 2**15
    assert difference.mean() < 0.01 / 255


@given(
    values=stroke_rows(reach=0.2, largest_radius=0.2),
    brush=st.sampled_from(["classic/smudge", "classic/blend+paint", "classic/brush", "classic/kabura"]),
    eraser=st.sampled_from(["deevad/thin_hard_eraser", "deevad/large_hard_eraser", None]),
    seed=st.integers(0, SEED_LIMIT - 1),
)
def test_paint_is_picked_up_and_erased_as_libmypaint_does(
    values: npt.NDArray[np.float64], brush: str, eraser: str | None, seed: int
) -> None:
    strokes = [UNDERPAINTING, as_strokes(values, seed, brush)]
    if eraser is not None:
        holes = values.copy()
        holes[:, 12] = 1.0
        holes[:, 6:8] = 1.0
        strokes = [UNDERPAINTING, as_strokes(holes, seed, eraser), as_strokes(values, seed, brush)]
    difference = np.abs(ours(strokes, SIDE, SIDE) - theirs(strokes, SIDE, SIDE))
    assert difference.max() <= 8 / 2**15


def test_erasers_make_canvases_transparent_and_white_shows_through() -> None:
    """Shows that the test above reaches transparency at all."""
    strokes = strokes_across(6, "deevad/large_hard_eraser", seed=1)
    strokes.values[:, 6:8] = 1.0
    renderer = MyPaintRenderer(1, 64, 64)
    renderer.clear((0.0, 0.0, 0.0))  # type: ignore[arg-type]
    renderer.draw(strokes)
    alpha = planes_of(renderer)[..., 3]
    assert alpha.min() < 0.1
    assert renderer.pixels()[0][alpha == alpha.min()].min() > 200


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    names = _native.instruction_sets()
    yield names
    _native.use_instruction_set(names[0])


def test_every_instruction_set_paints_the_same_bytes(instruction_sets: list[str]) -> None:
    for brush in (*shipped_brushes(), "classic/dry_brush", "classic/smudge", "deevad/large_hard_eraser"):
        strokes = [UNDERPAINTING, strokes_across(30, brush, seed=5)]
        pictures = {}
        for name in instruction_sets:
            _native.use_instruction_set(name)
            pictures[name] = ours(strokes, 83, 101)
        for name in instruction_sets[1:]:
            assert np.array_equal(pictures[name], pictures[instruction_sets[0]]), (brush, name)


@pytest.mark.parametrize("brush", ["round", "soft", "classic/dry_brush"])
def test_full_and_missing_colours_meet_as_in_libmypaint(brush: str, instruction_sets: list[str]) -> None:
    """Channels of nothing and of everything over each other, where fixed point is at its ends."""
    strokes = strokes_across(40, brush, seed=11)
    rng = np.random.default_rng(4)
    strokes.values[:, 9:12] = rng.integers(0, 2, (40, 3))
    strokes.values[:, [1, 3, 5]] = (rng.integers(0, SIDE, (40, 1)) + 0.5) / SIDE  # through centres of pixels
    strokes.values[:, 8] = rng.uniform(0.03, 0.3, 40)
    strokes.values[:, 12] = 1.0
    black = strokes_across(10, "round", seed=12)
    black.values[:, 6:] = [1.0, 1.0, 0.2, 0.0, 0.0, 0.0, 1.0]
    assert theirs([black], SIDE, SIDE)[..., :3].min() == 0.0
    expected = theirs([black, strokes], SIDE, SIDE)
    for name in instruction_sets:
        _native.use_instruction_set(name)
        assert np.array_equal(ours([black, strokes], SIDE, SIDE), expected), name


def test_an_instruction_set_that_this_processor_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="no kernels for abacus"):
        _native.use_instruction_set("abacus")
