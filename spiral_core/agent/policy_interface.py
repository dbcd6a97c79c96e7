"""What all policies share: what they are given, what they give, and the LSTM over the steps of episodes.

Shapes: B episodes, T steps, N rows (B, or T * B in learning), P action parts, H state width.

A step is perceived (no memory), remembered (the LSTM) and decided (part by part). A rollout does so step by
step; learning perceives and decides all steps of all episodes in one pass and runs only the LSTM in order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from spiral_core.action_space import ActionPart, DiscreteActions
from spiral_core.agent.decoder import Decision, decide
from spiral_core.environment import Observation
from spiral_core.errors import AgentError


class PolicyInput(NamedTuple):
    """An observation as tensors.

    Attributes:
        canvas: Shape (B, height, width, 3), uint8; or with one channel for a grayscale policy, which looks at
            channel 0 only. A blind policy does not look at it.
        location: Shape (B, 2), float32: (x, y) in canvas units; not looked at, and None will do, where
            actions have no current location.
        last_action: Shape (B, P), int64.
        action_mask: Shape (B, P), float32.
        step: Shape (B,), float32.
        target: Shape (B, height, width, 3 or 1), uint8, or None.
        noise: Shape (B, noise_size), float32, or None.
    """

    canvas: Tensor
    location: Tensor | None
    last_action: Tensor
    action_mask: Tensor
    step: Tensor
    target: Tensor | None
    noise: Tensor | None

    @classmethod
    def from_observation(cls, observation: Observation, device: torch.device | str = "cpu") -> PolicyInput:
        """Copy an environment's observation to a device."""

        def tensor(array: object) -> Tensor:
            return torch.as_tensor(array, device=device)

        batch = len(observation.canvas)
        return cls(
            canvas=tensor(observation.canvas),
            location=tensor(observation.location),
            last_action=tensor(observation.last_action),
            action_mask=tensor(observation.action_mask).float(),
            step=torch.full((batch,), float(observation.step), device=device),
            target=None if observation.target is None else tensor(observation.target),
            noise=None if observation.noise is None else tensor(observation.noise),
        )

    @classmethod
    def first_step(cls, canvas: Tensor, target: Tensor, location: Tensor, num_parts: int) -> PolicyInput:
        """Build the input of a first step: no last action, step 0."""
        zeros = torch.zeros((len(canvas), num_parts), device=canvas.device)
        return cls(canvas, location, zeros.long(), zeros, zeros[:, 0], target, None)


LstmState = tuple[Tensor, Tensor]
"""Hidden and cell state of the LSTM, each of shape (B, H)."""


class Perceived(NamedTuple):
    """What the policy sees in observations, without memory: seen (N, H), map (N, C, S*S)."""

    seen: Tensor
    map: Tensor


class Encoded(NamedTuple):
    """What the policy made of an observation: state (B, H), map (B, C, S*S), value (B,), LSTM state."""

    state: Tensor
    map: Tensor
    value: Tensor
    lstm: LstmState


class Sight(Protocol):
    """What a policy's configuration says of what it sees."""

    @property
    def action_space(self) -> DiscreteActions:
        """What it says."""
        ...

    @property
    def is_conditional(self) -> bool:
        """It sees a target; otherwise noise."""
        ...

    @property
    def is_blind(self) -> bool:
        """It does not see the canvas."""
        ...

    @property
    def canvas_px(self) -> int:
        """Side of the square canvas."""
        ...

    @property
    def num_channels(self) -> int:
        """Channels of canvas and target that it looks at."""
        ...


class Policy(nn.Module, ABC):
    """A policy with a memory: subclasses say how it looks, what it adds to its memory and how parts follow.

    Attributes:
        config: What it sees and says.
        lstm: The memory, H wide.
        value: From a state (N, H) to its value.
    """

    config: Sight
    lstm: nn.LSTMCell
    value: nn.Linear

    @abstractmethod
    def perceive(self, inputs: PolicyInput) -> Perceived:
        """Look at observations one by one, without memory; N may be steps times episodes.

        Raises:
            AgentError: A conditional policy gets no target, or an unconditional one no noise, or an image has
                the wrong shape.
        """

    @abstractmethod
    def part_logits(self, part: ActionPart, state: Tensor, feature_map: Tensor) -> Tensor:
        """Return the logits (N, values) of one part."""

    @abstractmethod
    def fold(self, part: ActionPart, state: Tensor, feature_map: Tensor, action: Tensor) -> Tensor:
        """Return the state (N, H) after a part was decided as `action` (N,)."""

    def initial_state(self, batch: int) -> LstmState:
        """Return the LSTM state of a new episode."""
        zeros = self.value.weight.new_zeros(batch, self.lstm.hidden_size)
        return zeros, zeros

    def remember(self, seen_TBH: Tensor, lstm: LstmState | None = None) -> tuple[Tensor, LstmState]:
        """Run the memory over the steps of episodes; without an LSTM state, from their start.

        Args:
            seen_TBH: From `perceive`, T steps of B episodes.
            lstm: The state before the first step.

        Returns:
            The states to decide from, shape (T, B, H), and the LSTM state after the last step.
        """
        if lstm is None:
            lstm = self.initial_state(seen_TBH.shape[1])
        states = []
        for step in seen_TBH.unbind(0):
            lstm = self.lstm(step, lstm)
            states.append(lstm[0])
        return torch.stack(states), lstm

    def value_of(self, state: Tensor) -> Tensor:
        """Return the value (N,) of states (N, H) from `remember`."""
        value: Tensor = self.value(state)[:, 0]
        return value

    def encode(self, inputs: PolicyInput, lstm: LstmState | None = None) -> Encoded:
        """Perceive and remember one step; without an LSTM state, as at the start of an episode.

        Raises:
            AgentError: As `perceive`.
        """
        seen, feature_map = self.perceive(inputs)
        state, lstm = self.remember(seen[None], lstm)
        return Encoded(state[0], feature_map, self.value_of(state[0]), lstm)

    def decode(
        self,
        state: Tensor,
        feature_map: Tensor,
        actions: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        greedy: bool = False,
        temperature: float = 1.0,
    ) -> Decision:
        """Decide every part in order from states (N, H), or score given actions; see `decoder.decide`."""
        return decide(
            self,
            self.config.action_space.parts,
            state,
            feature_map,
            actions,
            generator=generator,
            greedy=greedy,
            temperature=temperature,
        )


class PartModules(nn.Module):
    """A module for each action part, by the part's name.

    `nn.ModuleDict` refuses names that torch uses itself, such as "type".

    Args:
        modules: The modules by name.
    """

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._modules.update(modules)

    def __getitem__(self, name: str) -> nn.Module:
        module = self._modules[name]
        assert module is not None
        return module

    def __contains__(self, name: str) -> bool:
        return name in self._modules


def checked_images(config: Sight, inputs: PolicyInput) -> list[Tensor]:
    """Return the images that a policy looks at, canvas before target, each of shape (N, height, width, C).

    Raises:
        AgentError: A conditional policy gets no target, or an unconditional one no noise, or an image has the
            wrong type or shape.
    """
    if config.is_conditional != (inputs.target is not None) or config.is_conditional == (
        inputs.noise is not None
    ):
        wanted = "a target and no noise" if config.is_conditional else "noise and no target"
        raise AgentError(f"observation: this policy needs {wanted}")
    side, channels = config.canvas_px, {3, config.num_channels}
    for name, image in (("canvas", inputs.canvas), ("target", inputs.target)):
        if image is not None and (
            image.dtype != torch.uint8
            or image.shape[:3] != (len(inputs.canvas), side, side)
            or image.shape[3:].numel() not in channels
        ):
            raise AgentError(
                f"{name}: {image.dtype} of shape {tuple(image.shape)}, must be uint8 of shape "
                f"({len(inputs.canvas)}, {side}, {side}, {' or '.join(map(str, sorted(channels)))})"
            )
    images = [] if config.is_blind else [inputs.canvas]
    images += [] if inputs.target is None else [inputs.target]
    return [image[..., : config.num_channels] for image in images]
