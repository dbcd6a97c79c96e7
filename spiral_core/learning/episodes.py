"""Whole episodes, the only thing that travels between samplers and learners.

Shapes: T actions, B episodes, P action parts, C channels (1 in grayscale, 3 in colour). Only whole episodes
travel and the policy's memory starts at zero in each, so no recurrent state needs to be stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from spiral_core.environment import Observation, PaintingEnvironment


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """A batch of episodes of one policy version.

    Attributes:
        canvas: Shape (T + 1, B, height, width, C), uint8: before every action, and at the end.
        target: Shape (B, height, width, C), uint8, or None.
        noise: Shape (B, noise_size), float32, or None.
        location: Shape (T, B, 2), float32: (x, y) in canvas units before every action.
        last_action: Shape (T, B, P), int64: the action before, zeros at the start.
        last_mask: Shape (T, B, P), bool: the parts of the action before that had an effect.
        actions: Shape (T, B, P), int64.
        mask: Shape (T, B, P), bool: the parts of the action that have an effect: all of a stroke's, flag and
            end of a jump's.
        log_prob: Shape (T, B, P), float32: of every part under the policy that acted; zeros when no policy
            did.
        version: Number of the weights that acted.
        index: Shape (B,), int64: rows of the data set that the targets are, -1 without one.
    """

    canvas: npt.NDArray[np.uint8]
    target: npt.NDArray[np.uint8] | None
    noise: npt.NDArray[np.float32] | None
    location: npt.NDArray[np.float32]
    last_action: npt.NDArray[np.int64]
    last_mask: npt.NDArray[np.bool_]
    actions: npt.NDArray[np.int64]
    mask: npt.NDArray[np.bool_]
    log_prob: npt.NDArray[np.float32]
    version: int
    index: npt.NDArray[np.int64]

    @property
    def num_actions(self) -> int:
        """T."""
        return len(self.actions)

    @property
    def num_episodes(self) -> int:
        """B."""
        return int(self.actions.shape[1])

    @property
    def num_frames(self) -> int:
        """T * B."""
        return self.num_actions * self.num_episodes

    @property
    def is_paint(self) -> npt.NDArray[np.bool_]:
        """Shape (T, B): the action is a stroke, not a jump (only a stroke's last part has an effect)."""
        return self.mask[:, :, -1]

    def rows(self, episodes: npt.NDArray[np.int64] | slice) -> Episodes:
        """Return some of the episodes."""
        first = {"target", "noise", "index"}
        values = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value = value[episodes] if field.name in first else value[:, episodes]
            values[field.name] = value
        return Episodes(**values)


Choose = Callable[[int, Observation], tuple[npt.NDArray[np.int64], npt.NDArray[np.float32] | None]]
"""(step, observation) -> actions (B, P) and their log-probabilities (B, P), or None."""


def record(
    environment: PaintingEnvironment,
    first: Observation,
    choose: Choose,
    *,
    version: int = 0,
    index: npt.NDArray[np.int64] | None = None,
) -> Episodes:
    """Play a batch of episodes to their end and return them.

    Args:
        environment: Just reset.
        first: What its reset returned.
        choose: Says what to do.
        version: Number of the weights that choose.
        index: Rows of the data set that the targets are.
    """
    space = environment.action_space
    channels = slice(0, 1) if space.grayscale else slice(None)
    steps, batch, parts = environment.num_actions, environment.num_episodes, space.num_parts
    canvas = np.empty((steps + 1, *first.canvas[..., channels].shape), np.uint8)
    location = np.empty((steps, batch, 2), np.float32)
    last_action = np.empty((steps, batch, parts), np.int64)
    last_mask = np.empty((steps, batch, parts), np.bool_)
    actions = np.empty((steps, batch, parts), np.int64)
    mask = np.empty((steps, batch, parts), np.bool_)
    log_prob = np.zeros((steps, batch, parts), np.float32)
    observation = first
    for step in range(steps):
        canvas[step] = observation.canvas[..., channels]
        location[step] = observation.location
        last_action[step], last_mask[step] = observation.last_action, observation.action_mask
        actions[step], log_probs = choose(step, observation)
        if log_probs is not None:
            log_prob[step] = log_probs
        observation = environment.step(actions[step]).observation
        mask[step] = observation.action_mask
    canvas[steps] = observation.canvas[..., channels]
    return Episodes(
        canvas=canvas,
        target=None if first.target is None else first.target[..., channels],
        noise=first.noise,
        location=location,
        last_action=last_action,
        last_mask=last_mask,
        actions=actions,
        mask=mask,
        log_prob=log_prob,
        version=version,
        index=np.full(batch, -1) if index is None else index,
    )
