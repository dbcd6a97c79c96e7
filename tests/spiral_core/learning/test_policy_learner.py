from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from spiral_core.agent.policy import LightPolicy
from spiral_core.errors import ConfigError, TrainingError
from spiral_core.learning.entropy import EntropyConfig
from spiral_core.learning.policy_learner import (
    ALGORITHMS,
    PolicyLearner,
    PolicyLearnerConfig,
    imitation_loss,
    rescore,
)
from spiral_core.learning.rewards import RewardConfig, compute_rewards
from spiral_core.learning.rollout import Rollout, RolloutSpec

REWARD = RewardConfig(l2=1.0)


def learner_of(policy: LightPolicy, algorithm: str = "clipped", **changes: Any) -> PolicyLearner:
    settings: dict[str, Any] = {"algorithm": algorithm, "learning_rate": 3e-3, "warm_up": 1, "discount": 1.0}
    return PolicyLearner(
        policy,
        PolicyLearnerConfig(**(settings | changes)),
        EntropyConfig(first=0.9, last=0.3, frames=20_000),
        total_frames=100_000,
        has_anchor="anchor_weight" in changes,
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_learns(
    algorithm: str, spec: RolloutSpec, small_policy: Callable[..., LightPolicy]
) -> None:
    """Reward for ending strokes in the right half: a few dozen updates must find it."""
    policy = small_policy()
    rollout = Rollout(dataclasses.replace(spec, batch=32))
    learner = learner_of(policy, algorithm)
    shares = []
    for number in range(40):
        episodes = rollout.sample(policy, number, version=number)
        right = spec.episode.action_space.decode(episodes.actions.reshape(-1, 5)).end[:, 0] > 0.5
        reward = right.reshape(episodes.actions.shape[:2]).astype(np.float64)
        shares.append(reward.mean())
        metrics = learner.update(episodes, reward)
        assert metrics.ratio_gap < 1e-3
    assert shares[0] < 0.7
    assert np.mean(shares[-5:]) > 0.95


def test_the_same_updates_give_the_same_weights_and_a_resumed_learner_goes_on(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy]
) -> None:
    def updates(learner: PolicyLearner, numbers: range) -> None:
        rollout = Rollout(spec)
        for number in numbers:
            episodes = rollout.sample(learner.policy, number)
            rewards = compute_rewards(REWARD, episodes.canvas, episodes.target, episodes.is_paint)
            learner.update(episodes, rewards.total)

    whole = learner_of(small_policy(), anchor_weight=0.01)
    updates(whole, range(6))
    first = learner_of(small_policy(), anchor_weight=0.01)
    updates(first, range(3))
    state, weights = first.state_dict(), {k: v.clone() for k, v in first.policy.state_dict().items()}
    resumed = learner_of(small_policy(seed=9), anchor_weight=0.01)
    resumed.policy.load_state_dict(weights)
    resumed.load_state_dict(state)
    updates(resumed, range(3, 6))
    for name, tensor in whole.policy.state_dict().items():
        assert torch.equal(tensor, resumed.policy.state_dict()[name]), name


def test_imitation_raises_the_probability_of_what_is_shown(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy]
) -> None:
    episodes = Rollout(spec).sample(small_policy(seed=1), 0)
    policy = small_policy(seed=2)
    optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = imitation_loss(policy, episodes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_an_anchor_holds_the_policy(spec: RolloutSpec, small_policy: Callable[..., LightPolicy]) -> None:
    def moved(weight: float) -> float:
        policy = small_policy()
        learner = learner_of(policy, anchor_weight=weight)
        episodes = Rollout(spec).sample(policy, 0)
        reward = np.random.default_rng(0).normal(size=episodes.actions.shape[:2])
        before = rescore(policy, episodes).log_prob_TBP.detach()
        for _ in range(10):
            learner.update(episodes, reward)
        after = rescore(policy, episodes).log_prob_TBP.detach()
        return float((after - before).square().mean())

    assert moved(10.0) < 0.3 * moved(1e-9)


def test_the_first_updates_may_leave_the_policy_alone(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy]
) -> None:
    policy = small_policy()
    learner = learner_of(policy, value_only=2)
    head = policy.value.weight.detach().clone()
    flag = policy.get_parameter("heads.flag.weight").detach().clone()
    rollout = Rollout(spec)
    shown = rollout.sample(policy, 100)
    before = rescore(policy, shown).log_prob_TBP.detach()
    for number in range(3):
        episodes = rollout.sample(policy, number)
        learner.update(episodes, np.ones(episodes.actions.shape[:2]))
        if number == 1:
            after = rescore(policy, shown).log_prob_TBP.detach()
            assert torch.equal(before, after)
            assert torch.equal(policy.get_parameter("heads.flag.weight"), flag)
            assert not torch.equal(policy.value.weight, head)
    assert not torch.equal(policy.get_parameter("heads.flag.weight"), flag)


def test_rewards_that_are_no_numbers_are_refused(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy]
) -> None:
    policy = small_policy()
    episodes = Rollout(spec).sample(policy, 0)
    with pytest.raises(TrainingError, match="not finite"):
        learner_of(policy).update(episodes, np.full(episodes.actions.shape[:2], np.nan))


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("algorithm", "ppo", "a2c, vtrace, clipped"),
        ("learning_rate", 0.0, "> 0"),
        ("discount", 1.1, r"in \[0, 1\]"),
        ("passes", 0, ">= 1"),
        ("anchor_weight", -1.0, ">= 0"),
    ],
)
def test_a_value_out_of_range_is_named(name: str, value: object, valid: str) -> None:
    with pytest.raises(ConfigError, match=f"learner.{name}: .*{valid}"):
        PolicyLearnerConfig(**{name: value})  # type: ignore[arg-type]
