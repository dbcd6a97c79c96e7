"""The critic's learner: one step of its loss at a time, and scores for rewards.

The data of an unconditional critic (view "image") are pictures; those of a conditional one are the targets of
the sampled renders themselves, each the only good answer to its own task (a Dirac distribution; Ganin et al.
2018, section 3.3), so it takes no other data.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spiral_core.action_space import ActionSpace
from spiral_core.agent.critic import NUM_HALVES, Critic, CriticConfig, CriticInput
from spiral_core.errors import CanvasError, ConfigError, TrainingError
from spiral_core.learning.critic_loss import CriticLoss, standard_loss, wasserstein_loss
from spiral_core.learning.replay import Renders, Replay


@dataclass(frozen=True, kw_only=True)
class CriticLearnerConfig:
    """How a critic learns.

    Attributes:
        batch_size: Renders, and as many pictures of the data, in an update.
        learning_rate: Adam's step size.
        beta1: Adam's decay of the mean gradient.
        beta2: Adam's decay of the mean square.
        penalty_weight: Weight of the gradient penalty ("wasserstein" only). The gradient settles above 1 by
            about (distance of data and renders) / (2 * penalty_weight), distances being those of whole
            pictures with values in [0, 1]: large pictures may want a greater weight.
        mean_weight: Weight of the push of the mean score to zero ("wasserstein" only).
        max_score: A greater mean score, up or down, is warned of.
        chunk: How many pictures are scored at a time; bounds the memory, and may move last digits.
        seed: Seed of the weights and of everything random in an update, in [0, 2**63).

    Raises:
        ConfigError: A value is out of range.

    Source: Ganin et al. 2018, appendix C (Adam 1e-4, 0.5; batch 64); 0.999: SPIRAL++, appendix I.
    """

    batch_size: int = 64
    learning_rate: float = 1e-4
    beta1: float = 0.5
    beta2: float = 0.999
    penalty_weight: float = 10.0
    mean_weight: float = 0.1
    max_score: float = 100.0
    chunk: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "chunk"):
            value = getattr(self, name)
            if isinstance(value, bool) or value < 1:
                raise ConfigError(f"critic_learner.{name}: {value!r}, must be a whole number >= 1")
        for name in ("learning_rate", "max_score"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(f"critic_learner.{name}: {getattr(self, name)}, must be a number > 0")
        for name in ("penalty_weight", "mean_weight"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigError(f"critic_learner.{name}: {getattr(self, name)}, must be a number >= 0")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"critic_learner.{name}: {getattr(self, name)}, must be in [0, 1)")
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"critic_learner.seed: {self.seed}, must be in [0, 2**63)")


class CriticMetrics(NamedTuple):
    """What an update saw.

    Attributes:
        loss: The loss.
        real_score: Mean score of the data.
        fake_score: Mean score of the renders.
        penalty: Gradient penalty before its weight; 0 in the kind "spectral".
        gradient_norm: Mean norm of the gradient between fake and real; 0 in the kind "spectral".
        accuracy: Share of pictures on the right side of 0.
        warning: What was seen, the limit and what to change, if scores are too great; else None.
    """

    loss: float
    real_score: float
    fake_score: float
    penalty: float
    gradient_norm: float
    accuracy: float
    warning: str | None


class CriticLearner:
    """A critic with its optimiser.

    Args:
        critic_config: The shape of the critic.
        config: How it learns.
        action_space: The actions of the programs it sees; None unless it sees actions.
        device: Where it lives.

    Raises:
        ConfigError: The parts do not fit together.
    """

    def __init__(
        self,
        critic_config: CriticConfig,
        config: CriticLearnerConfig | None = None,
        *,
        action_space: ActionSpace | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.config = CriticLearnerConfig() if config is None else config
        self.device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            self.critic = Critic(critic_config, action_space).to(self.device).eval()
        self._optimizer = torch.optim.Adam(
            self.critic.parameters(),
            lr=self.config.learning_rate,
            betas=(self.config.beta1, self.config.beta2),
        )
        self._generator = torch.Generator().manual_seed(self.config.seed)
        self.num_updates = 0

    def update(self, real: Renders | None, replay: Replay) -> CriticMetrics:
        """Take one step.

        Args:
            real: batch_size pictures of the data, with programs if the critic sees actions; None unless the
                view is "image".
            replay: Where renders are sampled from.

        Raises:
            CanvasError: The data or the renders are not what the critic looks at, or the replay is empty.
            TrainingError: The loss or its gradient is not finite; the weights are those before the update.
        """
        fake_input, real_input = self._batches(real, replay)
        self.critic.train()
        try:
            parts = self._loss(real_input, fake_input)
            self._optimizer.zero_grad(set_to_none=True)
            parts.loss.backward()  # type: ignore[no-untyped-call]
        finally:
            self.critic.eval()
        values = [float(part.detach()) for part in parts]
        norm = torch.nn.utils.get_total_norm(
            [weight.grad for weight in self.critic.parameters() if weight.grad is not None]
        )
        if not (np.isfinite(values).all() and torch.isfinite(norm)):
            named = ", ".join(
                f"{name} {value:.3g}" for name, value in zip(parts._fields, values, strict=True)
            )
            raise TrainingError(
                f"critic: update {self.num_updates + 1} is not finite: {named}, length of the gradient "
                f"{float(norm):.3g}; go back to an earlier checkpoint with critic_learner.learning_rate "
                f"below {self.config.learning_rate:g} or critic.kind 'spectral'"
            )
        self._optimizer.step()
        self.num_updates += 1
        loss, real_score, fake_score, penalty, gradient_norm, accuracy = values
        warning = self._warning(real_score, fake_score)
        return CriticMetrics(loss, real_score, fake_score, penalty, gradient_norm, accuracy, warning)

    @torch.no_grad()
    def score(
        self,
        images: npt.NDArray[np.uint8],
        targets: npt.NDArray[np.uint8] | None = None,
        *,
        actions: npt.NDArray[np.int32] | None = None,
        half: npt.NDArray[np.int64] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the scores (N,) of pictures by the critic as it is; greater looks more like the data.

        Args:
            images: Shape (N, H, W, 3), uint8.
            targets: The same shape; None if the view is "image".
            actions: Shape (N, T, P), -1 where a part had no effect; None unless the critic sees actions.
            half: Shape (N,), in [0, NUM_HALVES), the same for all canvases of an episode, see `draw_halves`;
                None unless the view is "complement".

        Raises:
            CanvasError: Something is missing, not wanted, or of the wrong shape.
        """
        scores = np.empty(len(images))
        for start in range(0, len(images), self.config.chunk):
            rows = slice(start, start + self.config.chunk)
            given = [
                None if part is None else self._tensor(part[rows])
                for part in (images, targets, actions, half)
            ]
            scores[rows] = self.critic(*given).double().cpu().numpy()
        return scores

    def draw_halves(self, num: int) -> npt.NDArray[np.int64] | None:
        """Return which half of the target is seen in each of so many episodes, or None if nobody asks."""
        if self.critic.config.view != "complement":
            return None
        return torch.randint(NUM_HALVES, (num,), generator=self._generator).numpy()

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: copies of tensors, and plain numbers."""
        state = {
            "critic": self.critic.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
            "num_updates": self.num_updates,
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint, to the bit; step size and decays are those of this learner's config."""
        self.critic.load_state_dict(state["critic"])
        self._optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        for group in self._optimizer.param_groups:
            # A person who goes back to a checkpoint may have lowered the step size.
            group["lr"] = self.config.learning_rate
            group["betas"] = (self.config.beta1, self.config.beta2)
        self._generator.set_state(state["generator"])
        self.num_updates = int(state["num_updates"])

    def _loss(self, real: CriticInput, fake: CriticInput) -> CriticLoss:
        if self.critic.config.kind == "spectral":
            return standard_loss(self.critic, real, fake)
        mix = torch.rand(len(fake.images), generator=self._generator).to(self.device)
        return wasserstein_loss(
            self.critic,
            real,
            fake,
            mix,
            penalty_weight=self.config.penalty_weight,
            mean_weight=self.config.mean_weight,
        )

    def _batches(self, real: Renders | None, replay: Replay) -> tuple[CriticInput, CriticInput]:
        """Return renders and data as the critic sees them."""
        view, num = self.critic.config.view, self.config.batch_size
        if (view == "image") != (real is not None):
            raise CanvasError(
                f"real: {'missing' if real is None else 'not wanted'} with critic view {view!r}"
            )
        if real is not None and len(real.images) != num:
            raise CanvasError(f"real: {len(real.images)} pictures, must be critic_learner.batch_size, {num}")
        drawn = replay.sample(num)
        if view != "image" and drawn.targets is None:
            raise CanvasError(f"replay: renders have no targets, must have with critic view {view!r}")
        images = self._tensor(drawn.images)
        if real is not None:
            fake_actions, real_actions = drawn.actions, real.actions
            if not self.critic.config.sees_actions:
                fake_actions = real_actions = None
            elif fake_actions is None or real_actions is None:
                raise CanvasError("actions: missing, must come with renders and data if the critic sees them")
            return (
                CriticInput(images, None, self._tensor(fake_actions)),
                CriticInput(self._tensor(real.images), None, self._tensor(real_actions)),
            )
        assert drawn.targets is not None
        target, half = self._tensor(drawn.targets), self._tensor(self.draw_halves(num))
        return CriticInput(images, target, None, half), CriticInput(target, target, None, half)

    @overload
    def _tensor(self, array: None) -> None: ...

    @overload
    def _tensor(self, array: npt.NDArray[Any]) -> Tensor: ...

    def _tensor(self, array: npt.NDArray[Any] | None) -> Tensor | None:
        if array is None:
            return None
        # torch wants memory that it may write to, even where it only reads.
        return torch.as_tensor(np.require(array, requirements=["C", "W"])).to(self.device)

    def _warning(self, real_score: float, fake_score: float) -> str | None:
        worst = max(abs(real_score), abs(fake_score))
        if worst <= self.config.max_score:
            return None
        return (
            f"critic: mean scores {real_score:.3g} (data) and {fake_score:.3g} (renders), limit "
            f"{self.config.max_score:g}: the scores run away; lower critic_learner.learning_rate "
            f"({self.config.learning_rate:g}), raise critic_learner.mean_weight "
            f"({self.config.mean_weight:g}), or take critic.kind 'spectral'"
        )
