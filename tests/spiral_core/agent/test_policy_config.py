from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spiral_core.action_space import ActionPart, ActionSpace, PlainActions
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.policy_config import PolicyConfig, expected_shapes
from spiral_core.agent.stroke_agent import StrokeAgent
from spiral_core.agent.weights import Weights, load_weights, save_weights
from spiral_core.errors import AgentError, ConfigError

SMALL = PolicyConfig(
    action_space=ActionSpace(grid=16, radii=(0.02, 0.1), num_pressures=3, num_color_levels=4),
    canvas_px=32,
    channels=(8, 12, 20),
    map_channels=6,
    hidden=32,
    rank=2,
)
SCENE = PolicyConfig(
    action_space=PlainActions(
        parts=(ActionPart("type", "scalar", 4), ActionPart("location", "location", 16 * 16))
    )
)


def weights_of(config: PolicyConfig) -> Weights:
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape, np.float32) for name, shape in expected_shapes(config).items()}


def test_a_policy_file_round_trip_and_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "agent.safetensors"
    weights = weights_of(SMALL)
    save_weights(path, weights, SMALL.to_metadata())
    loaded = NumpyPolicy.load(path)
    assert loaded.config == SMALL
    canvas, target = np.random.default_rng(1).integers(0, 256, (2, 2, 32, 32, 3), np.uint8)
    place = np.full((2, 2), 0.3)
    np.testing.assert_array_equal(
        loaded.encode(canvas, place, target=target).state,
        NumpyPolicy(SMALL, weights).encode(canvas, place, target=target).state,
    )
    good = load_weights(path)[1]
    for broken, message in (
        ({**good, "format": "other"}, "format 'other', must be 'spiral-studio-agent'"),
        ({**good, "version": "2"}, "version '2', must be '1'"),
        ({**good, "kind": "heavy"}, "kind 'heavy', must be one of light, paper"),
        ({**good, "kind": "paper"}, "kind 'paper', must be 'light' here"),
        ({**good, "config": "{"}, "config: "),
        ({**good, "config": good["config"].replace("canvas_px", "canvas")}, "config: .*canvas"),
        ({**good, "config": good["config"].replace('"rank": 2', '"rank": 0')}, "rank: 0, must be"),
        (
            {**good, "config": good["config"].replace('"hidden": 32', '"hidden": 64')},
            r"shape \(.*\), must be",
        ),
    ):
        save_weights(path, weights, broken)
        with pytest.raises(AgentError, match=message):
            NumpyPolicy.load(path)
    for names, message in (
        ({"value.bias"}, "missing tensors: value.bias"),
        (set(), "unknown tensors: more"),
    ):
        changed = {name: tensor for name, tensor in weights.items() if name not in names}
        changed |= {} if names else {"more": weights["value.bias"]}
        save_weights(path, changed, good)
        with pytest.raises(AgentError, match=message):
            NumpyPolicy.load(path)


def test_actions_other_than_strokes_are_kept_by_their_parts(tmp_path: Path) -> None:
    path = tmp_path / "scene.safetensors"
    save_weights(path, weights_of(SCENE), SCENE.to_metadata())
    assert NumpyPolicy.load(path).config == SCENE
    with pytest.raises(AgentError, match="it says type, location, must be one that paints strokes"):
        StrokeAgent.load(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"canvas_px": 60}, "canvas_px: 60, must be a multiple of 16"),
        ({"hidden": 0}, "hidden: 0"),
        ({"channels": (16, 32)}, "channels"),
        ({"channels": (16, 0, 32)}, "channels: 0"),
        ({"action_space": ActionSpace(grid=24)}, "grid: 24, must be a multiple of 16"),
        ({"action_space": ActionSpace(aspect=2.0)}, "aspect: 2, must be 1"),
        (
            {"action_space": PlainActions(parts=(ActionPart("at", "location", 64),))},
            "at: grid: 8, must be a multiple of 16",
        ),
    ],
)
def test_wrong_shapes_of_a_policy_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PolicyConfig(**options)
