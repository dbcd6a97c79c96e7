"""A tiny policy, what its samplers must know, and the engines by name."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from adapters.mypaint import MyPaintRenderer
from spiral_core.action_space import ActionSpace
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.rollout import EpisodeConfig, RolloutSpec
from spiral_core.rendering import RendererFactory
from spiral_core.training.engines import EngineKind, make_sampler
from spiral_core.training.engines.ray_cluster import connect, disconnect
from spiral_core.training.sampling import Sampler

# Spawned samplers get this path with the rest, so that they find the renderers with faults.
sys.path.append(str(Path(__file__).parent))

SIDE, STEPS, BATCH = 32, 3, 4
SPACE = ActionSpace(grid=8, radii=(0.03, 0.1), num_pressures=3, num_color_levels=4)

MakeSpec = Callable[..., RolloutSpec]
MakePolicy = Callable[..., LightPolicy]
MakeEngine = Callable[..., Sampler]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Samplers of their own use one thread; sums on more may differ in the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_spec() -> MakeSpec:
    def make(
        *, is_conditional: bool = True, seed: int = 5, renderer: RendererFactory = MyPaintRenderer
    ) -> RolloutSpec:
        images = np.random.default_rng(0).integers(0, 256, (9, SIDE, SIDE, 3), np.uint8)
        return RolloutSpec(
            episode=EpisodeConfig(
                action_space=SPACE, canvas_px=SIDE, num_steps=STEPS, is_conditional=is_conditional
            ),
            renderer_factory=renderer,
            load_targets=functools.partial(ImageSet, "noise", "train", images) if is_conditional else None,
            batch=BATCH,
            seed=seed,
        )

    return make


@pytest.fixture
def make_policy() -> MakePolicy:
    def make(seed: int = 0, *, is_conditional: bool = True) -> LightPolicy:
        config = PolicyConfig(
            action_space=SPACE,
            is_conditional=is_conditional,
            canvas_px=SIDE,
            channels=(4, 4, 4),
            map_channels=4,
            hidden=16,
            embedding=4,
            rank=2,
        )
        torch.manual_seed(seed)
        return LightPolicy(config)

    return make


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """One local cluster for all tests: it takes ten seconds to start."""
    # Not importorskip: it imports Ray before the settings are made.
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        # Ray's workers inherit the environment of its servers, and nothing of this process's paths.
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        is_ours = connect(None, num_cpus=3, store_bytes=0)
    yield
    if is_ours:
        disconnect()


@pytest.fixture
def make_engine(request: pytest.FixtureRequest) -> Iterator[MakeEngine]:
    """Return `make_sampler`; what it made is stopped after the test."""
    made: list[Sampler] = []

    def make(kind: EngineKind, spec: RolloutSpec, **settings: int | float | None) -> Sampler:
        if kind == "ray":
            request.getfixturevalue("cluster")
        made.append(make_sampler(kind, spec, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for engine in made:
        engine.stop()
