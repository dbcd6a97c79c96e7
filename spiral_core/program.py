"""Programs: what agents write, renderers draw, exporters carry away and the window edits.

Canvas units: x to the right and y down, both as fractions of the canvas *width*, so that lengths mean the
same in both directions and at any size; the canvas spans x in [0, 1] and y in [0, aspect] with
aspect = height / width. Coordinates may lie outside the canvas (a brush may start off the edge).
World units: metres, x right, y away from the viewer, z up.

Everything here is frozen and checked when made: an impossible stroke cannot exist.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spiral_core.errors import ProgramError

SEED_LIMIT: Final = 2**30
"""Stroke seeds lie in [0, SEED_LIMIT); libmypaint's generator takes 30 bits."""

COORDINATE_LIMIT: Final = 16.0
"""No coordinate may be further than this many canvas widths from the origin."""

STROKE_COLUMNS: Final = (
    "start_x",
    "start_y",
    "control_x",
    "control_y",
    "end_x",
    "end_y",
    "start_pressure",
    "end_pressure",
    "radius",
    "red",
    "green",
    "blue",
    "opacity",
)
"""Meaning of the columns of `StrokeArray.values`, in order."""

PrimitiveKind = Literal["box", "cylinder", "capsule", "sphere"]
PRIMITIVE_KINDS: Final[tuple[PrimitiveKind, ...]] = ("box", "cylinder", "capsule", "sphere")


class Point(NamedTuple):
    """A place in canvas units."""

    x: float
    y: float


class Color(NamedTuple):
    """Display-referred sRGB, each channel in [0, 1]."""

    red: float
    green: float
    blue: float


WHITE: Final = Color(1.0, 1.0, 1.0)
BLACK: Final = Color(0.0, 0.0, 0.0)


def _number(where: str, value: object, low: float, high: float, *, open_low: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise ProgramError(f"{where}: {value!r}, must be a number")
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond the range of floats
        number = math.inf if value > 0 else -math.inf
    if math.isfinite(number) and low <= number <= high and not (open_low and number == low):
        return number
    if open_low and high == math.inf:
        valid = f"must be > {low:g}"
    elif open_low:
        valid = f"must be in ({low:g}, {high:g}]"
    else:
        valid = f"must be in [{low:g}, {high:g}]"
    raise ProgramError(f"{where}: {number:g}, {valid}")


def _point(where: str, value: object) -> Point:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ProgramError(f"{where}: {value!r}, must be a pair [x, y]")
    return Point(
        _number(f"{where}.x", value[0], -COORDINATE_LIMIT, COORDINATE_LIMIT),
        _number(f"{where}.y", value[1], -COORDINATE_LIMIT, COORDINATE_LIMIT),
    )


def _color(where: str, value: object) -> Color:
    if not isinstance(value, (tuple, list)) or len(value) != 3:
        raise ProgramError(f"{where}: {value!r}, must be three channels [red, green, blue]")
    return Color(
        *(_number(f"{where}.{name}", v, 0.0, 1.0) for name, v in zip(Color._fields, value, strict=True))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One contact of the brush: a quadratic Bezier with its own width, colour, pressures and seed.

    Nothing of a stroke depends on an earlier one, so strokes can be deleted, reordered and drawn alone.

    Attributes:
        start: First point, canvas units.
        control: Control point of the Bezier; the curve leaves the start towards it.
        end: Last point, canvas units.
        start_pressure: Pressure at the start, in [0, 1]; runs linearly to `end_pressure`.
        end_pressure: Pressure at the end, in [0, 1].
        radius: Brush radius at full size in canvas widths, > 0.
        color: Colour of the paint.
        opacity: How much paint, in (0, 1]; multiplies the brush's own opacity.
        brush: Name of the brush, such as "round" or "classic/dry_brush".
        seed: Seed of the brush's random generator, in [0, SEED_LIMIT).

    Raises:
        ProgramError: A value is out of range; the message names the field, the value and the range.

    Source: Ganin et al. 2018 (arXiv 1804.01118), section 4.2.
    """

    start: Point
    control: Point
    end: Point
    start_pressure: float = 1.0
    end_pressure: float = 1.0
    radius: float
    color: Color = BLACK
    opacity: float = 1.0
    brush: str = "round"
    seed: int = 0

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        for name in ("start", "control", "end"):
            set_field(self, name, _point(name, getattr(self, name)))
        for name in ("start_pressure", "end_pressure"):
            set_field(self, name, _number(name, getattr(self, name), 0.0, 1.0))
        set_field(self, "radius", _number("radius", self.radius, 0.0, math.inf, open_low=True))
        if self.radius > COORDINATE_LIMIT:
            raise ProgramError(f"radius: {self.radius:g}, must be at most {COORDINATE_LIMIT:g} canvas widths")
        set_field(self, "color", _color("color", self.color))
        set_field(self, "opacity", _number("opacity", self.opacity, 0.0, 1.0, open_low=True))
        if not isinstance(self.brush, str) or not self.brush or not self.brush.isprintable():
            raise ProgramError(
                f"brush: {self.brush!r}, must be the name of a brush, without control characters"
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, (int, np.integer)):
            raise ProgramError(f"seed: {self.seed!r}, must be a whole number")
        if not 0 <= self.seed < SEED_LIMIT:
            raise ProgramError(f"seed: {self.seed}, must be in [0, {SEED_LIMIT})")
        set_field(self, "seed", int(self.seed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """One solid of a scene, resting on the floor or hung in space.

    Attributes:
        kind: "box", "cylinder", "capsule" or "sphere".
        position: Centre of the solid in metres: x right, y away from the viewer, z up.
        size: Half extents in metres along x, y, z of the solid's bounding box, each > 0.
        color: Colour of the material.
    """

    kind: PrimitiveKind
    position: tuple[float, float, float]
    size: tuple[float, float, float]
    color: Color

    def __post_init__(self) -> None:
        if self.kind not in PRIMITIVE_KINDS:
            raise ProgramError(f"kind: {self.kind!r}, must be one of {', '.join(PRIMITIVE_KINDS)}")
        for name in ("position", "size"):
            value = getattr(self, name)
            if not isinstance(value, (tuple, list)) or len(value) != 3:
                raise ProgramError(f"{name}: {value!r}, must be three numbers [x, y, z]")
        position = tuple(
            _number(f"position.{axis}", v, -1e6, 1e6) for axis, v in zip("xyz", self.position, strict=True)
        )
        size = tuple(
            _number(f"size.{axis}", v, 0.0, math.inf, open_low=True)
            for axis, v in zip("xyz", self.size, strict=True)
        )
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "color", _color("color", self.color))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The sheet that a program is meant for, in millimetres."""

    width_mm: float
    height_mm: float
    margin_mm: float = 10.0

    def __post_init__(self) -> None:
        for name in ("width_mm", "height_mm"):
            object.__setattr__(
                self, name, _number(f"page.{name}", getattr(self, name), 0.0, 1e5, open_low=True)
            )
        object.__setattr__(self, "margin_mm", _number("page.margin_mm", self.margin_mm, 0.0, 1e5))
        if 2 * self.margin_mm >= min(self.width_mm, self.height_mm):
            raise ProgramError(
                f"page.margin_mm: {self.margin_mm:g} leaves no room on a page of "
                f"{self.width_mm:g} x {self.height_mm:g} mm"
            )

    def picture_rectangle_mm(self, aspect: float) -> tuple[float, float, float, float]:
        """Return (left, top, width, height) in mm of the largest centred picture of this aspect."""
        room_width = self.width_mm - 2 * self.margin_mm
        room_height = self.height_mm - 2 * self.margin_mm
        width = min(room_width, room_height / aspect)
        height = width * aspect
        return (self.width_mm - width) / 2, (self.height_mm - height) / 2, width, height


A4: Final = Page(width_mm=210.0, height_mm=297.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintingProgram:
    """A painting as a sequence of strokes, first stroke at the bottom.

    Attributes:
        strokes: The strokes in painting order.
        aspect: Height over width of the canvas, > 0.
        background: Colour of the bare canvas.
        page: The sheet that the painting is meant for.
        verified_width_px: Canvas width at which the painting was planned and its error measured, or None.
    """

    strokes: tuple[Stroke, ...] = ()
    aspect: float = 1.0
    background: Color = WHITE
    page: Page = A4
    verified_width_px: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "strokes", tuple(self.strokes))
        for index, stroke in enumerate(self.strokes):
            if not isinstance(stroke, Stroke):
                raise ProgramError(f"strokes[{index}]: {stroke!r}, must be a Stroke")
        object.__setattr__(self, "aspect", _number("aspect", self.aspect, 0.0, math.inf, open_low=True))
        if not 1e-5 <= self.aspect <= 1e5:
            raise ProgramError(f"aspect: {self.aspect:g}, must be in [1e-05, 100000]")
        object.__setattr__(self, "background", _color("background", self.background))
        width = self.verified_width_px
        if width is not None and (isinstance(width, bool) or not isinstance(width, int) or width < 1):
            raise ProgramError(f"verified_width_px: {width!r}, must be a whole number > 0 or null")

    def with_strokes(self, strokes: tuple[Stroke, ...]) -> PaintingProgram:
        """Return the same painting with other strokes."""
        return dataclasses.replace(self, strokes=strokes)

    def height_px(self, width_px: int) -> int:
        """Return the canvas height that belongs to a canvas width, both in pixels."""
        return max(1, round(width_px * self.aspect))


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneProgram:
    """A scene as a sequence of primitives."""

    primitives: tuple[Primitive, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "primitives", tuple(self.primitives))
        for index, primitive in enumerate(self.primitives):
            if not isinstance(primitive, Primitive):
                raise ProgramError(f"primitives[{index}]: {primitive!r}, must be a Primitive")


@dataclass(frozen=True, slots=True, eq=False)
class StrokeArray:
    """Strokes as arrays, for renderers and search; the same content as a tuple of `Stroke`.

    Attributes:
        values: Shape (num_strokes, 13), float64, columns as in STROKE_COLUMNS.
        brush: Shape (num_strokes,), int32, indices into `brushes`.
        seed: Shape (num_strokes,), int32, in [0, SEED_LIMIT).
        brushes: Names of the brushes.
    """

    values: npt.NDArray[np.float64]
    brush: npt.NDArray[np.int32]
    seed: npt.NDArray[np.int32]
    brushes: tuple[str, ...]

    def __post_init__(self) -> None:
        count = len(self.values)
        if self.values.shape != (count, len(STROKE_COLUMNS)):
            raise ProgramError(
                f"values: shape {self.values.shape}, must be (num_strokes, {len(STROKE_COLUMNS)})"
            )
        if self.brush.shape != (count,) or self.seed.shape != (count,):
            raise ProgramError(
                f"brush {self.brush.shape} and seed {self.seed.shape}, must both be ({count},)"
            )

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def from_strokes(cls, strokes: tuple[Stroke, ...] | list[Stroke]) -> StrokeArray:
        """Pack strokes into arrays; exact, `to_strokes` gives the same strokes back."""
        brushes = tuple(dict.fromkeys(stroke.brush for stroke in strokes))
        index = {name: i for i, name in enumerate(brushes)}
        values = np.empty((len(strokes), len(STROKE_COLUMNS)), np.float64)
        for row, s in zip(values, strokes, strict=True):
            row[:] = (
                *s.start,
                *s.control,
                *s.end,
                s.start_pressure,
                s.end_pressure,
                s.radius,
                *s.color,
                s.opacity,
            )
        return cls(
            values,
            np.array([index[s.brush] for s in strokes], np.int32),
            np.array([s.seed for s in strokes], np.int32),
            brushes,
        )

    def to_strokes(self) -> tuple[Stroke, ...]:
        """Unpack into checked strokes."""
        return tuple(
            Stroke(
                start=Point(v[0], v[1]),
                control=Point(v[2], v[3]),
                end=Point(v[4], v[5]),
                start_pressure=v[6],
                end_pressure=v[7],
                radius=v[8],
                color=Color(v[9], v[10], v[11]),
                opacity=v[12],
                brush=self.brushes[brush],
                seed=seed,
            )
            for v, brush, seed in zip(
                self.values.tolist(), self.brush.tolist(), self.seed.tolist(), strict=True
            )
        )
