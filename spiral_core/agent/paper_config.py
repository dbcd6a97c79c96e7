"""The shape of the paper's policy: what it sees and says; the widths are the paper's. Free of torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from spiral_core.action_space import ActionSpace, DiscreteActions
from spiral_core.agent.policy_config import (
    PAPER,
    checked_actions,
    config_of,
    metadata_of,
    painting_actions,
)
from spiral_core.errors import ConfigError

GRIDS: Final = (8, 16, 32, 64, 128)
"""Location grids: 4 cells, doubled by each deconvolution of the head; the paper's are 32 and 16."""
CANVAS_SIDES: Final = (32, 64, 128, 256)


@dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """The shape of a paper policy.

    Attributes:
        action_space: What it says: `ActionSpace` for painting, anything else becomes `PlainActions`.
        is_conditional: It sees a target; otherwise noise.
        is_blind: It does not see the canvas.
        canvas_px: Side of the square canvas; the paper's is 64.
        noise_size: Length of the noise vector of an unconditional policy.

    Raises:
        ConfigError: A value is out of range.
    """

    action_space: DiscreteActions = dataclasses.field(default_factory=ActionSpace)
    is_conditional: bool = True
    is_blind: bool = False
    canvas_px: int = 64
    noise_size: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "action_space", checked_actions(self.action_space))
        if self.canvas_px not in CANVAS_SIDES:
            raise ConfigError(f"policy.canvas_px: {self.canvas_px!r}, must be one of {_listed(CANVAS_SIDES)}")
        if isinstance(self.noise_size, bool) or not 1 <= self.noise_size <= 4096:
            raise ConfigError(f"policy.noise_size: {self.noise_size!r}, must be in [1, 4096]")
        for part in self.action_space.parts:
            if part.kind == "location" and part.grid not in GRIDS:
                raise ConfigError(
                    f"policy.action_space.{part.name}: grid: {part.grid}, must be one of {_listed(GRIDS)}"
                )

    @property
    def painting(self) -> ActionSpace:
        """Return the actions as those of painting.

        Raises:
            AgentError: They are not.
        """
        return painting_actions(self.action_space)

    @property
    def num_channels(self) -> int:
        """Channels of canvas and target that it looks at: 3, or 1 in grayscale."""
        return 1 if self.action_space.grayscale else 3

    @property
    def num_planes(self) -> int:
        """Image planes of the first convolution: canvas and target, as far as it sees them; and x, y."""
        return self.num_channels * ((not self.is_blind) + self.is_conditional) + 2

    def to_metadata(self) -> dict[str, str]:
        """Return the configuration as the string table of a weights file."""
        return metadata_of(PAPER, self)

    @classmethod
    def from_metadata(cls, metadata: dict[str, str], source: str) -> PaperConfig:
        """Read the configuration back.

        Raises:
            AgentError: It is missing, of another version or kind, or broken; the message names the source.
        """
        return config_of(cls, PAPER, metadata, source)


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
