"""A ring of final renders between the samplers and the critic.

It lets the critic learn faster than episodes come, and from policies that are a little older than the newest,
which keeps the two from chasing each other.

Source: Ganin et al. 2018 (arXiv 1804.01118), section 3.4 and appendix C: 20 batches, sampled uniformly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError, ConfigError

NUM_BATCHES: Final = 20
"""Batches that the paper's replay holds."""


class Renders(NamedTuple):
    """Pictures with what a critic may see of them; N pictures, T steps, P action parts.

    Attributes:
        images: Shape (N, height, width, 3), uint8: final renders, or pictures of the data.
        targets: The same shape, uint8: what was to be painted; None for an unconditional agent.
        actions: Shape (N, T, P), int32: the programs, -1 where a part had no effect; None if nobody asks.
    """

    images: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.uint8] | None = None
    actions: npt.NDArray[np.int32] | None = None


class Replay:
    """The newest renders, sampled uniformly with replacement.

    What the first batch has (targets, actions, their shapes) every later one must have.

    Args:
        capacity: How many renders are held, >= 1; 20 batches in the paper.
        seed: Seed of the sampling, in [0, 2**63).

    Raises:
        ConfigError: A value is out of range.
    """

    def __init__(self, capacity: int, *, seed: int = 0) -> None:
        if isinstance(capacity, bool) or capacity < 1:
            raise ConfigError(f"replay.capacity: {capacity!r}, must be a whole number >= 1")
        if not 0 <= seed < 2**63:
            raise ConfigError(f"replay.seed: {seed!r}, must be in [0, 2**63)")
        self.capacity = capacity
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._size = self._next = 0
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self._size

    def add(self, renders: Renders) -> None:
        """Add renders; the oldest fall out.

        Raises:
            CanvasError: They are not like the ones before, or of the wrong type.
        """
        given = _checked(renders)
        if not self._arrays:
            self._arrays = {
                name: np.zeros((self.capacity, *array.shape[1:]), array.dtype)
                for name, array in given.items()
            }
        held = {name: array.shape[1:] for name, array in self._arrays.items()}
        if held != {name: array.shape[1:] for name, array in given.items()}:
            shapes = {name: array.shape for name, array in given.items()}
            raise CanvasError(f"renders: {shapes}, must be like those in the replay: {held}")
        num = len(given["images"])
        rows = (self._next + np.arange(num)) % self.capacity
        for name, array in given.items():
            # Of more than fit, the last ones stay.
            self._arrays[name][rows[-self.capacity :]] = array[-self.capacity :]
        self._next = (self._next + num) % self.capacity
        self._size = min(self._size + num, self.capacity)

    def sample(self, num: int) -> Renders:
        """Return renders drawn uniformly, with replacement; copies.

        Raises:
            CanvasError: There are none.
        """
        if not self._size:
            raise CanvasError("replay: is empty; add renders before sampling")
        rows = self._rng.integers(0, self._size, num)
        drawn = {name: array[rows] for name, array in self._arrays.items()}
        return Renders(drawn["images"], drawn.get("targets"), drawn.get("actions"))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: copies of the arrays, and plain numbers."""
        return {
            "capacity": self.capacity,
            "size": self._size,
            "next": self._next,
            "arrays": {name: array[: self._size].copy() for name, array in self._arrays.items()},
            "generator": self._rng.bit_generator.state,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint, to the bit.

        Raises:
            ConfigError: It is that of a replay of another capacity.
        """
        if state["capacity"] != self.capacity:
            raise ConfigError(
                f"replay.capacity: {self.capacity}, must be {state['capacity']} as in the checkpoint"
            )
        self._size, self._next = int(state["size"]), int(state["next"])
        self._arrays = {}
        for name, rows in state["arrays"].items():
            array = np.asarray(rows)
            self._arrays[name] = np.zeros((self.capacity, *array.shape[1:]), array.dtype)
            self._arrays[name][: self._size] = array
        self._rng.bit_generator.state = state["generator"]


def _checked(renders: Renders) -> dict[str, npt.NDArray[Any]]:
    images = renders.images
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
        raise CanvasError(f"images: {images.shape} {images.dtype}, must be (N, height, width, 3) uint8")
    given: dict[str, npt.NDArray[Any]] = {"images": images}
    if renders.targets is not None:
        if renders.targets.shape != images.shape or renders.targets.dtype != np.uint8:
            raise CanvasError(
                f"targets: {renders.targets.shape} {renders.targets.dtype}, must be {images.shape} uint8"
            )
        given["targets"] = renders.targets
    if renders.actions is not None:
        actions = renders.actions
        if actions.ndim != 3 or len(actions) != len(images) or actions.dtype != np.int32:
            raise CanvasError(
                f"actions: {actions.shape} {actions.dtype}, must be ({len(images)}, T, P) int32"
            )
        given["actions"] = actions
    return given
