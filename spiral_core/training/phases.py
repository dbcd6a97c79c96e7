"""The phases of a training, one update at a time: invert, reinforce, clone.

Each is a function of its configuration, the policy it found and its counters; what it keeps for a resume is
in `state_dict`. Nothing random outlives an update: everything is drawn anew from the seed and a counter, so a
run that was killed goes on to the same numbers (with the engine "local").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from spiral_core.action_space import ActionPart
from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.errors import TrainingError
from spiral_core.learning.critic_learner import CriticLearner, CriticMetrics
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.parsing import ParsedPrograms
from spiral_core.learning.policy_learner import PolicyLearner, imitation_loss
from spiral_core.learning.replay import Renders, Replay
from spiral_core.learning.rewards import ScoreFunction, compute_rewards
from spiral_core.learning.scribbles import Scribbles
from spiral_core.rendering import Renderer
from spiral_core.reward import mean_squared_error
from spiral_core.training.run_config import PhaseConfig, RunConfig
from spiral_core.training.sampling import Sampler

Values = dict[str, float]


class Phase(Protocol):
    """One phase in the making."""

    config: PhaseConfig

    @property
    def frames(self) -> int:
        """Environment steps done."""
        ...

    def advance(self) -> Values:
        """Do one update and return what it saw, for the curves.

        Raises:
            TrainingError: The training cannot go on; the message says what was seen.
        """
        ...

    def warning(self) -> str | None:
        """Return what the guards say about the last update, if anything."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps beside the policy's weights."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        ...

    def close(self) -> None:
        """End whatever runs beside this process."""
        ...


class EpisodeSource(Protocol):
    """Where episodes to imitate come from."""

    def batch(self, number: int) -> Episodes:
        """Return a batch; the same number gives the same one."""
        ...


class Imitation:
    """Invert and clone: raise the probability of given actions.

    Args:
        policy: Trained in place.
        config: Of the phase.
        source: What to imitate.
    """

    def __init__(self, policy: AnyPolicy, config: PhaseConfig, source: EpisodeSource) -> None:
        self.policy, self.config, self.source = policy, config, source
        self.frames = self.updates = 0
        self.optimizer = torch.optim.Adam(policy.parameters(), lr=config.learning_rate, foreach=True)

    def advance(self) -> Values:
        """Do one update, see `Phase`."""
        episodes = self.source.batch(self.updates)
        done = min(1.0, self.frames / self.config.frames)
        fall = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))
        rate = self.config.learning_rate * fall * min(1.0, (self.updates + 1) / 100)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = imitation_loss(self.policy, episodes)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(nn.utils.clip_grad_norm_(self.policy.parameters(), 2.0))
        if not math.isfinite(norm):
            raise TrainingError(
                f"phase {self.config.title}, update {self.updates}: the gradient is not finite; "
                "go back to a checkpoint with a smaller learning_rate"
            )
        self.optimizer.step()
        self.updates += 1
        self.frames += episodes.num_frames
        return {"imitation_loss": float(loss.detach()), "gradient_norm": norm, "learning_rate": rate}

    def warning(self) -> str | None:
        """Return nothing: imitation cannot collapse."""
        return None

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"optimizer": self.optimizer.state_dict(), "counts": [self.frames, self.updates]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.frames, self.updates = state["counts"]

    def close(self) -> None:
        """Nothing runs beside."""


def inversion(policy: AnyPolicy, run: RunConfig, config: PhaseConfig, renderer: Renderer) -> Imitation:
    """Return the phase that inverts random drawings."""
    episode = run.episode
    scribbles = Scribbles(
        episode.action_space,
        renderer,
        num_steps=episode.num_steps,
        brush=episode.brush,
        seed=run.run.seed,
        config=run.scribbles,
    )
    return Imitation(policy, config, scribbles)


def cloning(
    policy: AnyPolicy,
    run: RunConfig,
    config: PhaseConfig,
    renderer: Renderer,
    parsed: ParsedPrograms,
    pictures: ImageSet,
) -> Imitation:
    """Return the phase that imitates parsed programs."""
    source = parsed.source(run.episode, renderer, seed=run.run.seed, pictures=pictures)
    return Imitation(policy, config, source)


class Adversary:
    """The critic of a phase with what it learns from.

    Args:
        learner: The critic.
        pictures: What real drawings look like, for a critic that sees pictures alone; a conditional one
            learns from the targets of the episodes.
        programs: The pictures' programs, for a critic that sees actions.
        capacity: Renders that the replay holds.
        seed: Of what is drawn from both.
    """

    def __init__(
        self,
        learner: CriticLearner,
        pictures: ImageSet | None,
        programs: ParsedPrograms | None,
        *,
        capacity: int,
        seed: int,
    ) -> None:
        self.learner, self.pictures, self.programs, self.seed = learner, pictures, programs, seed
        self.replay = Replay(capacity, seed=seed)
        self._sees_actions = learner.critic.config.sees_actions

    def remember(self, episodes: Episodes) -> None:
        """Put the last canvases of a batch into the replay."""
        targets = None if self.pictures is not None else episodes.target
        actions = None
        if self._sees_actions:
            actions = _marked(episodes.actions, episodes.mask).swapaxes(0, 1)
        self.replay.add(
            Renders(three(episodes.canvas[-1]), None if targets is None else three(targets), actions)
        )

    def learn(self) -> CriticMetrics:
        """Do one update of the critic."""
        if self.pictures is None:
            return self.learner.update(None, self.replay)
        rng = np.random.default_rng([self.seed, self.learner.num_updates])
        num = self.learner.config.batch_size
        if self.programs is None:
            rows = rng.integers(len(self.pictures), size=num)
            return self.learner.update(Renders(self.pictures.batch(rows)), self.replay)
        chosen = rng.integers(len(self.programs.index), size=num)
        pictures = self.pictures.batch(self.programs.index[chosen])
        return self.learner.update(
            Renders(pictures, None, self.programs.actions[chosen].astype(np.int32)), self.replay
        )

    def score_function(self, episodes: Episodes) -> ScoreFunction:
        """Return what scores canvases of a batch with the critic as it is."""
        halves = self.learner.draw_halves(episodes.num_episodes)
        targets = None if self.pictures is not None or episodes.target is None else three(episodes.target)
        marked = _marked(episodes.actions, episodes.mask).swapaxes(0, 1) if self._sees_actions else None

        def score(
            images: npt.NDArray[np.uint8], taken: npt.NDArray[np.int64], episode: npt.NDArray[np.int64]
        ) -> npt.NDArray[np.float64]:
            actions = None
            if marked is not None:
                # Of a program in the making only what was said so far can be seen.
                said = np.arange(marked.shape[1])[None, :, None] < taken[:, None, None]
                actions = np.where(said, marked[episode], -1).astype(np.int32)
            return self.learner.score(
                three(images),
                None if targets is None else targets[episode],
                actions=actions,
                half=None if halves is None else halves[episode],
            )

        return score


def three(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return images (N, height, width, 1 or 3) in three channels, without a copy."""
    return np.broadcast_to(images, (*images.shape[:3], 3))


def _marked(actions: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return actions with -1 where a part had no effect."""
    return np.where(mask, actions, -1).astype(np.int32)


class Reinforcement:
    """Learning from rewards: sample, reward with the newest critic, improve the policy, improve the critic.

    Args:
        policy: Trained in place.
        run: The whole run's configuration.
        config: Of the phase.
        sampler: Where episodes come from; closed with the phase.
        adversary: The critic, if its score is rewarded.
    """

    def __init__(
        self,
        policy: AnyPolicy,
        run: RunConfig,
        config: PhaseConfig,
        sampler: Sampler,
        adversary: Adversary | None,
    ) -> None:
        self.policy, self.run, self.config = policy, run, config
        self.sampler, self.adversary = sampler, adversary
        self.learner = PolicyLearner(
            policy,
            config.learner,
            config.entropy,
            total_frames=config.frames,
            seed=run.run.seed,
            has_anchor=config.learner.anchor_weight > 0,
        )
        self.critic_steps = 0
        self._warning: str | None = None
        sampler.publish(policy, 0)

    @property
    def frames(self) -> int:
        """Environment steps done."""
        return self.learner.frames

    def advance(self) -> Values:
        """Do one update, see `Phase`."""
        _, episodes = self.sampler.next_batch()
        if self.adversary is not None and self.critic_steps < self.config.critic_first:
            # A batch at a time, too: somebody may want to see how it goes, or to stop.
            return self._improve_critic(self.adversary, episodes)
        rewards = compute_rewards(
            self.config.reward, episodes.canvas, episodes.target, episodes.is_paint, self._score(episodes)
        )
        lag = self.learner.updates - episodes.version
        metrics = self.learner.update(episodes, rewards.total)
        values: Values = {
            "return": float(rewards.total.sum(axis=0).mean()),
            "painted": float(episodes.is_paint.mean()),
            "policy_loss": metrics.policy_loss,
            "value_loss": metrics.value_loss,
            "explained": metrics.explained,
            "ratio_gap": metrics.ratio_gap,
            "clipped_share": metrics.clipped_share,
            "gradient_norm": metrics.gradient_norm,
            "anchor_distance": metrics.anchor_distance,
            "lag": float(lag),
        }
        if episodes.target is not None:
            error = mean_squared_error(episodes.canvas[-1], episodes.target)
            blank = mean_squared_error(episodes.canvas[0], episodes.target)
            values["error"] = float(error.mean())
            values["sampled_score"] = 1 - float(error.sum() / blank.sum())
        values |= _by_part("entropy", self.run.policy.action_space.parts, metrics.entropy)
        targets = self.learner.controller.targets(self.frames)
        values |= _by_part("entropy_target", self.run.policy.action_space.parts, targets)
        self._warning = metrics.warning
        if self.adversary is not None:
            values["critic_return"] = float(rewards.critic.sum(axis=0).mean())
            values |= self._improve_critic(self.adversary, episodes)
        if self.learner.updates % self.run.engine.publish_every == 0:
            self.sampler.publish(self.policy, self.learner.updates)
        health = self.sampler.health()
        values["lost"], values["restarts"] = float(health.lost), float(health.restarts)
        return values

    def _score(self, episodes: Episodes) -> ScoreFunction | None:
        if self.adversary is None or not self.config.reward.critic:
            return None
        return self.adversary.score_function(episodes)

    def _improve_critic(self, adversary: Adversary, episodes: Episodes) -> Values:
        """Let the critic learn from one more batch, and return what its last update saw."""
        adversary.remember(episodes)
        values: Values = {}
        for _ in range(self.config.critic_updates):
            metrics = adversary.learn()
            self.critic_steps += 1
            if metrics.warning is not None:
                self._warning = metrics.warning
            values = {
                "critic_loss": metrics.loss,
                "critic_real": metrics.real_score,
                "critic_fake": metrics.fake_score,
                "critic_accuracy": metrics.accuracy,
            }
        return values

    def warning(self) -> str | None:
        """Return what the guards of policy and critic say."""
        return self._warning

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        state: dict[str, Any] = {"learner": self.learner.state_dict(), "critic_steps": self.critic_steps}
        if self.adversary is not None:
            state["critic"] = self.adversary.learner.state_dict()
            state["replay"] = self.adversary.replay.state_dict()
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.learner.load_state_dict(state["learner"])
        self.critic_steps = state["critic_steps"]
        if self.adversary is not None:
            self.adversary.learner.load_state_dict(state["critic"])
            self.adversary.replay.load_state_dict(state["replay"])
        self.sampler.publish(self.policy, self.learner.updates)

    def close(self) -> None:
        """End the samplers."""
        self.sampler.stop()


def _by_part(name: str, parts: tuple[ActionPart, ...], values: npt.NDArray[np.float64]) -> Values:
    return {f"{name}.{part.name}": float(value) for part, value in zip(parts, values, strict=True)}
