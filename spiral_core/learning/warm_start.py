"""Examples from random programs: what came next in a program that led from this canvas to that one?

Each round plays a batch of episodes with random actions in the painting environment. An example is an
observation, the action taken next, and as target the episode's own canvas some strokes later; so there is
always an action that leads towards the target, and it is known. No data set is needed.

Source: inverting random programs, as Paint Transformer trains itself (Liu et al. 2021, arXiv 2108.03798).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace, Decoded
from spiral_core.environment import Observation, PaintingEnvironment
from spiral_core.errors import ConfigError
from spiral_core.learning.examples import Examples
from spiral_core.learning.pictures import random_colors
from spiral_core.program import WHITE, Color
from spiral_core.rendering import RendererFactory


@dataclass(frozen=True, kw_only=True)
class RandomProgramsConfig:
    """How random programs are made.

    Attributes:
        num_episodes: Programs in a round.
        num_steps: Actions in a program.
        jump_share: Share of the actions that jump, in [0, 1).
        brush: Name of the brush.
    """

    num_episodes: int = 128
    num_steps: int = 20
    jump_share: float = 0.25
    brush: str = "round"

    def __post_init__(self) -> None:
        if self.num_episodes < 1 or self.num_steps < 2:
            raise ConfigError(
                f"programs.num_episodes {self.num_episodes} and num_steps {self.num_steps}, "
                "must be at least 1 and 2"
            )
        if not 0 <= self.jump_share < 1:
            raise ConfigError(f"programs.jump_share: {self.jump_share}, must be in [0, 1)")


class RandomPrograms:
    """A source of examples from random programs, see the module.

    Args:
        action_space: The actions; grayscale gives black lines on white, colour gives paintings, large strokes
            first.
        renderer_factory: Makes the renderer.
        side: Side of the canvas in pixels.
        seed: Seed of everything.
        config: The sizes.
    """

    def __init__(
        self,
        action_space: ActionSpace,
        renderer_factory: RendererFactory,
        *,
        side: int = 64,
        seed: int = 0,
        config: RandomProgramsConfig | None = None,
    ) -> None:
        self.action_space = action_space
        self.side = side
        self.seed = seed
        self.config = config or RandomProgramsConfig()
        self._renderer = renderer_factory(self.config.num_episodes, side, side)

    def round(self, number: int) -> Examples:
        """Play a batch of random programs and return their examples, see `ExampleSource`."""
        config, space = self.config, self.action_space
        rng = np.random.default_rng([self.seed, number])
        background = WHITE if space.grayscale else Color(*random_colors(rng, 1)[0].astype(float).tolist())
        environment = PaintingEnvironment(
            self._renderer,
            space,
            num_steps=config.num_steps,
            brush=config.brush,
            background=background,
            seed=int(rng.integers(2**63)),
            is_conditional=False,
            reward="none",
        )
        palette = random_colors(rng, config.num_episodes)
        observations = [environment.reset()]
        actions = []
        for step in range(config.num_steps):
            action = self._random_actions(rng, observations[-1], step / config.num_steps, palette)
            actions.append(action)
            observations.append(environment.step(action).observation)
        return self._examples(rng, observations, actions)

    def _random_actions(
        self,
        rng: np.random.Generator,
        observation: Observation,
        share: float,
        palette: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.int64]:
        """Return actions (B, P): jumps anywhere; strokes that shrink as `share` of the program is over."""
        space, num = self.action_space, len(observation.canvas)
        is_paint = rng.random(num) >= self.config.jump_share
        smallest, largest = np.log(space.radii[0]), np.log(space.radii[-1])
        middle = smallest if space.grayscale else largest + share * (smallest - largest)
        spread = (largest - smallest) / (2.0 if space.grayscale else 4.0)
        radius = np.exp(np.clip(middle + spread * rng.standard_normal(num), smallest, largest))
        length = np.clip(radius * np.exp(rng.uniform(np.log(0.5), np.log(12), num)), 1 / space.grid, 0.7)
        angle = rng.uniform(0, 2 * np.pi, num)
        along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None]
        normal = along[:, ::-1] * (-1.0, 1.0)
        end = np.clip(observation.location + along, 0, 1)
        end = np.where(is_paint[:, None], end, rng.random((num, 2)))
        control = (observation.location + end) / 2 + normal * rng.normal(0, 0.25, (num, 1))
        color = palette + rng.uniform(0.1, 1.0) * (random_colors(rng, num) - palette)
        return space.encode(
            Decoded(
                is_paint=is_paint,
                end=end,
                control=np.clip(control, 0, 1),
                radius=radius,
                pressure=rng.uniform(0.4, 1.0, num),
                color=color.astype(np.float64),
            )
        )

    def _examples(
        self,
        rng: np.random.Generator,
        observations: list[Observation],
        actions: list[npt.NDArray[np.int64]],
    ) -> Examples:
        space, num, num_steps = self.action_space, self.config.num_episodes, self.config.num_steps
        canvases = np.stack([observation.canvas for observation in observations])
        blocks = []
        for step, (observation, action) in enumerate(zip(observations[:-1], actions, strict=True)):
            is_paint = space.decode(action).is_paint
            # What a jump was for shows only after the stroke that follows it.
            soonest = np.minimum(step + np.where(is_paint, 1, 2), num_steps)
            later = rng.integers(soonest, num_steps + 1)
            mask = is_paint[:, None] | space.jump_mask
            blocks.append(
                Examples(
                    canvas=observation.canvas,
                    target=canvases[later, np.arange(num)],
                    location=observation.location,
                    last_action=observation.last_action,
                    action_mask=observation.action_mask.astype(np.float32),
                    step=np.full(num, step, np.float32),
                    actions=action[:, None, :],
                    weight=np.ones((num, 1), np.float32),
                    part_mask=mask[:, None, :].astype(np.float32),
                )
            )
        return concatenated(blocks)


def concatenated(blocks: list[Examples]) -> Examples:
    """Return blocks of examples as one."""
    return Examples(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))
