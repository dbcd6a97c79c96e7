"""What every engine offers the learner: batches of whole episodes, counted, none of them lost unnoticed.

The learner sets the pace: an engine holds at most a few finished batches, its samplers wait. Each batch
has a number, and given the weights is a function of it (`learning.rollout`), so a batch lost with a dead
sampler is sampled again under the same number, with newer weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.learning.episodes import Episodes


@dataclass(frozen=True, slots=True)
class SamplerHealth:
    """What an engine went through so far.

    Attributes:
        samplers: Samplers that are alive.
        lost: Batches that were lost with a sampler and sampled again.
        restarts: Samplers that were replaced.
    """

    samplers: int
    lost: int = 0
    restarts: int = 0


class Sampler(Protocol):
    """Where a learner's episodes come from."""

    def publish(self, policy: AnyPolicy, version: int) -> None:
        """Give the samplers new weights; a copy is taken before this returns."""
        ...

    def next_batch(self) -> tuple[int, Episodes]:
        """Return the next finished batch with its number; blocks. `Episodes.version` says whose weights.

        Raises:
            TrainingError: Samplers die faster than they can be replaced; the message says what they said.
        """
        ...

    def health(self) -> SamplerHealth:
        """Return what happened so far."""
        ...

    def stop(self) -> None:
        """End all samplers; batches in the making are dropped. Safe to call twice."""
        ...
