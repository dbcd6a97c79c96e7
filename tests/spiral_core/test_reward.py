from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import CanvasError
from spiral_core.reward import l2_drop, mean_squared_error


def test_error_of_known_pictures() -> None:
    black, white = np.zeros((2, 4, 5, 3), np.uint8), np.full((2, 4, 5, 3), 255, np.uint8)
    assert mean_squared_error(black, white).tolist() == [1.0, 1.0]
    assert mean_squared_error(white, white).tolist() == [0.0, 0.0]
    one_pixel = white.copy()
    one_pixel[1, 0, 0] = (0, 255, 255)
    np.testing.assert_allclose(mean_squared_error(one_pixel, white), [0.0, 1 / 60])


def test_error_matches_a_float_computation() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 3, 64, 64, 3), np.uint8)
    expected = ((a / 255 - b / 255) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(mean_squared_error(a, b), expected, rtol=1e-12)


@pytest.mark.parametrize("side", [1, 5, 16, 63, 64, 301])
def test_the_error_is_exact_at_every_size(side: int) -> None:
    rng = np.random.default_rng(side)
    a, b = rng.integers(0, 256, (2, 3, side, side, 3), np.uint8)
    a[0], b[0] = 0, 255  # the greatest sums there are
    squares = (a.astype(np.int64) - b) ** 2
    expected = squares.reshape(3, -1).sum(axis=1) / (255.0**2 * 3 * side * side)
    assert mean_squared_error(a, b).tolist() == expected.tolist()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_dense_and_final_pay_the_same_in_an_episode(errors: list[float]) -> None:
    totals = []
    for form in ("dense", "final"):
        total = np.zeros(1)
        for i in range(1, len(errors)):
            initial, before, after = (np.array([e]) for e in (errors[0], errors[i - 1], errors[i]))
            total += l2_drop(form, initial=initial, before=before, after=after, is_last=i == len(errors) - 1)
        totals.append(total[0])
    assert totals[0] == pytest.approx(totals[1], abs=1e-12)
    assert totals[0] == pytest.approx(errors[0] - errors[-1], abs=1e-12)


def test_wrong_pictures_are_refused() -> None:
    image = np.zeros((1, 4, 4, 3), np.uint8)
    with pytest.raises(CanvasError, match="must be uint8 arrays of one shape"):
        mean_squared_error(image, image[:, 1:])
    with pytest.raises(CanvasError, match="float64"):
        mean_squared_error(image, image.astype(float))
