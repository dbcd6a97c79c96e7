"""Random line drawings as episodes whose target is their own last canvas: what inversion learns from.

A drawing is a few connected lines of one pen: each begins with a jump, goes on in nearly its direction, and
keeps its width; after its last stroke the brush stays where it is (jumps in place). So a policy learns to
follow lines, to lift the brush between them, and to stop. No data set is needed.

Source: inverting random programs, as Paint Transformer trains itself (Liu et al. 2021, arXiv 2108.03798).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace, Decoded
from spiral_core.environment import Observation, PaintingEnvironment
from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.episodes import Episodes, record
from spiral_core.learning.rollout import EpisodeConfig
from spiral_core.rendering import Renderer, RendererFactory

Floats = npt.NDArray[np.float64]

_DATA_SEED = 2018


@dataclass(frozen=True, kw_only=True)
class ScribbleConfig:
    """What random drawings look like; lengths in canvas widths.

    Attributes:
        jump_share: Chance that a new line begins before a stroke, in [0, 1).
        shortest: Least length of a stroke.
        longest: Largest length of a stroke.
        turn: Standard deviation of the change of direction between strokes, in radians.
        bend: Standard deviation of the control point's distance from the chord, in chord lengths.
        margin: Lines keep this far from the canvas's edge.
        width_change: Chance that a stroke takes another width than the drawing's.
        least_pressure: Lowest pressure, in (0, 1].
        most_strokes: A drawing has at most so many; 0 allows as many as an episode.
    """

    jump_share: float = 0.2
    shortest: float = 0.06
    longest: float = 0.5
    turn: float = 0.9
    bend: float = 0.2
    margin: float = 0.08
    width_change: float = 0.2
    least_pressure: float = 0.3
    most_strokes: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("jump_share", 0.0, 0.95),
            ("shortest", 0.001, 1.0),
            ("longest", self.shortest, 1.4),
            ("margin", 0.0, 0.45),
            ("width_change", 0.0, 1.0),
            ("least_pressure", 0.01, 1.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"scribbles.{name}: {getattr(self, name)!r}, must be in [{low}, {high}]")
        if self.most_strokes < 0:
            raise ConfigError(f"scribbles.most_strokes: {self.most_strokes}, must be >= 0")


class Scribbles:
    """A source of random drawings.

    Args:
        space: The actions.
        renderer: One canvas for each drawing of a batch.
        num_steps: Actions in a drawing.
        brush: Name of the brush.
        seed: Seed of everything.
        config: What they look like.
    """

    def __init__(
        self,
        space: ActionSpace,
        renderer: Renderer,
        *,
        num_steps: int,
        brush: str,
        seed: int,
        config: ScribbleConfig | None = None,
    ) -> None:
        self.space, self.seed, self.config = space, seed, config or ScribbleConfig()
        self._environment = PaintingEnvironment(
            renderer, space, num_steps=num_steps, brush=brush, is_conditional=False, reward="none"
        )

    def batch(self, number: int) -> Episodes:
        """Return a batch of drawings; the same number gives the same ones."""
        environment = self._environment
        pen = _Pen(np.random.default_rng([self.seed, number]), self.space, self.config, environment)
        first = environment.reset(seed=int(np.random.default_rng([self.seed, number, 1]).integers(2**63)))
        episodes = record(
            environment, first, lambda step, observation: (pen.actions(step, observation), None)
        )
        return replace(episodes, target=episodes.canvas[-1].copy(), noise=None)


class _Pen:
    """Draws one batch: what each drawing's line is about to do."""

    def __init__(
        self,
        rng: np.random.Generator,
        space: ActionSpace,
        config: ScribbleConfig,
        environment: PaintingEnvironment,
    ) -> None:
        self.rng, self.space, self.config = rng, space, config
        num, steps = environment.num_episodes, environment.num_actions
        # The first action is a jump.
        most = min(config.most_strokes or steps, max(steps - 1, 1))
        self.num_strokes = rng.integers(1, most + 1, num)
        self.drawn = np.zeros(num, np.int64)
        self.angle = rng.uniform(0, 2 * np.pi, num)
        self.size = rng.integers(0, len(space.radii), num)
        self.pressure = rng.uniform(config.least_pressure, 1.0, num)
        self.color = rng.random((num, 3))

    def actions(self, step: int, observation: Observation) -> npt.NDArray[np.int64]:
        """Return what each drawing does next, (B, P)."""
        rng, config, num = self.rng, self.config, len(self.drawn)
        is_done = self.drawn >= self.num_strokes
        is_jump = is_done | (rng.random(num) < config.jump_share) | (step == 0)
        here = observation.location.astype(np.float64)
        spread = rng.normal(0, config.turn, num)
        self.angle = np.where(is_jump, rng.uniform(0, 2 * np.pi, num), self.angle + spread)
        length = np.exp(rng.uniform(np.log(config.shortest), np.log(config.longest), num))
        end = self._within(here, length)
        along = end - here
        normal = along[:, ::-1] * (-1.0, 1.0)
        control = (here + end) / 2 + normal * rng.normal(0, config.bend, (num, 1))
        anywhere = rng.uniform(config.margin, 1 - config.margin, (num, 2))
        end = np.where(is_done[:, None], here, np.where(is_jump[:, None], anywhere, end))
        other = rng.random(num) < config.width_change
        size = np.where(other, rng.integers(0, len(self.space.radii), num), self.size)
        pressure = np.where(other, rng.uniform(config.least_pressure, 1.0, num), self.pressure)
        self.drawn += ~is_jump
        return self.space.encode(
            Decoded(
                is_paint=~is_jump,
                end=end,
                control=np.clip(control, 0, 1),
                radius=np.array(self.space.radii)[size],
                pressure=pressure,
                color=self.color,
            )
        )

    def _within(self, here: Floats, length: Floats) -> Floats:
        """Return ends (B, 2) along the lines' directions; a line that would leave the canvas turns around."""
        low, high = self.config.margin, 1 - self.config.margin

        def ends(angle: Floats) -> Floats:
            return np.asarray(here + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))

        outside = ((ends(self.angle) < low) | (ends(self.angle) > high)).any(axis=1)
        home = np.arctan2(0.5 - here[:, 1], 0.5 - here[:, 0]) + self.rng.normal(0, 0.7, len(here))
        self.angle = np.where(outside, home, self.angle)
        return np.asarray(np.clip(ends(self.angle), low, high))


def scribble_pictures(
    episode: EpisodeConfig, renderer_factory: RendererFactory, config: ScribbleConfig, *, num: int
) -> ImageSet:
    """Return random drawings as a data set: what can be drawn, and nothing else. Always the same ones.

    Args:
        episode: Canvas, brush and actions of the drawings.
        renderer_factory: Makes the renderer.
        config: What they look like.
        num: How many, >= 1; they differ from one another.
    """
    side, batch = episode.canvas_px, 256
    scribbles = Scribbles(
        episode.action_space,
        renderer_factory(batch, side, side),
        num_steps=episode.num_steps,
        brush=episode.brush,
        seed=_DATA_SEED,
        config=config,
    )
    kept: dict[bytes, npt.NDArray[np.uint8]] = {}
    number = 0
    while len(kept) < num:
        if number > 20 * (num // batch + 1):
            raise ConfigError(f"scribbles: only {len(kept)} different drawings of {num}; allow more variety")
        targets = scribbles.batch(number).target
        assert targets is not None
        for target in targets:
            if (target != 255).any():
                kept.setdefault(target.tobytes(), target)
        number += 1
    images = np.stack(list(kept.values())[:num])
    return ImageSet("scribbles", "train", images[..., 0] if images.shape[-1] == 1 else images)
