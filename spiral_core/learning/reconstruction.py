"""Drawing given pictures with a conditional policy, and how near the drawings come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.errors import CanvasError
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.rollout import EpisodeConfig, play
from spiral_core.rendering import RendererFactory
from spiral_core.reward import mean_squared_error

_BATCH = 128


@dataclass(frozen=True, slots=True, eq=False)
class Reconstruction:
    """Drawings of N pictures, each the best of some attempts.

    Attributes:
        error: Shape (N,), float64: mean squared error of the kept drawing, in [0, 1].
        blank_error: Shape (N,), float64: that of the bare canvas.
        canvas: Shape (N, height, width, C), uint8: the drawings.
        actions: Shape (N, T, P), int64.
    """

    error: npt.NDArray[np.float64]
    blank_error: npt.NDArray[np.float64]
    canvas: npt.NDArray[np.uint8]
    actions: npt.NDArray[np.int64]

    @property
    def mean_error(self) -> float:
        """Mean over the pictures."""
        return float(self.error.mean())

    @property
    def score(self) -> float:
        """1 - error / error of the bare canvas, both summed over the pictures; 1 is perfect, 0 is blank."""
        return 1 - float(self.error.sum() / max(self.blank_error.sum(), 1e-12))


def reconstruct(
    policy: AnyPolicy,
    episode: EpisodeConfig,
    renderer_factory: RendererFactory,
    pictures: npt.NDArray[np.uint8],
    *,
    attempts: int = 1,
    temperature: float = 1.0,
    seed: int = 0,
) -> Reconstruction:
    """Draw pictures; the first attempt takes the likeliest strokes, the others sample, the best is kept.

    Args:
        policy: Conditional.
        episode: What an episode is.
        renderer_factory: Makes the renderer.
        pictures: Shape (N, height, width, 3), uint8, N >= 1.
        attempts: Drawings of each picture.
        temperature: Of the samples.
        seed: Of the samples.

    Raises:
        CanvasError: There are no pictures, or fewer than one attempt.
    """
    if not len(pictures) or attempts < 1:
        raise CanvasError(f"{len(pictures)} pictures and {attempts} attempts, must be at least one of each")
    blocks = [
        _best(attempt_batches(policy, episode, renderer_factory, block, attempts, temperature, seed + first))
        for first, block in _blocks(pictures)
    ]
    kept = [
        np.concatenate([getattr(block, name) for block in blocks])[: len(pictures)]
        for name in ("error", "blank_error", "canvas", "actions")
    ]
    return Reconstruction(*kept)


def _blocks(pictures: npt.NDArray[np.uint8]) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield blocks of equal size; the last is filled up, so that every row is computed alike."""
    size = min(_BATCH, len(pictures))
    for first in range(0, len(pictures), size):
        rows = np.minimum(np.arange(first, first + size), len(pictures) - 1)
        yield first, pictures[rows]


def attempt_batches(
    policy: AnyPolicy,
    episode: EpisodeConfig,
    renderer_factory: RendererFactory,
    pictures: npt.NDArray[np.uint8],
    attempts: int,
    temperature: float,
    seed: int,
) -> Iterator[Episodes]:
    """Yield the episodes of every attempt at one block of pictures."""
    side = episode.canvas_px
    environment = episode.environment(renderer_factory(len(pictures), side, side))
    was_training = policy.training
    policy.eval()
    with torch.inference_mode():
        for attempt in range(attempts):
            yield play(
                policy,
                environment,
                targets=pictures,
                # The environment's seed is one for all attempts: they differ by their choices alone.
                seed=np.random.default_rng([seed, attempt]).integers(2**63).item(),
                is_greedy=attempt == 0,
                temperature=temperature,
            )
    policy.train(was_training)


def _best(attempts: Iterator[Episodes]) -> Reconstruction:
    kept: Reconstruction | None = None
    for episodes in attempts:
        assert episodes.target is not None
        error = mean_squared_error(episodes.canvas[-1], episodes.target)
        actions = episodes.actions.swapaxes(0, 1)
        if kept is None:
            blank = mean_squared_error(episodes.canvas[0], episodes.target)
            kept = Reconstruction(error, blank, episodes.canvas[-1].copy(), actions)
            continue
        better = error < kept.error
        rows = better[:, None, None]
        kept = Reconstruction(
            np.where(better, error, kept.error),
            kept.blank_error,
            np.where(rows[..., None], episodes.canvas[-1], kept.canvas),
            np.where(rows, actions, kept.actions),
        )
    assert kept is not None
    return kept
