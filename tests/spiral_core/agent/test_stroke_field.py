from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.agent.field_config import NUM_PLANES, STROKE_NUMBERS, FieldConfig
from spiral_core.agent.field_network import FieldNetwork
from spiral_core.agent.stroke_field import (
    StrokeField,
    gain_of,
    planes_of,
    stroke_numbers,
    stroke_values,
    worth_of,
)
from spiral_core.agent.weights import save_weights
from spiral_core.errors import AgentError, ConfigError

SMALL = FieldConfig(channels=(6, 8, 10), hidden=7, anchor_radii_px=(1.5, 3.0, 5.0))


def network_of(config: FieldConfig) -> FieldNetwork:
    torch.manual_seed(3)
    network = FieldNetwork(config)
    torch.nn.init.normal_(network.head.weight, std=0.3)
    return network


def field_of(network: FieldNetwork) -> StrokeField:
    weights = {name: tensor.contiguous().numpy() for name, tensor in network.state_dict().items()}
    return StrokeField(network.config, weights)


@pytest.mark.parametrize("shape", [(16, 16), (48, 80)])
def test_the_twin_says_what_torch_says(shape: tuple[int, int]) -> None:
    network = network_of(SMALL)
    rng = np.random.default_rng(1)
    canvas, target = rng.random((2, *shape, 3), np.float32)
    planes, _ = planes_of(canvas, target, 0)
    assert planes.shape == (*shape, NUM_PLANES)
    with torch.no_grad():
        numbers, worth = (said[0].numpy() for said in network(torch.from_numpy(planes)[None]))
    mine, my_worth = field_of(network).look(planes)
    assert mine.shape == (shape[0] // 4, shape[1] // 4, 3, len(STROKE_NUMBERS))
    np.testing.assert_allclose(mine, numbers, atol=2e-5)
    np.testing.assert_allclose(my_worth, worth, atol=2e-5)


def test_numbers_mean_strokes_and_strokes_numbers() -> None:
    rng = np.random.default_rng(2)
    numbers = rng.normal(0, 0.6, (300, len(STROKE_NUMBERS)))
    cells = rng.uniform(0, 64, (300, 2))
    strokes = stroke_values(numbers, cells, 2.0)
    again = stroke_values(stroke_numbers(strokes, cells, 2.0, numbers), cells, 2.0)
    np.testing.assert_allclose(again, strokes, atol=1e-9)


def test_an_axis_and_its_reverse_are_one() -> None:
    # A line that turns through the horizontal swaps its ends, and nothing else.
    numbers = np.zeros((2, len(STROKE_NUMBERS)))
    numbers[:, 2], numbers[:, 3], numbers[:, 8] = -1.0, (1e-9, -1e-9), 0.5
    up, down = stroke_values(numbers, np.zeros((2, 2)), 2.0)
    np.testing.assert_allclose(up[[0, 1, 4, 5, 6, 7]], down[[4, 5, 0, 1, 7, 6]], atol=1e-6)


@given(st.floats(-1e3, 1e3), st.floats(1e-5, 1.0))
def test_gains_come_back_from_worths(gain: float, error: float) -> None:
    back = gain_of(worth_of(np.array([gain]), error), error)[0]
    if gain >= 0:
        assert back == pytest.approx(gain, rel=1e-6, abs=1e-9)
    else:
        assert back <= 0


def test_halved_pictures_keep_their_error() -> None:
    rng = np.random.default_rng(4)
    canvas, target = rng.random((2, 37, 50, 3), np.float32)
    mean = float(np.square(target - canvas).sum() / (37 * 50))
    for level, shape in enumerate([(48, 64), (32, 32), (16, 16)]):
        planes, error = planes_of(canvas, target, level)
        assert planes.shape == (*shape, NUM_PLANES)
        assert error == pytest.approx(mean, rel=1e-5)
        assert np.isfinite(planes).all()


def test_a_file_comes_back(tmp_path: Path) -> None:
    network = network_of(SMALL)
    weights = {name: tensor.contiguous().numpy() for name, tensor in network.state_dict().items()}
    path = tmp_path / "agent.safetensors"
    save_weights(path, weights, SMALL.to_metadata())
    planes = np.random.default_rng(5).random((16, 32, NUM_PLANES), np.float32)
    read = StrokeField.load(path)
    assert read.config == SMALL
    np.testing.assert_array_equal(read.look(planes)[1], field_of(network).look(planes)[1])
    del weights["head.bias"]
    save_weights(path, weights, SMALL.to_metadata())
    with pytest.raises(AgentError, match=r"missing tensors: head\.bias"):
        StrokeField.load(path)
    save_weights(path, weights, {"format": "other"})
    with pytest.raises(AgentError, match="format 'other', must be 'spiral-studio-stroke-field'"):
        StrokeField.load(path)


@pytest.mark.parametrize("options", [{"channels": (1, 2)}, {"hidden": 0}, {"anchor_radii_px": ()}])
def test_impossible_shapes_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="field"):
        FieldConfig(**options)  # type: ignore[arg-type]
