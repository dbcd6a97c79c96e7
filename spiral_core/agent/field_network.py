"""The stroke field in torch, for training. `stroke_field` describes the network and is its twin."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from spiral_core.agent.field_config import CELL, NUM_PLANES, STROKE_NUMBERS, FieldConfig


class FieldNetwork(nn.Module):
    """The network of a stroke field.

    Args:
        config: Its shape.
    """

    def __init__(self, config: FieldConfig) -> None:
        super().__init__()
        self.config = config
        one, two, three = config.channels
        self.patch = nn.Conv2d(NUM_PLANES, one, CELL, CELL)
        self.fine1 = nn.Conv2d(one, one, 3, padding=1)
        self.down1 = nn.Conv2d(one, two, 3, 2, 1)
        self.middle1 = nn.Conv2d(two, two, 3, padding=1)
        self.down2 = nn.Conv2d(two, three, 3, 2, 1)
        self.coarse1 = nn.Conv2d(three, three, 3, padding=1)
        self.coarse2 = nn.Conv2d(three, three, 3, padding=1)
        self.up2 = nn.Conv2d(three, two, 1)
        self.middle2 = nn.Conv2d(two, two, 3, padding=1)
        self.up1 = nn.Conv2d(two, one, 1)
        self.fine2 = nn.Conv2d(one, one, 3, padding=1)
        self.fine3 = nn.Conv2d(one, one, 3, padding=1)
        self.hidden = nn.Conv2d(one, config.hidden, 1)
        self.head = nn.Conv2d(config.hidden, config.num_outputs, 1)
        # Begin with dots in the middle of the cells.
        nn.init.normal_(self.head.weight, std=0.01)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Propose strokes for every cell.

        Args:
            planes: Shape (B, H, W, 14), from `planes_of`.

        Returns:
            Numbers (B, h, w, M, D) and worths (B, h, w, M), see `stroke_field`.
        """
        fine = F.relu(self.patch(planes.permute(0, 3, 1, 2)))
        fine = F.relu(fine + self.fine1(fine))
        middle = F.relu(self.down1(fine))
        middle = F.relu(middle + self.middle1(middle))
        coarse = F.relu(self.down2(middle))
        coarse = F.relu(coarse + self.coarse1(coarse))
        coarse = F.relu(coarse + self.coarse2(coarse))
        middle = F.relu(middle + F.interpolate(self.up2(coarse), scale_factor=2))
        middle = F.relu(middle + self.middle2(middle))
        fine = F.relu(fine + F.interpolate(self.up1(middle), scale_factor=2))
        fine = F.relu(fine + self.fine2(fine))
        fine = F.relu(fine + self.fine3(fine))
        said = self.head(F.relu(self.hidden(fine))).permute(0, 2, 3, 1)
        anchors = self.config.num_anchors
        numbers = said[..., :-anchors].unflatten(3, (anchors, len(STROKE_NUMBERS)))
        return numbers, said[..., -anchors:]
