"""Which stroke lies under the mouse."""

from __future__ import annotations

from itertools import chain

import numpy as np
import numpy.typing as npt

from spiral_core.program import Stroke

_POINTS = 17  # of each curve that are looked at


class Picker:
    """Finds strokes by place; made anew when they change.

    Args:
        strokes: Bottom first.
    """

    def __init__(self, strokes: list[Stroke]) -> None:
        # One after another, not as a list of rows: ten thousand tuples would call the collector many times.
        rows = (
            s.start + s.control + s.end + (s.radius * max(s.start_pressure, s.end_pressure),) for s in strokes
        )
        values = np.fromiter(chain.from_iterable(rows), np.float64, 7 * len(strokes)).reshape(-1, 7)
        self._ends = values[:, :6].reshape(-1, 3, 2)  # start, control, end
        self._radius = values[:, 6]
        # A curve lies within the box about its three points.
        self._low, self._high = self._ends.min(axis=1), self._ends.max(axis=1)

    def at(self, x: float, y: float, *, count: int, slack: float) -> int | None:
        """Return the topmost of the first `count` strokes that covers a place, or None.

        Args:
            x: In canvas units.
            y: In canvas units.
            count: How many strokes are shown.
            slack: How far beside a stroke still counts, in canvas units.
        """
        here = np.array([x, y])
        reach = np.maximum(self._radius[:count], slack)
        # Most strokes are elsewhere: a look at the box about each spares looking at its curve.
        out = np.maximum(self._low[:count] - here, here - self._high[:count]).max(axis=1, initial=-np.inf)
        near = np.flatnonzero(out <= reach)
        if not len(near):
            return None
        points = _curves(self._ends[near])
        ahead, away = points[:, 1:] - points[:, :-1], here - points[:, :-1]
        squared = np.maximum((ahead**2).sum(axis=2), 1e-18)
        along = ((away * ahead).sum(axis=2) / squared).clip(0.0, 1.0)
        distance = np.linalg.norm(away - along[..., None] * ahead, axis=2).min(axis=1)
        hit = near[distance <= reach[near]]
        return int(hit[-1]) if len(hit) else None


def _curves(ends: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return points of curves, shape (curves, points, 2), from their start, control and end."""
    t = np.linspace(0.0, 1.0, _POINTS)[None, :, None]
    start, control, end = (ends[:, None, i] for i in range(3))
    points: npt.NDArray[np.float64] = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return points
