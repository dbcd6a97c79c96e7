"""The light policy in torch, for training. `policy_config` describes the network, `numpy_policy` is its twin.

Shapes: B rows (episodes), P action parts, C map channels, S cells along the map's side, H state width.
Sampling and scoring run through one loop, so the probability of a sampled action and the probability
computed for it later are the same to the bit (same rows, same weights).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from spiral_core.action_space import ActionPart
from spiral_core.agent.policy_config import (
    NEARNESS_SCALE,
    NUM_EXTRAS,
    NUM_LOCATION_PLANES,
    PATCH,
    STEP_SCALE,
    PolicyConfig,
)
from spiral_core.environment import Observation
from spiral_core.errors import AgentError


class PolicyInput(NamedTuple):
    """An observation as tensors.

    Attributes:
        canvas: Shape (B, height, width, 3), uint8.
        location: Shape (B, 2), float32: (x, y) in canvas units.
        last_action: Shape (B, P), int64.
        action_mask: Shape (B, P), float32.
        step: Shape (B,), float32.
        target: Shape (B, height, width, 3), uint8, or None.
        noise: Shape (B, noise_size), float32, or None.
    """

    canvas: Tensor
    location: Tensor
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


class Encoded(NamedTuple):
    """What the policy made of an observation: state (B, H), map (B, C, S*S), value (B,), LSTM state."""

    state: Tensor
    map: Tensor
    value: Tensor
    lstm: LstmState


class Decision(NamedTuple):
    """Actions and their probabilities: actions (B, P), log_prob (B, P), entropy (B, P)."""

    actions: Tensor
    log_prob: Tensor
    entropy: Tensor


class LocationHead(nn.Module):
    """Logits over grid cells: a low-rank form over rows and columns, plus a query over the map."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.grid, self.rank, self.side = config.action_space.grid, config.rank, config.map_side
        self.fine = self.grid // self.side
        self.rows_columns = nn.Linear(config.hidden, 2 * (self.rank + 1) * self.grid)
        self.query = nn.Linear(config.hidden, self.fine * self.fine * config.map_channels)

    def forward(self, state: Tensor, feature_map: Tensor) -> Tensor:
        """Return logits (B, grid * grid) from the state (B, H) and the map (B, C, S*S)."""
        batch, channels = len(state), feature_map.shape[1]
        table: Tensor = self.rows_columns(state).view(batch, 2, self.rank + 1, self.grid)
        rows, columns = table.unbind(1)
        coarse = torch.einsum("bry,brx->byx", rows[:, :-1], columns[:, :-1])
        coarse = coarse + rows[:, -1, :, None] + columns[:, -1, None, :]
        query: Tensor = self.query(state).view(batch, self.fine * self.fine, channels)
        scale: float = channels**-0.5
        local = torch.bmm(query, feature_map) * scale
        local = local.view(batch, self.fine, self.fine, self.side, self.side).permute(0, 3, 1, 4, 2)
        return (coarse + local.reshape(batch, self.grid, self.grid)).flatten(1)


class Fold(nn.Module):
    """Folds a decided part into the state: relu(state + W2 relu(W1 [state, part]))."""

    def __init__(self, hidden: int, part: int) -> None:
        super().__init__()
        self.first = nn.Linear(hidden + part, hidden // 2)
        self.second = nn.Linear(hidden // 2, hidden)

    def forward(self, state: Tensor, part: Tensor) -> Tensor:
        """Return the new state (B, H) from the state and the embedded part."""
        result: Tensor = F.relu(state + self.second(F.relu(self.first(torch.cat([state, part], dim=1)))))
        return result


class LightPolicy(nn.Module):
    """The light policy.

    Args:
        config: Its shape.
    """

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        parts = config.action_space.parts
        one, two, three = config.channels
        wide, side = config.map_channels, config.map_side
        self.patch = nn.Conv2d(config.num_planes, one, PATCH, PATCH)
        self.near = nn.Conv2d(one + NUM_LOCATION_PLANES, one, 3, padding=1)
        self.down1 = nn.Conv2d(one, two, 3, 2, 1)
        self.down2 = nn.Conv2d(two, three, 3, 2, 1)
        self.map1 = nn.Conv2d(one, wide, 1)
        self.map2 = nn.Conv2d(two, wide, 1, bias=False)
        self.map3 = nn.Conv2d(three, wide, 1, bias=False)
        self.embeddings = nn.ModuleDict({part.name: self._embedding(part) for part in parts})
        context = (
            len(parts) * config.embedding + NUM_EXTRAS + (0 if config.is_conditional else config.noise_size)
        )
        self.context1 = nn.Linear(context, 64)
        self.context2 = nn.Linear(64, 32)
        self.fc = nn.Linear(three * (side // 4) ** 2 + wide + 32, config.hidden)
        self.lstm = nn.LSTMCell(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, 1)
        self.heads = nn.ModuleDict(
            {
                part.name: LocationHead(config)
                if part.kind == "location"
                else nn.Linear(config.hidden, part.num_values)
                for part in parts
            }
        )
        self.folds = nn.ModuleDict(
            {
                part.name: Fold(config.hidden, config.embedding + (wide if part.kind == "location" else 0))
                for part in parts[:-1]
            }
        )
        for part in parts:
            head = self.heads[part.name]
            # Begin near uniform choices.
            for name, weight in head.named_parameters():
                if name in ("weight", "query.weight"):
                    nn.init.normal_(weight, std=0.01)
        for convolution in (self.patch, self.near, self.down1, self.down2, self.map1, self.map2, self.map3):
            # Channels last is 1.5 to 4 times faster here on a CPU: few channels, and images come that way.
            convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _embedding(self, part: ActionPart) -> nn.Embedding:
        # A location is embedded as the sum of its row's and its column's vector: rows first, then columns.
        num = 2 * self.config.action_space.grid if part.kind == "location" else part.num_values
        return nn.Embedding(num, self.config.embedding)

    def initial_state(self, batch: int) -> LstmState:
        """Return the LSTM state of a new episode: zeros."""
        zeros = torch.zeros(batch, self.config.hidden, device=self.value.weight.device)
        return zeros, zeros.clone()

    def _embed(self, part: ActionPart, action: Tensor) -> Tensor:
        table = self.embeddings[part.name]
        if part.kind == "location":
            grid = self.config.action_space.grid
            row = torch.div(action, grid, rounding_mode="floor")
            result: Tensor = table(row) + table(action % grid + grid)
            return result
        embedded: Tensor = table(action)
        return embedded

    def _cell(self, location: Tensor) -> Tensor:
        """Return the map cell (B,) of points (B, 2) in canvas units."""
        side = self.config.map_side
        column, row = (location * side).floor().long().clamp(0, side - 1).unbind(1)
        return row * side + column

    def encode(self, inputs: PolicyInput, lstm: LstmState | None = None) -> Encoded:
        """Look at a batch of observations; without an LSTM state, as at the start of an episode.

        Raises:
            AgentError: A conditional policy gets no target, or an unconditional one no noise.
        """
        config = self.config
        if config.is_conditional != (inputs.target is not None) or config.is_conditional == (
            inputs.noise is not None
        ):
            wanted = "a target and no noise" if config.is_conditional else "noise and no target"
            raise AgentError(f"observation: this policy needs {wanted}")
        batch, side = len(inputs.canvas), config.map_side
        planes = inputs.canvas.float().mul_(1 / 255)
        if inputs.target is not None:
            target = inputs.target.float().mul_(1 / 255)
            difference = target - planes
            error = torch.linalg.vecdot(difference, difference)[..., None]
            planes = torch.cat([planes, target, error], dim=3)
        cells = F.relu(self.patch(planes.permute(0, 3, 1, 2)))
        centres = (torch.arange(side, device=planes.device) + 0.5) / side
        across = (centres - inputs.location[:, :1])[:, None, :].expand(batch, side, side)
        down = (centres - inputs.location[:, 1:])[:, :, None].expand(batch, side, side)
        nearness = torch.exp(-(across.square() + down.square()) / NEARNESS_SCALE**2)
        where = torch.stack([across, down, nearness], dim=3).permute(0, 3, 1, 2)
        cells = F.relu(cells + self.near(torch.cat([cells, where], dim=1)))
        middle = F.relu(self.down1(cells))
        coarse = F.relu(self.down2(middle))
        feature_map = self.map1(cells) + F.interpolate(
            self.map2(middle) + F.interpolate(self.map3(coarse), scale_factor=2), scale_factor=2
        )
        feature_map = F.relu(feature_map).flatten(2)
        parts = [
            self._embed(part, inputs.last_action[:, i]) * inputs.action_mask[:, i, None]
            for i, part in enumerate(config.action_space.parts)
        ]
        extras = [*parts, inputs.location, inputs.step[:, None] / STEP_SCALE]
        if inputs.noise is not None:
            extras.append(inputs.noise)
        context = F.relu(self.context2(F.relu(self.context1(torch.cat(extras, dim=1)))))
        here = _at(feature_map, self._cell(inputs.location))
        seen = F.relu(self.fc(torch.cat([coarse.flatten(1), here, context], dim=1)))
        lstm = self.lstm(seen, self.initial_state(batch) if lstm is None else lstm)
        state = seen + lstm[0]
        return Encoded(state, feature_map, self.value(state)[:, 0], lstm)

    def decode(
        self,
        state: Tensor,
        feature_map: Tensor,
        actions: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Decision:
        """Decide every part in order, or score given actions.

        Args:
            state: Shape (B, H), from `encode`.
            feature_map: Shape (B, C, S*S), from `encode`.
            actions: Shape (B, P): score these; None samples.
            generator: Source of the samples.

        Returns:
            The actions with the log-probability and entropy of every part given the parts before it.
        """
        space = self.config.action_space
        chosen, log_probs, entropies = [], [], []
        for i, part in enumerate(space.parts):
            log_all = F.log_softmax(self.part_logits(part, state, feature_map), dim=1)
            probabilities = log_all.exp()
            if actions is None:
                action = torch.multinomial(probabilities.detach(), 1, generator=generator)[:, 0]
            else:
                action = actions[:, i]
            chosen.append(action)
            log_probs.append(log_all.gather(1, action[:, None])[:, 0])
            entropies.append(-(probabilities * log_all).sum(dim=1))
            state = self.fold(part, state, feature_map, action)
        return Decision(torch.stack(chosen, 1), torch.stack(log_probs, 1), torch.stack(entropies, 1))

    def part_logits(self, part: ActionPart, state: Tensor, feature_map: Tensor) -> Tensor:
        """Return the logits (B, values) of one part."""
        head = self.heads[part.name]
        result: Tensor = head(state, feature_map) if part.kind == "location" else head(state)
        return result

    def fold(self, part: ActionPart, state: Tensor, feature_map: Tensor, action: Tensor) -> Tensor:
        """Return the state (B, H) after a part was decided as `action` (B,)."""
        if part.name not in self.folds:
            return state
        embedded = self._embed(part, action)
        if part.kind == "location":
            grid, side = self.config.action_space.grid, self.config.map_side
            fine = grid // side
            row, column = torch.div(action, grid, rounding_mode="floor"), action % grid
            cell = torch.div(row, fine, rounding_mode="floor") * side + torch.div(
                column, fine, rounding_mode="floor"
            )
            embedded = torch.cat([embedded, _at(feature_map, cell)], dim=1)
        result: Tensor = self.folds[part.name](state, embedded)
        return result


def _at(feature_map: Tensor, cell: Tensor) -> Tensor:
    """Return the map's columns (B, C) at cells (B,)."""
    index = cell[:, None, None].expand(-1, feature_map.shape[1], 1)
    return feature_map.gather(2, index)[:, :, 0]
