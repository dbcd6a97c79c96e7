"""The short cut for plain brushes places the very dabs of libmypaint."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mypaint import _native, find_brush, shipped_brushes
from adapters.mypaint.brushes import SYSTEM_FOLDERS
from spiral_core.errors import BrushError

Row = npt.NDArray[np.float64]

place = st.floats(-0.6, 1.6)
share = st.floats(0.0, 1.0)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    points = draw(st.lists(place, min_size=6, max_size=6))
    pressures = draw(st.tuples(share, share))
    radius = draw(st.floats(1e-4, 0.5))
    color = draw(st.tuples(share, share, share))
    return np.array([[*points, *pressures, radius, *color, draw(st.floats(1e-3, 1.0))]])


widths = st.sampled_from([1.0, 37.0, 128.0, 640.0])
seeds = st.integers(0, 2**30 - 1)
# Motion events of a stroke; 0 takes as few as its curve needs.
events = st.sampled_from([0, 1, 3, _native.MAX_EVENTS])


def dot(opacity: float = 1.0) -> Row:
    return np.array([[0.5] * 6 + [0.7, 0.7, 0.05, 0, 0, 0, opacity]])


def line(radius: float = 0.02) -> Row:
    return np.array([[0.1, 0.2, 0.5, 0.9, 0.9, 0.3, 0.4, 1.0, radius, 0.2, 0.4, 0.6, 0.8]])


def changed(name: str, **settings: Any) -> str:
    """Return a shipped brush as JSON with settings changed: a base value, or a base value and inputs."""
    brush = json.loads(find_brush(name).json)
    for setting, value in settings.items():
        base, inputs = value if isinstance(value, tuple) else (value, {})
        brush["settings"][setting] = {"base_value": base, "inputs": inputs}
    return json.dumps(brush)


def is_plain(brush: str) -> bool:
    return _native.plain_dabs(brush, line(), 1, 100.0, 0) is not None


def same_dabs(brush: str, row: Row, seed: int, width_px: float, events: int) -> bool:
    plain = _native.plain_dabs(brush, row, seed, width_px, events)
    assert plain is not None
    return plain.tobytes() == _native.libmypaint_dabs(brush, row, seed, width_px, events).tobytes()


@functools.cache
def plain_system_brushes() -> list[str]:
    """Return the files of Debian's brushes that take the short cut, each set of settings once."""
    files: dict[str, str] = {}
    for path in sorted(str(path) for folder in SYSTEM_FOLDERS for path in folder.rglob("*.myb")):
        try:
            brush = find_brush(path)
        except BrushError:
            continue
        if not brush.is_pigment and is_plain(brush.json):
            files.setdefault(brush.json, path)
    return list(files.values())


def test_all_shipped_brushes_are_plain() -> None:
    assert len(shipped_brushes()) == 5
    for name in shipped_brushes():
        assert is_plain(find_brush(name).json)


def test_many_debian_brushes_are_plain() -> None:
    names = {"/".join(Path(path).parts[-2:]) for path in plain_system_brushes()}
    assert {"classic/pen.myb", "classic/dry_brush.myb"} <= names
    assert len(names) >= 40


@given(st.sampled_from(shipped_brushes()), rows(), seeds, widths, events)
def test_dabs_equal_libmypaints_bit_for_bit(
    name: str, row: Row, seed: int, width_px: float, events: int
) -> None:
    assert same_dabs(find_brush(name).json, row, seed, width_px, events)


@given(rows(), seeds, widths, events)
def test_dabs_of_every_plain_debian_brush_are_the_same(
    row: Row, seed: int, width_px: float, events: int
) -> None:
    different = [
        path
        for path in plain_system_brushes()
        if not same_dabs(find_brush(path).json, row, seed, width_px, events)
    ]
    assert different == []


def test_there_are_dabs_to_compare_and_chance_moves_them() -> None:
    dry = find_brush("dry").json
    first = _native.libmypaint_dabs(dry, line(), 1, 100.0, 0)
    assert len(first) > 50
    assert first.shape[1] == 13
    assert not np.array_equal(first, _native.libmypaint_dabs(dry, line(), 2, 100.0, 0))


def test_pressure_speed_and_lag_matter_to_the_pen() -> None:
    """Shows that the comparison above reaches what the pen is made of."""
    pen = find_brush("classic/pen").json
    usual = _native.libmypaint_dabs(pen, line(), 1, 100.0, 50)
    assert len(np.unique(usual[:, 2])) > 10
    assert len(usual) > 10
    fewer = _native.libmypaint_dabs(pen, line(), 1, 100.0, 5)
    assert not np.array_equal(usual[: len(fewer)], fewer[: len(usual)])


@given(
    base=st.sampled_from(shipped_brushes()),
    radius=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    hardness=st.floats(0, 1),
    linearize=st.floats(0, 2),
    anti_aliasing=st.floats(0, 3),
    gain=st.floats(-1, 1),
    scatter=st.floats(0, 2),
    varied_radius=st.floats(0, 0.6),
    speeds=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    slowness=st.sampled_from([0.0, 0.0005, 0.04, 0.8, 3.0]),
    gamma=st.floats(-8, 8),
    lags=st.tuples(st.sampled_from([0.0, 0.0011, 0.65, 10.0]), st.sampled_from([0.0, 0.8, 10.0])),
    dabs_per_second=st.sampled_from([0.0, 3.0, 80.0]),
    row=rows(),
    seed=seeds,
    events=events,
)
def test_dabs_of_made_up_plain_brushes_are_the_same(
    base: str,
    radius: tuple[float, float],
    hardness: float,
    linearize: float,
    anti_aliasing: float,
    gain: float,
    scatter: float,
    varied_radius: float,
    speeds: tuple[float, float],
    slowness: float,
    gamma: float,
    lags: tuple[float, float],
    dabs_per_second: float,
    row: Row,
    seed: int,
    events: int,
) -> None:
    brush = changed(
        base,
        radius_logarithmic=(1.0, {"pressure": [[0, radius[0]], [0.4, 0], [1, radius[1]]]}),
        hardness=(hardness, {"random": [[0, -0.2], [1, 0.2]], "speed1": [[0, 0], [4, speeds[0]]]}),
        opaque=(0.6, {"pressure": [[0, -0.3], [1, 0.3]], "speed2": [[0, 0], [2, 0.1], [4, speeds[1]]]}),
        speed1_slowness=slowness,
        speed2_slowness=0.8,
        speed1_gamma=gamma,
        speed2_gamma=4.0,
        slow_tracking=lags[0],
        slow_tracking_per_dab=lags[1],
        dabs_per_second=dabs_per_second,
        opaque_linearize=linearize,
        anti_aliasing=anti_aliasing,
        pressure_gain_log=gain,
        offset_by_random=scatter,
        radius_by_random=varied_radius,
    )
    assert same_dabs(brush, row, seed, 100.0, events)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("smudge", 0.5),
        ("eraser", 0.5),
        ("lock_alpha", 1.0),
        ("colorize", 1.0),
        ("change_color_h", 0.1),
        ("snap_to_pixel", 1.0),
        ("tracking_noise", 0.3),
        ("offset_by_speed", 0.3),
        ("offset_x", 0.5),
        ("offset_angle", 0.5),
        ("elliptical_dab_ratio", 2.0),
        ("hardness", (0.5, {"custom": [[0, 0], [4, 0.4]]})),
        ("slow_tracking_per_dab", (1.0, {"pressure": [[0, 0], [1, 2]]})),
        ("speed1_slowness", (0.1, {"random": [[0, 0], [1, 2]]})),
        ("radius_logarithmic", (1.0, {"direction": [[0, 0], [180, 1]]})),
        ("opaque", (1.0, {"stroke": [[0, 0], [1, -0.5]]})),
        ("opaque_multiply", (0.0, {"gridmap_x": [[0, 0], [256, 1]]})),
        ("anti_aliasing", (1.0, {"pressure": [[0, 0], [1, 1]]})),
        ("dabs_per_actual_radius", (2.0, {"pressure": [[0, 0], [1, 2]]})),
        ("smudge", (0.0, {"pressure": [[0, 0], [1, 0.5]]})),
    ],
)
def test_what_makes_a_brush_more_than_plain(setting: str, value: Any) -> None:
    brush = changed("round", **{setting: value})
    assert not is_plain(brush)
    assert len(_native.libmypaint_dabs(brush, line(), 1, 100.0, 0)) > 0


def test_a_broken_brush_is_not_plain() -> None:
    assert not is_plain("no brush")


def test_strokes_without_length_agree_too() -> None:
    for name in shipped_brushes():
        for opacity in (1.0, 0.3):
            assert same_dabs(find_brush(name).json, dot(opacity), 3, 200.0, 0)
