"""The light policy in torch, for training. `policy_config` describes the network, `numpy_policy` is its twin.

Shapes: B episodes, T steps, N rows (B, or T * B in learning), P action parts, C map channels, S cells along
the map's side, H state width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from spiral_core.action_space import ActionPart
from spiral_core.agent.policy_config import (
    CENTRE,
    NEARNESS_SCALE,
    NUM_EXTRAS,
    NUM_LOCATION_PLANES,
    PATCH,
    STEP_SCALE,
    PolicyConfig,
)
from spiral_core.agent.policy_interface import (
    LstmState,
    PartModules,
    Perceived,
    Policy,
    PolicyInput,
    checked_images,
)
from spiral_core.errors import AgentError

_BLOCK: Final = 16
"""Images whose patches are taken at a time: they stay in the cache, and their memory is used again."""


class LocationHead(nn.Module):
    """Logits over grid cells: a low-rank form over rows and columns, plus a query over the map."""

    def __init__(self, config: PolicyConfig, grid: int) -> None:
        super().__init__()
        self.grid, self.rank, self.side = grid, config.rank, config.map_side
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


class LightPolicy(Policy):
    """The light policy.

    Args:
        config: Its shape.
    """

    config: PolicyConfig

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
        self.embeddings = PartModules({part.name: self._embedding(part) for part in parts})
        context = (
            len(parts) * config.embedding + NUM_EXTRAS + (0 if config.is_conditional else config.noise_size)
        )
        self.context1 = nn.Linear(context, 64)
        self.context2 = nn.Linear(64, 32)
        self.fc = nn.Linear(three * (side // 4) ** 2 + wide + 32, config.hidden)
        self.lstm = nn.LSTMCell(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, 1)
        self.heads = PartModules(
            {
                part.name: LocationHead(config, part.grid)
                if part.kind == "location"
                else nn.Linear(config.hidden, part.num_values)
                for part in parts
            }
        )
        self.folds = PartModules(
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
        num = 2 * part.grid if part.kind == "location" else part.num_values
        return nn.Embedding(num, self.config.embedding)

    def _embed(self, part: ActionPart, action: Tensor) -> Tensor:
        table = self.embeddings[part.name]
        if part.kind == "location":
            grid = part.grid
            row = torch.div(action, grid, rounding_mode="floor")
            result: Tensor = table(row) + table(action % grid + grid)
            return result
        embedded: Tensor = table(action)
        return embedded

    def _location(self, inputs: PolicyInput) -> Tensor:
        """Return the points (N, 2) that observations are seen from."""
        if not self.config.action_space.has_location:
            return self.value.weight.new_full((len(inputs.canvas), 2), CENTRE)
        if inputs.location is None:
            raise AgentError("location: missing, but this policy begins its actions there")
        return inputs.location.to(self.value.weight.dtype)

    def _look(self, location: Tensor, images: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the coarsest cells (N, C' * S/4 * S/4) and map (N, C, S*S) of images seen from locations."""
        batch, side = len(location), self.config.map_side
        # Convolutions and sums are written over where nothing needs them: a batch's maps fill no cache.
        cells = self._patch_cells(batch, images).relu_().permute(0, 3, 1, 2)
        centres = (torch.arange(side, device=cells.device) + 0.5).to(cells.dtype) / side
        across, down = centres - location[:, :1], centres - location[:, 1:]
        near_x, near_y = ((-d.square() / NEARNESS_SCALE**2).exp() for d in (across, down))
        where = torch.stack(
            [
                across[:, None, :].expand(batch, side, side),
                down[:, :, None].expand(batch, side, side),
                near_y[:, :, None] * near_x[:, None, :],
            ],
            dim=3,
        )
        # Two convolutions, not one of joined planes: nothing flows back to places, and 16 channels suit the
        # vector unit as 19 do not.
        of_cells, of_places = (
            weight.contiguous(memory_format=torch.channels_last)
            for weight in (
                self.near.weight[:, :-NUM_LOCATION_PLANES],
                self.near.weight[:, -NUM_LOCATION_PLANES:],
            )
        )
        around = F.conv2d(cells, of_cells, self.near.bias, padding=1)
        around = around.add_(F.conv2d(where.permute(0, 3, 1, 2), of_places, padding=1))
        cells = around.add_(cells).relu_()
        middle = self.down1(cells).relu_()
        coarse = self.down2(middle).relu_()
        wide = self.map2(middle) + F.interpolate(self.map3(coarse), scale_factor=2)
        feature_map = self.map1(cells).add_(F.interpolate(wide, scale_factor=2)).relu_()
        return coarse.flatten(1), feature_map.flatten(2)

    def _patch_cells(self, batch: int, images: Sequence[Tensor]) -> Tensor:
        """Return the patch convolution (N, S, S, first channels) of the planes that the policy sees.

        A patch convolution is a product of patches with a matrix. The planes are never put together, and
        bytes stay whole numbers: what they would be divided by is taken to the weights.
        """
        colors, side, first = self.config.num_channels, self.config.map_side, self.config.channels[0]
        weight, bias = self.patch.weight.permute(2, 3, 1, 0), self.patch.bias  # (4, 4, planes, out)
        assert bias is not None
        if not images:
            return bias.repeat(batch, side, side, 1)
        matrices = [
            weight[:, :, at : at + colors].reshape(-1, first) * (1 / 255)
            for at in range(0, colors * len(images), colors)
        ]
        if len(images) == 2:
            # The squared error is a sum over channels: the product takes it channel by channel.
            wide = weight[:, :, 2 * colors :].expand(-1, -1, colors, -1)
            matrices.append(wide.reshape(-1, first) * (1 / 255) ** 2)
        blocks = []
        for at in range(0, batch, _BLOCK):
            pieces = [self._patches(image[at : at + _BLOCK]) for image in images]
            if len(pieces) == 2:
                error = pieces[1] - pieces[0]
                pieces.append(error.mul_(error))
            cells = bias
            for patches, matrix in zip(pieces, matrices, strict=True):
                cells = torch.addmm(cells, patches, matrix)
            blocks.append(cells)
        return torch.cat(blocks).view(batch, side, side, first)

    def _patches(self, image: Tensor) -> Tensor:
        """Return patches (N * S * S, 16 * colours), in [0, 255], of images (N, height, width, colours)."""
        side, colors = self.config.map_side, self.config.num_channels
        pixels = image.contiguous()
        # A patch's rows of 4 pixels are 4 or 12 bytes: moved as whole words, they take half the time.
        words = pixels.view(len(image), side, PATCH, side * PATCH * colors).view(torch.int32)
        words = words.view(len(image), side, PATCH, side, colors).transpose(2, 3).contiguous()
        return words.view(-1, PATCH * colors).view(torch.uint8).to(self.patch.weight.dtype)

    def _cell(self, location: Tensor) -> Tensor:
        """Return the map cell (B,) of points (B, 2) in canvas units."""
        side = self.config.map_side
        column, row = (location * side).floor().long().clamp(0, side - 1).unbind(1)
        return row * side + column

    def perceive(self, inputs: PolicyInput) -> Perceived:
        """Look at observations one by one, without memory; N may be steps times episodes.

        Raises:
            AgentError: A conditional policy gets no target, or an unconditional one no noise, or an image has
                the wrong shape.
        """
        config, dtype = self.config, self.patch.weight.dtype
        images = checked_images(config, inputs)
        location = self._location(inputs)
        coarse, feature_map = self._look(location, images)
        mask = inputs.action_mask.to(dtype)
        context = [
            self._embed(part, inputs.last_action[:, i]) * mask[:, i, None]
            for i, part in enumerate(config.action_space.parts)
        ]
        context += [location, inputs.step[:, None].to(dtype) / STEP_SCALE]
        if inputs.noise is not None:
            context.append(inputs.noise.to(dtype))
        known = F.relu(self.context2(F.relu(self.context1(torch.cat(context, dim=1)))))
        here = _at(feature_map, self._cell(location))
        seen = F.relu(self.fc(torch.cat([coarse, here, known], dim=1)))
        return Perceived(seen, feature_map)

    def remember(self, seen_TBH: Tensor, lstm: LstmState | None = None) -> tuple[Tensor, LstmState]:
        """Run the memory over the steps of episodes, see `Policy`; what is seen passes by it, too."""
        hidden, lstm = super().remember(seen_TBH, lstm)
        return seen_TBH + hidden, lstm

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
            grid, side = part.grid, self.config.map_side
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
