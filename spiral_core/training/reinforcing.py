"""Puts together what a phase "reinforce" needs: sampler, critic, replay, data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.learning.critic_learner import CriticLearner
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.parsing import ParsedPrograms
from spiral_core.learning.replay import NUM_BATCHES
from spiral_core.learning.rollout import RolloutSpec
from spiral_core.rendering import RendererFactory
from spiral_core.training.engines import EngineKind, make_sampler
from spiral_core.training.phases import Adversary, Reinforcement
from spiral_core.training.run_config import PhaseConfig, RunConfig

_SEEDS_APART = 1000


def critic_of(run: RunConfig) -> CriticLearner:
    """Return a new critic of a run."""
    return CriticLearner(
        run.critic,
        dataclasses.replace(run.critic_learner, seed=run.run.seed),
        action_space=run.episode.action_space if run.critic.sees_actions else None,
    )


def reinforcement(
    policy: AnyPolicy,
    run: RunConfig,
    config: PhaseConfig,
    renderer_factory: RendererFactory,
    state: Mapping[str, Any] | None,
    *,
    critic: CriticLearner | None = None,
    programs: ParsedPrograms | None = None,
    real: ImageSet | None = None,
    number: int = 0,
    engine: EngineKind | None = None,
) -> Reinforcement:
    """Return the phase, where a checkpoint left it.

    Args:
        policy: Trained in place.
        run: The whole run.
        config: Of the phase.
        renderer_factory: Makes renderers.
        state: The phase's state of a checkpoint; None begins.
        critic: The run's; None makes a new one if the phase rewards its score.
        programs: Of the data, for a critic that sees actions.
        real: What a critic of view "image" takes for real; None: the data.
        number: Of the phase in its run.
        engine: Instead of the run's.
    """
    load_targets = run.load_targets(renderer_factory)
    spec = RolloutSpec(
        episode=run.episode,
        renderer_factory=renderer_factory,
        load_targets=load_targets if run.episode.is_conditional else None,
        batch=run.engine.batch,
        seed=run.run.seed + _SEEDS_APART * number,
    )
    first_batch = 0
    if state is not None:
        # A batch for each update of the policy, and those that the critic learned from before the first.
        before = min(config.first_batches, state["critic_steps"] // max(config.critic_updates, 1))
        first_batch = state["learner"]["counts"][1] + before
    sampler = make_sampler(
        engine or run.engine.kind,
        spec,
        num_samplers=run.engine.samplers,
        first_batch=first_batch,
        address=run.engine.address or None,
    )
    adversary = None
    if config.reward.critic:
        adversary = Adversary(
            critic or critic_of(run),
            (real or load_targets()) if run.critic.view == "image" else None,
            programs,
            capacity=NUM_BATCHES * run.engine.batch,
            seed=run.run.seed,
        )
    phase = Reinforcement(policy, run, config, sampler, adversary)
    if state is not None:
        phase.load_state_dict(state)
    return phase
