"""Candidates from a learned agent: a policy that sees crops around the worst places, or a stroke field."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from spiral_core.agent.field_config import FIELD_FORMAT, FieldConfig
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.agent.stroke_agent import StrokeAgent
from spiral_core.agent.stroke_field import StrokeField
from spiral_core.agent.weights import load_weights
from spiral_core.program import STROKE_COLUMNS, StrokeArray
from spiral_core.rendering import PlanningCanvas
from spiral_core.search.field_proposer import FieldProposer
from spiral_core.search.proposals import HeuristicProposer, Proposer, View, make_strokes, sample_places

DEFAULT_AGENT: Final = "field"

_SAMPLES_PER_CROP = 4
_CROP_PER_RADIUS = 12.0  # side of a crop in radii of the stroke to be expected there
_MOST_ROUNDS = 8  # strokes that one answer of the agent may serve
_AGENT_SHARE = 0.25  # of the candidates; the others come from the heuristic, against blind spots


def load_proposer(path: Path) -> Proposer:
    """Read an agent's weights and return the proposer that suits its kind.

    Raises:
        AgentError: The file is missing or no agent for painting.
    """
    weights, metadata = load_weights(path)
    if metadata.get("format") == FIELD_FORMAT:
        return FieldProposer(StrokeField(FieldConfig.from_metadata(metadata, str(path)), weights, str(path)))
    policy = NumpyPolicy(PolicyConfig.from_metadata(metadata, str(path)), weights, str(path))
    return AgentProposer(StrokeAgent(policy))


class AgentProposer:
    """A `Proposer` that asks a trained agent.

    The agent was trained on squares of the size of a few strokes. Crops are therefore as large as suits the
    stroke that is to be expected: the whole canvas at first, small pieces at the worst places later.

    Args:
        agent: Who is asked.
    """

    def __init__(self, agent: StrokeAgent) -> None:
        self._agent = agent
        self._heuristic = HeuristicProposer()
        self._asked_for: PlanningCanvas | None = None
        self._answers: npt.NDArray[np.float64] = np.zeros((0, len(STROKE_COLUMNS)))

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        """Return candidates through places of high error, most of them the agent's."""
        share = min(count, max(_SAMPLES_PER_CROP, round(_AGENT_SHARE * count)))
        if self._asked_for is not view.canvas or len(self._answers) < share:
            # Late strokes are small and change little of what the agent would see: ask for several at once.
            num_rounds = int(np.clip(view.num_strokes // 16, 1, _MOST_ROUNDS))
            self._answers = self._ask(view, num_rounds * -(-share // _SAMPLES_PER_CROP), rng)
            self._asked_for = view.canvas
        values, self._answers = self._answers[:share], self._answers[share:]
        if share < count:
            values = np.concatenate([values, self._heuristic.propose(view, count - share, rng).values])
        return make_strokes(values, view, rng)

    def _ask(self, view: View, num_crops: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        height, width = view.target.shape[:2]
        size = self._agent.crop_px
        places = sample_places(view.error_map, num_crops, rng) * width  # x, y in pixels
        typical = self._heuristic.typical_radius(view)
        side = _CROP_PER_RADIUS * typical * width * np.exp(rng.normal(0.0, 0.3, num_crops))
        side = side.clip(8.0, max(height, width))[:, None]
        # The place lies anywhere in the middle half of its crop, and crops stay on the canvas where they fit.
        corner = places - side * rng.uniform(0.25, 0.75, (num_crops, 2))
        room = np.array([width, height]) - side
        corner = np.where(room > 0, corner.clip(0.0, np.maximum(room, 0.0)), room / 2)
        start = ((places - corner) / side).clip(0.0, 1.0)
        picture = view.canvas.canvas()
        proposals = self._agent.propose(
            _crops(picture, corner, side, size),
            _crops(view.target, corner, side, size),
            start[:, ::-1],
            _SAMPLES_PER_CROP,
            rng,
        )
        values = np.zeros((num_crops, _SAMPLES_PER_CROP, len(STROKE_COLUMNS)))
        for axis in (0, 1):
            values[..., axis:6:2] = (
                corner[:, None, axis, None] + side[:, :, None] * proposals[..., axis:6:2]
            ) / width
        values[..., 6:8] = proposals[..., 6:8]
        values[..., 8] = side * proposals[..., 8] / width
        values[..., 12] = rng.uniform(0.5, 1.0, values.shape[:2])
        # The samples of a crop far apart, so that each stroke chooses among many places.
        return values.transpose(1, 0, 2).reshape(-1, len(STROKE_COLUMNS))


def _crops(
    picture: npt.NDArray[np.float32],
    corner: npt.NDArray[np.float64],
    side: npt.NDArray[np.float64],
    size: int,
) -> npt.NDArray[np.uint8]:
    """Cut squares out of a picture and bring them to one size; the edge goes on outside.

    Args:
        picture: Shape (height, width, 3), in [0, 1].
        corner: Shape (num_crops, 2): x, y of the top left corners in pixels.
        side: Shape (num_crops, 1): side lengths in pixels.
        size: Side of the result in pixels.

    Returns:
        Shape (num_crops, size, size, 3).
    """
    height, width = picture.shape[:2]
    # One sample a pixel, or four where a crop is much larger than what the agent sees of it.
    fine = 2 if side.max() > 1.5 * size else 1
    offsets = (np.arange(fine * size) + 0.5) / (fine * size)
    x = (corner[:, :1] + side * offsets).astype(np.int64).clip(0, width - 1)
    y = (corner[:, 1:] + side * offsets).astype(np.int64).clip(0, height - 1)
    pixels = picture[y[:, :, None], x[:, None, :]]
    if fine == 2:
        rows = pixels[:, 0::2] + pixels[:, 1::2]
        pixels = (rows[:, :, 0::2] + rows[:, :, 1::2]) * np.float32(0.25)
    crops: npt.NDArray[np.uint8] = (pixels * np.float32(255.0) + np.float32(0.5)).astype(np.uint8)
    return crops
