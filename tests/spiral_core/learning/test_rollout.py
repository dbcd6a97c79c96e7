from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch

from adapters.mypaint import mypaint_renderer
from spiral_core.agent.policy import LightPolicy
from spiral_core.errors import ConfigError
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.policy_learner import rescore
from spiral_core.learning.rollout import EpisodeConfig, Rollout, RolloutSpec, play
from spiral_core.reward import mean_squared_error


def assert_same(a: Episodes, b: Episodes) -> None:
    for field in dataclasses.fields(Episodes):
        left, right = getattr(a, field.name), getattr(b, field.name)
        np.testing.assert_array_equal(left, right, err_msg=field.name)


def test_a_batch_is_a_function_of_its_number(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy]
) -> None:
    rollout, other = Rollout(spec), Rollout(pickle.loads(pickle.dumps(spec)))  # noqa: S301  # our own bytes
    policy = small_policy()
    first = rollout.sample(policy, 7, version=3)
    rollout.sample(policy, 8)
    assert_same(first, other.sample(policy, 7, version=3))
    assert_same(first, rollout.sample(policy, 7, version=3))
    assert (first.actions != rollout.sample(policy, 9).actions).any()
    assert first.version == 3


def test_what_is_recorded_fits_together(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy], episode: EpisodeConfig
) -> None:
    episodes = Rollout(spec).sample(small_policy(), 0)
    space = episode.action_space
    steps, batch = episode.num_steps, spec.batch
    assert episodes.canvas.shape == (steps + 1, batch, 32, 32, 1)
    assert (episodes.canvas[0] == 255).all()
    assert episodes.num_frames == steps * batch
    np.testing.assert_array_equal(episodes.last_action[1:], episodes.actions[:-1])
    np.testing.assert_array_equal(episodes.last_mask[1:], episodes.mask[:-1])
    np.testing.assert_array_equal(episodes.is_paint, episodes.actions[:, :, 0] == 1)
    decoded = space.decode(episodes.actions[0])
    np.testing.assert_allclose(episodes.location[1], decoded.end, atol=1e-6)
    unchanged = (episodes.canvas[1:] == episodes.canvas[:-1]).all(axis=(2, 3, 4))
    assert unchanged[~episodes.is_paint].all(), "a jump paints nothing"
    assert (episodes.log_prob <= 0).all()


def test_rows_are_those_episodes(spec: RolloutSpec, small_policy: Callable[..., LightPolicy]) -> None:
    episodes = Rollout(spec).sample(small_policy(), 0)
    some = episodes.rows(np.array([2, 5]))
    assert episodes.target is not None
    assert some.target is not None
    np.testing.assert_array_equal(some.target, episodes.target[[2, 5]])
    np.testing.assert_array_equal(some.canvas, episodes.canvas[:, [2, 5]])
    assert some.num_episodes == 2


@pytest.mark.parametrize("is_conditional", [True, False])
def test_the_importance_ratio_without_lag_is_one_for_every_part(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy], is_conditional: bool
) -> None:
    """But for rounding: one pass over all steps adds up in another order than a pass for each step."""
    episode = dataclasses.replace(spec.episode, is_conditional=is_conditional)
    spec = dataclasses.replace(spec, episode=episode)
    policy = small_policy(is_conditional=is_conditional)
    episodes = Rollout(spec).sample(policy, 1)
    with torch.no_grad():
        now = rescore(policy, episodes).log_prob_TBP.numpy()
    ratio = np.exp(now.astype(np.float64) - episodes.log_prob)
    np.testing.assert_allclose(ratio, 1.0, atol=1e-4)
    # The test sees a wrong path: the log-probabilities of other actions are far away.
    other = dataclasses.replace(episodes, actions=np.roll(episodes.actions, 1, axis=1))
    with torch.no_grad():
        wrong = rescore(policy, other).log_prob_TBP.numpy()
    assert np.abs(np.exp(wrong.astype(np.float64) - episodes.log_prob) - 1).max() > 0.5


def test_greedy_drawings_do_not_depend_on_the_seed(
    spec: RolloutSpec, small_policy: Callable[..., LightPolicy], episode: EpisodeConfig
) -> None:
    environment = episode.environment(mypaint_renderer(4, 32, 32))
    targets = np.zeros((4, 32, 32, 3), np.uint8)
    policy = small_policy()
    with torch.inference_mode():
        first = play(policy, environment, targets=targets, seed=1, is_greedy=True)
        second = play(policy, environment, targets=targets, seed=2, is_greedy=True)
        sampled = play(policy, environment, targets=targets, seed=2)
    np.testing.assert_array_equal(first.actions, second.actions)
    assert (first.actions != sampled.actions).any()
    assert mean_squared_error(first.canvas[-1], np.zeros((4, 32, 32, 1), np.uint8)).shape == (4,)


def test_a_conditional_policy_needs_targets(spec: RolloutSpec) -> None:
    with pytest.raises(ConfigError, match="needs targets"):
        dataclasses.replace(spec, load_targets=None)
