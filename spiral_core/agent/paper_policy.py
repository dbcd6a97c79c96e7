"""The paper's policy in torch: about 30 times the light one's operations, so training wants a GPU.

    image       canvas (and target) with coordinate planes -> 5x5 convolution, 32 channels
                + embedded last action -> MLP 64, 32, 32 (+ noise -> MLP 64, 32, 32), the same at all pixels
                -> relu -> three 4x4 convolutions of stride 2, 32 -> 3x3, 32 -> 8 residual blocks -> relu
    state       Linear 256 -> LSTM 256
    decision    scalar parts: Linear; locations: state as 4x4x16 -> 3x3 convolution, 32 -> 8 residual blocks
                -> relu -> deconvolutions 4x4 of stride 2, 32, up to the grid -> 3x3 convolution, 1
                after each part: state = relu(state + MLP 16, 32, 256 of state and embedded part)
    value       Linear 1 of the LSTM's output

It sees no current location and no step number: both follow from what it did before.

Shapes: B episodes, T steps, N rows (B, or T * B in learning), P action parts, H = 256.

Source: Ganin et al. 2018 (arXiv 1804.01118), appendix B, with the sizes of the authors' released agent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from spiral_core.action_space import ActionPart
from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.policy_interface import (
    PartModules,
    Perceived,
    Policy,
    PolicyInput,
    checked_images,
)

HIDDEN: Final = 256
WIDTH: Final = 32
EMBEDDING: Final = 16
NUM_BLOCKS: Final = 8
_SEED_SIDE: Final = 4
_CPU_ROWS: Final = 16
"""Images at a time on a CPU, whose cache holds no more."""


class ResidualBlocks(nn.Module):
    """Residual blocks, activated before each convolution: relu, 3x3, relu, 1x1; relu at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.three = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(NUM_BLOCKS))
        self.one = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(NUM_BLOCKS))

    def forward(self, cells: Tensor) -> Tensor:
        """Return maps of the same shape (N, 32, height, width)."""
        for three, one in zip(self.three, self.one, strict=True):
            cells = cells + one(F.relu(three(F.relu(cells))))
        return F.relu(cells)


class PartEmbedding(nn.Module):
    """A linear map of one part's value to 16 numbers: one-hot, or a location as (y, x) in [-1, 1]."""

    def __init__(self, part: ActionPart) -> None:
        super().__init__()
        self.grid = part.grid if part.kind == "location" else 0
        self.linear = nn.Linear(2 if self.grid else part.num_values, EMBEDDING)

    def forward(self, action: Tensor) -> Tensor:
        """Return (N, 16) from values (N,)."""
        if self.grid:
            row, column = torch.div(action, self.grid, rounding_mode="floor"), action % self.grid
            place = torch.stack([row, column], dim=1).to(self.linear.weight.dtype)
            result: Tensor = self.linear(place * (2 / (self.grid - 1)) - 1)
            return result
        # A product with a one-hot row is a column of the matrix.
        return F.embedding(action, self.linear.weight.t()) + self.linear.bias


class PaperLocationHead(nn.Module):
    """Logits over the cells of a grid from the state."""

    def __init__(self, grid: int) -> None:
        super().__init__()
        num_doublings = int(math.log2(grid // _SEED_SIDE))
        self.first = nn.Conv2d(HIDDEN // _SEED_SIDE**2, WIDTH, 3, padding=1)
        self.blocks = ResidualBlocks()
        self.up = nn.ModuleList(nn.ConvTranspose2d(WIDTH, WIDTH, 4, 2, 1) for _ in range(num_doublings))
        self.last = nn.Conv2d(WIDTH, 1, 3, padding=1)

    def forward(self, state: Tensor) -> Tensor:
        """Return logits (N, grid * grid) from the state (N, 256)."""
        cells = state.view(len(state), _SEED_SIDE, _SEED_SIDE, -1).permute(0, 3, 1, 2)
        cells = self.blocks(self.first(cells))
        for up in self.up:
            cells = F.relu(up(cells))
        result: Tensor = self.last(cells).flatten(1)
        return result


class PaperPolicy(Policy):
    """The paper's policy.

    Args:
        config: What it sees and says.
    """

    config: PaperConfig

    def __init__(self, config: PaperConfig) -> None:
        super().__init__()
        self.config = config
        parts = config.action_space.parts
        self.image = nn.Conv2d(config.num_planes, WIDTH, 5, padding=2)
        self.last_action = PartModules({part.name: PartEmbedding(part) for part in parts})
        self.last_action_mlp = _mlp(len(parts) * EMBEDDING, 64, WIDTH, WIDTH)
        if not config.is_conditional:
            self.noise_mlp = _mlp(config.noise_size, 64, WIDTH, WIDTH)
        self.down = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 4, 2, 1) for _ in range(3))
        self.flat = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.blocks = ResidualBlocks()
        self.fc = nn.Linear(WIDTH * (config.canvas_px // 8) ** 2, HIDDEN)
        self.lstm = nn.LSTMCell(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, 1)
        self.heads = PartModules(
            {
                part.name: PaperLocationHead(part.grid)
                if part.kind == "location"
                else nn.Linear(HIDDEN, part.num_values)
                for part in parts
            }
        )
        self.embeddings = PartModules({part.name: PartEmbedding(part) for part in parts[:-1]})
        self.folds = PartModules(
            {part.name: _mlp(HIDDEN + EMBEDDING, EMBEDDING, WIDTH, HIDDEN) for part in parts[:-1]}
        )
        # Few channels: channels last is twice as fast on a CPU, and images come that way.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def perceive(self, inputs: PolicyInput) -> Perceived:
        """Look at observations one by one, without memory; the map is empty, this policy needs none.

        Raises:
            AgentError: A conditional policy gets no target, or an unconditional one no noise, or an image has
                the wrong shape.
        """
        images = checked_images(self.config, inputs)
        dtype = self.value.weight.dtype
        mask = inputs.action_mask.to(dtype)
        last = [
            self.last_action[part.name](inputs.last_action[:, i]) * mask[:, i, None]
            for i, part in enumerate(self.config.action_space.parts)
        ]
        known = self.last_action_mlp(torch.cat(last, dim=1))
        if inputs.noise is not None:
            known = known + self.noise_mlp(inputs.noise.to(dtype))
        seen = _in_blocks(self._look, known, *images)
        return Perceived(seen, seen.new_zeros(len(seen), 0, 0))

    def _look(self, known: Tensor, *images: Tensor) -> Tensor:
        """Return what is seen (N, 256), given what is known (N, 32) and images (N, height, width, C)."""
        batch, side = len(known), self.config.canvas_px
        ramp = torch.linspace(-1, 1, side, dtype=known.dtype, device=known.device)
        planes = [image.to(known.dtype) / 255 for image in images]
        planes += [
            ramp.view(shape).expand(batch, side, side, 1) for shape in ((1, 1, side, 1), (1, side, 1, 1))
        ]
        cells = self.image(torch.cat(planes, dim=3).permute(0, 3, 1, 2))
        cells = F.relu(cells + known[:, :, None, None])
        for convolution in self.down:
            cells = F.relu(convolution(cells))
        seen: Tensor = self.fc(self.blocks(self.flat(cells)).flatten(1))
        return seen

    def part_logits(self, part: ActionPart, state: Tensor, feature_map: Tensor) -> Tensor:
        """Return the logits (N, values) of one part."""
        del feature_map
        head = self.heads[part.name]
        result: Tensor = _in_blocks(head, state) if part.kind == "location" else head(state)
        return result

    def fold(self, part: ActionPart, state: Tensor, feature_map: Tensor, action: Tensor) -> Tensor:
        """Return the state (N, 256) after a part was decided as `action` (N,)."""
        del feature_map
        if part.name not in self.folds:
            return state
        embedded = self.embeddings[part.name](action)
        return F.relu(state + self.folds[part.name](torch.cat([state, embedded], dim=1)))


def _mlp(*widths: int) -> nn.Sequential:
    """Return linear layers of these widths with relu between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _in_blocks(function: Callable[..., Tensor], *rows: Tensor) -> Tensor:
    """Apply a function of rows to a few rows at a time on a CPU, and to all at once elsewhere."""
    if rows[0].device.type != "cpu" or len(rows[0]) <= _CPU_ROWS:
        return function(*rows)
    return torch.cat(
        [
            function(*(tensor[at : at + _CPU_ROWS] for tensor in rows))
            for at in range(0, len(rows[0]), _CPU_ROWS)
        ]
    )
