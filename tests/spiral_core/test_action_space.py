from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.action_space import (
    COLOR,
    CONTROL,
    END,
    FLAG,
    PRESSURE,
    SIZE,
    ActionSpace,
    Compat,
    PlainActions,
)
from spiral_core.errors import CanvasError, ConfigError

SPACES = [
    ActionSpace(),
    ActionSpace(grayscale=True),
    ActionSpace(compat="deepmind"),
    ActionSpace(grid=16, radii=(0.02, 0.1), num_pressures=3, num_color_levels=4, aspect=1.5),
]


def random_actions(
    space: ActionSpace, num: int, seed: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.random.default_rng(seed).integers(0, space.num_values, (num, space.num_parts))


def test_the_papers_parts() -> None:
    parts = {part.name: part.num_values for part in ActionSpace().parts}
    assert parts == {
        "flag": 2, "end": 1024, "control": 1024, "size": 6, "pressure": 10, "red": 20, "green": 20, "blue": 20
    }  # fmt: skip
    assert [part.name for part in ActionSpace(grayscale=True).parts] == [
        "flag",
        "end",
        "control",
        "size",
        "pressure",
    ]


@pytest.mark.parametrize("space", SPACES)
@given(seed=st.integers(0, 2**32))
def test_encode_inverts_decode(space: ActionSpace, seed: int) -> None:
    actions = random_actions(space, 20, seed)
    np.testing.assert_array_equal(space.encode(space.decode(actions)), actions)


@given(x=st.floats(0, 1), y=st.floats(0, 1.5))
def test_encoded_point_is_within_half_a_cell(x: float, y: float) -> None:
    space = ActionSpace(grid=16, aspect=1.5)
    place = space.location_xy(space.xy_location([x, y]))
    assert abs(place[0] - x) <= 0.5 / 16 + 1e-12
    assert abs(place[1] - y) <= 1.5 * 0.5 / 16 + 1e-12


@pytest.mark.parametrize(("compat", "first", "last"), [(None, 1.0, 63.0), ("deepmind", 0.0, 62.0)])
def test_reach_of_the_grid_on_64_pixels(compat: Compat | None, first: float, last: float) -> None:
    space = ActionSpace(compat=compat)
    places = 64 * space.location_xy(np.arange(1024))
    assert places.min() == first
    assert places.max() == last
    np.testing.assert_array_equal(64 * space.location_xy(1), (first + 2, first))  # along the row comes first


def test_values() -> None:
    space = ActionSpace()
    action = np.zeros((2, 8), np.int64)
    action[1] = space.num_values - 1
    low, high = 0, 1
    decoded = space.decode(action)
    assert decoded.is_paint.tolist() == [False, True]
    assert decoded.pressure[low] == pytest.approx(0.1)
    assert decoded.pressure[high] == 1.0
    assert decoded.radius.tolist() == [1 / 64, 24 / 64]
    assert decoded.color[low].tolist() == [0, 0, 0]
    assert decoded.color[high].tolist() == [1, 1, 1]
    assert space.decode(action).color[high, 0] == 1.0
    assert space.color_levels[1] == pytest.approx(1 / 19)


def test_grayscale_paints_black() -> None:
    space = ActionSpace(grayscale=True)
    assert not space.decode(random_actions(space, 50, 0)).color.any()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (FLAG, 2, r"action\[1\]\.flag: 2, must be a whole number in \[0, 1\]"),
        (END, 1024, r"action\[1\]\.end: 1024, must be a whole number in \[0, 1023\]"),
        (CONTROL, -1, r"action\[1\]\.control: -1, .*\[0, 1023\]"),
        (SIZE, 6, r"action\[1\]\.size: 6, .*\[0, 5\]"),
        (PRESSURE, 10, r"action\[1\]\.pressure: 10, .*\[0, 9\]"),
        (COLOR + 2, 20, r"action\[1\]\.blue: 20, .*\[0, 19\]"),
        (SIZE, np.nan, r"action\[1\]\.size: nan, .*\[0, 5\]"),
        (SIZE, 1.5, r"action\[1\]\.size: 1.5, .*\[0, 5\]"),
        (SIZE, np.inf, r"action\[1\]\.size: inf, .*\[0, 5\]"),
    ],
)
def test_a_wrong_action_is_named(column: int, value: float, message: str) -> None:
    actions = np.zeros((3, 8), np.float64 if isinstance(value, float) else np.int64)
    actions[1, column] = value
    with pytest.raises(CanvasError, match=message):
        ActionSpace().check(actions)


def test_wrong_shapes_and_types() -> None:
    with pytest.raises(CanvasError, match=r"shape \(3, 7\), must be \(N, 8\)"):
        ActionSpace().check(np.zeros((3, 7), int))
    with pytest.raises(CanvasError, match=r"shape \(3, 8\), must be \(4, 8\)"):
        ActionSpace().check(np.zeros((3, 8), int), 4)
    with pytest.raises(CanvasError, match="must be whole numbers"):
        ActionSpace().check(np.full((1, 8), "1"))
    with pytest.raises(CanvasError, match="must be finite"):
        ActionSpace().xy_location([np.nan, 0.5])


@pytest.mark.parametrize(
    ("name", "value"),
    [("grid", 1), ("grid", 2.5), ("num_pressures", True), ("radii", ()), ("radii", (0.2, 0.1)),
     ("radii", (0.0,)), ("aspect", 0.0), ("aspect", float("nan")), ("compat", "spiral")],
)  # fmt: skip
def test_a_wrong_space_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"action_space.{name}"):
        ActionSpace(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((), "different identifiers, at least one"),
        ((("a", "scalar", 2), ("a", "scalar", 2)), "different identifiers"),
        ((("a.b", "scalar", 2),), "different identifiers"),
        ((("a", "angle", 2),), "a: kind 'angle', must be one of flag, location, scalar"),
        ((("a", "scalar", 1),), "a: 1 values"),
        ((("a", "location", 255),), "a: 255 values, must be a square number"),
    ],
)
def test_wrong_parts_are_named(parts: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PlainActions(parts=parts)
