"""What the easel shows is what the renderer draws anew, whatever was edited and scrubbed before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint import MyPaintRenderer
from gui.processes import easel as easel_module
from gui.processes.easel import Easel
from gui.session.edits import Change, Edit, Move, Put, Replace, Take, apply
from spiral_core.program import Color, PaintingProgram, Point, Stroke, StrokeArray

WIDTH, HEIGHT = 48, 36


def stroke(seed: int) -> Stroke:
    rng = np.random.default_rng(seed)
    return Stroke(
        start=Point(*rng.uniform(0, 0.8, 2)),
        control=Point(*rng.uniform(0, 0.8, 2)),
        end=Point(*rng.uniform(0, 0.8, 2)),
        radius=rng.uniform(0.02, 0.1),
        color=Color(*rng.random(3)),
        opacity=rng.uniform(0.3, 1.0),
        brush=("round", "dry", "pen")[seed % 3],
        seed=seed,
    )


def program(count: int, seed: int = 0) -> PaintingProgram:
    strokes = tuple(stroke(seed + i) for i in range(count))
    return PaintingProgram(strokes=strokes, aspect=HEIGHT / WIDTH, background=Color(0.9, 0.8, 0.7))


def drawn(strokes: list[Stroke]) -> npt.NDArray[np.uint8]:
    renderer = MyPaintRenderer(1, HEIGHT, WIDTH)
    renderer.clear(Color(0.9, 0.8, 0.7))
    if strokes:
        renderer.draw(StrokeArray.from_strokes(strokes))
    pixels: npt.NDArray[np.uint8] = renderer.pixels()[0]
    return pixels


places = st.integers(0, 10**6)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["put", "take", "change", "move", "replace"]), places, places),
        st.tuples(st.just("show"), places, places),
        st.tuples(st.just("draw"), places, places),
    ),
    max_size=25,
)


def edit_of(kind: str, a: int, b: int, count: int) -> Edit:
    if kind == "put" or not count:
        at = a % (count + 1)
        return Put(((at, stroke(b)), (at + 1, stroke(a))))
    if kind == "take":
        return Take(tuple(sorted({a % count, b % count})))
    if kind == "change":
        return Change(((a % count, stroke(b)),))
    if kind == "move":
        return Move(a % count, b % count)
    return Replace(program(b % 9, seed=a % 1000).strokes)


@given(st.integers(0, 12), steps)
def test_after_any_edits_and_scrubs_it_shows_what_a_fresh_renderer_draws(
    count: int, todo: list[tuple[str, int, int]]
) -> None:
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(easel_module, "_AT_ONCE", 2)
        patch.setattr(easel_module, "_APART_S", 0.0)  # keep a drawing after every call
        patch.setattr(easel_module, "_MOST_KEPT", 5)
        _follow(Easel(program(count), picture), picture, list(program(count).strokes), todo)


def _follow(
    shown: Easel, picture: npt.NDArray[np.uint8], strokes: list[Stroke], todo: list[tuple[str, int, int]]
) -> None:
    upto = None
    for kind, a, b in [*todo, ("draw", 0, 0)]:
        if kind == "show":
            upto = None if a % 4 == 0 else b % 20
            shown.show_up_to(upto)
        elif kind == "draw":
            before = picture.copy()
            rectangle, number = shown.draw()
            assert not shown.is_stale
            assert number == (len(strokes) if upto is None else min(upto, len(strokes)))
            np.testing.assert_array_equal(picture[..., 2::-1], drawn(strokes[:number]))
            outside = (before != picture).any(axis=2)
            outside[rectangle.top : rectangle.bottom, rectangle.left : rectangle.right] = False
            assert not outside.any(), "it said less than it changed"
        else:
            edit = edit_of(kind, a, b, len(strokes))
            apply(strokes, edit)
            shown.apply(edit)


def test_a_stroke_on_top_changes_no_more_than_its_place() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    shown = Easel(program(5), picture)
    shown.draw()
    small = Stroke(start=Point(0.5, 0.5), control=Point(0.5, 0.5), end=Point(0.52, 0.5), radius=0.03)
    shown.apply(Put(((5, small),)))
    assert shown.is_stale
    rectangle, _ = shown.draw()
    assert (rectangle.right - rectangle.left) * (rectangle.bottom - rectangle.top) < 100
    assert shown.draw()[0].right == 0, "nothing more to do"
