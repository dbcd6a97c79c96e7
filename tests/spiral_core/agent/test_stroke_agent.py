from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spiral_core.action_space import ActionSpace
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.policy_config import PolicyConfig, expected_shapes
from spiral_core.agent.stroke_agent import PROPOSAL_COLUMNS, StrokeAgent
from spiral_core.errors import AgentError
from spiral_core.program import STROKE_COLUMNS

SHIPPED = Path(__file__).parents[3] / "configs" / "agents" / "painter" / "agent.safetensors"


def agent_of(**options: Any) -> StrokeAgent:
    config = PolicyConfig(**options)
    rng = np.random.default_rng(0)
    weights = {
        name: 0.05 * rng.standard_normal(shape, np.float32) for name, shape in expected_shapes(config).items()
    }
    return StrokeAgent(NumpyPolicy(config, weights))


def crops(num: int, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    canvas, target = rng.integers(0, 256, (2, num, 64, 64, 3), np.uint8)
    return canvas, target, rng.random((num, 2))


def test_proposals_are_strokes_in_the_crop() -> None:
    agent = agent_of()
    canvas, target, start = crops(5)
    strokes = agent.propose(canvas, target, start, 7, np.random.default_rng(0))
    assert strokes.shape == (5, 7, 9)
    assert STROKE_COLUMNS[:9] == PROPOSAL_COLUMNS
    np.testing.assert_allclose(strokes[..., 0], np.repeat(start[:, 1:], 7, axis=1), atol=1e-6)
    np.testing.assert_allclose(strokes[..., 1], np.repeat(start[:, :1], 7, axis=1), atol=1e-6)
    assert (strokes[..., 2:6] >= 0).all()
    assert (strokes[..., 2:6] <= 1).all()
    assert (strokes[..., 6:8] > 0).all()
    assert (strokes[..., 6:8] <= 1).all()
    assert (strokes[..., 8] > 0.5 / 64).all()
    assert (strokes[..., 8] < 48 / 64).all()


def test_proposals_are_continuous_and_reproducible() -> None:
    agent = agent_of()
    canvas, target, start = crops(2)
    one, same, other = (
        agent.propose(canvas, target, start, 200, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one[..., 2:] != other[..., 2:]).all()
    for column in range(2, 9):
        # Pressures are cut off at 1.
        assert len(np.unique(one[0, :, column])) > 150, PROPOSAL_COLUMNS[column]
    offsets = (one[..., 2:6] * 32) % 1
    assert np.histogram(offsets, 10, (0, 1))[0].min() > 0.7 * offsets.size / 10


def test_a_low_temperature_keeps_to_the_likeliest() -> None:
    agent = agent_of()
    canvas, target, start = crops(1)
    num_cells = []
    for temperature in (1.0, 0.01):
        rng = np.random.default_rng(0)
        ends = agent.propose(canvas, target, start, 300, rng, temperature=temperature)[0, :, 4:6]
        num_cells.append(len(np.unique((ends * 32).astype(int), axis=0)))
    assert num_cells[1] < 0.2 * num_cells[0]


def test_wrong_crops_are_named() -> None:
    agent = agent_of()
    canvas, target, start = crops(2)
    rng = np.random.default_rng(0)
    with pytest.raises(AgentError, match=r"canvas: .*must be uint8 of shape \(2, 64, 64, 3\)"):
        agent.propose(canvas[:, :32], target, start, 1, rng)
    with pytest.raises(AgentError, match=r"target: float64"):
        agent.propose(canvas, target / 255, start, 1, rng)
    with pytest.raises(AgentError, match=r"start_yx: .*must be \(2, 2\) within \[0, 1\]"):
        agent.propose(canvas, target, start + 1, 1, rng)
    with pytest.raises(AgentError, match="num_samples 0"):
        agent.propose(canvas, target, start, 0, rng)
    with pytest.raises(AgentError, match="unconditional"):
        agent_of(is_conditional=False)
    with pytest.raises(AgentError, match="blind"):
        agent_of(is_blind=True)
    with pytest.raises(AgentError, match="draws in black alone, must be one that paints in colour"):
        agent_of(action_space=ActionSpace(grayscale=True))


def test_the_shipped_agent_is_small_and_paints() -> None:
    assert SHIPPED.stat().st_size < 4_000_000
    agent = StrokeAgent.load(SHIPPED)
    canvas, target, start = crops(3)
    assert np.isfinite(agent.propose(canvas, target, start, 4, np.random.default_rng(0))).all()


def test_the_shipped_agent_aims_where_the_error_is() -> None:
    agent = StrokeAgent.load(SHIPPED)
    target = np.full((1, 64, 64, 3), 200, np.uint8)
    canvas = target.copy()
    canvas[0, 24:32, 8:56] = (20, 30, 40)  # a dark bar to paint over, from its left end
    strokes = agent.propose(canvas, target, np.array([[28 / 64, 12 / 64]]), 64, np.random.default_rng(0))[0]
    ends = strokes[:, 4:6] * 64
    inside = (ends[:, 1] > 22) & (ends[:, 1] < 34) & (ends[:, 0] > 20)
    # A uniform end lies there with a probability of 0.13.
    assert inside.mean() > 0.6
