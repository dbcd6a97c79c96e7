"""A trained policy as a painter's adviser: crops in, candidate strokes out. Free of torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import CONTROL, END, FLAG, PAINT, PRESSURE, SIZE
from spiral_core.agent.numpy_layers import Floats, sample
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.errors import AgentError

PROPOSAL_COLUMNS: Final = (
    "start_x",
    "start_y",
    "control_x",
    "control_y",
    "end_x",
    "end_y",
    "start_pressure",
    "end_pressure",
    "radius",
)
"""Meaning of a proposal's columns, all lengths in crop widths; the first nine of STROKE_COLUMNS."""


class StrokeAgent:
    """A conditional policy that proposes strokes for crops; colour is left to the painter.

    Args:
        policy: The policy, conditional and not blind.

    Raises:
        AgentError: The policy is unconditional or blind, does not paint, or draws in black alone.
    """

    def __init__(self, policy: NumpyPolicy) -> None:
        if not policy.config.is_conditional:
            raise AgentError("agent: unconditional, must be one that sees a target")
        if policy.config.is_blind:
            raise AgentError("agent: blind, must be one that sees the canvas")
        self.policy = policy
        self.action_space = policy.config.painting
        if self.action_space.grayscale:
            raise AgentError(
                "agent: draws in black alone, must be one that paints in colour; "
                "`spiral sample` draws with it"
            )

    @classmethod
    def load(cls, path: Path) -> StrokeAgent:
        """Read an agent from its weights file.

        Raises:
            AgentError: The file is missing, malformed or no conditional policy.
        """
        return cls(NumpyPolicy.load(path))

    @property
    def crop_px(self) -> int:
        """Side of the square crops in pixels."""
        return self.policy.config.canvas_px

    def propose(
        self,
        canvas_crops: npt.NDArray[np.uint8],
        target_crops: npt.NDArray[np.uint8],
        start_yx: npt.NDArray[np.floating],
        num_samples: int,
        rng: np.random.Generator,
        *,
        temperature: float = 0.5,
    ) -> npt.NDArray[np.float64]:
        """Propose strokes for every crop, as the first step of an episode that begins at the start.

        Args:
            canvas_crops: Shape (B, crop_px, crop_px, 3), uint8: what is painted.
            target_crops: The same shape, uint8: what is wanted.
            start_yx: Shape (B, 2): where the strokes start, (y, x) in [0, 1].
            num_samples: K, strokes for each crop.
            rng: Source of the samples.
            temperature: Above 0; less than 1 keeps nearer to the likeliest strokes.

        Returns:
            Shape (B, K, 9), float64, columns as in PROPOSAL_COLUMNS; continuous: drawn evenly within a
            choice's cell.

        Raises:
            AgentError: An array has the wrong shape or type, or a start lies outside the crop.
        """
        starts = np.asarray(start_yx, np.float32)
        if starts.shape != (len(canvas_crops), 2) or not ((starts >= 0) & (starts <= 1)).all():
            raise AgentError(
                f"start_yx: shape {starts.shape}, must be ({len(canvas_crops)}, 2) within [0, 1]"
            )
        if num_samples < 1 or not temperature > 0:
            raise AgentError(
                f"num_samples {num_samples} and temperature {temperature:g}, must be >= 1 and > 0"
            )
        policy, space = self.policy, self.action_space
        place = starts[:, ::-1]
        encoded = policy.encode(canvas_crops, place, target=target_crops)
        batch, rows = len(starts), len(starts) * num_samples
        state, feature_map = encoded.state, encoded.map
        flag, end, control, size, pressure = space.parts[: PRESSURE + 1]
        state = policy.fold(flag, state, feature_map, np.full(batch, PAINT))
        chosen = np.empty((rows, PRESSURE + 1), np.int64)
        chosen[:, FLAG] = PAINT
        # One distribution for all K ends of a crop: draws spread evenly over it cover its modes best.
        shares = (np.arange(num_samples) + rng.random((batch, num_samples))) / num_samples
        chosen[:, END] = sample(
            _tempered(policy.part_logits(end, state, feature_map), temperature), shares
        ).ravel()
        state = policy.fold(end, np.repeat(state, num_samples, axis=0), feature_map, chosen[:, END])
        for part, column in ((control, CONTROL), (size, SIZE), (pressure, PRESSURE)):
            weight = _tempered(policy.part_logits(part, state, feature_map), temperature)
            chosen[:, column] = sample(weight, rng.random((rows, 1)))[:, 0]
            if part is not pressure:
                state = policy.fold(part, state, feature_map, chosen[:, column])
        jitter = rng.random((rows, 6)) - 0.5
        strokes = np.empty((rows, len(PROPOSAL_COLUMNS)))
        strokes[:, 0:2] = np.repeat(place, num_samples, axis=0)
        strokes[:, 2:4] = space.location_xy(chosen[:, CONTROL]) + jitter[:, 0:2] / space.grid
        strokes[:, 4:6] = space.location_xy(chosen[:, END]) + jitter[:, 2:4] / space.grid
        step = 0.9 / (space.num_pressures - 1)
        strokes[:, 6] = np.clip(space.pressures[chosen[:, PRESSURE]] + step * jitter[:, 4], 0.05, 1.0)
        strokes[:, 7] = strokes[:, 6]
        ratio = (space.radii[-1] / space.radii[0]) ** (1 / max(len(space.radii) - 1, 1))
        strokes[:, 8] = np.array(space.radii)[chosen[:, SIZE]] * ratio ** jitter[:, 5]
        return strokes.reshape(batch, num_samples, -1)


def _tempered(logits: Floats, temperature: float) -> Floats:
    """Return weights proportional to the probabilities to the power 1 / temperature."""
    logits -= logits.max(axis=1, keepdims=True)
    if temperature != 1.0:
        logits *= np.float32(1 / temperature)
    return np.exp(logits, out=logits)
