"""Trained agents as files: the policy's weights with all that is needed to play an episode with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from spiral_core.agent.policy_config import check_tensors
from spiral_core.agent.policy_file import AnyConfig, AnyPolicy, config_from_metadata, policy_from_config
from spiral_core.agent.weights import load_weights, save_weights
from spiral_core.errors import AgentError
from spiral_core.learning.rollout import EpisodeConfig

Arrays = dict[str, npt.NDArray[np.float32]]


def agent_metadata(policy: AnyConfig, episode: EpisodeConfig) -> dict[str, str]:
    """Return the string table of an agent's weights file."""
    played = {"num_steps": episode.num_steps, "brush": episode.brush}
    return policy.to_metadata() | {"episode": json.dumps(played)}


def save_agent(path: Path, policy: AnyPolicy, episode: EpisodeConfig, *, half: bool = False) -> None:
    """Write an agent, whole or not at all; `half` stores float16."""
    save_weights(path, arrays_of(policy), agent_metadata(policy.config, episode), half=half)


def load_agent(path: Path) -> tuple[AnyPolicy, EpisodeConfig]:
    """Read an agent and what its episodes are.

    Raises:
        AgentError: The file is missing, malformed, or was not trained on episodes.
    """
    weights, metadata = load_weights(path)
    config = config_from_metadata(metadata, str(path))
    policy = policy_from_config(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in policy.state_dict().items()}
    check_tensors(shapes, weights, str(path))
    try:
        played = json.loads(metadata["episode"])
        episode = EpisodeConfig(
            action_space=config.painting,
            canvas_px=config.canvas_px,
            num_steps=int(played["num_steps"]),
            brush=str(played["brush"]),
            is_conditional=config.is_conditional,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AgentError(
            f"{path}: episode: {error}; this agent was not trained on whole episodes (`spiral train` does)"
        ) from error
    load_arrays(policy, weights, str(path))
    return policy.eval(), episode


def arrays_of(module: nn.Module) -> Arrays:
    """Return a module's tensors as arrays, copied."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def load_arrays(module: nn.Module, arrays: Arrays, source: str) -> None:
    """Put arrays into a module.

    Raises:
        AgentError: Names or shapes do not fit; the message names the source.
    """
    try:
        module.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    except RuntimeError as error:
        raise AgentError(f"{source}: {error}") from error
