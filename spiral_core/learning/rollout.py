"""Playing episodes with a policy: what every sampler does, in whatever process it lives.

A batch is a function of the weights, the sampler's description and the batch's number alone: which targets,
which noise, which strokes' seeds, which choices. So nothing of a sampler needs to be saved, a lost batch can
be sampled again, and a run with one process is the same to the bit every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from spiral_core.action_space import ActionSpace
from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.agent.policy_interface import PolicyInput
from spiral_core.environment import Observation, PaintingEnvironment, derived_key
from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.episodes import Episodes, record
from spiral_core.rendering import Renderer, RendererFactory

LoadTargets = Callable[[], ImageSet]
"""Loads the data set in the process that needs it; picklable."""


@dataclass(frozen=True, kw_only=True)
class EpisodeConfig:
    """What an episode is.

    Attributes:
        action_space: What can be said.
        canvas_px: Side of the canvas.
        num_steps: Length of an episode.
        brush: Name of the brush.
        is_conditional: The policy sees a target of a data set; otherwise noise.
    """

    action_space: ActionSpace
    canvas_px: int = 64
    num_steps: int = 20
    brush: str = "round"
    is_conditional: bool = True

    def environment(self, renderer: Renderer, seed: int = 0) -> PaintingEnvironment:
        """Make the environment; rewards are the learner's business, so it gives none."""
        return PaintingEnvironment(
            renderer,
            self.action_space,
            num_steps=self.num_steps,
            brush=self.brush,
            seed=seed,
            is_conditional=self.is_conditional,
            reward="none",
        )


@dataclass(frozen=True, kw_only=True)
class RolloutSpec:
    """All that a sampler must know, picklable.

    Attributes:
        episode: What an episode is.
        renderer_factory: Makes the renderer.
        load_targets: Loads the data set of a conditional policy.
        batch: Episodes at a time.
        seed: Seed of everything.
    """

    episode: EpisodeConfig
    renderer_factory: RendererFactory
    load_targets: LoadTargets | None
    batch: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ConfigError(f"rollout.batch: {self.batch}, must be >= 1")
        if self.episode.is_conditional and self.load_targets is None:
            raise ConfigError("rollout: a conditional policy needs targets")


class Rollout:
    """Samples batches of episodes.

    Args:
        spec: What to sample.
    """

    def __init__(self, spec: RolloutSpec) -> None:
        self.spec = spec
        side = spec.episode.canvas_px
        self._environment = spec.episode.environment(spec.renderer_factory(spec.batch, side, side))
        self._targets = spec.load_targets() if spec.load_targets is not None else None

    def sample(self, policy: AnyPolicy, number: int, *, version: int = 0) -> Episodes:
        """Return batch `number` under a policy."""
        rng = np.random.default_rng([self.spec.seed, number])
        targets = index = None
        if self._targets is not None and self.spec.episode.is_conditional:
            index = rng.integers(len(self._targets), size=self.spec.batch)
            targets = self._targets.batch(index)
        return play(
            policy,
            self._environment,
            targets=targets,
            seed=int(rng.integers(2**63)),
            version=version,
            index=index,
        )


def play(
    policy: AnyPolicy,
    environment: PaintingEnvironment,
    *,
    targets: npt.NDArray[np.uint8] | None,
    seed: int,
    is_greedy: bool = False,
    temperature: float = 1.0,
    version: int = 0,
    index: npt.NDArray[np.int64] | None = None,
) -> Episodes:
    """Play one batch of episodes with a policy.

    Args:
        policy: Chooses every stroke; its memory starts at zero.
        environment: Where; as many episodes as it has canvases.
        targets: Shape (B, height, width, 3), uint8, for a conditional policy.
        seed: Of the environment and of the choices.
        is_greedy: Take the likeliest value of every part instead of sampling.
        temperature: Sharpens (below 1) or flattens the choices.
        version: Number of the weights.
        index: Rows of the data set that the targets are.
    """
    first = environment.reset(targets, seed=seed)
    generator = torch.Generator().manual_seed(int(derived_key(seed, 0, 0)) % 2**63)
    memory = policy.initial_state(environment.num_episodes)

    def choose(step: int, observation: Observation) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        del step
        nonlocal memory
        seen = policy.perceive(PolicyInput.from_observation(observation))
        state, memory = policy.remember(seen.seen[None], memory)
        decision = policy.decode(
            state[0], seen.map, generator=generator, greedy=is_greedy, temperature=temperature
        )
        return decision.actions.numpy(), decision.log_prob.numpy()

    with torch.inference_mode():
        return record(environment, first, choose, version=version, index=index)
