"""How near two sets of pictures are as a whole, judged by features of each picture. NumPy alone.

Features are rows of numbers, such as `DigitClassifier.features` gives. Figures of different features, or of
sets of different sizes, cannot be compared with one another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError

Features = npt.NDArray[np.floating[Any]]

_ROWS = 1000


class PrecisionRecall(NamedTuple):
    """How two sets of pictures cover each other.

    Attributes:
        precision: Share of the judged pictures that lie among the real ones, in [0, 1].
        recall: Share of the real pictures that lie among the judged ones, in [0, 1].
    """

    precision: float
    recall: float


def frechet_distance(features_a: Features, features_b: Features) -> float:
    """Return the squared Fréchet distance of two normal distributions fitted to two sets of features.

    |mean_a - mean_b|^2 + tr(cov_a) + tr(cov_b) - 2 tr((cov_a cov_b)^(1/2))

    The last trace is that of (A cov_b A)^(1/2) with A = cov_a^(1/2): the same eigenvalues, and symmetric, so
    that it needs no general matrix root. Covariances are the unbiased ones.

    Args:
        features_a: Shape (N, F), N >= 2; the figure is biased upwards where N is not far above F.
        features_b: Shape (M, F), M >= 2.

    Returns:
        >= 0 but for rounding, which is cut off; 0 for equal means and covariances.

    Raises:
        CanvasError: The shapes do not fit, or a value is not finite.

    Source: Dowson and Landau 1982, https://doi.org/10.1016/0047-259X(82)90077-X; for pictures Heusel et al.
    2017 (arXiv:1706.08500), there of another network's features.
    """
    _check(features_a, features_b, least=2)
    a, b = features_a.astype(np.float64), features_b.astype(np.float64)
    cov_a, cov_b = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (a, b))
    root_a = _root(cov_a)
    cross = np.linalg.eigvalsh(root_a @ cov_b @ root_a)
    shift = a.mean(axis=0) - b.mean(axis=0)
    distance = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(np.maximum(cross, 0)).sum()
    return max(0.0, float(distance))


def precision_recall(real: Features, judged: Features, *, num_neighbours: int = 3) -> PrecisionRecall:
    """Return improved precision and recall.

    A set's manifold is the union of balls around its features, each as large as the distance to its k-th
    nearest neighbour in the set, itself not counted. Precision is the share of `judged` in the manifold of
    `real`, recall the share of `real` in that of `judged`.

    Args:
        real: Shape (N, F), N > num_neighbours.
        judged: Shape (M, F), M > num_neighbours; the authors take N = M.
        num_neighbours: k, > 0; 3 as the authors recommend.

    Raises:
        CanvasError: The shapes do not fit, or a value is not finite.

    Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991), eqs. 1 and 2.
    """
    if num_neighbours <= 0:
        raise CanvasError(f"num_neighbours: {num_neighbours}, must be > 0")
    _check(real, judged, least=num_neighbours + 1)
    a, b = real.astype(np.float64), judged.astype(np.float64)
    return PrecisionRecall(_covered(b, a, num_neighbours), _covered(a, b, num_neighbours))


def _covered(points: npt.NDArray[np.float64], centres: npt.NDArray[np.float64], num_neighbours: int) -> float:
    """Return the share of points inside the manifold of the centres."""
    # In rising order a centre itself comes first, at distance 0; twins count as neighbours.
    reach = np.concatenate(
        [
            np.partition(_squared_distances(centres[at : at + _ROWS], centres), num_neighbours, axis=1)[
                :, num_neighbours
            ]
            for at in range(0, len(centres), _ROWS)
        ]
    )
    inside = [
        (_squared_distances(points[at : at + _ROWS], centres) <= reach).any(axis=1)
        for at in range(0, len(points), _ROWS)
    ]
    return float(np.concatenate(inside).mean())


def _squared_distances(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    # Equal rows must be at distance 0, not at a rounding error of it.
    near_zero = 1e-12 * ((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1))
    return np.asarray(np.where(squares < near_zero, 0.0, squares), np.float64)


def _root(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T, np.float64)


def _check(a: Features, b: Features, *, least: int) -> None:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or a.shape[1] == 0:
        raise CanvasError(f"features of shapes {a.shape} and {b.shape}, must be (N, F) and (M, F)")
    if min(len(a), len(b)) < least:
        raise CanvasError(f"features of {len(a)} and {len(b)} pictures, must be of at least {least} each")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise CanvasError("features: hold values that are not finite")
