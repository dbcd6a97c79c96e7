"""Training of the digit classifier on MNIST's 60,000 training digits (torch)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from spiral_core.errors import ConfigError
from spiral_core.evaluation.digits import DigitClassifier, DigitNetwork, ink_from_images


@dataclass(frozen=True, kw_only=True)
class DigitTrainingConfig:
    """How the classifier is trained.

    Attributes:
        epochs: How often every digit is seen, > 0.
        batch_size: Digits per update, > 0.
        learning_rate: Its highest value, a tenth of the updates after the start; it falls to 0 as a cosine.
        weight_decay: Of AdamW, >= 0.
        largest_turn_rad: Digits are turned by up to this,
        largest_shear: leant by up to this,
        largest_scale: scaled by up to exp(this) either way,
        largest_shift: and moved by up to this fraction of the picture's width.
        largest_ink: Ink is raised to a power up to exp(this) either way: paler and fuller lines.
        seed: Of everything random.
    """

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    largest_turn_rad: float = 0.17
    largest_shear: float = 0.15
    largest_scale: float = 0.12
    largest_shift: float = 0.06
    largest_ink: float = 0.5
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}: {getattr(self, name)}, must be > 0")


def train_digit_classifier(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    config: DigitTrainingConfig,
    report: Callable[[int, float], None] = lambda epoch, loss: None,
) -> DigitClassifier:
    """Return a classifier trained on labelled digits.

    Args:
        images: Dark ink on white, shape (N, side, side), uint8.
        labels: Shape (N,), in [0, 9].
        config: How.
        report: Called after each epoch with its number, from 1, and its mean loss.

    Raises:
        ConfigError: A number is out of range.
    """
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    network = DigitNetwork().train()
    ink = torch.cat([ink_from_images(images[at : at + 1000]) for at in range(0, len(images), 1000)])
    truth = torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
    per_epoch = math.ceil(len(ink) / config.batch_size)
    num_updates, update = config.epochs * per_epoch, 0
    for epoch in range(1, config.epochs + 1):
        total = 0.0
        for chosen in torch.split(torch.randperm(len(ink), generator=generator), config.batch_size):
            share = update / num_updates
            warmth = min(1.0, share / 0.1 + 1e-2) * 0.5 * (1 + math.cos(math.pi * share))
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * warmth
            logits = network(varied(ink[chosen], config, generator))
            loss = F.cross_entropy(logits, truth[chosen])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            update += 1
            total += loss.item() * len(chosen)
        report(epoch, total / len(ink))
    return DigitClassifier(network)


def varied(ink: Tensor, config: DigitTrainingConfig, generator: torch.Generator) -> Tensor:
    """Return digits turned, leant, scaled, moved and inked at random; shape (B, 1, side, side), as given."""
    num = len(ink)

    def spread(largest: float) -> Tensor:
        return largest * (2 * torch.rand(num, generator=generator) - 1)

    turn, shear = spread(config.largest_turn_rad), spread(config.largest_shear)
    wide, tall = torch.exp(spread(config.largest_scale)), torch.exp(spread(config.largest_scale))
    # affine_grid counts from -1 to 1 over the width, so a fraction of it counts twice.
    across, down = 2 * spread(config.largest_shift), 2 * spread(config.largest_shift)
    cos, sin = torch.cos(turn), torch.sin(turn)
    rows = torch.stack(
        [
            torch.stack([wide * cos, wide * (shear * cos - sin), across], 1),
            torch.stack([tall * sin, tall * (shear * sin + cos), down], 1),
        ],
        1,
    )
    grid = F.affine_grid(rows, list(ink.shape), align_corners=False)
    moved = F.grid_sample(ink, grid, align_corners=False)
    power = torch.exp(spread(config.largest_ink))[:, None, None, None]
    return moved.clamp(0, 1) ** power
