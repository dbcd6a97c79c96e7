"""What a spawned sampler does: take a number from its pipe, sample into a slot, say so, until the pipe ends.

Messages are few bytes of fixed form, never pickled: to the sampler (batch number, slot), from it (batch
number, slot, version) and perhaps text. The specification comes pickled from the parent, which is ourselves.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from multiprocessing.synchronize import Lock
from typing import Final

import torch

from spiral_core.learning.rollout import Rollout, RolloutSpec
from spiral_core.training.engines.arrays import BlockLayout, PolicyMaker, episode_arrays, set_weights
from spiral_core.training.engines.shared_memory import SharedBlock, WeightsBlock

TASK: Final = struct.Struct("<qq")
"""Batch number and slot."""
FINISHED: Final = struct.Struct("<qqq")
"""Batch number, slot, version of the weights; after it, where there is no batch, text that says why."""

_LONGEST_WORDS: Final = 4000  # the pipe takes so much at once even when nobody reads


@dataclass(frozen=True, slots=True)
class SamplerOrder:
    """All that a sampler is started with.

    Attributes:
        index: Which sampler it is.
        spec: What to sample: a pickled `RolloutSpec`.
        make_policy: Builds its policy.
        weights_name: Shared memory of the weights.
        weights: How they lie there.
        ring_name: Shared memory of the slots.
        slot: How a batch lies in a slot.
    """

    index: int
    spec: bytes
    make_policy: PolicyMaker
    weights_name: str
    weights: WeightsBlock
    ring_name: str
    slot: BlockLayout


def run_sampler(order: SamplerOrder, pipe: connection.Connection, lock: Lock) -> None:
    """Sample until the pipe ends; the main function of a sampler's process."""
    # Ctrl-C reaches all processes of a terminal; the learner decides what it means and ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    # The learner is gone or wants nothing more: that is how a sampler ends.
    with contextlib.suppress(EOFError, ConnectionError):
        _sample(order, pipe, lock)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    # Not sys.exit: the main thread may hang in a renderer.
    os._exit(1)


def _sample(order: SamplerOrder, pipe: connection.Connection, lock: Lock) -> None:
    block, ring = SharedBlock.attach(order.weights_name), SharedBlock.attach(order.ring_name)
    policy, rollout = order.make_policy(), None
    while True:
        number, slot = TASK.unpack(pipe.recv_bytes())
        order.weights.sign(block, order.index, time.monotonic())
        with lock:
            arrays, version = order.weights.read(block, order.index)
        set_weights(policy, arrays)
        try:
            if rollout is None:
                spec: RolloutSpec = pickle.loads(order.spec)  # noqa: S301 - our parent's own
                rollout = Rollout(spec)
            episodes = rollout.sample(policy, number, version=version)
            order.slot.write(episode_arrays(episodes), ring.buffer, slot * order.slot.num_bytes)
        except Exception:  # noqa: BLE001 - whatever it was, the learner is told
            words = traceback.format_exc().encode("utf-8", "replace")
            # In what state renderer and data are, nobody knows: the next batch gets new ones.
            rollout = None
            answer = FINISHED.pack(number, slot, version) + words[-_LONGEST_WORDS:]
        else:
            answer = FINISHED.pack(number, slot, version)
        order.weights.sign(block, order.index, time.monotonic())
        pipe.send_bytes(answer)
