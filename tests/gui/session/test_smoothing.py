from __future__ import annotations

import numpy as np
import pytest

from gui.session.smoothing import smoothed


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 64 * 64 + 3, 20_001])
@pytest.mark.parametrize("weight", [0.0, 0.6, 0.999])
def test_it_is_the_debiased_average_step_by_step(count: int, weight: float) -> None:
    values = np.random.default_rng(1).normal(3, 1, count)
    average, kept, wanted = 0.0, 1.0, []
    for value in values:
        average = weight * average + (1 - weight) * value
        kept *= weight
        wanted.append(average / (1 - kept))
    np.testing.assert_allclose(smoothed(values, weight), wanted, rtol=1e-9)


def test_a_constant_stays_what_it_is_from_the_first_value_on() -> None:
    np.testing.assert_allclose(smoothed(np.full(1000, 5.0), 0.99), 5.0)
