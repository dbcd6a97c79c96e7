"""MyPaintRenderer beyond the contract of every renderer: threads, snapshots, undo, brush files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint import MyPaintRenderer, Snapshot, find_brush
from spiral_core.errors import BrushError, CanvasError
from spiral_core.program import SEED_LIMIT, Color, StrokeArray
from spiral_core.rendering import Rectangle

BRUSHES = ("round", "dry", "classic/smudge", "deevad/large_hard_eraser")


def random_strokes(count: int, seed: int) -> StrokeArray:
    rng = np.random.default_rng(seed)
    values = np.empty((count, 13))
    values[:, :6] = rng.uniform(-0.1, 1.1, (count, 6))
    values[:, 6:8] = rng.uniform(0.3, 1, (count, 2))
    values[:, 8] = rng.uniform(0.01, 0.2, count)
    values[:, 9:12] = rng.uniform(0, 1, (count, 3))
    values[:, 12] = 1
    brush = rng.integers(0, len(BRUSHES), count).astype(np.int32)
    return StrokeArray(values, brush, rng.integers(0, SEED_LIMIT, count).astype(np.int32), BRUSHES)


def state(renderer: MyPaintRenderer, canvas: int) -> npt.NDArray[np.uint16]:
    return renderer._native.planes(canvas)


@pytest.mark.parametrize("num_threads", [2, 3, 16])
def test_any_number_of_threads_paints_the_same_bytes(num_threads: int) -> None:
    strokes = random_strokes(200, seed=0)
    canvas = np.random.default_rng(1).integers(0, 7, 200).astype(np.int32)
    one = MyPaintRenderer(7, 40, 50)
    many = MyPaintRenderer(7, 40, 50, num_threads=num_threads)
    for _ in range(3):
        assert np.array_equal(one.draw(strokes, canvas), many.draw(strokes, canvas))
        assert np.array_equal(one.pixels(), many.pixels())


@given(st.data())
def test_snapshot_restore_and_undo_are_exact(data: st.DataObject) -> None:
    """Random work on two canvases against full copies kept after every step."""
    renderer = MyPaintRenderer(2, 33, 47, num_threads=2)
    renderer.keep_undo()
    past: list[list[npt.NDArray[np.uint16]]] = [[state(renderer, 0)], [state(renderer, 1)]]
    snapshots: list[tuple[Snapshot, npt.NDArray[np.uint16]]] = []
    for step in range(data.draw(st.integers(1, 14))):
        canvas = data.draw(st.integers(0, 1))
        match data.draw(
            st.sampled_from(["draw", "draw", "draw both", "undo", "clear", "snapshot", "restore"])
        ):
            case "draw":
                rectangle = renderer.draw(random_strokes(1, step), np.array([canvas], np.int32))[0]
                if rectangle.any():
                    past[canvas].append(state(renderer, canvas))
            case "draw both":
                strokes = random_strokes(2, step)
                for number, rectangle in enumerate(renderer.draw(strokes, np.array([0, 1], np.int32))):
                    if rectangle.any():
                        past[number].append(state(renderer, number))
            case "undo" if len(past[canvas]) > 1:
                before = past[canvas].pop()
                rectangle = renderer.undo(canvas)
                changed = (before != past[canvas][-1]).any(axis=0)
                changed[rectangle.top : rectangle.bottom, rectangle.left : rectangle.right] = False
                assert not changed.any()
            case "undo":
                with pytest.raises(CanvasError, match="nothing to undo"):
                    renderer.undo(canvas)
            case "clear":
                renderer.clear(Color(0.2, 0.4, 0.6), np.array([canvas], np.int32))
                past[canvas].append(state(renderer, canvas))
            case "snapshot":
                snapshots.append((renderer.snapshot(canvas), state(renderer, canvas)))
            case "restore" if snapshots:
                snapshot, copy = data.draw(st.sampled_from(snapshots))
                renderer.restore(snapshot, canvas)
                past[canvas].append(copy)
        for number in range(2):
            assert np.array_equal(state(renderer, number), past[number][-1])


def test_painting_goes_on_after_undo_as_if_nothing_had_been() -> None:
    """Also where an eraser had made the canvas transparent: that is remembered, too."""
    strokes = random_strokes(40, seed=3)
    plain = MyPaintRenderer(1, 64, 64)
    plain.draw(strokes)
    undone = MyPaintRenderer(1, 64, 64)
    undone.keep_undo()
    eraser = StrokeArray(
        np.array([[0, 0, 0.5, 0.5, 1, 1, 1, 1, 0.2, 0, 0, 0, 1]], np.float64),
        np.array([3], np.int32),
        np.zeros(1, np.int32),
        BRUSHES,
    )
    undone.draw(eraser)
    assert (state(undone, 0)[3] < 2**14).any()
    undone.undo()
    undone.draw(strokes)
    assert np.array_equal(state(undone, 0), state(plain, 0))


def test_undo_is_forgotten_on_request() -> None:
    renderer = MyPaintRenderer(1, 20, 20)
    renderer.keep_undo()
    renderer.draw(random_strokes(3, seed=0))
    renderer.keep_undo(False)
    with pytest.raises(CanvasError, match="nothing to undo"):
        renderer.undo()


def test_a_snapshot_of_another_shape_is_refused() -> None:
    snapshot = MyPaintRenderer(1, 20, 30).snapshot()
    other = MyPaintRenderer(1, 30, 20)
    before = state(other, 0)
    with pytest.raises(CanvasError, match=r"snapshot: 30 x 20 px, must be 20 x 30"):
        other.restore(snapshot)
    assert np.array_equal(state(other, 0), before)


@pytest.mark.parametrize("canvas", [-1, 2])
def test_canvases_that_are_not_there_are_named(canvas: int) -> None:
    renderer = MyPaintRenderer(2, 8, 8)
    snapshot = renderer.snapshot()
    for call in (
        lambda: renderer.snapshot(canvas),
        lambda: renderer.restore(snapshot, canvas),
        lambda: renderer.undo(canvas),
        lambda: renderer.region(canvas, Rectangle(0, 0, 1, 1)),
    ):
        with pytest.raises(CanvasError, match=rf"{canvas}, must be in \[0, 2\)"):
            call()


@pytest.mark.parametrize("rectangle", [(0, 0, 50, 40), (-5, 3, 17, 99), (10, 10, 10, 12), (60, 0, 70, 5)])
def test_a_region_is_that_part_of_the_pixels(rectangle: tuple[int, int, int, int]) -> None:
    renderer = MyPaintRenderer(2, 40, 50)
    renderer.draw(random_strokes(20, seed=2), np.ones(20, np.int32))
    left, top, right, bottom = rectangle
    expected = renderer.pixels()[1, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    region = renderer.region(1, Rectangle(*rectangle))
    assert np.array_equal(region, expected) or (region.size == 0 and expected.size == 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_canvases": 0}, "num_canvases: 0"),
        ({"height": 0}, "height: 0"),
        ({"width": 16385}, r"width: 16385, must be in \[1, 16384\]"),
        ({"num_threads": 0}, "num_threads: 0"),
        ({"events_per_stroke": -1}, "events_per_stroke: -1"),
    ],
)
def test_impossible_renderers_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(CanvasError, match=message):
        MyPaintRenderer(**({"num_canvases": 1, "height": 8, "width": 8} | arguments))


def brush_file(folder: Path, **changes: Any) -> Path:
    """Write our round brush with settings changed; None takes a setting out."""
    data = json.loads(find_brush("round").path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        data["settings"][name] = value
    path = folder / "spoiled.myb"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("hardness", {"base_value": "soft", "inputs": {}}, "settings.hardness.base_value: 'soft'"),
        ("hardness", {"base_value": float("nan"), "inputs": {}}, "settings.hardness.base_value: nan"),
        ("hardness", {"inputs": {}}, "settings.hardness.base_value: None"),
        ("hardness", 1, "settings.hardness: 1, must be an object"),
        ("sparkle", {"base_value": 1, "inputs": {}}, "settings.sparkle: this libmypaint has no such setting"),
        ("hardness", {"base_value": 1, "inputs": {"mood": [[0, 0], [1, 1]]}}, "inputs.mood"),
        ("hardness", {"base_value": 1, "inputs": {"pressure": [[0, 0]]}}, "list of 2 to 64 points"),
        ("hardness", {"base_value": 1, "inputs": {"pressure": [[0, 0], [1]]}}, r"inputs.pressure\[1\]"),
        ("hardness", {"base_value": 1, "inputs": {"pressure": [[1, 0], [0, 1]]}}, r"pressure\[1\]\[0\]: 0"),
        ("hardness", {"base_value": 1, "inputs": []}, r"inputs: \[\], must be an object"),
    ],
)
def test_a_broken_brush_file_is_named_and_nothing_is_drawn(
    tmp_path: Path, setting: str, value: object, message: str
) -> None:
    path = brush_file(tmp_path, **{setting: value})
    strokes = random_strokes(2, seed=0)
    broken = StrokeArray(strokes.values, np.array([0, 1], np.int32), strokes.seed, ("round", str(path)))
    renderer = MyPaintRenderer(1, 20, 20)
    with pytest.raises(BrushError, match=message) as caught:
        renderer.draw(broken)
    assert str(path) in str(caught.value)
    assert (renderer.pixels() == 255).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1]", "version None"),
        ('{"version": 2}', "version 2"),
        ('{"version": 3}', "settings"),
    ],
)
def test_a_file_that_is_no_brush_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "no_brush.myb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BrushError, match=message) as caught:
        find_brush(str(path))
    assert "no_brush.myb" in str(caught.value)


def test_without_the_extension_the_import_says_what_to_run(tmp_path: Path) -> None:
    """A copy of the package alone, as in a checkout where nothing has been built."""
    package = Path(__file__).parents[2] / "adapters"
    for name in ("__init__.py", *(f"mypaint/{path.name}" for path in (package / "mypaint").glob("*.py"))):
        copy = tmp_path / "adapters" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((package / name).read_text(encoding="utf-8"), encoding="utf-8")
    # -S leaves out the finder of editable installs, which knows where the extension is.
    paths = [str(tmp_path), str(package.parent), str(Path(np.__file__).parents[1])]
    script = "import sys; sys.path[:0] = sys.argv[1:]; import adapters.mypaint"
    done = subprocess.run([sys.executable, "-S", "-c", script, *paths], capture_output=True, text=True)
    assert done.returncode != 0
    assert "run `make install`" in done.stderr.splitlines()[-1]


def test_the_library_does_not_talk_into_our_output() -> None:
    # libmypaint prints "Time is running backwards!" for this stroke, through C's standard output.
    script = (
        "from adapters.mypaint import MyPaintRenderer\n"
        "from spiral_core.program import Stroke, StrokeArray\n"
        "stroke = Stroke(start=(0.2, 0.5), control=(0.5, 0.5), end=(0.8, 0.5), radius=0.08, brush='soft')\n"
        "MyPaintRenderer(1, 50, 50).draw(StrokeArray.from_strokes([stroke]))\n"
        "import ctypes\n"
        "ctypes.CDLL(None).puts(b'C prints again')\n"
    )
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert result.stdout == "C prints again\n"
