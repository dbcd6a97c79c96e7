"""SPIRAL's discrete actions, and what they mean on the canvas.

An action is a row of whole numbers, one for each part, in the order in which a policy decides them: flag
(0 jump, 1 paint), end point, control point, brush size, pressure, red, green, blue. Colour comes last so that
a use that solves the colour elsewhere can stop early; grayscale has no colour parts (black ink only).

A location is one number, row * grid + column: inside this file grid places are (y, x), everything handed out
is (x, y) in canvas units (fractions of the canvas width, y down). A place is the centre of its grid cell, so
that the whole canvas can be reached. With compat="deepmind" it is the cell's top left corner (pixel
width * c / grid: 0, 2, .., 62 on 64 pixels), as in the released environment.

Source: Ganin et al. 2018 (arXiv 1804.01118), section 4.2; the value lists are the released configuration's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, get_args

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError, ConfigError

PartKind = Literal["flag", "location", "scalar"]
Compat = Literal["deepmind"]

JUMP: Final = 0
PAINT: Final = 1
FLAG: Final = 0
END: Final = 1
CONTROL: Final = 2
SIZE: Final = 3
PRESSURE: Final = 4
COLOR: Final = 5
"""Column of the flag, end point, control point, size, pressure, and of red, which green and blue follow."""

DEFAULT_RADII: Final = tuple(radius / 64 for radius in (1.0, 2.0, 4.0, 8.0, 12.0, 24.0))
"""Brush radii of the released agents, in canvas widths."""


class ActionPart(NamedTuple):
    """One discrete decision: its name, kind and number of values; of a location, grid * grid."""

    name: str
    kind: PartKind
    num_values: int

    @property
    def grid(self) -> int:
        """Cells along each side of a location's grid."""
        return math.isqrt(self.num_values)


class DiscreteActions(Protocol):
    """What a policy needs to know of its actions."""

    @property
    def parts(self) -> tuple[ActionPart, ...]:
        """The decisions in the order in which a policy takes them."""
        ...

    @property
    def grayscale(self) -> bool:
        """Pictures have three equal channels, so that one is enough to look at."""
        ...

    @property
    def has_location(self) -> bool:
        """The policy is told a current location, where its next action begins."""
        ...


@dataclass(frozen=True, kw_only=True)
class PlainActions:
    """Actions by their parts alone, whatever they mean: what a policy for other than strokes is made of.

    Attributes:
        parts: The decisions in the order in which a policy takes them; names are identifiers, each once.
        grayscale: As `DiscreteActions.grayscale`.
        has_location: As `DiscreteActions.has_location`.

    Raises:
        ConfigError: There is no part, a name is wrong or stands twice, a part has less than two values, or a
            location's are not a square number.
    """

    parts: tuple[ActionPart, ...]
    grayscale: bool = False
    has_location: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(ActionPart(*part) for part in self.parts))
        names = [part.name for part in self.parts]
        if not names or len(set(names)) != len(names) or not all(map(str.isidentifier, names)):
            raise ConfigError(f"actions.parts: {names}, must be different identifiers, at least one")
        for name, kind, num_values in self.parts:
            if kind not in get_args(PartKind):
                raise ConfigError(
                    f"actions.{name}: kind {kind!r}, must be one of {', '.join(get_args(PartKind))}"
                )
            if (
                isinstance(num_values, bool)
                or not isinstance(num_values, int)
                or not 2 <= num_values <= 2**20
            ):
                raise ConfigError(f"actions.{name}: {num_values!r} values, must be in [2, {2**20}]")
            if kind == "location" and math.isqrt(num_values) ** 2 != num_values:
                raise ConfigError(f"actions.{name}: {num_values} values, must be a square number: a location")


class Decoded(NamedTuple):
    """What actions mean; N is the number of actions.

    Attributes:
        is_paint: Shape (N,), bool: the stroke is painted, otherwise the brush only moves to the end.
        end: Shape (N, 2), float64: end point (x, y) in canvas units.
        control: Shape (N, 2), float64: control point (x, y) in canvas units.
        radius: Shape (N,), float64: brush radius in canvas widths.
        pressure: Shape (N,), float64, in (0, 1].
        color: Shape (N, 3), float64, in [0, 1]; zeros (black) in grayscale.
    """

    is_paint: npt.NDArray[np.bool_]
    end: npt.NDArray[np.float64]
    control: npt.NDArray[np.float64]
    radius: npt.NDArray[np.float64]
    pressure: npt.NDArray[np.float64]
    color: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ActionSpace:
    """The discrete actions of an agent.

    Attributes:
        grid: Cells along each side of the location grid.
        radii: Brush radii to choose from, in canvas widths, ascending.
        num_pressures: Pressures to choose from, evenly from 0.1 to 1.
        num_color_levels: Levels of each colour channel, evenly from 0 to 1.
        grayscale: No colour parts; everything is painted black.
        aspect: Height over width of the canvas.
        compat: "deepmind" for the released environment's cell corners, or None for cell centres.

    Raises:
        ConfigError: A value is out of range; the message names it and the range.
    """

    grid: int = 32
    radii: tuple[float, ...] = DEFAULT_RADII
    num_pressures: int = 10
    num_color_levels: int = 20
    grayscale: bool = False
    aspect: float = 1.0
    compat: Compat | None = None

    def __post_init__(self) -> None:
        for name in ("grid", "num_pressures", "num_color_levels"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 1024:
                raise ConfigError(f"action_space.{name}: {value!r}, must be a whole number in [2, 1024]")
        radii = tuple(float(radius) for radius in self.radii)
        if len(radii) < 1 or not all(np.isfinite(radii)) or radii[0] <= 0 or any(np.diff(radii) <= 0):
            raise ConfigError(f"action_space.radii: {self.radii!r}, must be ascending numbers > 0")
        object.__setattr__(self, "radii", radii)
        if not (np.isfinite(self.aspect) and self.aspect > 0):
            raise ConfigError(f"action_space.aspect: {self.aspect!r}, must be > 0")
        if self.compat not in (None, "deepmind"):
            raise ConfigError(f"action_space.compat: {self.compat!r}, must be 'deepmind' or nothing")

    @property
    def parts(self) -> tuple[ActionPart, ...]:
        """The decisions in the order in which a policy takes them."""
        cells = self.grid * self.grid
        parts = (
            ActionPart("flag", "flag", 2),
            ActionPart("end", "location", cells),
            ActionPart("control", "location", cells),
            ActionPart("size", "scalar", len(self.radii)),
            ActionPart("pressure", "scalar", self.num_pressures),
        )
        if self.grayscale:
            return parts
        return parts + tuple(
            ActionPart(name, "scalar", self.num_color_levels) for name in ("red", "green", "blue")
        )

    @property
    def has_location(self) -> bool:
        """A stroke begins at the current location."""
        return True

    @property
    def num_parts(self) -> int:
        """How many decisions an action has: 8, or 5 in grayscale."""
        return 5 if self.grayscale else 8

    @property
    def num_values(self) -> npt.NDArray[np.int64]:
        """Shape (num_parts,): how many values each part has."""
        return np.array([part.num_values for part in self.parts], np.int64)

    @property
    def pressures(self) -> npt.NDArray[np.float64]:
        """Shape (num_pressures,): the pressures to choose from."""
        return np.linspace(0.1, 1.0, self.num_pressures)

    @property
    def color_levels(self) -> npt.NDArray[np.float64]:
        """Shape (num_color_levels,): the levels of a colour channel."""
        return np.linspace(0.0, 1.0, self.num_color_levels)

    @property
    def jump_mask(self) -> npt.NDArray[np.bool_]:
        """Shape (num_parts,): the parts that have an effect in a jump: flag and end point."""
        mask = np.zeros(self.num_parts, np.bool_)
        mask[[FLAG, END]] = True
        return mask

    def location_xy(self, location: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return places in canvas units for locations.

        Args:
            location: Any shape, whole numbers in [0, grid**2).

        Returns:
            The same shape with a last axis of (x, y) in canvas units.
        """
        row, column = np.divmod(np.asarray(location, np.int64), self.grid)
        offset = 0.0 if self.compat == "deepmind" else 0.5
        return np.stack([(column + offset) / self.grid, (row + offset) / self.grid * self.aspect], axis=-1)

    def xy_location(self, xy: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the location whose place is nearest to points in canvas units; points outside are clipped.

        Args:
            xy: Any shape with a last axis of (x, y) in canvas units, finite.

        Returns:
            The shape without its last axis, whole numbers in [0, grid**2).
        """
        points = np.asarray(xy, np.float64)
        if points.shape[-1:] != (2,) or not np.isfinite(points).all():
            raise CanvasError(f"xy: shape {points.shape}, must be finite numbers with a last axis of (x, y)")
        cells = points / (1.0, self.aspect) * self.grid
        # Halves go up, so that a point on the edge of two cells has one answer.
        cells = np.floor(cells + 0.5 if self.compat == "deepmind" else cells)
        column, row = np.moveaxis(np.clip(cells, 0, self.grid - 1).astype(np.int64), -1, 0)
        return np.asarray(row * self.grid + column, np.int64)

    def check(self, actions: npt.ArrayLike, num_actions: int | None = None) -> npt.NDArray[np.int64]:
        """Return actions as an int64 array of shape (N, num_parts).

        Raises:
            CanvasError: The shape or type is wrong or a value is out of range; the message names the part,
                the value and the valid range.
        """
        given = np.asarray(actions)
        rows = "N" if num_actions is None else str(num_actions)
        wrong_rows = num_actions is not None and given.shape[:1] != (num_actions,)
        if given.ndim != 2 or given.shape[1] != self.num_parts or wrong_rows:
            raise CanvasError(f"action: shape {given.shape}, must be ({rows}, {self.num_parts})")
        if not np.issubdtype(given.dtype, np.integer):
            with np.errstate(invalid="ignore"):
                whole = np.issubdtype(given.dtype, np.floating) and bool(np.all(given == np.floor(given)))
            if not whole or not np.isfinite(given).all():
                self._refuse(
                    given, given != np.round(given) if np.issubdtype(given.dtype, np.floating) else None
                )
        outside = (given < 0) | (given >= self.num_values)
        if outside.any():
            self._refuse(given, outside)
        return given.astype(np.int64)

    def _refuse(self, actions: npt.NDArray[np.generic], bad: npt.NDArray[np.bool_] | None) -> None:
        if bad is None:
            raise CanvasError(f"action: type {actions.dtype}, must be whole numbers")
        bad = np.asarray(bad) | ~np.isfinite(actions.astype(np.float64))
        row, column = np.argwhere(bad)[0]
        part = self.parts[column]
        raise CanvasError(
            f"action[{row}].{part.name}: {actions[row, column]}, "
            f"must be a whole number in [0, {part.num_values - 1}]"
        )

    def decode(self, actions: npt.ArrayLike) -> Decoded:
        """Return what actions of shape (N, num_parts) mean.

        Raises:
            CanvasError: As `check`.
        """
        checked = self.check(actions)
        if self.grayscale:
            color = np.zeros((len(checked), 3))
        else:
            color = self.color_levels[checked[:, COLOR : COLOR + 3]]
        return Decoded(
            is_paint=checked[:, FLAG] == PAINT,
            end=self.location_xy(checked[:, END]),
            control=self.location_xy(checked[:, CONTROL]),
            radius=np.array(self.radii)[checked[:, SIZE]],
            pressure=self.pressures[checked[:, PRESSURE]],
            color=color,
        )

    def encode(self, decoded: Decoded) -> npt.NDArray[np.int64]:
        """Return the actions nearest to a meaning: the inverse of `decode`, exact on its values.

        Radii are compared by ratio, everything else by distance.

        Returns:
            Shape (N, num_parts), int64.
        """
        actions = np.empty((len(decoded.end), self.num_parts), np.int64)
        actions[:, FLAG] = np.where(decoded.is_paint, PAINT, JUMP)
        actions[:, END] = self.xy_location(decoded.end)
        actions[:, CONTROL] = self.xy_location(decoded.control)
        actions[:, SIZE] = _nearest(np.log(decoded.radius), np.log(self.radii))
        actions[:, PRESSURE] = _nearest(decoded.pressure, self.pressures)
        if not self.grayscale:
            actions[:, COLOR : COLOR + 3] = _nearest(decoded.color, self.color_levels)
        return actions


def _nearest(values: npt.NDArray[np.float64], choices: npt.ArrayLike) -> npt.NDArray[np.int64]:
    levels = np.asarray(choices, np.float64)
    return np.asarray(np.abs(np.asarray(values)[..., None] - levels).argmin(axis=-1), np.int64)
