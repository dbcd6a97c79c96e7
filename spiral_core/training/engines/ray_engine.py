"""Sampling on Ray, past one machine: stateless actors, whole batches, two calls in flight for each actor.

Ray restarts dead actors and runs nothing twice by itself (`max_restarts=-1, max_task_retries=0`). A failed
call's number is given out again. After a failure an actor is asked whether it is there before it is given
work: calls to an actor that restarts fail one after the other, as if it had died as often.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from typing import Any, Final

import torch

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.errors import TrainingError
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.rollout import Rollout, RolloutSpec
from spiral_core.training.engines.arrays import (
    Array,
    PolicyMaker,
    episode_arrays,
    episodes_from,
    episodes_layout,
    fault_of,
    set_weights,
    weight_arrays,
)
from spiral_core.training.engines.process import check_settings
from spiral_core.training.engines.ray_cluster import connect, disconnect, import_ray
from spiral_core.training.sampling import SamplerHealth

CALLS: Final = 2
"""Calls in flight for each actor: it works on one while the other's batch is fetched."""
MOST_FAILURES: Final = 5
"""So many failures without a batch in between remove an actor."""

_TICK_S: Final = 0.5
_PROBE_S: Final = 0.2  # least time between two questions whether a restarting actor is there

Weights = tuple[PolicyMaker, dict[str, Array]]


class SamplerActor:
    """What lives in an actor's process: nothing that could not be made anew.

    Args:
        spec: What to sample.
    """

    def __init__(self, spec: RolloutSpec) -> None:
        torch.set_num_threads(1)
        self._spec = spec
        self._rollout: Rollout | None = None
        self._policy: AnyPolicy | None = None

    def is_there(self) -> bool:
        """Answer."""
        return True

    def sample(self, weights: Weights, version: int, number: int) -> Episodes:
        """Sample a batch."""
        make_policy, arrays = weights
        # Not when the actor starts: Ray gives up actors that fail to.
        rollout, self._rollout = self._rollout or Rollout(self._spec), None
        if self._policy is None:
            self._policy = make_policy()
        set_weights(self._policy, arrays)
        episodes = rollout.sample(self._policy, number, version=version)
        # Kept only where all went well: else nobody knows in what state it is.
        self._rollout = rollout
        return episodes


@dataclass
class _Actor:
    """An actor; `since_s` is when it was last known to be well, or was given work after idling."""

    handle: Any
    since_s: float
    is_there: bool = False
    failures: int = 0
    probe_after_s: float = 0.0


@dataclass(frozen=True)
class _Call:
    """A call in flight: of a batch, or (None) the question whether the actor is there."""

    actor: _Actor
    number: int | None


class RaySampler:
    """Samples in `num_samplers` actors. Not to be used by several threads at once.

    Args:
        spec: What to sample; picklable.
        num_samplers: Actors, >= 1, one core each.
        first_batch: Number of the first batch, >= 0.
        address: Of a running cluster; None starts one on this machine, unless this process has one.
        max_lag: Batches of weights that are more versions old than this, >= 0, are sampled again; None allows
            8 for each actor.
        patience_s: An actor that needs longer than this for one batch, or to come back, is restarted, > 0.

    Raises:
        ConfigError: A value is out of range.
        TrainingError: Ray is missing or does not start.
    """

    def __init__(
        self,
        spec: RolloutSpec,
        num_samplers: int = 2,
        first_batch: int = 0,
        *,
        address: str | None = None,
        max_lag: int | None = None,
        patience_s: float = 120.0,
    ) -> None:
        check_settings(num_samplers, first_batch, max_lag, patience_s)
        self._slot = episodes_layout(spec)
        self._max_lag = 8 * num_samplers if max_lag is None else max_lag
        self._patience_s = patience_s
        self._next_number = first_batch
        self._again: list[int] = []
        self._weights: Any = None
        self._version = 0
        self._calls: dict[Any, _Call] = {}
        self._lost = self._restarts = 0
        self._is_stopped = False
        # Finished batches and the ones being taken, and some sets of weights.
        store_bytes = 2 * CALLS * num_samplers * self._slot.num_bytes + 2**26
        self._is_ours = connect(address, num_cpus=num_samplers, store_bytes=store_bytes)
        self._ray = import_ray()
        make = self._ray.remote(SamplerActor).options(num_cpus=1, max_restarts=-1, max_task_retries=0)
        # By value: arguments that lie in the store may be gone when an actor restarts.
        self._actors = [_Actor(make.remote(spec), time.monotonic()) for _ in range(num_samplers)]

    def publish(self, policy: AnyPolicy, version: int) -> None:
        """Put the weights into the object store, once for all actors.

        Raises:
            TrainingError: The engine was stopped.
        """
        self._check_running()
        weights: Weights = (PolicyMaker.of(policy), weight_arrays(policy))
        self._weights, self._version = self._ray.put(weights), version

    def next_batch(self) -> tuple[int, Episodes]:
        """Return the next finished batch with its number; blocks.

        Raises:
            TrainingError: There are no weights yet, the engine was stopped, or every actor failed five times
                in a row: it says what the last one said. The engine is stopped then.
        """
        self._check_running()
        if self._weights is None:
            raise TrainingError("next_batch: no weights published yet")
        while True:
            self._fill()
            if not self._calls:
                time.sleep(_PROBE_S)
                continue
            ready, _ = self._ray.wait(list(self._calls), timeout=min(_TICK_S, self._patience_s))
            for ref in ready:
                batch = self._take(ref, self._calls.pop(ref))
                if batch is not None:
                    return batch
            self._restart_hung()

    def health(self) -> SamplerHealth:
        """Return how many actors there are, restarting ones included, and what was lost so far."""
        return SamplerHealth(samplers=len(self._actors), lost=self._lost, restarts=self._restarts)

    def stop(self) -> None:
        """End the actors, and the cluster if it is ours."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._calls.clear()
        self._weights = None
        if not self._ray.is_initialized():
            return
        for actor in self._actors:
            self._ray.kill(actor.handle)
        self._actors.clear()
        if self._is_ours:
            disconnect()

    def _check_running(self) -> None:
        if self._is_stopped:
            raise TrainingError("sampling: the engine was stopped")

    def _fill(self) -> None:
        """Give actors work up to `CALLS` calls; ask those that failed whether they are back."""
        now_s = time.monotonic()
        for actor in self._actors:
            in_flight = sum(call.actor is actor for call in self._calls.values())
            if not actor.is_there:
                if not in_flight and now_s >= actor.probe_after_s:
                    actor.probe_after_s = now_s + _PROBE_S
                    self._calls[actor.handle.is_there.remote()] = _Call(actor, None)
                continue
            if not in_flight:
                actor.since_s = now_s
            for _ in range(CALLS - in_flight):
                if self._again:
                    number = heapq.heappop(self._again)
                else:
                    number, self._next_number = self._next_number, self._next_number + 1
                ref = actor.handle.sample.remote(self._weights, self._version, number)
                self._calls[ref] = _Call(actor, number)

    def _take(self, ref: Any, call: _Call) -> tuple[int, Episodes] | None:
        """Return a finished call's batch; None if it was none, failed, is broken or too old."""
        actor, number, errors = call.actor, call.number, self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except errors.RayTaskError as error:
            # Our code raised; the actor lives.
            self._give_again(number)
            self._fail(actor, str(error))
            return None
        except errors.ActorDiedError as error:
            # Ray does not bring it back: it could not even start.
            self._give_again(number)
            self._remove(actor, str(error))
            return None
        except errors.RayError as error:
            self._give_again(number)
            self._down(actor, str(error))
            return None
        actor.since_s = time.monotonic()
        if number is None:
            actor.is_there = True
            return None
        # Copied out of the store, where it would be in the next batches' way and could not be written.
        copies = {name: array.copy() for name, array in episode_arrays(answer).items()}
        episodes = episodes_from(copies, answer.version)
        fault = fault_of(episodes, self._slot)
        if fault is not None or self._version - episodes.version > self._max_lag:
            self._give_again(number)
            if fault is not None:
                self._fail(actor, f"batch {number}: {fault}")
            return None
        actor.failures = 0
        return number, episodes

    def _give_again(self, number: int | None) -> None:
        if number is not None:
            self._lost += 1
            heapq.heappush(self._again, number)

    def _abandon(self, actor: _Actor) -> None:
        """Forget an actor's calls; their numbers are given out again."""
        for ref, call in list(self._calls.items()):
            if call.actor is actor:
                del self._calls[ref]
                self._give_again(call.number)

    def _down(self, actor: _Actor, words: str) -> None:
        """Note that an actor died: once, however many calls fail until it is back."""
        self._abandon(actor)
        if actor.is_there:
            actor.is_there = False
            actor.since_s = time.monotonic()
            self._restarts += 1
            self._fail(actor, words)

    def _restart_hung(self) -> None:
        now_s = time.monotonic()
        late = [actor for actor in self._actors if now_s - actor.since_s > self._patience_s]
        if not late:
            return
        refs = list(self._calls)
        finished, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0) if refs else ([], [])
        well = [self._calls[ref].actor for ref in finished]
        for actor in late:
            # One that has finished something was not late: nobody asked it for long.
            if not any(actor is other for other in well):
                self._ray.kill(actor.handle, no_restart=False)
                actor.is_there = True  # so that this counts, also where it never came up
                self._down(actor, f"an actor gave no sign of life for {self._patience_s:g} s")

    def _fail(self, actor: _Actor, words: str) -> None:
        actor.failures += 1
        if actor.failures >= MOST_FAILURES:
            self._remove(actor, words)

    def _remove(self, actor: _Actor, words: str) -> None:
        self._abandon(actor)
        self._ray.kill(actor.handle)
        self._actors = [other for other in self._actors if other is not actor]
        if not self._actors:
            self.stop()
            raise TrainingError(
                f"sampling: no actor is left; each failed {MOST_FAILURES} times in a row without a batch, or "
                f"could not start. The last one:\n{words.strip()}"
            )
