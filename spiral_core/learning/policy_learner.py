"""The policy learner: episodes and rewards in, a better policy out; and imitation of given episodes.

Shapes: T actions, B episodes, P action parts. Parts without an effect (the pressure of a jump) count neither
in the loss nor in the entropy nor in the importance ratio, since nothing that follows depends on them.

Sources: advantage actor-critic and entropy as in Ganin et al. 2018 (arXiv 1804.01118), section 3.2; V-trace:
Espeholt et al. 2018 (arXiv 1802.01561); clipped ratio: Schulman et al. 2017 (arXiv 1707.06347), eq. 7.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.agent.policy_interface import PolicyInput
from spiral_core.errors import ConfigError, TrainingError
from spiral_core.learning.entropy import EntropyConfig, EntropyController, EntropyGuard, mean_part_entropy
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.returns import gae, vtrace

Algorithm = Literal["a2c", "vtrace", "clipped"]
ALGORITHMS: tuple[Algorithm, ...] = ("a2c", "vtrace", "clipped")


@dataclass(frozen=True, kw_only=True)
class PolicyLearnerConfig:
    """How a policy learns from rewards.

    Attributes:
        algorithm: "a2c" (one pass over fresh episodes), "vtrace" (corrects episodes of older weights) or
            "clipped" (several passes with a clipped importance ratio).
        learning_rate: Adam's step size.
        warm_up: Updates over which the step size rises from 0.
        final_share: Share of the step size that is left at the end of training, in (0, 1]; it falls linearly.
        discount: Of rewards, in [0, 1]; the paper's sum is 1.
        trace: Lambda of the advantages, in [0, 1]; 1 trusts no value.
        value_weight: Weight of the value's squared error.
        value_only: First updates in which nothing but the value's layer learns: a policy that was taught to
            draw has none yet, and would be spoilt by advantages against a value that knows nothing.
        passes: Passes over each batch ("clipped").
        parts: Updates in a pass, each on its share of the episodes ("clipped").
        clip: How far the ratio may move from 1 before its gradient is cut ("clipped").
        centred: Each step's advantages are taken against their mean over the batch: for rewards whose zero
            drifts faster than a value can follow, as the scores of a critic in training do.
        anchor_weight: Weight of half the squared distance to the anchor's log-probabilities, >= 0.
        max_gradient_norm: Longer gradients are cut to this length.
        adam_betas: Of Adam.
    """

    algorithm: Algorithm = "clipped"
    learning_rate: float = 3e-4
    warm_up: int = 20
    final_share: float = 0.1
    discount: float = 0.95
    trace: float = 0.9
    value_weight: float = 0.5
    value_only: int = 0
    passes: int = 2
    parts: int = 2
    clip: float = 0.2
    centred: bool = False
    anchor_weight: float = 0.0
    max_gradient_norm: float = 1.0
    adam_betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        def check(name: str, holds: bool, valid: str) -> None:
            if not holds:
                raise ConfigError(f"learner.{name}: {getattr(self, name)!r}, must be {valid}")

        check("algorithm", self.algorithm in ALGORITHMS, f"one of {', '.join(ALGORITHMS)}")
        for name in ("learning_rate", "max_gradient_norm", "clip"):
            check(name, 0 < getattr(self, name) < math.inf, "> 0")
        for name in ("discount", "trace"):
            check(name, 0 <= getattr(self, name) <= 1, "in [0, 1]")
        check("final_share", 0 < self.final_share <= 1, "in (0, 1]")
        for name in ("value_weight", "anchor_weight"):
            check(name, 0 <= getattr(self, name) < math.inf, ">= 0")
        for name in ("passes", "parts"):
            check(name, getattr(self, name) >= 1, ">= 1")
        for name in ("warm_up", "value_only"):
            check(name, getattr(self, name) >= 0, ">= 0")


class Rescored(NamedTuple):
    """A policy's view of episodes: value (T, B), log_prob and entropy (T, B, P), with gradients."""

    value_TB: Tensor  # noqa: N815
    log_prob_TBP: Tensor  # noqa: N815
    entropy_TBP: Tensor  # noqa: N815


class PolicyMetrics(NamedTuple):
    """What an update saw.

    Attributes:
        policy_loss: Mean over the updates made from the batch.
        value_loss: Of values in units of the return's deviation.
        explained: Share of the returns' variance that the value explains; 1 is all, 0 or less none.
        entropy: Of each part in nats, nan where it never mattered.
        coefficients: Of each part's entropy.
        ratio_gap: Largest distance of a step's importance ratio from 1 before the first update; 0 but for
            rounding when the weights are those that acted.
        clipped_share: Share of steps whose ratio was clipped in the last pass.
        gradient_norm: Before cutting.
        anchor_distance: Mean squared distance to the anchor's log-probabilities, 0 without one.
        warning: What the entropy guard says, or None.
    """

    policy_loss: float
    value_loss: float
    explained: float
    entropy: npt.NDArray[np.float64]
    coefficients: npt.NDArray[np.float64]
    ratio_gap: float
    clipped_share: float
    gradient_norm: float
    anchor_distance: float
    warning: str | None


def rescore(policy: AnyPolicy, episodes: Episodes) -> Rescored:
    """Score the actions of episodes under a policy, memory from zero, all steps seen in one pass."""
    steps, batch, _ = episodes.actions.shape

    def rows(array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).flatten(0, 1)

    def every_step(array: npt.NDArray[Any] | None) -> Tensor | None:
        if array is None:
            return None
        return torch.from_numpy(np.ascontiguousarray(array)).expand(steps, *array.shape).flatten(0, 1)

    inputs = PolicyInput(
        canvas=rows(episodes.canvas[:-1]),
        location=rows(episodes.location),
        last_action=rows(episodes.last_action),
        action_mask=rows(episodes.last_mask).float(),
        step=torch.arange(steps).float().repeat_interleave(batch),
        target=every_step(episodes.target),
        noise=every_step(episodes.noise),
    )
    seen = policy.perceive(inputs)
    state_TBH, _ = policy.remember(seen.seen.view(steps, batch, -1), policy.initial_state(batch))
    state = state_TBH.flatten(0, 1)
    decision = policy.decode(state, seen.map, rows(episodes.actions))
    return Rescored(
        policy.value_of(state).view(steps, batch),
        decision.log_prob.view(steps, batch, -1),
        decision.entropy.view(steps, batch, -1),
    )


def imitation_loss(policy: AnyPolicy, episodes: Episodes, weight_B: Tensor | None = None) -> Tensor:
    """Return the mean negative log-probability of an action of the episodes, in nats.

    Args:
        policy: The learner.
        episodes: What to imitate; parts without effect do not count.
        weight_B: Shape (B,): weight of each episode; None is even.
    """
    log_prob_TB = (rescore(policy, episodes).log_prob_TBP * torch.from_numpy(episodes.mask)).sum(dim=2)
    if weight_B is None:
        return -log_prob_TB.mean()
    return -(log_prob_TB * weight_B).mean() / weight_B.mean()


class PolicyLearner:
    """Improves a policy from episodes and their rewards.

    Args:
        policy: Is trained in place.
        config: How.
        entropy: What entropy it is held to.
        total_frames: Environment steps of the whole training; the step size falls towards it.
        seed: Of the order of episodes in several passes.
        has_anchor: Keep the policy near what it is now, see `anchor_weight`.
    """

    def __init__(
        self,
        policy: AnyPolicy,
        config: PolicyLearnerConfig | None = None,
        entropy: EntropyConfig | None = None,
        *,
        total_frames: int,
        seed: int = 0,
        has_anchor: bool = False,
    ) -> None:
        self.policy, self.config, self.seed = policy, config or PolicyLearnerConfig(), seed
        self.total_frames = total_frames
        self.frames = self.updates = 0
        self.optimizer = torch.optim.Adam(
            policy.parameters(),
            lr=self.config.learning_rate,
            betas=self.config.adam_betas,
            eps=1e-5,
            foreach=True,
        )
        parts = policy.config.action_space.parts
        self.controller = EntropyController(parts, entropy)
        self.guard = EntropyGuard([part.name for part in parts])
        self.anchor = copy.deepcopy(policy).requires_grad_(False) if has_anchor else None
        self.return_square = 0.0
        """Running mean square of the returns, which rewards are divided by the root of."""

    def update(self, episodes: Episodes, rewards: npt.NDArray[np.floating[Any]]) -> PolicyMetrics:
        """Learn from a batch of episodes.

        Args:
            episodes: Of the present weights, or of older ones ("vtrace").
            rewards: Shape (T, B), in whatever unit: they are scaled by the running deviation of the returns,
                never shifted, so that zero stays zero.

        Raises:
            TrainingError: Rewards or gradients are not finite.
        """
        if not np.isfinite(rewards).all():
            raise TrainingError(
                f"update {self.updates}: rewards are not finite; the critic has blown up or a weight is wrong"
            )
        config = self.config
        several = config.algorithm == "clipped" and config.passes * config.parts > 1
        rewards_TB = torch.from_numpy(np.asarray(rewards, np.float32) / self._scale(rewards))
        mask_TBP = torch.from_numpy(episodes.mask)
        behaviour_TBP = torch.from_numpy(episodes.log_prob)
        rng = np.random.default_rng([self.seed, self.updates])
        gap, targets_TB, advantages_TB = 0.0, rewards_TB, rewards_TB
        parts = config.parts if several else 1
        measured = []
        for number in range(config.passes if several else 1):
            order = rng.permutation(episodes.num_episodes) if parts > 1 else np.arange(episodes.num_episodes)
            if several:
                with torch.no_grad():
                    now = rescore(self.policy, episodes)
                targets_TB, advantages_TB = self._advantages(now, behaviour_TBP, mask_TBP, rewards_TB)
                if number == 0:
                    gap = self._gap(now, behaviour_TBP, mask_TBP)
            for part in range(parts):
                rows = np.sort(order[part::parts])
                mine = episodes if parts == 1 else episodes.rows(rows)
                now = rescore(self.policy, mine)
                if not several:
                    targets_TB, advantages_TB = self._advantages(now, behaviour_TBP, mask_TBP, rewards_TB)
                    gap = self._gap(now, behaviour_TBP, mask_TBP)
                measured.append(
                    self._step(mine, now, targets_TB[:, rows], advantages_TB[:, rows], behaviour_TBP[:, rows])
                )
        self.updates += 1
        self.frames += episodes.num_frames
        entropy = _mean_measured([row.entropy for row in measured])
        warning = self.guard.check(entropy, self.controller.targets(self.frames))
        coefficients = self.controller.update(entropy, self.frames)
        return PolicyMetrics(
            policy_loss=float(np.mean([row.policy_loss for row in measured])),
            value_loss=float(np.mean([row.value_loss for row in measured])),
            explained=measured[0].explained,
            entropy=entropy,
            coefficients=coefficients,
            ratio_gap=gap,
            clipped_share=measured[-1].clipped_share,
            gradient_norm=float(np.mean([row.gradient_norm for row in measured])),
            anchor_distance=float(np.mean([row.anchor_distance for row in measured])),
            warning=warning,
        )

    def _scale(self, rewards: npt.NDArray[np.floating[Any]]) -> float:
        """Take the batch's returns into their running mean square, and return its root."""
        returns = np.zeros(rewards.shape, np.float64)
        following = np.zeros(rewards.shape[1])
        for t in reversed(range(len(rewards))):
            following = rewards[t] + self.config.discount * following
            returns[t] = following
        square = float(np.mean(returns**2))
        # A plain mean over the first batches, then a running one.
        share = max(0.01, 1 / (self.updates + 1))
        self.return_square += share * (square - self.return_square)
        return max(math.sqrt(self.return_square), 1e-8)

    def _advantages(
        self, now: Rescored, behaviour_TBP: Tensor, mask_TBP: Tensor, rewards_TB: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return value targets and advantages, both (T, B); advantages are scaled, perhaps centred."""
        config, value_TB = self.config, now.value_TB.detach()
        if config.algorithm == "vtrace":
            log_rho_TB = ((now.log_prob_TBP.detach() - behaviour_TBP) * mask_TBP).sum(dim=2)
            corrected = vtrace(
                log_rho_TB, rewards_TB, value_TB, discount=config.discount, lambda_=config.trace
            )
            targets_TB, advantages_TB = corrected.targets, corrected.advantages
        else:
            advantages_TB = gae(rewards_TB, value_TB, config.discount, config.trace)
            targets_TB = advantages_TB + value_TB
        if config.centred:
            advantages_TB = advantages_TB - advantages_TB.mean(dim=1, keepdim=True)
        return targets_TB, advantages_TB / advantages_TB.square().mean().sqrt().clamp(min=1e-6)

    @staticmethod
    def _gap(now: Rescored, behaviour_TBP: Tensor, mask_TBP: Tensor) -> float:
        ratio_TB = ((now.log_prob_TBP.detach() - behaviour_TBP) * mask_TBP).sum(dim=2).exp()
        return float((ratio_TB - 1).abs().max())

    def _step(
        self,
        episodes: Episodes,
        now: Rescored,
        targets_TB: Tensor,
        advantages_TB: Tensor,
        behaviour_TBP: Tensor,
    ) -> PolicyMetrics:
        config = self.config
        mask_TBP = torch.from_numpy(episodes.mask)
        if config.algorithm == "clipped":
            ratio_TB = ((now.log_prob_TBP - behaviour_TBP) * mask_TBP).sum(dim=2).exp()
            cut_TB = ratio_TB.clamp(1 - config.clip, 1 + config.clip)
            policy_loss = -torch.minimum(ratio_TB * advantages_TB, cut_TB * advantages_TB).mean()
            clipped_share = float((ratio_TB != cut_TB).float().mean())
        else:
            policy_loss = -((now.log_prob_TBP * mask_TBP).sum(dim=2) * advantages_TB).mean()
            clipped_share = 0.0
        value_loss = 0.5 * (now.value_TB - targets_TB).square().mean()
        alpha_P = torch.from_numpy(self.controller.coefficients).float()
        bonus = (now.entropy_TBP * mask_TBP * alpha_P).sum(dim=2).mean()
        distance = torch.zeros(())
        if self.anchor is not None and config.anchor_weight:
            with torch.no_grad():
                fixed_TBP = rescore(self.anchor, episodes).log_prob_TBP
            distance = ((now.log_prob_TBP - fixed_TBP) * mask_TBP).sum(dim=2).square().mean()
        loss = config.value_weight * value_loss
        if self.updates >= config.value_only:
            loss = loss + policy_loss - bonus + 0.5 * config.anchor_weight * distance
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.updates < config.value_only:
            # What the value sees is the policy's, too: only the value's own layer may move.
            own = {id(parameter) for parameter in self.policy.value.parameters()}
            for parameter in self.policy.parameters():
                if id(parameter) not in own:
                    parameter.grad = None
        norm = float(nn.utils.clip_grad_norm_(self.policy.parameters(), config.max_gradient_norm))
        if not math.isfinite(norm):
            raise TrainingError(
                f"update {self.updates}: the gradient is not finite (policy loss "
                f"{float(policy_loss.detach()):.3g}, value loss {float(value_loss.detach()):.3g}); go back "
                "to a checkpoint with a smaller learning rate"
            )
        self.optimizer.step()
        spread = float(targets_TB.var())
        return PolicyMetrics(
            policy_loss=float(policy_loss.detach()),
            value_loss=float(value_loss.detach()),
            explained=1 - float((targets_TB - now.value_TB.detach()).var()) / max(spread, 1e-12),
            entropy=mean_part_entropy(now.entropy_TBP.detach().numpy(), episodes.mask),
            coefficients=self.controller.coefficients,
            ratio_gap=0.0,
            clipped_share=clipped_share,
            gradient_norm=norm,
            anchor_distance=float(distance.detach()),
            warning=None,
        )

    def _learning_rate(self) -> float:
        config = self.config
        left = 1 - min(1.0, self.frames / self.total_frames)
        fall = config.final_share + (1 - config.final_share) * left
        return config.learning_rate * fall * min(1.0, (self.updates + 1) / max(config.warm_up, 1))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps beside the policy's weights."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "anchor": None if self.anchor is None else self.anchor.state_dict(),
            "entropy": self.controller.state_dict(),
            "guard": self.guard.state_dict(),
            "counts": [self.frames, self.updates],
            "return_square": self.return_square,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.optimizer.load_state_dict(state["optimizer"])
        if self.anchor is not None:
            self.anchor.load_state_dict(state["anchor"])
        self.controller.load_state_dict(state["entropy"])
        self.guard.load_state_dict(state["guard"])
        self.frames, self.updates = state["counts"]
        self.return_square = state["return_square"]


def _mean_measured(rows: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Return the mean of each column's numbers; nan where a part mattered in none of the updates."""
    table = np.stack(rows)
    seen = ~np.isnan(table)
    total = np.where(seen, table, 0.0).sum(axis=0)
    return np.where(seen.any(axis=0), total / np.maximum(seen.sum(axis=0), 1), np.nan)
