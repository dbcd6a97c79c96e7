"""Supervised learning of a policy from rounds of examples, in a run folder that survives kill -9.

The loss is the mean negative log-probability of the good actions. What is kept and shipped is a running mean
of the weights, which stands in for a falling learning rate, so that nothing here depends on the clock: a run
that was killed and resumed ends with the same bytes as one that was not.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spiral_core.agent.policy import LightPolicy, PolicyInput
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.agent.weights import save_weights
from spiral_core.errors import AgentError, ConfigError
from spiral_core.learning.examples import Examples, ExampleSource

CHECKPOINT = "checkpoint.pt"
AGENT = "agent.safetensors"
METRICS = "metrics.jsonl"


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


@dataclass(frozen=True, slots=True)
class Progress:
    """What a round of training brought.

    Attributes:
        rounds: Rounds done.
        updates: Updates done.
        examples: Examples seen in all.
        new_examples: Examples seen in this call.
        loss: Mean loss of the round in nats per action.
        part_loss: Mean loss of each part in nats.
        seconds: Seconds of this call so far.
    """

    rounds: int
    updates: int
    examples: int
    new_examples: int
    loss: float
    part_loss: dict[str, float]
    seconds: float


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


class Pretraining:
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
        self.folder = folder
        torch.manual_seed(self.config.seed)
        self.policy = LightPolicy(policy_config)
        self.mean = LightPolicy(policy_config).requires_grad_(False)
        self.mean.load_state_dict(self.policy.state_dict())
        self.optimizer = torch.optim.Adam(
            self.policy.parameters(), lr=self.config.learning_rate, foreach=True
        )
        self.rounds = self.updates = self.examples = 0
        self.seconds = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if resume:
            self._load()
        elif (folder / CHECKPOINT).exists():
            raise AgentError(f"{folder / CHECKPOINT}: exists; resume the run or choose another folder")

    def run(
        self,
        *,
        seconds: float | None = None,
        rounds: int | None = None,
        checkpoint_seconds: float = 120.0,
        report: Callable[[Progress], None] | None = None,
    ) -> None:
        """Train for some seconds of wall time or until some number of rounds is done, then save.

        Args:
            seconds: Stop after the round in which this time is reached.
            rounds: Stop when this many rounds are done in all.
            checkpoint_seconds: Time between checkpoints.
            report: Told of every round.
        """
        began = saved = time.monotonic()
        seconds_before, examples_before = self.seconds, self.examples
        while (rounds is None or self.rounds < rounds) and (
            seconds is None or time.monotonic() - began < seconds
        ):
            loss, part_loss = self._round()
            now = time.monotonic()
            names = [part.name for part in self.policy_config.action_space.parts]
            parts = {name: round(value, 4) for name, value in zip(names, part_loss.tolist(), strict=True)}
            self.seconds = seconds_before + now - began
            progress = Progress(
                rounds=self.rounds,
                updates=self.updates,
                examples=self.examples,
                new_examples=self.examples - examples_before,
                loss=loss,
                part_loss=parts,
                seconds=now - began,
            )
            with (self.folder / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(progress)) + "\n")
            if report is not None:
                report(progress)
            if now - saved >= checkpoint_seconds:
                self.save()
                saved = now
        self.save()

    def _round(self) -> tuple[float, Tensor]:
        config = self.config
        examples = self.source.round(self.rounds)
        losses, part_losses = [], []
        for epoch in range(config.epochs):
            rng = np.random.default_rng([config.seed, self.rounds, epoch])
            order = rng.permutation(examples.num_examples)
            for first in range(0, len(order) - config.batch_size + 1, config.batch_size):
                loss, part_loss = self._update(examples.rows(order[first : first + config.batch_size]))
                losses.append(loss)
                part_losses.append(part_loss)
        if not losses:
            raise ConfigError(
                f"pretraining.batch_size: {config.batch_size}, must be at most {examples.num_examples}"
            )
        self.rounds += 1
        return float(np.mean(losses)), torch.stack(part_losses).mean(dim=0)

    def _update(self, examples: Examples) -> tuple[float, Tensor]:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * min(1.0, (self.updates + 1) / config.warm_up)
        loss, part_loss = imitation_loss(self.policy, examples)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), config.max_gradient_norm)
        self.optimizer.step()
        self.updates += 1
        self.examples += examples.num_examples
        # Young runs forget faster, so that the mean is never that of the first weights.
        decay = min(config.mean_decay, self.updates / (self.updates + 10))
        with torch.no_grad():
            for kept, new in zip(self.mean.parameters(), self.policy.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
        return float(loss.detach()), part_loss

    def save(self) -> None:
        """Write the checkpoint and the agent, each whole or not at all."""
        state = {
            "policy": self.policy.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "counts": [self.rounds, self.updates, self.examples],
            "seconds": self.seconds,
            "identity": self._identity(),
        }
        partial = self.folder / (CHECKPOINT + ".partial")
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / CHECKPOINT)
        weights = {name: tensor.numpy() for name, tensor in self.mean.state_dict().items()}
        save_weights(self.folder / AGENT, weights, self.policy_config.to_metadata())

    def _identity(self) -> str:
        return json.dumps([self.policy_config.to_metadata(), asdict(self.config)], sort_keys=True)

    def _load(self) -> None:
        path = self.folder / CHECKPOINT
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
            identity = state["identity"]
            if identity != self._identity():
                raise AgentError(f"{path}: of another configuration: {identity}, must be {self._identity()}")
            self.policy.load_state_dict(state["policy"])
            self.mean.load_state_dict(state["mean"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.rounds, self.updates, self.examples = state["counts"]
            self.seconds = state["seconds"]
        except AgentError:
            raise
        except Exception as error:  # torch.load raises whatever the broken bytes lead to
            raise AgentError(f"{path}: cannot be resumed: {error}") from error
