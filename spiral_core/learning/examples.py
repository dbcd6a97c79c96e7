"""Labelled observations: what supervised learning of a policy consumes.

A round is a block of examples that depends on its number alone, so a run that was killed goes on from its
last round with the same examples, to the bit.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt


class Examples(NamedTuple):
    """Observations with what to say; N examples, E good actions for each, P action parts.

    Attributes:
        canvas: Shape (N, height, width, 3), uint8.
        target: Shape (N, height, width, 3), uint8.
        location: Shape (N, 2), float32: current location (x, y) in canvas units.
        last_action: Shape (N, P), int64.
        action_mask: Shape (N, P), float32: the parts of the last action that had an effect.
        step: Shape (N,), float32: step of the episode.
        actions: Shape (N, E, P), int64: good actions.
        weight: Shape (N, E), float32, >= 0: how much each counts.
        part_mask: Shape (N, E, P), float32: the parts of the action that matter.
    """

    canvas: npt.NDArray[np.uint8]
    target: npt.NDArray[np.uint8]
    location: npt.NDArray[np.float32]
    last_action: npt.NDArray[np.int64]
    action_mask: npt.NDArray[np.float32]
    step: npt.NDArray[np.float32]
    actions: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    part_mask: npt.NDArray[np.float32]

    @property
    def num_examples(self) -> int:
        """How many examples there are."""
        return len(self.canvas)

    def rows(self, index: npt.NDArray[np.int64]) -> Examples:
        """Return some of the examples, in the order of `index`."""
        return Examples(
            self.canvas[index],
            self.target[index],
            self.location[index],
            self.last_action[index],
            self.action_mask[index],
            self.step[index],
            self.actions[index],
            self.weight[index],
            self.part_mask[index],
        )


class ExampleSource(Protocol):
    """Where examples come from."""

    def round(self, number: int) -> Examples:
        """Return the examples of a round; the same number gives the same examples."""
        ...
