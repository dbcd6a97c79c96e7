from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import ConfigError
from spiral_core.program import Page, PaintingProgram, Point, Stroke
from spiral_core.toolpath import pen_paths

places = st.floats(-2, 3)
points = st.builds(Point, places, places)
programs = st.builds(
    PaintingProgram,
    strokes=st.lists(
        st.builds(Stroke, start=points, control=points, end=points, radius=st.just(0.01)),
        min_size=1,
        max_size=4,
    ).map(tuple),
    aspect=st.floats(0.2, 5),
    page=st.builds(
        Page, width_mm=st.floats(30, 500), height_mm=st.floats(30, 500), margin_mm=st.floats(0, 14)
    ),
)


def curve_mm(program: PaintingProgram, stroke: Stroke, count: int = 2001) -> npt.NDArray[np.float64]:
    left, top, width, _ = program.page.picture_rectangle_mm(program.aspect)
    a, b, c = (np.array(point) * width + (left, top) for point in (stroke.start, stroke.control, stroke.end))
    t = np.linspace(0, 1, count)[:, None]
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c, np.float64)


def distance_to_chain(point: npt.NDArray[np.float64], chain: npt.NDArray[np.float64]) -> float:
    if len(chain) == 1:
        return float(np.hypot(*(point - chain[0])))
    a, step = chain[:-1], np.diff(chain, axis=0)
    length_squared = np.maximum((step**2).sum(1), 1e-300)
    t = np.clip(((point - a) * step).sum(1) / length_squared, 0, 1)
    return float(np.hypot(*(a + t[:, None] * step - point).T).min())


@given(programs)
def test_every_point_lies_in_the_picture(program: PaintingProgram) -> None:
    left, top, width, height = program.page.picture_rectangle_mm(program.aspect)
    for path in pen_paths(program):
        assert (path.points_mm >= (left, top)).all()
        assert (path.points_mm <= (left + width, top + height)).all()


@given(programs, st.sampled_from([0.02, 0.1, 1.0]))
def test_paths_cover_the_curve_inside_the_picture_and_nothing_else(
    program: PaintingProgram, tolerance_mm: float
) -> None:
    left, top, width, height = program.page.picture_rectangle_mm(program.aspect)
    chains: dict[int, list[npt.NDArray[np.float64]]] = {}
    for path in pen_paths(program, tolerance_mm=tolerance_mm):
        chains.setdefault(path.stroke_index, []).append(path.points_mm)
    for index, stroke in enumerate(program.strokes):
        curve = curve_mm(program, stroke)
        # A little inside the edge, where the flattened curve cannot be cut off.
        inset = tolerance_mm + 1e-3
        inside = (curve >= (left + inset, top + inset)) & (
            curve <= (left + width - inset, top + height - inset)
        )
        for point in curve[inside.all(1)][::40]:
            assert min(distance_to_chain(point, chain) for chain in chains[index]) <= tolerance_mm + 1e-6
        spacing = float(np.hypot(*np.diff(curve, axis=0).T).max())
        for chain in chains.get(index, []):
            for point in chain[::5]:
                assert np.hypot(*(curve - point).T).min() <= tolerance_mm + spacing


def test_order_dots_cuts_and_strokes_outside(small_painting: PaintingProgram) -> None:
    paths = list(pen_paths(small_painting))
    assert [path.stroke_index for path in paths] == [0, 1, 2, 2, 4]
    assert paths[1].points_mm.shape == (1, 2)
    edge = 148 / 2 + 95 / 0.75 / 2  # the picture is as high as the page allows
    assert paths[2].points_mm[-1, 0] == pytest.approx(edge)
    assert paths[3].points_mm[0, 0] == pytest.approx(edge)


@pytest.mark.parametrize("tolerance_mm", [0.0, -1.0, float("nan"), float("inf")])
def test_tolerance_must_be_positive(small_painting: PaintingProgram, tolerance_mm: float) -> None:
    with pytest.raises(ConfigError, match="tolerance_mm"):
        list(pen_paths(small_painting, tolerance_mm=tolerance_mm))
