"""Reinforcement learning of a stroke field on the real brush, on the field's own paintings.

For cells of half painted pictures the field's strokes are changed at random, each change is rendered and its
exact gain with the best colour found; the strokes move towards the changes that gained more than the others
(policy gradient of a normal distribution about the field's stroke, advantages relative to the group: Williams
1992; antithetic pairs). The field also learns what its strokes gain, by which a painter chooses among them
without rendering. Paintings go on with the field's own choices, so the states are those it will meet.

A run folder survives kill -9: a resumed run ends with the same numbers as one that was not killed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F  # noqa: N812

from spiral_core.agent.field_config import CELL, FieldConfig
from spiral_core.agent.field_network import FieldNetwork
from spiral_core.agent.stroke_field import (
    planes_of,
    stroke_numbers,
    stroke_values,
    worth_of,
)
from spiral_core.learning.painting_pool import LEVELS, Painting, PaintingPool
from spiral_core.learning.pictures import PictureSource
from spiral_core.learning.rewards_config import RewardsConfig
from spiral_core.learning.rounds import RoundTraining
from spiral_core.rendering import PlanningCanvasFactory

Doubles = npt.NDArray[np.float64]
# By level, from the finest:
_LEVEL_SHARES = (0.3, 0.32, 0.23, 0.1, 0.05)
_PAINTINGS = (3, 3, 8, 12, 12)  # of an update: so many that levels have about as many cells
_BEST_CELLS = (16, 16, 7, 5, 4)  # of each painting: those the field values most
_OTHER_CELLS = (8, 8, 3, 3, 3)  # and those drawn at random
_PUT_DOWN = (6, 6, 3, 1, 1)  # strokes painted on each painting, at most
_WINDOW_PX = 128  # no more is shown of an enlarged picture
_MISFIT = 1.2  # levels: further off nothing is put down
_OTHER_ANCHORS = 0.3  # how much an anchor counts that is not its cell's best


class StrokeReinforcement(RoundTraining):
    """A training run.

    Args:
        field_config: Shape of the field.
        planning: Makes planning canvases on the real brush.
        pictures: Where the pictures come from.
        folder: The run folder; made if missing.
        config: How to train.
        resume: Go on from the folder's checkpoint.

    Raises:
        AgentError: There is no checkpoint to resume, it is broken, or it is of another configuration.
    """

    def __init__(
        self,
        field_config: FieldConfig,
        planning: PlanningCanvasFactory,
        pictures: PictureSource,
        folder: Path,
        config: RewardsConfig | None = None,
        *,
        resume: bool = False,
    ) -> None:
        self.config = config or RewardsConfig()
        self.field_config = field_config
        torch.manual_seed(self.config.seed)
        self.network, self.mean = FieldNetwork(field_config), FieldNetwork(field_config)
        super().__init__(
            self.network,
            self.mean,
            steps=self.config,
            metadata=field_config.to_metadata(),
            settings=asdict(self.config),
            folder=folder,
        )
        self.rng = np.random.default_rng(self.config.seed)
        self.pool = PaintingPool(
            planning,
            pictures,
            num=0 if resume else self.config.num_paintings,
            side=self.config.side,
            most_strokes=self.config.most_strokes,
            rng=self.rng,
        )
        self.begin(resume=resume)

    def _round(self) -> tuple[float, dict[str, object]]:
        losses = []
        shares: list[list[float]] = [[] for _ in LEVELS]
        for _ in range(self.config.updates_per_round):
            index = int(self.rng.choice(len(LEVELS), p=_LEVEL_SHARES))
            loss, share = self._update(index)
            losses.append(loss)
            shares[index].append(share)
        self.pool.rebuild()
        by_level = [float(np.mean(share)) if share else float("nan") for share in shares]
        return float(np.mean(losses)), {"share": by_level}

    def _deviation(self) -> float:
        config = self.config
        fallen = config.deviation / np.sqrt(1 + self.updates / config.narrow_down)
        return float(max(fallen, config.least_deviation))

    def _update(self, index: int) -> tuple[float, float]:
        config, deviation, level = self.config, self._deviation(), LEVELS[index]
        paintings = self.pool.pick(_PAINTINGS[index], level, self.rng)
        shown = [planes_of(painting.canvas.canvas(), painting.target, level) for painting in paintings]
        errors = np.array([error for _, error in shown])
        side = len(shown[0][0])
        window = side if level >= 0 else min(side, _WINDOW_PX)
        corner = CELL * self.rng.integers(0, (side - window) // CELL + 1, (len(shown), 2))  # x, y
        planes = np.stack(
            [
                whole[y : y + window, x : x + window]
                for (whole, _), (x, y) in zip(shown, corner.tolist(), strict=True)
            ]
        )
        numbers, worth = self.network(torch.from_numpy(planes))
        batch, high, wide, anchors, count = numbers.shape
        numbers = numbers.reshape(batch * high * wide, anchors, count)
        worth = worth.reshape(batch * high * wide, anchors)
        valued = worth.detach().numpy().reshape(batch, high * wide, anchors)
        cells, per_painting = self._cells(valued, index)
        owner = np.repeat(np.arange(batch), per_painting)
        middle = np.stack([cells % wide, cells % (high * wide) // wide], axis=1) + 0.5
        middle = middle * CELL + corner[owner]
        chosen = torch.from_numpy(cells)
        means = numbers[chosen]  # (N, M, D)
        told = means.detach().numpy().astype(np.float64)
        half = self.rng.standard_normal((len(cells), anchors, config.num_samples // 2, count))
        change = np.concatenate([half, -half, np.zeros((len(cells), anchors, 1, count))], axis=2)
        gains, gained, aims = self._gains(
            paintings, told[:, :, None] + deviation * change, middle, index, per_painting
        )
        total = errors[:, None] * config.side**2
        share = float((gained / total).mean())
        tried, own = gains[:, :, :-1], gains[:, :, -1]
        spread = tried.std(axis=2, keepdims=True)
        advantage = (tried - tried.mean(axis=2, keepdims=True)) / np.maximum(spread, 1e-9)
        advantage = advantage.clip(-2.5, 2.5)
        # The direction in which the group's gains rise, in the field's numbers.
        uphill = np.einsum("nmk,nmkd->nmd", advantage, change[:, :, :-1]) / tried.shape[2]
        counts = np.where(own >= own.max(axis=1, keepdims=True), 1.0, _OTHER_ANCHORS)
        pull = torch.from_numpy((counts[:, :, None] * uphill / deviation).astype(np.float32))
        policy_loss = -(means * pull).sum() / float(counts.sum()) + 1e-3 * means.square().mean()
        aimed = torch.from_numpy(np.where(np.isfinite(aims), aims, told).astype(np.float32))
        distance = F.smooth_l1_loss(means, aimed, beta=0.5, reduction="sum") / len(cells)
        wanted = worth_of(own / 4.0**level, errors[owner, None])
        value_loss = F.smooth_l1_loss(worth[chosen], torch.from_numpy(wanted.astype(np.float32)), beta=0.3)
        loss = policy_loss * deviation + config.imitation * distance + value_loss
        self._step(loss, self._learning_rate())
        self.pool.renew()
        self.examples += len(cells) * anchors
        return float(value_loss.detach()), share

    def _cells(self, valued: npt.NDArray[np.float32], index: int) -> tuple[npt.NDArray[np.int64], int]:
        """Return cells to learn from, numbered through all paintings: the best first, then others."""
        batch, num_cells, _ = valued.shape
        best, others = _BEST_CELLS[index], _OTHER_CELLS[index]
        score = valued.max(axis=2) + 0.3 * self.rng.gumbel(size=(batch, num_cells))
        # The most valued one is always among them: it is what a painter would take.
        score[np.arange(batch), valued.max(axis=2).argmax(axis=1)] = np.inf
        order = np.argsort(-score, axis=1)
        rest = np.stack([self.rng.permutation(num_cells - best)[:others] + best for _ in range(batch)])
        cells = np.concatenate([order[:, :best], np.take_along_axis(order, rest, axis=1)], axis=1)
        cells += num_cells * np.arange(batch)[:, None]
        return cells.ravel(), best + others

    def _gains(
        self,
        paintings: list[Painting],
        numbers: Doubles,
        middle: Doubles,
        index: int,
        per_painting: int,
    ) -> tuple[Doubles, Doubles, Doubles]:
        """Return all gains (N, M, K + 1), those (B, best cells) of the field's own best strokes, and aims.

        Aims (N, M, D) are the numbers of strokes climbed from the best changes, nan where an anchor has none.
        Strokes that the field values most are painted on the way.
        """
        num, anchors, tries, count = numbers.shape
        level, num_best = LEVELS[index], _BEST_CELLS[index]
        size = 2.0**level
        radii = np.array(self.field_config.anchor_radii_px)
        values = stroke_values(
            numbers.reshape(-1, count),
            np.repeat(middle, anchors * tries, axis=0),
            np.tile(np.repeat(radii, tries), num),
        )
        values[:, :6] *= size
        values[:, 8] *= size
        gains = np.empty((num, anchors, tries))
        best = np.empty((len(paintings), num_best))
        aims = np.full((num, anchors, count), np.nan)
        each = per_painting * anchors * tries
        for i, painting in enumerate(paintings):
            mine = values[i * each : (i + 1) * each]
            gain, color = painting.gains(mine)
            rows = slice(i * per_painting, (i + 1) * per_painting)
            gains[rows] = gain.reshape(per_painting, anchors, tries)
            own = gains[rows, :, -1]
            best[i] = own.max(axis=1)[:num_best]
            if self.config.climb_steps:
                winner = gain.reshape(per_painting, -1).argmax(axis=1)
                anchor = winner // tries
                starts = mine[winner + np.arange(per_painting) * anchors * tries]
                climbed, reached = painting.climbed(
                    starts, self.config.climb_steps, int(self.rng.integers(2**62))
                )
                climbed[:, :6] /= size
                climbed[:, 8] /= size
                row = np.arange(i * per_painting, (i + 1) * per_painting)
                aim = stroke_numbers(climbed, middle[row], radii[anchor], numbers[row, anchor, -1])
                better = reached > own.max(axis=1)
                aims[row[better], anchor[better]] = aim[better]
            if abs(painting.suited_level() - level) > _MISFIT:
                continue
            put: list[int] = []
            for cell in range(num_best):
                if len(put) == _PUT_DOWN[index]:
                    break
                stroke = (cell * anchors + int(own[cell].argmax())) * tries + tries - 1
                far = all(
                    np.hypot(*(mine[stroke, 2:4] - mine[other, 2:4])) > 8 * mine[[stroke, other], 8].max()
                    for other in put
                )
                if gain[stroke] > 0 and far:
                    put.append(stroke)
            if put:
                painting.put_down(mine[put], color[put])
        return gains, best, aims

    def _learning_rate(self) -> float:
        config = self.config
        rate = config.learning_rate * min(1.0, (self.updates + 1) / 100)
        return float(rate / np.sqrt(1 + self.updates / config.slow_down))

    def _own_state(self) -> dict[str, Any]:
        return {
            "rng": json.dumps(self.rng.bit_generator.state),
            "pool": [
                {
                    name: torch.from_numpy(part) if isinstance(part, np.ndarray) else part
                    for name, part in painting.items()
                }
                for painting in self.pool.state()
            ],
        }

    def _load_own(self, state: Mapping[str, Any]) -> None:
        self.rng.bit_generator.state = json.loads(state["rng"])
        self.pool.load(
            [
                {
                    name: part.numpy() if isinstance(part, torch.Tensor) else part
                    for name, part in painting.items()
                }
                for painting in state["pool"]
            ]
        )
