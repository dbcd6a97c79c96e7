"""Training in rounds, in a run folder that survives kill -9.

What is kept and shipped is a running mean of the weights, which stands in for a falling learning rate, so
that nothing depends on the clock: a run that was killed and resumed ends with the same numbers as one that
was not.
"""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from spiral_core.agent.weights import save_weights
from spiral_core.errors import AgentError

CHECKPOINT = "checkpoint.pt"
AGENT = "agent.safetensors"
METRICS = "metrics.jsonl"


class RoundProgress(NamedTuple):
    """What a round of training brought.

    Attributes:
        rounds: Rounds done.
        updates: Updates done.
        examples: Examples learned from in all.
        new_examples: Those of this call.
        loss: Mean loss of the round.
        details: More that the round saw, by name.
        seconds: Seconds of this call so far.
    """

    rounds: int
    updates: int
    examples: int
    new_examples: int
    loss: float
    details: Mapping[str, object]
    seconds: float


class StepConfig(Protocol):
    """What a step of the weights is held to."""

    @property
    def learning_rate(self) -> float:
        """Adam's step size."""
        ...

    @property
    def mean_decay(self) -> float:
        """Decay of the running mean of the weights, in [0, 1)."""
        ...

    @property
    def max_gradient_norm(self) -> float:
        """Longer gradients are cut to this length."""
        ...


class RoundTraining(ABC):
    """A training run.

    Args:
        network: Is trained in place.
        mean: One more of its shape, which becomes the running mean of its weights.
        steps: What a step of the weights is held to.
        metadata: The string table of the agent's weights file.
        settings: What else a resumed run must agree on, fit for JSON.
        folder: The run folder; made if missing.

    Subclasses call `begin` when they are ready to go on from a checkpoint.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: nn.Module,
        *,
        steps: StepConfig,
        metadata: dict[str, str],
        settings: object,
        folder: Path,
    ) -> None:
        self._network, self._mean, self._steps = network, mean.requires_grad_(False), steps
        self._mean.load_state_dict(network.state_dict())
        self._metadata = metadata
        self._identity = json.dumps([metadata, settings], sort_keys=True)
        self.folder = folder
        self.optimizer = torch.optim.Adam(network.parameters(), lr=steps.learning_rate, foreach=True)
        self.rounds = self.updates = self.examples = 0
        self.seconds = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def _round(self) -> tuple[float, Mapping[str, object]]:
        """Learn for a round; return its mean loss and what else it saw."""

    def _own_state(self) -> dict[str, Any]:
        """Return what else a checkpoint keeps."""
        return {}

    def _load_own(self, state: Mapping[str, Any]) -> None:
        """Take back what `_own_state` gave."""
        del state

    def begin(self, *, resume: bool) -> None:
        """Go on from the folder's checkpoint, or make sure that there is none.

        Raises:
            AgentError: There is no checkpoint to resume, it is broken, or it is of another configuration; or
                there is one and nobody asked to resume it.
        """
        path = self.folder / CHECKPOINT
        if not resume:
            if path.exists():
                raise AgentError(f"{path}: exists; resume the run or choose another folder")
            return
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
            if state["identity"] != self._identity:
                raise AgentError(
                    f"{path}: of another configuration: {state['identity']}, must be {self._identity}"
                )
            self._network.load_state_dict(state["network"])
            self._mean.load_state_dict(state["mean"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.rounds, self.updates, self.examples = state["counts"]
            self.seconds = state["seconds"]
            self._load_own(state)
        except AgentError:
            raise
        except Exception as error:  # torch.load raises whatever the broken bytes lead to
            raise AgentError(f"{path}: cannot be resumed: {error}") from error

    def run(
        self,
        *,
        seconds: float | None = None,
        rounds: int | None = None,
        checkpoint_seconds: float = 120.0,
        report: Callable[[RoundProgress], None] | None = None,
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
            loss, details = self._round()
            self.rounds += 1
            now = time.monotonic()
            self.seconds = seconds_before + now - began
            progress = RoundProgress(
                rounds=self.rounds,
                updates=self.updates,
                examples=self.examples,
                new_examples=self.examples - examples_before,
                loss=loss,
                details=details,
                seconds=now - began,
            )
            line = progress._asdict()
            with (self.folder / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | line.pop("details")) + "\n")
            if report is not None:
                report(progress)
            if now - saved >= checkpoint_seconds:
                self.save()
                saved = now
        self.save()

    def _step(self, loss: torch.Tensor, learning_rate: float) -> None:
        """Move the weights against a loss, and their mean after them."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), self._steps.max_gradient_norm)
        self.optimizer.step()
        self.updates += 1
        # Young runs forget faster, so that the mean is never that of the first weights.
        decay = min(self._steps.mean_decay, self.updates / (self.updates + 10))
        with torch.no_grad():
            for kept, new in zip(self._mean.parameters(), self._network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)

    def save(self) -> None:
        """Write the checkpoint and the agent, each whole or not at all."""
        state = {
            "network": self._network.state_dict(),
            "mean": self._mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "counts": [self.rounds, self.updates, self.examples],
            "seconds": self.seconds,
            "identity": self._identity,
        }
        partial = self.folder / (CHECKPOINT + ".partial")
        with partial.open("wb") as file:
            torch.save(state | self._own_state(), file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / CHECKPOINT)
        weights = {name: tensor.contiguous().numpy() for name, tensor in self._mean.state_dict().items()}
        save_weights(self.folder / AGENT, weights, self._metadata)
