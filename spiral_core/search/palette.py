"""Few paints for a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spiral_core.program import Color

_SAMPLE = 6000  # pixels looked at: enough for 256 paints, and found in an instant


def find_palette(picture: npt.NDArray[np.uint8], size: int, rng: np.random.Generator) -> tuple[Color, ...]:
    """Find the paints that stand for a picture's colours with the least squared error.

    Args:
        picture: Shape (height, width, 3), uint8.
        size: How many paints; fewer are returned if the picture has fewer colours.
        rng: Chooses the first paints.

    Returns:
        Paints from dark to light.

    Source: Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii 2007).
    """
    pixels = picture.reshape(-1, 3)
    colors, counts = np.unique(pixels[:: max(1, len(pixels) // _SAMPLE)], axis=0, return_counts=True)
    points = colors.astype(np.float64) / 255.0
    weights = counts.astype(np.float64)
    size = min(size, len(points))
    paints: npt.NDArray[np.float64] = np.empty((size, 3))
    paints[0] = np.average(points, axis=0, weights=weights)
    nearest = ((points - paints[0]) ** 2).sum(axis=1)
    for i in range(1, size):
        share = weights * nearest
        total = share.sum()
        paints[i] = points[rng.choice(len(points), p=share / total if total > 0 else None)]
        nearest = np.minimum(nearest, ((points - paints[i]) ** 2).sum(axis=1))
    for _ in range(30):
        owner = _squared_distances(points, paints).argmin(axis=1)
        mass = np.bincount(owner, weights, minlength=size)
        moved = np.stack(
            [np.bincount(owner, weights * points[:, c], minlength=size) for c in range(3)], axis=1
        )
        fresh: npt.NDArray[np.float64] = np.where(
            mass[:, None] > 0, moved / np.maximum(mass[:, None], 1e-12), paints
        )
        if np.allclose(fresh, paints, atol=1e-4):
            break
        paints = fresh
    order = np.argsort(paints @ np.array([0.2126, 0.7152, 0.0722]), kind="stable")
    return tuple(Color(*paints[i].clip(0.0, 1.0).tolist()) for i in order)


def nearest_paint(color: Color, palette: tuple[Color, ...]) -> Color:
    """Return the paint with the least squared distance to a colour."""
    distances = _squared_distances(np.array([color]), np.array(palette))
    return palette[int(distances[0].argmin())]


def _squared_distances(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    distances: npt.NDArray[np.float64] = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
    return distances
