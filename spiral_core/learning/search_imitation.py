"""Examples from search: from a place on a half painted canvas, the strokes that lower the error most.

Each round paints a pool of pictures with the best strokes of a fresh bank, so the canvases are those that a
painter meets: first rough, then nearly right. The places are drawn by error, as a painter draws them, and the
labels are the best of some thousand random strokes from there, so the policy learns which strokes would win.
The first step of an episode is imitated: no last action, step 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace, Decoded
from spiral_core.learning.examples import Examples
from spiral_core.learning.pictures import PictureSource
from spiral_core.learning.stroke_bank import StrokeBank, coarse_gains, exact_gains, pooled, random_bank
from spiral_core.rendering import RendererFactory

Floats = npt.NDArray[np.float32]
_CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class SearchImitationConfig:
    """How examples are made from search.

    Attributes:
        num_pictures: Pictures painted in a round.
        num_steps: Strokes painted on each in a round, and examples taken from it.
        bank_size: Random strokes tried from each place.
        num_exact: Best of them that are reckoned exactly.
        num_labels: Best of those that become labels.
        temperature: A label's weight falls by e for this share of the best gain that it falls behind.
        most_underpainting: At most this many strokes lie on a canvas before the round begins.
        brush: Name of the brush.
    """

    num_pictures: int = 192
    num_steps: int = 12
    bank_size: int = 2048
    num_exact: int = 32
    num_labels: int = 6
    temperature: float = 0.1
    most_underpainting: int = 100
    brush: str = "round"


class SearchImitation:
    """A source of examples from search, see the module.

    Args:
        action_space: What the policy says; radii below its smallest or above its largest are not tried.
        renderer_factory: Makes the renderer of the strokes.
        pictures: Where the pictures come from.
        side: Side of the canvas in pixels; the grid must have half as many cells.
        seed: Seed of everything.
        config: The sizes.
    """

    def __init__(
        self,
        action_space: ActionSpace,
        renderer_factory: RendererFactory,
        pictures: PictureSource,
        *,
        side: int = 64,
        seed: int = 0,
        config: SearchImitationConfig | None = None,
    ) -> None:
        self.action_space = action_space
        self.renderer_factory = renderer_factory
        self.pictures = pictures
        self.side = side
        self.seed = seed
        self.config = config or SearchImitationConfig()

    def round(self, number: int) -> Examples:
        """Paint a pool of pictures and return its examples, see `ExampleSource`."""
        config = self.config
        rng = np.random.default_rng([self.seed, number])
        bank = random_bank(rng, config.bank_size, self.side, self.renderer_factory, brush=config.brush)
        target = self.pictures(rng, config.num_pictures, self.side)
        canvas = self._underpainted(rng, bank, target)
        examples = []
        for _ in range(config.num_steps):
            for first in range(0, config.num_pictures, _CHUNK):
                rows = slice(first, first + _CHUNK)
                examples.append(self._advance(rng, bank, canvas[rows], target[rows]))
        return Examples(*(np.concatenate(arrays) for arrays in zip(*examples, strict=True)))

    def _underpainted(
        self, rng: np.random.Generator, bank: StrokeBank, target: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.uint8]:
        """Return canvases painted with random strokes, large ones first, that each lowered the error."""
        num, side, half = len(target), self.side, self.side // 2
        wanted = target.astype(np.float32) / np.float32(255)
        mean = wanted.mean(axis=(1, 2), keepdims=True)
        plain = rng.random((num, 1, 1, 1)) < 0.5
        base = np.where(
            plain, mean, np.where(rng.random((num, 1, 1, 1)) < 0.5, 1.0, rng.random((num, 1, 1, 3)))
        )
        canvas = np.broadcast_to(base, wanted.shape).astype(np.float32)
        depth = np.floor(self.config.most_underpainting * rng.random(num) ** 2)
        order = np.argsort(-bank.radius * np.exp(rng.normal(0, 0.3, len(bank.radius))))
        for step in range(self.config.most_underpainting):
            # Strokes shrink with the steps; a canvas of small depth skips to its own share of them.
            for i in np.flatnonzero(step < depth):
                share = (step + rng.random()) / max(depth[i], 30.0)
                stroke = int(order[min(int(share * len(order)), len(order) - 1)])
                cell = rng.integers(0, half, 2)
                alpha = bank.window(stroke, (int(cell[0]), int(cell[1]))).astype(np.float32)[..., None] / 255
                area = float(alpha.sum())
                if area < 1.0:
                    continue
                color = (alpha * wanted[i]).sum(axis=(0, 1)) / area
                painted = canvas[i] + alpha * (color - canvas[i])
                if np.square(painted - wanted[i]).sum() < np.square(canvas[i] - wanted[i]).sum():
                    canvas[i] = painted
        return np.round(255 * canvas).astype(np.uint8).reshape(num, side, side, 3)

    def _advance(
        self,
        rng: np.random.Generator,
        bank: StrokeBank,
        canvas: npt.NDArray[np.uint8],
        target: npt.NDArray[np.uint8],
    ) -> Examples:
        """Label every canvas from one place, then paint one of its labels on it."""
        config, space, half = self.config, self.action_space, self.side // 2
        num, num_parts = len(canvas), space.num_parts
        have, want = (array.astype(np.float32) / np.float32(255) for array in (canvas, target))
        cells = error_cells(rng, have, want)
        coarse = coarse_gains(bank, have, want, cells)
        radii = space.radii
        coarse[:, (bank.radius < 0.8 * radii[0]) | (bank.radius > 1.25 * radii[-1])] = -np.inf
        best = np.argpartition(-coarse, config.num_exact, axis=1)[:, : config.num_exact]
        chosen = np.zeros((num, config.num_labels), np.int64)
        weight = np.zeros((num, config.num_labels), np.float32)
        color = np.zeros((num, config.num_labels, 3), np.float32)
        seen = canvas.copy()
        for i in range(num):
            cell = (int(cells[i, 0]), int(cells[i, 1]))
            cover = np.stack([bank.window(int(stroke), cell) for stroke in best[i]])
            gain, colors = exact_gains(cover, have[i], want[i])
            gain[~np.isfinite(coarse[i, best[i]])] = -np.inf
            top = np.argsort(-gain)[: config.num_labels]
            chosen[i], color[i] = best[i, top], colors[top]
            if gain[top[0]] <= 0:
                continue
            behind = np.where(gain[top] > 0, (gain[top[0]] - gain[top]) / gain[top[0]], np.inf)
            weight[i] = np.exp(-behind / config.temperature)
            weight[i] /= weight[i].sum()
            painted = int(top[rng.integers(len(top))]) if rng.random() < 0.3 else int(top[0])
            if gain[painted] > 0:
                alpha = cover[painted].astype(np.float32)[..., None] / 255
                canvas[i] = np.round(255 * (have[i] + alpha * (colors[painted] - have[i])))
        flat = chosen.reshape(-1)
        place = ((cells[:, ::-1] + 0.5) / half).astype(np.float32)
        start = np.repeat(place, config.num_labels, axis=0)
        actions = space.encode(
            Decoded(
                is_paint=np.ones(len(flat), np.bool_),
                end=(start + bank.end[flat]).astype(np.float64),
                control=(start + bank.control[flat]).astype(np.float64),
                radius=bank.radius[flat].astype(np.float64),
                pressure=bank.pressure[flat].astype(np.float64),
                color=color.reshape(-1, 3).astype(np.float64),
            )
        )
        return Examples(
            canvas=seen,
            target=target,
            location=place,
            last_action=np.zeros((num, num_parts), np.int64),
            action_mask=np.zeros((num, num_parts), np.float32),
            step=np.zeros(num, np.float32),
            actions=actions.reshape(num, config.num_labels, num_parts),
            weight=weight,
            part_mask=np.ones((num, config.num_labels, num_parts), np.float32),
        )


def error_cells(rng: np.random.Generator, canvas: Floats, target: Floats) -> npt.NDArray[np.int64]:
    """Draw a cell (row, column) of the 2 x 2 grid for each canvas, by its share of the squared error.

    Args:
        rng: Source of randomness.
        canvas: Shape (B, side, side, 3), float32, in [0, 1].
        target: The same shape.

    Returns:
        Shape (B, 2), int64.
    """
    batch, half = len(canvas), canvas.shape[1] // 2
    difference = target - canvas
    error = pooled(np.einsum("bijc,bijc->bij", difference, difference))
    share = error.reshape(batch, -1).cumsum(axis=1, dtype=np.float64) + 1e-9 * np.arange(1, half * half + 1)
    picked = (share < rng.random((batch, 1)) * share[:, -1:]).sum(axis=1)
    return np.stack(np.divmod(np.minimum(picked, half * half - 1), half), axis=1)
