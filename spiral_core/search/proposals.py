"""Where to start looking for the next stroke.

A proposer only proposes: every candidate is rendered by the real brush, coloured by solving, and climbed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from spiral_core.program import COORDINATE_LIMIT, SEED_LIMIT, STROKE_COLUMNS, StrokeArray
from spiral_core.rendering import PlanningCanvas, StrokeLimits
from spiral_core.search.viewing import FIRST_RADIUS


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a proposer may look at.

    Attributes:
        target: Shape (height, width, 3), float32 in [0, 1].
        canvas: The painting so far, at the target's size.
        error_map: Shape (height, width), float32: the error of each pixel, a few strokes ago at most.
        num_strokes: Strokes painted so far.
        limits: What every candidate must keep within.
        brushes: Names of the brushes to choose from.
    """

    target: npt.NDArray[np.float32]
    canvas: PlanningCanvas
    error_map: npt.NDArray[np.float32]
    num_strokes: int
    limits: StrokeLimits
    brushes: tuple[str, ...]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.target.shape[1])

    @property
    def aspect(self) -> float:
        """Height over width."""
        return float(self.target.shape[0] / self.target.shape[1])


class Proposer(Protocol):
    """A source of candidate strokes."""

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        """Return `count` candidates within the view's limits; their colours do not matter."""
        ...


def sample_places(
    error_map: npt.NDArray[np.float32], count: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw places with the probability of their error.

    Returns:
        Shape (count, 2): x, y in canvas units, uniform within the chosen pixel.
    """
    height, width = error_map.shape
    cumulative = np.cumsum(error_map, dtype=np.float64)
    total = float(cumulative[-1])
    places: npt.NDArray[np.float64]
    if total <= 0.0:
        places = rng.random((count, 2)) * np.array([1.0, height / width])
        return places
    index = np.searchsorted(cumulative, rng.random(count) * total, side="right").clip(0, height * width - 1)
    y, x = np.divmod(index, width)
    places = (np.stack([x, y], axis=1) + rng.random((count, 2))) / width
    return places


def curve_lengths(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the length of each row's curve in canvas widths, shape (num_strokes,)."""
    start, control, end = values[:, 0:2], values[:, 2:4], values[:, 4:6]
    # The curve is start + 2 b t + a t^2; the integral of its speed 2 |b + a t| has a closed form.
    a, b = start - 2 * control + end, control - start
    aa, ab, bb = (a * a).sum(axis=1), (a * b).sum(axis=1), (b * b).sum(axis=1)
    straight = aa <= 1e-10 * bb
    safe = np.where(aa > 0, aa, 1.0)
    first = ab / safe
    rest = np.maximum(bb / safe - first**2, 0.0)

    def primitive(u: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        turn = np.where(rest > 1e-18, rest * np.arcsinh(u / np.sqrt(np.maximum(rest, 1e-18))), 0.0)
        total: npt.NDArray[np.float64] = u * np.sqrt(u**2 + rest) + turn
        return total

    bent = np.sqrt(aa) * (primitive(first + 1.0) - primitive(first))
    lengths: npt.NDArray[np.float64] = np.where(straight, np.linalg.norm(end - start, axis=1), bent)
    return lengths


def fit_to_limits(values: npt.NDArray[np.float64], limits: StrokeLimits, aspect: float) -> None:
    """Bring stroke rows (see STROKE_COLUMNS) within limits, in place; lengths are scaled about the start."""
    values[:, 8] = values[:, 8].clip(*limits.radius)
    values[:, 12] = values[:, 12].clip(*limits.opacity)
    if limits.one_width:
        values[:, 6:8] = 1.0
    values[:, 6:8] = values[:, 6:8].clip(limits.min_pressure, 1.0)
    margin = values[:, 8:9]
    values[:, 0:6:2] = values[:, 0:6:2].clip(-margin, np.minimum(1.0 + margin, COORDINATE_LIMIT))
    values[:, 1:6:2] = values[:, 1:6:2].clip(-margin, np.minimum(aspect + margin, COORDINATE_LIMIT))
    length = curve_lengths(values)
    dots = (length <= 1e-9) & (limits.length[0] > 0.0)
    values[dots, 2] = values[dots, 0] + 0.5 * limits.length[0]  # as good a direction as any
    values[dots, 4] = values[dots, 0] + limits.length[0]
    values[dots, 3] = values[dots, 5] = values[dots, 1]
    length[dots] = limits.length[0]
    wrong = (length < limits.length[0]) | (length > limits.length[1])
    scale = (length[wrong].clip(*limits.length) / length[wrong])[:, None]
    start = values[wrong, 0:2]
    values[wrong, 2:4] = start + scale * (values[wrong, 2:4] - start)
    values[wrong, 4:6] = start + scale * (values[wrong, 4:6] - start)


def make_strokes(values: npt.NDArray[np.float64], view: View, rng: np.random.Generator) -> StrokeArray:
    """Give rows random brushes and seeds and bring them within the view's limits."""
    fit_to_limits(values, view.limits, view.aspect)
    count = len(values)
    return StrokeArray(
        values,
        rng.integers(0, len(view.brushes), count).astype(np.int32),
        rng.integers(0, SEED_LIMIT, count).astype(np.int32),
        view.brushes,
    )


@dataclass(frozen=True, slots=True)
class HeuristicProposer:
    """Starts where the error is, with strokes that get smaller as the painting fills.

    Attributes:
        uniform_places: Start anywhere instead, for comparison.
        first_radius: Radius expected of the first stroke; the n-th expects this over sqrt(n).
    """

    uniform_places: bool = False
    first_radius: float = FIRST_RADIUS

    def typical_radius(self, view: View) -> float:
        """Radius to expect of the next stroke, in canvas widths."""
        radius = self.first_radius * np.sqrt(view.aspect / (view.num_strokes + 1.0))
        return float(np.clip(radius, *view.limits.radius))

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        """Return candidates through places of high error."""
        if self.uniform_places:
            places = rng.random((count, 2)) * np.array([1.0, view.aspect])
        else:
            places = sample_places(view.error_map, count, rng)
        radius = self.typical_radius(view) * np.exp(rng.normal(0.0, 0.5, count))
        radius = radius.clip(*view.limits.radius)
        angle = rng.uniform(0.0, 2 * np.pi, count)
        length = radius * rng.uniform(1.0, 6.0, count)
        along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None]
        bend = (
            np.stack([-np.sin(angle), np.cos(angle)], axis=1)
            * (rng.normal(0.0, 0.3, count) * length)[:, None]
        )
        values = np.zeros((count, len(STROKE_COLUMNS)))
        values[:, 0:2] = places - along / 2
        values[:, 2:4] = places + bend
        values[:, 4:6] = places + along / 2
        values[:, 6:8] = rng.uniform(0.5, 1.0, (count, 2))
        values[:, 8] = radius
        values[:, 12] = rng.uniform(0.5, 1.0, count)
        return make_strokes(values, view, rng)


@dataclass(frozen=True, slots=True)
class RandomProposer:
    """Uniform at random in place, size, shape and strength: the measure of what other proposers know."""

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        """Return candidates that know nothing of target or canvas."""
        low, high = view.limits.radius
        values = np.zeros((count, len(STROKE_COLUMNS)))
        values[:, 0:6] = rng.random((count, 6))
        values[:, 1:6:2] *= view.aspect
        values[:, 6:8] = rng.uniform(view.limits.min_pressure, 1.0, (count, 2))
        values[:, 8] = np.exp(rng.uniform(np.log(low), np.log(high), count))
        values[:, 12] = rng.uniform(*view.limits.opacity, count)
        return make_strokes(values, view, rng)
