"""The shape of a stroke field, and what the numbers it says are called. Free of torch; see `stroke_field`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import AgentError, ConfigError

FIELD_FORMAT: Final = "spiral-studio-stroke-field"
FIELD_VERSION: Final = "1"
CELL: Final = 4
"""Side of a cell in pixels."""
NUM_PLANES: Final = 14
RADII_PX: Final = (0.6, 12.0)
"""Least and largest radius of a field's strokes, in pixels of the picture shown."""
STROKE_NUMBERS: Final = (
    "middle_x",
    "middle_y",
    "axis_cos",
    "axis_sin",
    "bend_x",
    "bend_y",
    "radius",
    "pressure",
    "taper_x",
    "taper_y",
    "opacity",
)
"""The numbers that make a stroke, each of the order of 1; see `stroke_field.stroke_values`."""


@dataclass(frozen=True, kw_only=True)
class FieldConfig:
    """The shape of a stroke field.

    Attributes:
        channels: Channels on cells of 4, 8 and 16 pixels.
        hidden: Width of the head.
        anchor_radii_px: The radius of each anchor's strokes before it has learned anything.

    Raises:
        ConfigError: A value is out of range; the message names it.
    """

    channels: tuple[int, int, int] = (48, 64, 96)
    hidden: int = 96
    anchor_radii_px: tuple[float, ...] = (2.0, 4.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "anchor_radii_px", tuple(float(radius) for radius in self.anchor_radii_px))
        sizes = [*self.channels, self.hidden]
        if len(self.channels) != 3 or not all(type(size) is int and 1 <= size <= 1024 for size in sizes):
            raise ConfigError(
                f"field: channels {self.channels} and hidden {self.hidden}, must be three whole numbers and "
                "one more in [1, 1024]"
            )
        if not 1 <= len(self.anchor_radii_px) <= 16 or not all(
            RADII_PX[0] <= radius <= RADII_PX[1] for radius in self.anchor_radii_px
        ):
            raise ConfigError(
                f"field.anchor_radii_px: {self.anchor_radii_px}, must be 1 to 16 numbers in {list(RADII_PX)}"
            )

    @property
    def num_anchors(self) -> int:
        """M, strokes for each cell."""
        return len(self.anchor_radii_px)

    @property
    def num_outputs(self) -> int:
        """Numbers of the head for each cell: the strokes', then what each is worth."""
        return self.num_anchors * (len(STROKE_NUMBERS) + 1)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every tensor."""
        one, two, three = self.channels
        weights = {
            "patch": (one, NUM_PLANES, CELL, CELL),
            "fine1": (one, one, 3, 3),
            "down1": (two, one, 3, 3),
            "middle1": (two, two, 3, 3),
            "down2": (three, two, 3, 3),
            "coarse1": (three, three, 3, 3),
            "coarse2": (three, three, 3, 3),
            "up2": (two, three, 1, 1),
            "middle2": (two, two, 3, 3),
            "up1": (one, two, 1, 1),
            "fine2": (one, one, 3, 3),
            "fine3": (one, one, 3, 3),
            "hidden": (self.hidden, one, 1, 1),
            "head": (self.num_outputs, self.hidden, 1, 1),
        }
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in weights.items():
            shapes[f"{name}.weight"] = shape
            shapes[f"{name}.bias"] = shape[:1]
        return shapes

    def to_metadata(self) -> dict[str, str]:
        """Return the configuration as the string table of a weights file."""
        return {
            "format": FIELD_FORMAT,
            "version": FIELD_VERSION,
            "config": json.dumps(dataclasses.asdict(self), sort_keys=True),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str) -> FieldConfig:
        """Read the configuration back.

        Raises:
            AgentError: It is missing, of another version, or broken; the message names the source.
        """
        for key, wanted in (("format", FIELD_FORMAT), ("version", FIELD_VERSION)):
            if metadata.get(key) != wanted:
                raise AgentError(f"{source}: {key} {metadata.get(key)!r}, must be {wanted!r}")
        try:
            fields: dict[str, Any] = json.loads(metadata["config"])
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise AgentError(f"{source}: config: {error}") from error


def check_field(
    config: FieldConfig, weights: Mapping[str, npt.NDArray[np.floating[Any]]], source: str
) -> None:
    """Check that weights are those of a field.

    Raises:
        AgentError: A tensor is missing, unknown or of the wrong shape; the message names the source.
    """
    expected = config.shapes()
    for problem, names in (
        ("missing", expected.keys() - weights.keys()),
        ("unknown", weights.keys() - expected.keys()),
    ):
        if names:
            raise AgentError(f"{source}: {problem} tensors: {', '.join(sorted(names))}")
    for name, shape in expected.items():
        if weights[name].shape != shape:
            raise AgentError(f"{source}: {name}: shape {weights[name].shape}, must be {shape}")
