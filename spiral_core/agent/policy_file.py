"""Policies of either kind from their configurations and files."""

from __future__ import annotations

from pathlib import Path

import torch

from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.paper_policy import PaperPolicy
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PAPER, PolicyConfig, check_tensors, kind_of
from spiral_core.agent.weights import load_weights, save_weights

AnyConfig = PolicyConfig | PaperConfig
AnyPolicy = LightPolicy | PaperPolicy


def policy_from_config(config: AnyConfig) -> AnyPolicy:
    """Make a policy with random weights."""
    return LightPolicy(config) if isinstance(config, PolicyConfig) else PaperPolicy(config)


def config_from_metadata(metadata: dict[str, str], source: str) -> AnyConfig:
    """Read the configuration of either kind from the string table of a weights file.

    Raises:
        AgentError: It is missing, of another version or of an unknown kind, or broken.
    """
    kind = PaperConfig if kind_of(metadata, source) == PAPER else PolicyConfig
    return kind.from_metadata(metadata, source)


def save_policy(path: Path, policy: AnyPolicy, *, half: bool = False) -> None:
    """Write a policy's weights file, whole or not at all; `half` stores float16."""
    weights = {name: tensor.detach().float().cpu().numpy() for name, tensor in policy.state_dict().items()}
    save_weights(path, weights, policy.config.to_metadata(), half=half)


def load_policy(path: Path) -> AnyPolicy:
    """Read a policy from its weights file.

    Raises:
        AgentError: The file is missing, malformed or no policy of ours; the message says where.
    """
    weights, metadata = load_weights(path)
    policy = policy_from_config(config_from_metadata(metadata, str(path)))
    shapes = {name: tuple(tensor.shape) for name, tensor in policy.state_dict().items()}
    check_tensors(shapes, weights, str(path))
    policy.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return policy.eval()
