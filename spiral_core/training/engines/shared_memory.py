"""Shared memory of an engine: a ring of slots for finished batches, and the weights with a safe hand-over.

Weights lie in two buffers. Every sampler has a lock of its own and a word that says which buffer it reads.
The learner writes into the buffer that nobody reads, then turns each sampler's word under its lock; a sampler
reads word and buffer under its lock. So the other buffer is free as soon as all words are turned, no weights
are read half-written, and a lock that dies with its sampler stops nobody else.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import shared_memory
from pathlib import Path
from typing import Final

import numpy as np

from spiral_core.errors import TrainingError
from spiral_core.training.engines.arrays import Array, BlockLayout

_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory, not a temporary file


class SharedBlock:
    """A block of shared memory that is gone when its maker lets go of it, ends or is killed.

    Attributes:
        name: What others attach to.
        buffer: The bytes; views of it must be gone before `close`.
    """

    def __init__(self, memory: shared_memory.SharedMemory, *, is_ours: bool) -> None:
        self.name = memory.name
        assert memory.buf is not None
        self.buffer: memoryview = memory.buf
        self._memory = memory
        # Not __del__: it also runs when the interpreter ends.
        self._unlink = weakref.finalize(self, memory.unlink) if is_ours else None

    @classmethod
    def create(cls, num_bytes: int) -> SharedBlock:
        """Make a block and claim its memory.

        Raises:
            TrainingError: There is not that much shared memory.
        """
        try:
            memory = shared_memory.SharedMemory(create=True, size=num_bytes)
        except OSError as error:
            raise TrainingError(f"shared memory of {num_bytes} bytes: {error.strerror or error}") from error
        block = cls(memory, is_ours=True)
        try:
            # Pages are handed out at the first touch, and where there are none left the process that touches
            # dies of a bus error. So ask for all of them now, when it can still be said.
            descriptor = os.open(_FOLDER / block.name, os.O_RDWR)
            try:
                os.posix_fallocate(descriptor, 0, num_bytes)
            finally:
                os.close(descriptor)
        except OSError as error:
            block.close()
            raise TrainingError(
                f"{_FOLDER}: {error.strerror or error}; sampling needs {num_bytes / 2**20:.0f} MiB there. "
                "Take fewer samplers or smaller batches (in a container: a larger --shm-size)"
            ) from error
        return block

    @classmethod
    def attach(cls, name: str) -> SharedBlock:
        """Open somebody else's block."""
        return cls(shared_memory.SharedMemory(name), is_ours=False)

    def close(self) -> None:
        """Let go of the memory; its maker also gives it back. Safe to call twice."""
        self.buffer = memoryview(b"")
        self._memory.close()
        if self._unlink is not None:
            self._unlink()


@dataclass(frozen=True, slots=True)
class WeightsBlock:
    """How the block of weights is laid out; picklable.

    Attributes:
        words: Versions of both buffers, each sampler's buffer, each sampler's last sign of life.
        weights: One buffer.
    """

    words: BlockLayout
    weights: BlockLayout

    @classmethod
    def of(cls, num_samplers: int, weights: BlockLayout) -> WeightsBlock:
        """Lay out the block for so many samplers."""
        words = BlockLayout.of(
            {
                "version": ((2,), np.int64),
                "buffer": ((num_samplers,), np.int64),
                "alive_at_s": ((num_samplers,), np.float64),
            }
        )
        return cls(words, weights)

    @property
    def num_bytes(self) -> int:
        """Length of the block."""
        return self.words.num_bytes + 2 * self.weights.num_bytes

    def _word(self, block: SharedBlock, name: str) -> Array:
        return self.words.views(block.buffer)[name]

    def _start(self, buffer: int) -> int:
        return self.words.num_bytes + buffer * self.weights.num_bytes

    def write(self, block: SharedBlock, buffer: int, arrays: Mapping[str, Array], version: int) -> None:
        """Fill a buffer that nobody reads."""
        self.weights.write(arrays, block.buffer, self._start(buffer))
        self._word(block, "version")[buffer] = version

    def turn(self, block: SharedBlock, sampler: int, buffer: int) -> None:
        """Make a sampler read a buffer from now on; under its lock."""
        self._word(block, "buffer")[sampler] = buffer

    def read(self, block: SharedBlock, sampler: int) -> tuple[dict[str, Array], int]:
        """Return a copy of a sampler's weights, and their version; under its lock."""
        buffer = int(self._word(block, "buffer")[sampler])
        version = int(self._word(block, "version")[buffer])
        return self.weights.read(block.buffer, self._start(buffer)), version

    def sign(self, block: SharedBlock, sampler: int, now_s: float) -> None:
        """Leave a sign of life."""
        self._word(block, "alive_at_s")[sampler] = now_s

    def signed_at_s(self, block: SharedBlock, sampler: int) -> float:
        """Return when a sampler's last sign of life was."""
        return float(self._word(block, "alive_at_s")[sampler])
