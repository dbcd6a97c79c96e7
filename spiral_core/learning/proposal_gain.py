"""What an agent's proposals are worth: the best gain of a few candidates, beside other ways to propose.

Everything is drawn by the real renderer from the continuous strokes that a painter would draw, the colour
solved in closed form. Pictures, canvases and places are the same for every way to propose.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from spiral_core.agent.stroke_agent import PROPOSAL_COLUMNS
from spiral_core.learning.search_imitation import SearchImitation
from spiral_core.learning.stroke_bank import draw_cover, exact_gains
from spiral_core.program import STROKE_COLUMNS

Pixels = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
Propose = Callable[[Pixels, Pixels, Doubles, int, np.random.Generator], Doubles]
"""(canvas crops, target crops, start_yx, number, random generator) -> strokes, as `StrokeAgent.propose`."""


def uniform_strokes(
    canvas: Pixels, target: Pixels, start_yx: Doubles, num: int, rng: np.random.Generator
) -> Doubles:
    """Propose strokes with every point anywhere and the radius log-uniform."""
    batch, side = len(canvas), canvas.shape[1]
    strokes = np.empty((batch, num, len(PROPOSAL_COLUMNS)))
    strokes[..., :6] = rng.random((batch, num, 6))
    strokes[..., 6:8] = rng.uniform(0.3, 1.0, (batch, num, 2))
    strokes[..., 8] = np.exp(rng.uniform(np.log(1 / side), np.log(16 / side), (batch, num)))
    return strokes


def error_driven_strokes(
    canvas: Pixels, target: Pixels, start_yx: Doubles, num: int, rng: np.random.Generator
) -> Doubles:
    """Propose strokes through pixels drawn by error: any direction, log-uniform length and radius, bent."""
    batch, side = len(canvas), canvas.shape[1]
    error = np.square(target.astype(np.float32) - canvas.astype(np.float32)).sum(axis=3).reshape(batch, -1)
    share = error.cumsum(axis=1, dtype=np.float64)
    drawn = rng.random((batch, num)) * share[:, -1:]
    pixel = np.stack([np.searchsorted(row, values) for row, values in zip(share, drawn, strict=True)])
    row, column = np.divmod(np.minimum(pixel, side * side - 1), side)
    place = (np.stack([column, row], axis=2) + rng.random((batch, num, 2))) / side
    length = np.exp(rng.uniform(np.log(1 / side), np.log(0.7), (batch, num)))
    angle = rng.uniform(0, 2 * np.pi, (batch, num))
    along = np.stack([np.cos(angle), np.sin(angle)], axis=2) * length[..., None]
    normal = along[..., ::-1] * (-1.0, 1.0)
    strokes = np.empty((batch, num, len(PROPOSAL_COLUMNS)))
    strokes[..., 0:2] = place - along / 2
    strokes[..., 2:4] = place + normal * rng.normal(0, 0.2, (batch, num, 1))
    strokes[..., 4:6] = place + along / 2
    strokes[..., 6:8] = 1.0
    strokes[..., 8] = np.exp(rng.uniform(np.log(1 / side), np.log(10 / side), (batch, num)))
    return strokes


def best_gains(
    source: SearchImitation, ways: dict[str, Propose], *, round_number: int = 10**9, num_candidates: int = 16
) -> dict[str, float]:
    """Return for each way the mean over canvases of its best candidate's share of the canvas's squared error.

    Args:
        source: Makes the pictures, half painted canvases and places; one round of it is used.
        ways: Ways to propose strokes.
        round_number: A round that no training has seen.
        num_candidates: Strokes proposed for each canvas.
    """
    examples = source.round(round_number)
    canvas, target = examples.canvas, examples.target
    start_yx = examples.location[:, ::-1].astype(np.float64)
    result = {}
    for name, propose in ways.items():
        rng = np.random.default_rng(round_number)
        strokes = propose(canvas, target, start_yx, num_candidates, rng)
        values = np.zeros((len(canvas) * num_candidates, len(STROKE_COLUMNS)))
        values[:, : len(PROPOSAL_COLUMNS)] = strokes.reshape(-1, len(PROPOSAL_COLUMNS))
        values[:, -1] = 1.0
        seeds = rng.integers(0, 2**30, len(values))
        cover = draw_cover(values, seeds, source.side, source.renderer_factory, source.config.brush)
        shares = []
        for i, rows in enumerate(cover.reshape(len(canvas), num_candidates, source.side, source.side)):
            have, want = (pixels[i].astype(np.float32) / np.float32(255) for pixels in (canvas, target))
            gain, _ = exact_gains(rows, have, want)
            shares.append(max(float(gain.max()), 0.0) / max(float(np.square(want - have).sum()), 1e-6))
        result[name] = float(np.mean(shares))
    return result
