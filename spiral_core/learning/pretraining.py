"""Supervised learning of a policy from rounds of examples: the negative log-probability of good actions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.agent.policy_interface import PolicyInput
from spiral_core.errors import ConfigError
from spiral_core.learning.examples import Examples, ExampleSource
from spiral_core.learning.rounds import RoundTraining


@dataclass(frozen=True, kw_only=True)
class PretrainingConfig:
    """How a policy is trained.

    Attributes:
        batch_size: Examples in an update.
        epochs: How often each example of a round is used.
        learning_rate: Adam's step size.
        warm_up: Updates over which the step size rises from 0.
        mean_decay: Decay of the running mean of the weights, in [0, 1).
        max_gradient_norm: Longer gradients are cut to this length.
        seed: Seed of the weights and of the order of the examples.
    """

    batch_size: int = 128
    epochs: int = 1
    learning_rate: float = 1e-3
    warm_up: int = 100
    mean_decay: float = 0.998
    max_gradient_norm: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "warm_up"):
            if getattr(self, name) < 1:
                raise ConfigError(f"pretraining.{name}: {getattr(self, name)}, must be >= 1")
        for name in ("learning_rate", "max_gradient_norm"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"pretraining.{name}: {getattr(self, name)}, must be > 0")
        if not 0 <= self.mean_decay < 1:
            raise ConfigError(f"pretraining.mean_decay: {self.mean_decay}, must be in [0, 1)")


def imitation_loss(policy: LightPolicy, examples: Examples) -> tuple[Tensor, Tensor]:
    """Return the mean negative log-probability of the good actions, and that of each part.

    Args:
        policy: The policy.
        examples: N examples with E good actions each.

    Returns:
        The loss, a scalar; and the mean of each part over the actions in which it matters, (P,), no gradient.
    """
    inputs = policy_input(examples)
    encoded = policy.encode(inputs)
    num, labels, parts = examples.actions.shape
    state = encoded.state.repeat_interleave(labels, dim=0)
    feature_map = encoded.map.repeat_interleave(labels, dim=0)
    actions = torch.from_numpy(examples.actions).reshape(num * labels, parts)
    log_prob = policy.decode(state, feature_map, actions).log_prob
    weight = torch.from_numpy(examples.weight).reshape(-1, 1)
    counted = torch.from_numpy(examples.part_mask).reshape(num * labels, parts) * weight
    loss = -(log_prob * counted).sum() / weight.sum().clamp(min=1e-6)
    with torch.no_grad():
        part_loss = -(log_prob * counted).sum(dim=0) / counted.sum(dim=0).clamp(min=1e-6)
    return loss, part_loss


def policy_input(examples: Examples) -> PolicyInput:
    """Return the observations of examples as tensors."""
    return PolicyInput(
        canvas=torch.from_numpy(examples.canvas),
        location=torch.from_numpy(examples.location),
        last_action=torch.from_numpy(examples.last_action),
        action_mask=torch.from_numpy(examples.action_mask),
        step=torch.from_numpy(examples.step),
        target=torch.from_numpy(examples.target),
        noise=None,
    )


def use_threads(num: int) -> None:
    """Let torch use this many threads in this process; one is best when cores are shared."""
    torch.set_num_threads(num)


class Pretraining(RoundTraining):
    """A training run.

    Args:
        policy_config: Shape of the policy.
        source: Where the examples come from.
        folder: The run folder; made if missing.
        config: How to train.
        resume: Go on from the folder's checkpoint.

    Raises:
        AgentError: There is no checkpoint to resume, it is broken, or it is of another configuration.
    """

    def __init__(
        self,
        policy_config: PolicyConfig,
        source: ExampleSource,
        folder: Path,
        config: PretrainingConfig | None = None,
        *,
        resume: bool = False,
    ) -> None:
        self.config = config or PretrainingConfig()
        self.policy_config = policy_config
        self.source = source
        torch.manual_seed(self.config.seed)
        self.policy, self.mean = LightPolicy(policy_config), LightPolicy(policy_config)
        super().__init__(
            self.policy,
            self.mean,
            steps=self.config,
            metadata=policy_config.to_metadata(),
            settings=asdict(self.config),
            folder=folder,
        )
        self.begin(resume=resume)

    def _round(self) -> tuple[float, dict[str, object]]:
        config = self.config
        examples = self.source.round(self.rounds)
        losses, part_losses = [], []
        for epoch in range(config.epochs):
            rng = np.random.default_rng([config.seed, self.rounds, epoch])
            order = rng.permutation(examples.num_examples)
            for first in range(0, len(order) - config.batch_size + 1, config.batch_size):
                rows = examples.rows(order[first : first + config.batch_size])
                loss, part_loss = imitation_loss(self.policy, rows)
                self._step(loss, config.learning_rate * min(1.0, (self.updates + 1) / config.warm_up))
                self.examples += rows.num_examples
                losses.append(float(loss.detach()))
                part_losses.append(part_loss)
        if not losses:
            raise ConfigError(
                f"pretraining.batch_size: {config.batch_size}, must be at most {examples.num_examples}"
            )
        names = [part.name for part in self.policy_config.action_space.parts]
        of_parts = torch.stack(part_losses).mean(dim=0).tolist()
        parts = {name: round(value, 4) for name, value in zip(names, of_parts, strict=True)}
        return float(np.mean(losses)), {"part_loss": parts}
