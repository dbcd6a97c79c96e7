"""Critics: convolutional networks that score pictures by how much they look like the data.

Shapes: N images, H x W pixels, T steps, P action parts, C channels, D channels where a program joins.
The network is that of DCGAN without batch norm (with it, a score would depend on its neighbours in the
batch): 4x4 convolutions of stride 2 down to 4x4 cells, then one linear score. Scores have no bounds; the
gradient of a score is by pictures with values in [0, 1].

Source: Ganin et al. 2018 (arXiv 1804.01118), sections 3.2, 3.4 and appendix B ("DCGAN-like"; sizes are ours).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils.parametrizations import spectral_norm

from spiral_core.action_space import ActionSpace
from spiral_core.errors import CanvasError, ConfigError

CriticKind = Literal["spectral", "wasserstein"]
CriticView = Literal["image", "pair", "complement"]

NUM_HALVES: Final = 4
"""Which half a complement critic sees of the target: 0 left, 1 right, 2 top, 3 bottom."""

_LAST_SIDE: Final = 4
_SLOPE: Final = 0.2
_EMBEDDING: Final = 16


@dataclass(frozen=True, kw_only=True)
class CriticConfig:
    """The shape of a critic.

    Attributes:
        kind: "spectral": every layer's spectral norm is held at 1, for the standard loss (SPIRAL++);
            "wasserstein": no norm, for the Wasserstein loss with gradient penalty (2018).
        view: What is scored. "image": a picture alone; "pair": picture and target, one above the other;
            "complement": a half of the target beside the other half of the picture, which shows whether they
            fit but lets no pixel be compared (SPIRAL++, section 2.3).
        width: Channels of the first layer; each next has twice as many, up to 8 times.
        canvas_px: Side of the square pictures: 8 times a power of 2, up to 1024.
        grayscale: Pictures have three equal channels; only the first is looked at.
        sees_actions: The program that drew the picture is scored with it (2018, section 5); view "image"
            only.

    Raises:
        ConfigError: A value is out of range or values do not go together.
    """

    kind: CriticKind = "spectral"
    view: CriticView = "image"
    width: int = 16
    canvas_px: int = 64
    grayscale: bool = False
    sees_actions: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("spectral", "wasserstein"):
            raise ConfigError(f"critic.kind: {self.kind!r}, must be one of spectral, wasserstein")
        if self.view not in ("image", "pair", "complement"):
            raise ConfigError(f"critic.view: {self.view!r}, must be one of image, pair, complement")
        if isinstance(self.width, bool) or not 1 <= self.width <= 256:
            raise ConfigError(f"critic.width: {self.width!r}, must be a whole number in [1, 256]")
        if self.canvas_px not in (8, 16, 32, 64, 128, 256, 512, 1024):
            raise ConfigError(
                f"critic.canvas_px: {self.canvas_px!r}, must be 8, 16, 32, 64, 128, 256, 512 or 1024"
            )
        if self.sees_actions and self.view != "image":
            raise ConfigError(
                f"critic.sees_actions: needs view 'image', not {self.view!r}: targets come without programs"
            )

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels after each convolution; at 64 pixels there are four."""
        num_layers = (self.canvas_px // _LAST_SIDE).bit_length() - 1
        return tuple(self.width * 2 ** min(i, 3) for i in range(num_layers))

    @property
    def num_planes(self) -> int:
        """Image planes that the first convolution sees."""
        return (1 if self.grayscale else 3) * (2 if self.view == "pair" else 1)


class CriticInput(NamedTuple):
    """What a critic scores; in the order of `Critic.forward`.

    Attributes:
        images: Shape (N, H, W, 3), uint8, or floating point in [0, 1].
        target: The same shape, uint8 or floating point; None for view "image".
        actions: Shape (N, T, P), whole numbers, -1 where a part had no effect; None unless it sees actions.
        half: Shape (N,), whole numbers in [0, NUM_HALVES); None unless the view is "complement".
    """

    images: Tensor
    target: Tensor | None = None
    actions: Tensor | None = None
    half: Tensor | None = None


class ProgramEncoder(nn.Module):
    """Embeds programs: T x P discrete actions to one vector (D,), in which the order of steps counts.

    Args:
        action_space: What the actions mean.
        width: Length D of the vector.
    """

    def __init__(self, action_space: ActionSpace, width: int) -> None:
        super().__init__()
        self.action_space = action_space
        # A location is the sum of its row's and its column's vector: rows first, then columns.
        self.embeddings = nn.ModuleList(
            nn.Embedding(2 * action_space.grid if part.kind == "location" else part.num_values, _EMBEDDING)
            for part in action_space.parts
        )
        self.step = nn.Linear(action_space.num_parts * _EMBEDDING + 1, width)
        self.neighbours = nn.Conv1d(width, width, 3, padding=1)
        self.out = nn.Linear(width, width)

    def forward(self, actions: Tensor) -> Tensor:
        """Return vectors (N, D) of actions (N, T, P), -1 where a part had no effect."""
        matters = (actions >= 0)[..., None]
        parts = []
        for i, (part, table) in enumerate(zip(self.action_space.parts, self.embeddings, strict=True)):
            action = actions[..., i].clamp(min=0)
            if part.kind == "location":
                grid = self.action_space.grid
                row = torch.div(action, grid, rounding_mode="floor")
                embedded = table(row) + table(action % grid + grid)
            else:
                embedded = table(action)
            parts.append(embedded * matters[:, :, i])
        num, steps = actions.shape[:2]
        # How far the program is tells first strokes from last ones.
        when = torch.arange(steps, dtype=parts[0].dtype, device=actions.device) / max(steps, 1)
        parts.append(when[None, :, None].expand(num, steps, 1))
        each = F.leaky_relu(self.step(torch.cat(parts, dim=2)), _SLOPE)
        around = F.leaky_relu(self.neighbours(each.transpose(1, 2)), _SLOPE)
        result: Tensor = self.out(around.mean(dim=2))
        return result


class Critic(nn.Module):
    """A critic.

    In the kind "spectral" each forward pass in training mode moves the estimate of every layer's norm by one
    power iteration; in evaluation mode it stands still, so scores are a function of weights and input alone.
    A state dict holds the estimates, too.

    Args:
        config: Its shape.
        action_space: The actions of the programs it sees; None unless it sees actions.

    Raises:
        ConfigError: The action space is missing or not wanted.

    Source: spectral norm: Miyato et al. 2018 (arXiv 1802.05957), section 2.1.
    """

    def __init__(self, config: CriticConfig, action_space: ActionSpace | None = None) -> None:
        super().__init__()
        if config.sees_actions != (action_space is not None):
            raise ConfigError(
                f"critic.sees_actions: {config.sees_actions}, must go with an action space, given: "
                f"{action_space is not None}"
            )
        self.config = config
        channels = config.channels
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1)
            for before, after in zip((config.num_planes, *channels), channels, strict=False)
        )
        # Images come channels last, and so few channels are faster that way on a CPU.
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.score = nn.Linear(channels[-1] * _LAST_SIDE**2, 1)
        # The program joins before the last convolution, so that it is judged with what is seen.
        joined = channels[-2] if len(channels) > 1 else config.num_planes
        self.program = None if action_space is None else ProgramEncoder(action_space, joined)
        if config.kind == "spectral":
            for module in [*self.modules()]:
                if isinstance(module, nn.Conv2d | nn.Conv1d | nn.Linear | nn.Embedding):
                    spectral_norm(module)

    def forward(
        self,
        images: Tensor,
        target: Tensor | None = None,
        actions: Tensor | None = None,
        half: Tensor | None = None,
    ) -> Tensor:
        """Return scores (N,), without bounds; greater looks more like the data.

        Args:
            images: Shape (N, H, W, 3), uint8, or floating point in [0, 1]; differentiable.
            target: The same shape, uint8 or floating point; needed unless the view is "image".
            actions: Shape (N, T, P), whole numbers, -1 where a part had no effect; needed if it sees actions.
            half: Shape (N,), whole numbers in [0, NUM_HALVES): which half of the target is seen; needed for
                the view "complement".

        Raises:
            CanvasError: Something is missing, not wanted, or of the wrong shape.
        """
        self._check(CriticInput(images, target, actions, half))
        planes = self._planes(images)
        if target is not None:
            other = self._planes(target)
            if half is None:
                planes = torch.cat([planes, other], dim=1)
            else:
                planes = torch.where(_target_mask(half, planes.shape[-1]), other, planes)
        last = len(self.convolutions) - 1
        for i, convolution in enumerate(self.convolutions):
            if i == last and self.program is not None:
                planes = planes + self.program(actions)[:, :, None, None]
            planes = F.leaky_relu(convolution(planes), _SLOPE)
        result: Tensor = self.score(planes.flatten(1))[:, 0]
        return result

    def _planes(self, images: Tensor) -> Tensor:
        """Return planes (N, C, H, W) with values in [-1, 1]."""
        seen = images[..., :1] if self.config.grayscale else images
        values = seen if images.is_floating_point() else seen.to(self.score.bias.dtype) / 255
        return (2 * values - 1).permute(0, 3, 1, 2)

    def _check(self, given: CriticInput) -> None:
        config, side = self.config, self.config.canvas_px
        if given.images.shape[1:] != (side, side, 3):
            raise CanvasError(f"images: {tuple(given.images.shape)}, must be (N, {side}, {side}, 3)")
        wanted = (config.view != "image", config.sees_actions, config.view == "complement")
        for name, value, want in zip(given._fields[1:], given[1:], wanted, strict=True):
            if want != (value is not None):
                raise CanvasError(
                    f"{name}: {'missing' if want else 'not wanted'} with critic view {config.view!r}"
                )
        num = len(given.images)
        if given.target is not None and given.target.shape != given.images.shape:
            raise CanvasError(f"target: {tuple(given.target.shape)}, must be {tuple(given.images.shape)}")
        if given.actions is not None and self.program is not None:
            parts = self.program.action_space.num_parts
            if given.actions.ndim != 3 or len(given.actions) != num or given.actions.shape[2] != parts:
                raise CanvasError(f"actions: {tuple(given.actions.shape)}, must be ({num}, T, {parts})")
        if given.half is not None and given.half.shape != (num,):
            raise CanvasError(f"half: {tuple(given.half.shape)}, must be ({num},)")


def _target_mask(half: Tensor, side: int) -> Tensor:
    """Return (N, 1, H, W), bool: where the target is seen."""
    low = torch.arange(side, device=half.device) < side // 2
    across, down = low.expand(side, side), low[:, None].expand(side, side)
    return torch.stack([across, ~across, down, ~down])[half][:, None]
