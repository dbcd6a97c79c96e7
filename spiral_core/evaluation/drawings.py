"""What an agent's drawings are worth: error against what was to be drawn, and what a reader makes of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.evaluation.digits import DigitClassifier
from spiral_core.evaluation.distributions import frechet_distance
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.reconstruction import Reconstruction, reconstruct
from spiral_core.learning.rollout import EpisodeConfig, play
from spiral_core.rendering import RendererFactory

_CONFIDENT = 0.9
_BATCH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructionScores:
    """How near a conditional agent's drawings come; errors are mean squared errors of values in [0, 1].

    Attributes:
        pictures: How many were drawn.
        attempts: Drawings of each, of which the best counts.
        error: Mean over the pictures.
        low: Lower end of its 95 % bootstrap interval.
        high: Upper end.
        blank_error: Mean error of the bare canvas.
        score: 1 - error / blank_error.
        read_rightly: Share of the drawings of digits that the digit classifier reads rightly, or None.
    """

    pictures: int
    attempts: int
    error: float
    low: float
    high: float
    blank_error: float
    score: float
    read_rightly: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the scores as plain numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleScores:
    """What an unconditional agent's drawings of digits look like to the classifier.

    Attributes:
        samples: How many were drawn.
        confident: Share that is called a digit with a confidence over 0.9.
        classes: Share of each digit among all samples.
        frechet: Distance in the classifier's feature space to real digits.
        real_frechet: That of other real digits, as many as samples if there are: what chance leaves.
    """

    samples: int
    confident: float
    classes: tuple[float, ...]
    frechet: float
    real_frechet: float

    def to_json(self) -> dict[str, Any]:
        """Return the scores as plain numbers."""
        return asdict(self)


def score_reconstructions(
    policy: AnyPolicy,
    episode: EpisodeConfig,
    renderer_factory: RendererFactory,
    pictures: ImageSet,
    *,
    attempts: int = 1,
    temperature: float = 1.0,
    seed: int = 0,
    reader: DigitClassifier | None = None,
) -> tuple[ReconstructionScores, Reconstruction]:
    """Draw every picture of a set and score the drawings.

    Args:
        policy: Conditional.
        episode: What an episode is.
        renderer_factory: Makes the renderer.
        pictures: What is drawn.
        attempts: 1 takes the likeliest strokes; more add samples and keep the best.
        temperature: Of the samples.
        seed: Of the samples.
        reader: Reads the drawings of labelled digits.
    """
    blocks = []
    for first in range(0, len(pictures), _BATCH * 8):
        rows = np.arange(first, min(first + _BATCH * 8, len(pictures)))
        blocks.append(
            reconstruct(
                policy,
                episode,
                renderer_factory,
                pictures.batch(rows),
                attempts=attempts,
                temperature=temperature,
                seed=seed + first,
            )
        )
    result = Reconstruction(
        *(
            np.concatenate([getattr(block, name) for block in blocks])
            for name in ("error", "blank_error", "canvas", "actions")
        )
    )
    low, high = bootstrap_interval(result.error)
    read_rightly = None
    if reader is not None and pictures.labels is not None:
        read_rightly = float((_predict(reader, result.canvas).argmax(axis=1) == pictures.labels).mean())
    scores = ReconstructionScores(
        pictures=len(pictures),
        attempts=attempts,
        error=result.mean_error,
        low=low,
        high=high,
        blank_error=float(result.blank_error.mean()),
        score=result.score,
        read_rightly=read_rightly,
    )
    return scores, result


def draw_samples(
    policy: AnyPolicy,
    episode: EpisodeConfig,
    renderer_factory: RendererFactory,
    num: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> npt.NDArray[np.uint8]:
    """Draw with an unconditional policy; returns the drawings, (num, height, width, C), uint8."""
    side, batch = episode.canvas_px, min(_BATCH, num)
    environment = episode.environment(renderer_factory(batch, side, side))
    drawn = [
        play(policy, environment, targets=None, seed=seed + first, temperature=temperature).canvas[-1]
        for first in range(0, num, batch)
    ]
    return np.concatenate(drawn)[:num]


def score_digit_samples(
    drawings: npt.NDArray[np.uint8], real: ImageSet, other_real: ImageSet, reader: DigitClassifier
) -> SampleScores:
    """Score drawings of digits.

    Args:
        drawings: Shape (N, height, width, C), uint8.
        real: Real digits that the distance is taken to.
        other_real: Other real digits, for the distance that chance leaves.
        reader: The classifier.
    """
    chances = _predict(reader, drawings)
    classes = np.bincount(chances.argmax(axis=1), minlength=chances.shape[1]) / len(drawings)
    wanted = reader.features(real.images)
    num = min(len(drawings), len(other_real))
    return SampleScores(
        samples=len(drawings),
        confident=float((chances.max(axis=1) > _CONFIDENT).mean()),
        classes=tuple(float(share) for share in classes),
        frechet=frechet_distance(reader.features(_colored(drawings)), wanted),
        real_frechet=frechet_distance(reader.features(other_real.batch(np.arange(num))), wanted),
    )


def bootstrap_interval(values: npt.NDArray[np.float64], *, draws: int = 1000) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a mean (Efron 1979)."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(draws)]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def _predict(reader: DigitClassifier, drawings: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return reader.predict(_colored(drawings))


def _colored(drawings: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.broadcast_to(drawings, (*drawings.shape[:3], 3))
