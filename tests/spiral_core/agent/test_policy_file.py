from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spiral_core.action_space import ActionPart, ActionSpace, PlainActions
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.paper_policy import PaperPolicy
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.agent.policy_file import AnyConfig, load_policy, policy_from_config, save_policy
from spiral_core.agent.weights import load_weights, save_weights
from spiral_core.errors import AgentError

SHIPPED = Path(__file__).parents[3] / "configs" / "agents" / "painter" / "agent.safetensors"
SCENE = PlainActions(parts=(ActionPart("type", "scalar", 4), ActionPart("at", "location", 16 * 16)))


@pytest.mark.parametrize(
    "config",
    [
        PolicyConfig(),
        PolicyConfig(action_space=SCENE, is_blind=True),
        PaperConfig(action_space=ActionSpace(grayscale=True), is_conditional=False),
        PaperConfig(action_space=SCENE),
    ],
)
def test_a_file_says_which_policy_it_holds(tmp_path: Path, config: AnyConfig) -> None:
    torch.manual_seed(0)
    policy = policy_from_config(config)
    path = tmp_path / "agent.safetensors"
    save_policy(path, policy)
    loaded = load_policy(path)
    assert type(loaded) is type(policy)
    assert loaded.config == config
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, policy.state_dict()[name])
    size = path.stat().st_size
    save_policy(path, policy, half=True)
    assert path.stat().st_size < 0.6 * size
    assert type(load_policy(path)) is type(policy)


def test_the_shipped_agent_is_a_light_policy() -> None:
    policy = load_policy(SHIPPED)
    assert isinstance(policy, LightPolicy)
    assert policy.config == NumpyPolicy.load(SHIPPED).config
    assert not policy.training


def test_wrong_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "agent.safetensors"
    save_policy(path, PaperPolicy(PaperConfig(action_space=SCENE)))
    weights, metadata = load_weights(path)
    with pytest.raises(AgentError, match="holds a policy of kind 'paper', must be 'light' here"):
        NumpyPolicy.load(path)
    some = {name: tensor for name, tensor in weights.items() if name != "value.bias"}
    for changed, message in (
        (some, "missing tensors: value.bias"),
        (weights | {"more": np.zeros(1, np.float32)}, "unknown tensors: more"),
        (weights | {"value.bias": np.zeros(2, np.float32)}, r"value.bias: shape \(2,\), must be \(1,\)"),
    ):
        save_weights(path, changed, metadata)
        with pytest.raises(AgentError, match=message):
            load_policy(path)
    save_weights(path, weights, metadata | {"config": metadata["config"].replace("256", "100")})
    with pytest.raises(AgentError, match="grid: 10, must be one of"):
        load_policy(path)
