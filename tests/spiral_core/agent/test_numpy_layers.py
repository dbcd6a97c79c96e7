from __future__ import annotations

import numpy as np

from spiral_core.agent.numpy_layers import sample


def test_a_sample_follows_its_weights() -> None:
    rng = np.random.default_rng(0)
    for num_values in (10, 128):
        weight = rng.random((1, num_values)).astype(np.float32) ** 4
        weight[0, 3] = 0
        rows = np.repeat(weight, 40_000, axis=0)
        for drawn in (
            sample(rows, rng.random((40_000, 1)))[:, 0],
            sample(weight, rng.random((1, 40_000)))[0],
        ):
            share = np.bincount(drawn, minlength=num_values) / 40_000
            np.testing.assert_allclose(share, weight[0] / weight.sum(), atol=0.01)
            assert share[3] == 0
            assert drawn.max() < num_values
        extremes = sample(rows[:2], np.array([[0.0], [np.nextafter(1, 0)]]))[:, 0]
        assert 0 <= extremes[0] <= extremes[1] < num_values
