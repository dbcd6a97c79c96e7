from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from spiral_core.errors import CanvasError
from spiral_core.evaluation.distributions import frechet_distance, precision_recall


def features(seed: int, num: int, size: int = 12, rank: int = 12) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((num, rank)) @ rng.standard_normal((rank, size)) + rng.standard_normal(size)


@pytest.mark.parametrize("rank", [12, 5])
def test_frechet_distance_is_the_formula_taken_literally(rank: int) -> None:
    linalg = pytest.importorskip("scipy.linalg")
    a, b = features(0, 200, rank=rank), features(1, 300, rank=rank)
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = linalg.sqrtm(cov_a @ cov_b + 1e-12 * np.eye(12))
    shift = a.mean(axis=0) - b.mean(axis=0)
    literal = (shift**2).sum() + np.trace(cov_a + cov_b - 2 * np.real(root))
    assert frechet_distance(a, b) == pytest.approx(literal, rel=1e-4)
    assert frechet_distance(b, a) == pytest.approx(literal, rel=1e-4)


def test_frechet_distance_of_known_normals() -> None:
    a = features(2, 500)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a[::-1] + np.arange(12)) == pytest.approx((np.arange(12) ** 2).sum())
    # One dimension: (difference of means)^2 + (difference of deviations)^2.
    one = np.array([[-1.0], [1.0]]) / np.sqrt(2)
    assert frechet_distance(one, 3 * one + 5) == pytest.approx(25 + 4)


def literal_coverage(points: npt.NDArray[np.float64], centres: npt.NDArray[np.float64], k: int) -> float:
    reach = [sorted(np.linalg.norm(centres - centre, axis=1))[k] for centre in centres]
    inside = [
        any(np.linalg.norm(point - centre) <= r for centre, r in zip(centres, reach, strict=True))
        for point in points
    ]
    return float(np.mean(inside))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_are_the_definition_taken_literally(k: int) -> None:
    rng = np.random.default_rng(k)
    real, judged = rng.standard_normal((90, 4)), 0.6 * rng.standard_normal((70, 4)) + 1.2
    found = precision_recall(real, judged, num_neighbours=k)
    assert found.precision == literal_coverage(judged, real, k)
    assert found.recall == literal_coverage(real, judged, k)
    assert 0 < found.recall < found.precision < 1


def test_precision_and_recall_of_plain_cases() -> None:
    real = features(3, 2500, size=3, rank=3)
    assert precision_recall(real, real) == (1, 1)
    assert precision_recall(real, real + 1e3) == (0, 0)
    middle = real.mean(axis=0) + 1e-3 * features(4, 50, size=3, rank=3)
    narrow = precision_recall(real, middle)
    assert narrow.precision > 0.9
    assert narrow.recall < 0.02


def test_features_that_do_not_fit_are_refused() -> None:
    good = features(0, 10)
    for bad, message in (
        (good[:, :3], "must be"),
        (good[0], "must be"),
        (good[:1], "at least"),
        (np.where(np.arange(12) == 3, np.nan, good), "not finite"),
    ):
        for measure in (frechet_distance, precision_recall):
            with pytest.raises(CanvasError, match=message):
                measure(good, bad)
    with pytest.raises(CanvasError, match="num_neighbours: 0"):
        precision_recall(good, good, num_neighbours=0)
    with pytest.raises(CanvasError, match="at least 11"):
        precision_recall(good, good, num_neighbours=10)
