"""What a spawned sampler does: take a number from its pipe, sample into a slot, say so, until the pipe ends.

Messages are few bytes of fixed form, never pickled: to the sampler (batch number, slot); from it a letter and
either (number, slot, version) or text. The specification comes pickled from the parent, which is ourselves.
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
DONE: Final = b"D"
"""Before `FINISHED`: a batch lies in its slot."""
WORDS: Final = b"W"
"""Before text: what a sampler says before it ends."""
FINISHED: Final = struct.Struct("<qqq")
"""Batch number, slot, version of the weights."""

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
    try:
        _sample(order, pipe, lock)
    except BaseException:  # noqa: BLE001 - whatever it was, the learner is told
        words = traceback.format_exc().encode("utf-8", "replace")
        with contextlib.suppress(OSError):
            pipe.send_bytes(WORDS + words[-_LONGEST_WORDS:])
        # What was said is for the learner; a traceback of every sampler on the terminal helps nobody.
        os._exit(1)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    # Not sys.exit: the main thread may hang in a renderer.
    os._exit(1)


def _sample(order: SamplerOrder, pipe: connection.Connection, lock: Lock) -> None:
    block, ring = SharedBlock.attach(order.weights_name), SharedBlock.attach(order.ring_name)
    spec: RolloutSpec = pickle.loads(order.spec)  # noqa: S301 - our parent's own specification
    rollout, policy = Rollout(spec), order.make_policy()
    while True:
        try:
            task = pipe.recv_bytes()
        except (EOFError, ConnectionResetError):
            return
        number, slot = TASK.unpack(task)
        order.weights.sign(block, order.index, time.monotonic())
        with lock:
            arrays, version = order.weights.read(block, order.index)
        set_weights(policy, arrays)
        episodes = rollout.sample(policy, number, version=version)
        order.slot.write(episode_arrays(episodes), ring.buffer, slot * order.slot.num_bytes)
        pipe.send_bytes(DONE + FINISHED.pack(number, slot, version))
        order.weights.sign(block, order.index, time.monotonic())
