"""Sampling in the learner's own process: nothing to start or to lose, the same to the bit every time."""

from __future__ import annotations

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.errors import TrainingError
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.rollout import Rollout, RolloutSpec
from spiral_core.training.engines.arrays import PolicyMaker, set_weights, weight_arrays
from spiral_core.training.sampling import SamplerHealth


class LocalSampler:
    """Samples a batch whenever one is asked for, with the weights published last.

    Errors of the renderer and of the data set pass through as they are; the batch's number is not used up.

    Args:
        spec: What to sample.
        first_batch: Number of the first batch, >= 0.
    """

    def __init__(self, spec: RolloutSpec, first_batch: int = 0) -> None:
        assert first_batch >= 0
        self._rollout: Rollout | None = Rollout(spec)
        self._number = first_batch
        self._maker: PolicyMaker | None = None
        self._policy: AnyPolicy | None = None
        self._version = 0

    def publish(self, policy: AnyPolicy, version: int) -> None:
        """Copy the weights that the next batches are sampled with."""
        maker = PolicyMaker.of(policy)
        if self._policy is None or maker != self._maker:
            self._maker, self._policy = maker, maker()
        set_weights(self._policy, weight_arrays(policy))
        self._version = version

    def next_batch(self) -> tuple[int, Episodes]:
        """Sample the next batch.

        Raises:
            TrainingError: There are no weights yet, or the sampler was stopped.
        """
        if self._rollout is None:
            raise TrainingError("sampling: the engine was stopped")
        if self._policy is None:
            raise TrainingError("next_batch: no weights published yet")
        number = self._number
        episodes = self._rollout.sample(self._policy, number, version=self._version)
        self._number += 1
        return number, episodes

    def health(self) -> SamplerHealth:
        """One sampler, until it is stopped."""
        return SamplerHealth(samplers=int(self._rollout is not None))

    def stop(self) -> None:
        """Let go of renderer and data."""
        self._rollout = None
