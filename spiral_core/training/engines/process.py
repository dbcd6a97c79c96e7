"""Sampling in processes of their own, on one machine: spawned samplers, batches through shared memory.

Each sampler has two slots of the ring: it fills one while the other waits, so at most two finished batches a
sampler wait, and then it does. A slot belongs to a batch number from the moment the number is given out until
the batch is taken. Where a sampler dies or gives no sign of life, its unfinished numbers are given out again
and another process takes its place and slots; what it had finished stays. Nothing of a dead process can be in
anybody's way: no lock and no queue is shared between samplers.
"""

from __future__ import annotations

import contextlib
import heapq
import math
import multiprocessing
import pickle
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Lock
from typing import Final, NamedTuple

from spiral_core.agent.policy_file import AnyPolicy
from spiral_core.errors import ConfigError, TrainingError
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.rollout import RolloutSpec
from spiral_core.training.engines.arrays import (
    PolicyMaker,
    episodes_from,
    episodes_layout,
    fault_of,
    weight_arrays,
    weights_layout,
)
from spiral_core.training.engines.sampler_process import (
    FINISHED,
    TASK,
    SamplerOrder,
    run_sampler,
)
from spiral_core.training.engines.shared_memory import SharedBlock, WeightsBlock
from spiral_core.training.sampling import SamplerHealth

SLOTS: Final = 2
"""Slots of each sampler."""
MOST_FAILURES: Final = 5
"""So many failures (of a sampler, or of a batch) without a good batch in between end the engine."""

_TICK_S: Final = 0.5  # how often a waiting learner looks for samplers that hang
_SPAWN: Final = multiprocessing.get_context("spawn")


class _Finished(NamedTuple):
    slot: int
    number: int
    version: int
    failure: str


@dataclass
class _Sampler:
    """A sampler's process and what it was given; `pending` maps slots to unfinished numbers."""

    process: SpawnProcess
    pipe: connection.Connection
    lock: Lock
    since_s: float
    pending: dict[int, int] = field(default_factory=dict)
    hung: bool = False


@dataclass(frozen=True)
class _Memory:
    """What exists from the first weights on."""

    make_policy: PolicyMaker
    weights: SharedBlock
    weights_block: WeightsBlock
    ring: SharedBlock


class ProcessSampler:
    """Samples in `num_samplers` processes, each on one thread. Not to be used by several threads at once.

    The processes start with the first weights. Batches come in the order in which they are finished.

    Args:
        spec: What to sample; picklable.
        num_samplers: Processes, >= 1.
        first_batch: Number of the first batch, >= 0.
        max_lag: Batches of weights that are more versions old than this, >= 0, are sampled again; None allows
            8 for each sampler (about 2 are normal where each batch brings a version).
        patience_s: A sampler that needs longer than this for one batch, or to start and sample one, is
            replaced, > 0.

    Raises:
        ConfigError: A value is out of range, or the specification cannot be pickled.
    """

    def __init__(
        self,
        spec: RolloutSpec,
        num_samplers: int = 2,
        first_batch: int = 0,
        *,
        max_lag: int | None = None,
        patience_s: float = 120.0,
    ) -> None:
        check_settings(num_samplers, first_batch, max_lag, patience_s)
        try:
            self._spec = pickle.dumps(spec)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ConfigError(f"rollout: cannot be sent to a process: {error}") from error
        self._slot = episodes_layout(spec)
        self._num_samplers = num_samplers
        self._max_lag = 8 * num_samplers if max_lag is None else max_lag
        self._patience_s = patience_s
        self._next_number = first_batch
        self._again: list[int] = []
        self._memory: _Memory | None = None
        self._buffer = 0
        self._version = 0
        self._samplers: list[_Sampler] = []
        self._finished: deque[_Finished] = deque()
        self._failures = self._lost = self._restarts = 0
        self._is_stopped = False

    def publish(self, policy: AnyPolicy, version: int) -> None:
        """Copy weights to where the samplers read them before each batch.

        Raises:
            TrainingError: There is not enough shared memory, or the engine was stopped.
        """
        self._check_running()
        maker = PolicyMaker.of(policy)
        self._version = version
        if self._memory is None:
            self._start(maker, policy)
            return
        assert maker == self._memory.make_policy, "all weights of an engine are those of one policy"
        self._buffer = 1 - self._buffer
        memory = self._memory
        memory.weights_block.write(memory.weights, self._buffer, weight_arrays(policy), version)
        for index, sampler in enumerate(self._samplers):
            while not sampler.lock.acquire(timeout=_TICK_S):
                # Died, or was stopped, while it read; its successor begins with the new buffer.
                if not sampler.process.is_alive() or self._is_hung(index):
                    self._replace(index)
                    break
            else:
                memory.weights_block.turn(memory.weights, index, self._buffer)
                sampler.lock.release()

    def next_batch(self) -> tuple[int, Episodes]:
        """Return the next finished batch with its number; blocks.

        Raises:
            TrainingError: There are no weights yet, the engine was stopped, or five times in a row a batch
                failed or a sampler died: it says what was said last. The engine is stopped then.
        """
        self._check_running()
        if self._memory is None:
            raise TrainingError("next_batch: no weights published yet")
        while True:
            self._look_after()
            if self._finished:
                batch = self._take(self._memory.ring, self._finished.popleft())
                if batch is not None:
                    self._failures = 0
                    return batch
            else:
                waiting = [thing for s in self._samplers for thing in (s.pipe, s.process.sentinel)]
                connection.wait(waiting, timeout=min(_TICK_S, self._patience_s))

    def health(self) -> SamplerHealth:
        """Return how many processes live, and what was lost and replaced so far."""
        alive = sum(sampler.process.is_alive() for sampler in self._samplers)
        return SamplerHealth(samplers=alive, lost=self._lost, restarts=self._restarts)

    def stop(self) -> None:
        """End all processes and give the shared memory back."""
        self._is_stopped = True
        for sampler in self._samplers:
            sampler.process.kill()
        for sampler in self._samplers:
            _bury(sampler)
        self._samplers.clear()
        self._finished.clear()
        if self._memory is not None:
            self._memory.weights.close()
            self._memory.ring.close()
            self._memory = None

    def _check_running(self) -> None:
        if self._is_stopped:
            raise TrainingError("sampling: the engine was stopped")

    def _start(self, maker: PolicyMaker, policy: AnyPolicy) -> None:
        block = WeightsBlock.of(self._num_samplers, weights_layout(policy))
        weights = SharedBlock.create(block.num_bytes)
        try:
            ring = SharedBlock.create(SLOTS * self._num_samplers * self._slot.num_bytes)
        except TrainingError:
            weights.close()
            raise
        self._memory = _Memory(maker, weights, block, ring)
        block.write(weights, self._buffer, weight_arrays(policy), self._version)
        for index in range(self._num_samplers):
            self._samplers.append(self._spawn(index))
            self._give(index)

    def _spawn(self, index: int) -> _Sampler:
        memory = self._memory
        assert memory is not None
        ours, theirs = _SPAWN.Pipe()
        lock = _SPAWN.Lock()
        memory.weights_block.turn(memory.weights, index, self._buffer)
        order = SamplerOrder(
            index=index,
            spec=self._spec,
            make_policy=memory.make_policy,
            weights_name=memory.weights.name,
            weights=memory.weights_block,
            ring_name=memory.ring.name,
            slot=self._slot,
        )
        process = _SPAWN.Process(
            target=run_sampler, args=(order, theirs, lock), name=f"sampler-{index}", daemon=True
        )
        process.start()
        theirs.close()
        return _Sampler(process, ours, lock, since_s=time.monotonic())

    def _give(self, index: int) -> None:
        """Give a sampler numbers for its empty slots."""
        sampler = self._samplers[index]
        taken = {finished.slot for finished in self._finished} | sampler.pending.keys()
        for slot in range(SLOTS * index, SLOTS * (index + 1)):
            if slot in taken:
                continue
            if self._again:
                number = heapq.heappop(self._again)
            else:
                number, self._next_number = self._next_number, self._next_number + 1
            if not sampler.pending:
                sampler.since_s = time.monotonic()
            sampler.pending[slot] = number
            # A dead sampler is found by its sentinel, which gives the number out again.
            with contextlib.suppress(OSError):
                sampler.pipe.send_bytes(TASK.pack(number, slot))

    def _look_after(self) -> None:
        """Hear what the samplers say, and replace those that died or hang."""
        for index, sampler in enumerate(self._samplers):
            self._hear(sampler)
            if not sampler.process.is_alive() or self._is_hung(index):
                self._replace(index)

    def _hear(self, sampler: _Sampler) -> None:
        with contextlib.suppress(EOFError, OSError):
            while sampler.pipe.poll():
                message = sampler.pipe.recv_bytes()
                number, slot, version = FINISHED.unpack_from(message)
                del sampler.pending[slot]
                words = message[FINISHED.size :].decode("utf-8", "replace")
                self._finished.append(_Finished(slot, number, version, words))

    def _is_hung(self, index: int) -> bool:
        sampler, memory = self._samplers[index], self._memory
        assert memory is not None
        if not sampler.pending:
            return False
        since_s = max(sampler.since_s, memory.weights_block.signed_at_s(memory.weights, index))
        sampler.hung = time.monotonic() - since_s > self._patience_s
        return sampler.hung

    def _replace(self, index: int) -> None:
        sampler = self._samplers[index]
        sampler.process.kill()
        sampler.process.join()
        # What it finished with its last breath counts.
        self._hear(sampler)
        self._lost += len(sampler.pending)
        self._restarts += 1
        for number in sampler.pending.values():
            heapq.heappush(self._again, number)
        self._fail(_last_words(sampler, self._patience_s))
        _bury(sampler)
        self._samplers[index] = self._spawn(index)
        self._give(index)

    def _fail(self, words: str) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            self.stop()
            raise TrainingError(
                f"sampling: {self._failures} failures in a row without a batch; the last:\n{words.strip()}"
            )

    def _take(self, ring: SharedBlock, finished: _Finished) -> tuple[int, Episodes] | None:
        """Copy a batch out of its slot; None if it is too old or broken, and then its number comes again."""
        arrays = self._slot.read(ring.buffer, finished.slot * self._slot.num_bytes)
        episodes = episodes_from(arrays, finished.version)
        fault = finished.failure or fault_of(episodes, self._slot)
        is_good = not fault and self._version - finished.version <= self._max_lag
        if not is_good:
            self._lost += 1
            heapq.heappush(self._again, finished.number)
        if fault:
            self._fail(f"batch {finished.number}: {fault}")
        self._give(finished.slot // SLOTS)
        return (finished.number, episodes) if is_good else None


def check_settings(num_samplers: int, first_batch: int, max_lag: int | None, patience_s: float) -> None:
    """Check what engines with several samplers have in common.

    Raises:
        ConfigError: A value is out of range.
    """
    for name, value, least in (
        ("num_samplers", num_samplers, 1),
        ("first_batch", first_batch, 0),
        ("max_lag", max_lag, 0),
    ):
        if value is not None and value < least:
            raise ConfigError(f"sampling.{name}: {value}, must be >= {least}")
    if not 0 < patience_s < math.inf:
        raise ConfigError(f"sampling.patience_s: {patience_s:g}, must be > 0")


def _last_words(sampler: _Sampler, patience_s: float) -> str:
    code = sampler.process.exitcode
    if sampler.hung:
        return f"a sampler gave no sign of life for {patience_s:g} s"
    if code is not None and code < 0:
        return f"a sampler was killed by {signal.Signals(-code).name}"
    return f"a sampler ended with exit code {code}"


def _bury(sampler: _Sampler) -> None:
    """Wait for a killed process and close what belonged to it."""
    sampler.process.join()
    sampler.process.close()
    sampler.pipe.close()
