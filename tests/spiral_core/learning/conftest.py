"""Small episodes with real parts: libmypaint's brush on 32 px canvases, a policy of some thousand numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from adapters.mypaint import mypaint_renderer
from spiral_core.action_space import ActionSpace
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.rollout import EpisodeConfig, RolloutSpec
from spiral_core.learning.scribbles import ScribbleConfig, scribble_pictures

SPACE = ActionSpace(grayscale=True, grid=8, radii=(0.08, 0.16), num_pressures=2)


def small_pictures() -> ImageSet:
    return scribble_pictures(small_episode(), mypaint_renderer, ScribbleConfig(least_pressure=0.8), num=64)


def small_episode(*, is_conditional: bool = True) -> EpisodeConfig:
    return EpisodeConfig(
        action_space=SPACE, canvas_px=32, num_steps=4, brush="round", is_conditional=is_conditional
    )


@pytest.fixture
def episode() -> EpisodeConfig:
    return small_episode()


@pytest.fixture
def pictures() -> ImageSet:
    return small_pictures()


@pytest.fixture
def small_policy() -> Callable[..., LightPolicy]:
    def make(*, seed: int = 0, is_conditional: bool = True) -> LightPolicy:
        torch.manual_seed(seed)
        config = PolicyConfig(
            action_space=SPACE,
            canvas_px=32,
            is_conditional=is_conditional,
            channels=(4, 8, 8),
            map_channels=4,
            hidden=32,
            embedding=4,
            rank=2,
        )
        policy = LightPolicy(config)
        # Weights large enough that choices are far from even.
        for weight in policy.parameters():
            fan_in = weight[0].numel() if weight.ndim > 1 else 100
            torch.nn.init.normal_(weight, std=1.5 * fan_in**-0.5)
        return policy

    return make


@pytest.fixture
def spec(episode: EpisodeConfig) -> RolloutSpec:
    return RolloutSpec(
        episode=episode,
        renderer_factory=mypaint_renderer,
        load_targets=small_pictures,
        batch=8,
        seed=5,
    )


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    np.seterr(all="raise", under="ignore")
