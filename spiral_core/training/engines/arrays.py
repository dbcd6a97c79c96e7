"""Arrays side by side in one block of bytes, and the two kinds of them that travel: episodes and weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch

from spiral_core.agent.policy_file import AnyConfig, AnyPolicy, policy_from_config
from spiral_core.environment import NOISE_SIZE
from spiral_core.learning.episodes import Episodes
from spiral_core.learning.rollout import RolloutSpec

Array = npt.NDArray[np.generic]

_ALIGNMENT = 64  # a cache line, which also suits every dtype


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """Where an array lies in a block: its shape, the name of its dtype, and its first byte."""

    shape: tuple[int, ...]
    dtype: str
    offset: int


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """Named arrays in a block of bytes; picklable.

    Attributes:
        places: Where each array lies.
        num_bytes: Length of the block, a multiple of 64.
    """

    places: dict[str, ArrayPlace]
    num_bytes: int

    @classmethod
    def of(cls, arrays: Mapping[str, tuple[tuple[int, ...], npt.DTypeLike]]) -> BlockLayout:
        """Lay out arrays of given shapes and dtypes one after the other."""
        places, offset = {}, 0
        for name, (shape, given) in arrays.items():
            dtype = np.dtype(given)
            places[name] = ArrayPlace(shape, dtype.str, offset)
            offset += -(-math.prod(shape) * dtype.itemsize // _ALIGNMENT) * _ALIGNMENT
        return cls(places, offset)

    def views(self, buffer: memoryview, start: int = 0) -> dict[str, Array]:
        """Return the arrays of a block that begins at byte `start`; while they live it stays open."""
        return {
            name: np.ndarray(place.shape, place.dtype, buffer, start + place.offset)
            for name, place in self.places.items()
        }

    def write(self, arrays: Mapping[str, Array], buffer: memoryview, start: int = 0) -> None:
        """Copy arrays of exactly these names, shapes and dtypes into a block.

        Raises:
            ValueError: They are others; says which.
        """
        wrong = self.mismatch(arrays)
        if wrong:
            raise ValueError(wrong)
        for name, view in self.views(buffer, start).items():
            view[...] = arrays[name]

    def read(self, buffer: memoryview, start: int = 0) -> dict[str, Array]:
        """Return copies of the arrays of a block."""
        return {name: view.copy() for name, view in self.views(buffer, start).items()}

    def mismatch(self, arrays: Mapping[str, Array]) -> str | None:
        """Say what is wrong with arrays that should fit this layout, or return None."""
        if arrays.keys() != self.places.keys():
            return f"arrays {', '.join(sorted(arrays))}, must be {', '.join(sorted(self.places))}"
        for name, place in self.places.items():
            array = arrays[name]
            if array.shape != place.shape or array.dtype != np.dtype(place.dtype):
                return (
                    f"{name}: {array.dtype} of shape {array.shape}, must be {np.dtype(place.dtype)} of shape "
                    f"{place.shape}"
                )
        return None


def episodes_layout(spec: RolloutSpec) -> BlockLayout:
    """Return how a batch of a sampler's episodes lies in memory."""
    episode, batch = spec.episode, spec.batch
    space, side = episode.action_space, episode.canvas_px
    # The released environment's first step is its reset.
    steps = episode.num_steps - (space.compat == "deepmind")
    parts, channels = space.num_parts, 1 if space.grayscale else 3
    arrays: dict[str, tuple[tuple[int, ...], npt.DTypeLike]] = {
        "canvas": ((steps + 1, batch, side, side, channels), np.uint8),
        "location": ((steps, batch, 2), np.float32),
        "last_action": ((steps, batch, parts), np.int64),
        "last_mask": ((steps, batch, parts), np.bool_),
        "actions": ((steps, batch, parts), np.int64),
        "mask": ((steps, batch, parts), np.bool_),
        "log_prob": ((steps, batch, parts), np.float32),
        "index": ((batch,), np.int64),
    }
    if episode.is_conditional:
        arrays["target"] = ((batch, side, side, channels), np.uint8)
    else:
        arrays["noise"] = ((batch, NOISE_SIZE), np.float32)
    return BlockLayout.of(arrays)


def episode_arrays(episodes: Episodes) -> dict[str, Array]:
    """Return the arrays of episodes by name; without those that they lack."""
    values = {field.name: getattr(episodes, field.name) for field in fields(episodes)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def episodes_from(arrays: dict[str, Array], version: int) -> Episodes:
    """Put episodes together again."""
    return Episodes(**{"target": None, "noise": None, **arrays}, version=version)  # type: ignore[arg-type]


def fault_of(episodes: Episodes, layout: BlockLayout) -> str | None:
    """Say what no batch may have: wrong shapes or types, log-probabilities that are not numbers; or None."""
    wrong = layout.mismatch(episode_arrays(episodes))
    if wrong is None and not np.isfinite(episodes.log_prob).all():
        wrong = "log_prob: not finite"
    return wrong


@dataclass(frozen=True, slots=True)
class PolicyMaker:
    """Builds a policy as it was built before, with other weights; picklable."""

    config: AnyConfig

    @classmethod
    def of(cls, policy: AnyPolicy) -> PolicyMaker:
        """Describe a policy."""
        return cls(policy.config)

    def __call__(self) -> AnyPolicy:
        """Build it on the CPU."""
        return policy_from_config(self.config).eval()


def weight_arrays(policy: AnyPolicy) -> dict[str, Array]:
    """Return a copy of a policy's weights, from whatever device."""
    return {
        name: np.array(tensor.detach().cpu().numpy(), order="C")
        for name, tensor in policy.state_dict().items()
    }


def weights_layout(policy: AnyPolicy) -> BlockLayout:
    """Return how a policy's weights lie in memory."""
    return BlockLayout.of({name: (array.shape, array.dtype) for name, array in weight_arrays(policy).items()})


def set_weights(policy: AnyPolicy, arrays: Mapping[str, Array]) -> None:
    """Copy weights into a policy; each parameter keeps its own order in memory, so the sums stay the same."""
    state = policy.state_dict()
    assert state.keys() == arrays.keys()
    for name, tensor in state.items():
        # torch warns about arrays that cannot be written, as those in Ray's store: it gets a copy.
        tensor.copy_(torch.from_numpy(np.array(arrays[name])))
