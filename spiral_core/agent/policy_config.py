"""The shape of a light policy: what it sees, what it says and how wide it is. Free of torch.

The network (sizes of the default configuration; H is 64 pixels, the map has 16 x 16 cells):

    planes      canvas, target, squared error (1 channel in grayscale)
                                                                -> 4x4 patch convolution, 16
    cells       16 + (offset from the current location, nearness) -> 3x3 residual convolution, 16
                -> 3x3 stride 2, 32 -> 3x3 stride 2, 48
    map         sum of 1x1 convolutions of the three levels, 16 channels at 16 x 16
    state       cells at 4x4, map at the location, embedded last action, noise -> FC 128 -> LSTM 128
    decision    flag, end, control, size, pressure, red, green, blue, each seeing the ones before it;
                location logits = low-rank form over rows and columns + query over the map

Source: the released SPIRAL agent's structure (arXiv 1804.01118, appendix B), narrowed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace, DiscreteActions, PlainActions
from spiral_core.errors import AgentError, ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config")

FORMAT: Final = "spiral-studio-agent"
FORMAT_VERSION: Final = "1"
LIGHT: Final = "light"
PAPER: Final = "paper"
KINDS: Final = (LIGHT, PAPER)
"""Networks that a weights file may hold; one that says nothing holds a light one."""
PATCH: Final = 4
"""Side of a patch in pixels; the map has one cell per patch."""
NUM_LOCATION_PLANES: Final = 3
NUM_EXTRAS: Final = 3
"""Scalars that the state sees: location x, y and how far the episode is."""
NEARNESS_SCALE: Final = 0.15
"""Distance in canvas widths at which nearness to the current location has fallen to 1/e."""
STEP_SCALE: Final = 20.0
CENTRE: Final = 0.5
"""Where a policy looks from, in x and y, whose actions have no current location."""


@dataclass(frozen=True, kw_only=True)
class PolicyConfig:
    """The shape of a light policy.

    Attributes:
        action_space: What it says: `ActionSpace` for painting, anything else becomes `PlainActions`.
        is_conditional: It sees a target; otherwise noise.
        is_blind: It does not see the canvas, only target or noise, location and last action: the paper's
            blind agent.
        canvas_px: Side of the square canvas, a multiple of 16.
        channels: Channels of the three levels, 4, 8 and 16 pixels a cell.
        map_channels: Channels of the map that locations are read from.
        hidden: Width of the state.
        embedding: Width of an embedded part of an action.
        rank: Rank of the location logits' row and column form.
        noise_size: Length of the noise vector of an unconditional policy.
    """

    action_space: DiscreteActions = dataclasses.field(default_factory=ActionSpace)
    is_conditional: bool = True
    is_blind: bool = False
    canvas_px: int = 64
    channels: tuple[int, int, int] = (16, 32, 48)
    map_channels: int = 16
    hidden: int = 128
    embedding: int = 16
    rank: int = 4
    noise_size: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "action_space", checked_actions(self.action_space))
        for name in ("canvas_px", "map_channels", "hidden", "embedding", "rank", "noise_size"):
            _positive(name, getattr(self, name))
        if len(self.channels) != 3:
            raise ConfigError(f"policy.channels: {self.channels!r}, must be three whole numbers")
        for width in self.channels:
            _positive("channels", width)
        if self.canvas_px % (4 * PATCH):
            raise ConfigError(f"policy.canvas_px: {self.canvas_px}, must be a multiple of {4 * PATCH}")
        for part in self.action_space.parts:
            if part.kind == "location" and part.grid % self.map_side:
                raise ConfigError(
                    f"policy.action_space.{part.name}: grid: {part.grid}, must be a multiple of "
                    f"{self.map_side}, the cells along the map's side"
                )

    @property
    def painting(self) -> ActionSpace:
        """Return the actions as those of painting.

        Raises:
            AgentError: They are not.
        """
        return painting_actions(self.action_space)

    @property
    def map_side(self) -> int:
        """Cells along the map's side."""
        return self.canvas_px // PATCH

    @property
    def num_channels(self) -> int:
        """Channels of canvas and target that it looks at: 3, or 1 in grayscale."""
        return 1 if self.action_space.grayscale else 3

    @property
    def num_planes(self) -> int:
        """Image planes of the patch convolution: canvas, target and squared error, as far as it sees them.

        A blind unconditional policy has none; one plane, always zero, keeps its shapes like the others'.
        """
        canvas, target = not self.is_blind, self.is_conditional
        return max(self.num_channels * (canvas + target) + (canvas and target), 1)

    def to_metadata(self) -> dict[str, str]:
        """Return the configuration as the string table of a weights file."""
        return metadata_of(LIGHT, self)

    @classmethod
    def from_metadata(cls, metadata: dict[str, str], source: str) -> PolicyConfig:
        """Read the configuration back.

        Raises:
            AgentError: It is missing, of another version or kind, or broken; the message names the source.
        """
        return config_of(cls, LIGHT, metadata, source)


def checked_actions(actions: DiscreteActions) -> ActionSpace | PlainActions:
    """Return actions as a weights file can hold them.

    Raises:
        ConfigError: They are for a canvas that is not square, or broken.
    """
    if isinstance(actions, ActionSpace):
        if actions.aspect != 1.0:
            raise ConfigError(f"policy.action_space.aspect: {actions.aspect:g}, must be 1")
        return actions
    return PlainActions(parts=actions.parts, grayscale=actions.grayscale, has_location=actions.has_location)


def painting_actions(actions: DiscreteActions) -> ActionSpace:
    """Return actions as those of painting.

    Raises:
        AgentError: They are not.
    """
    if not isinstance(actions, ActionSpace):
        names = ", ".join(part.name for part in actions.parts)
        raise AgentError(f"agent: it says {names}, must be one that paints strokes")
    return actions


def metadata_of(kind: str, config: DataclassInstance) -> dict[str, str]:
    """Return a configuration as the string table of a weights file of that kind."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "kind": kind,
        "config": json.dumps(dataclasses.asdict(config), sort_keys=True),
    }


def kind_of(metadata: Mapping[str, str], source: str) -> str:
    """Return which network a weights file holds.

    Raises:
        AgentError: It is no policy of ours, of another version or of an unknown kind.
    """
    for key, wanted in (("format", FORMAT), ("version", FORMAT_VERSION)):
        if metadata.get(key) != wanted:
            raise AgentError(f"{source}: {key} {metadata.get(key)!r}, must be {wanted!r}")
    kind = metadata.get("kind", LIGHT)
    if kind not in KINDS:
        raise AgentError(f"{source}: kind {kind!r}, must be one of {', '.join(KINDS)}")
    return kind


def config_of(config: Callable[..., Config], kind: str, metadata: Mapping[str, str], source: str) -> Config:
    """Read a configuration back from the string table of a weights file.

    Raises:
        AgentError: It is missing, of another version or kind, or broken; the message names the source.
    """
    held = kind_of(metadata, source)
    if held != kind:
        raise AgentError(f"{source}: holds a policy of kind {held!r}, must be {kind!r} here")
    try:
        fields: dict[str, Any] = json.loads(metadata["config"])
        table: dict[str, Any] = dict(fields.pop("action_space"))
        actions: ActionSpace | PlainActions
        if "parts" in table:
            actions = PlainActions(**table)
        else:
            table["radii"] = tuple(table["radii"])
            actions = ActionSpace(**table)
        return config(action_space=actions, **fields)
    except (KeyError, TypeError, ValueError) as error:
        raise AgentError(f"{source}: config: {error}") from error


def _positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 4096:
        raise ConfigError(f"policy.{name}: {value!r}, must be a whole number in [1, 4096]")


def expected_shapes(config: PolicyConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a policy."""
    one, two, three = config.channels
    wide, hidden, size, parts = (
        config.map_channels,
        config.hidden,
        config.embedding,
        config.action_space.parts,
    )
    context = len(parts) * size + NUM_EXTRAS + (0 if config.is_conditional else config.noise_size)
    shapes: dict[str, tuple[int, ...]] = {
        "patch.weight": (one, config.num_planes, PATCH, PATCH),
        "near.weight": (one, one + NUM_LOCATION_PLANES, 3, 3),
        "down1.weight": (two, one, 3, 3),
        "down2.weight": (three, two, 3, 3),
        "map1.weight": (wide, one, 1, 1),
        "map2.weight": (wide, two, 1, 1),
        "map3.weight": (wide, three, 1, 1),
        "context1.weight": (64, context),
        "context2.weight": (32, 64),
        "fc.weight": (hidden, three * (config.map_side // 4) ** 2 + wide + 32),
        "value.weight": (1, hidden),
        "lstm.weight_ih": (4 * hidden, hidden),
        "lstm.weight_hh": (4 * hidden, hidden),
        "lstm.bias_ih": (4 * hidden,),
        "lstm.bias_hh": (4 * hidden,),
    }
    for part in parts:
        if part.kind == "location":
            grid, fine = part.grid, part.grid // config.map_side
            shapes[f"embeddings.{part.name}.weight"] = (2 * grid, size)
            shapes[f"heads.{part.name}.rows_columns.weight"] = (2 * (config.rank + 1) * grid, hidden)
            shapes[f"heads.{part.name}.query.weight"] = (fine * fine * wide, hidden)
        else:
            shapes[f"embeddings.{part.name}.weight"] = (part.num_values, size)
            shapes[f"heads.{part.name}.weight"] = (part.num_values, hidden)
    for part in parts[:-1]:
        extra = wide if part.kind == "location" else 0
        shapes[f"folds.{part.name}.first.weight"] = (hidden // 2, hidden + size + extra)
        shapes[f"folds.{part.name}.second.weight"] = (hidden, hidden // 2)
    for name, shape in list(shapes.items()):
        if name.endswith(".weight") and not name.startswith(("embeddings", "map2", "map3")):
            shapes[name.removesuffix("weight") + "bias"] = shape[:1]
    return shapes


def check_shapes(config: PolicyConfig, weights: Mapping[str, npt.NDArray[np.float32]], source: str) -> None:
    """Check that weights are those of a policy.

    Raises:
        AgentError: A tensor is missing, unknown or of the wrong shape; the message names the source.
    """
    expected = expected_shapes(config)
    for problem, names in (
        ("missing", expected.keys() - weights.keys()),
        ("unknown", weights.keys() - expected.keys()),
    ):
        if names:
            raise AgentError(f"{source}: {problem} tensors: {', '.join(sorted(names))}")
    for name, shape in expected.items():
        if weights[name].shape != shape:
            raise AgentError(f"{source}: {name}: shape {weights[name].shape}, must be {shape}")
