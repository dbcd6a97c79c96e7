"""What a person may ask of a painting."""

from __future__ import annotations

from dataclasses import dataclass

from spiral_core.errors import ConfigError
from spiral_core.program import Color
from spiral_core.rendering import StrokeLimits


@dataclass(frozen=True, kw_only=True)
class PaintOptions:
    """Options of `Painter`; lengths in canvas widths.

    Attributes:
        strokes: How many strokes to paint, at least 1; exactly as many unless time runs out or the target is
            flat.
        seconds: Wall seconds after which painting ends, or None. Without it the same seed gives the same
            painting.
        brushes: Names of the brushes to choose from.
        palette: The only paints to use, or None.
        palette_size: Find this many paints in the photo and use only them, or None.
        opaque: Paint at full strength only, as real paint does.
        min_radius: Least brush radius; None: 1.5 pixels of the planned size.
        max_radius: Largest brush radius; None: 0.3, or as wide as fits a photo that is not as high as wide.
        min_length: Least length of a stroke.
        max_length: Largest length of a stroke; None: no bound but the canvas, and a fifth of it for a pen.
        pen_width: Draw all strokes with this one width at full strength, or None.
        background: Colour of the bare canvas; None: the mean colour of the photo or the nearest paint to it,
            and white paper for a pen.
        seed: Seed of the whole search, in [0, 2**63).
        effort: How thoroughly to search; 1 is the measured default, 2 takes about twice the time.
        threads: Threads to use; the painting does not depend on it.

    Raises:
        ConfigError: A value is out of range; the message names it.
    """

    strokes: int = 500
    seconds: float | None = None
    brushes: tuple[str, ...] = ("round",)
    palette: tuple[Color, ...] | None = None
    palette_size: int | None = None
    opaque: bool = False
    min_radius: float | None = None
    max_radius: float | None = None
    min_length: float = 0.0
    max_length: float | None = None
    pen_width: float | None = None
    background: Color | None = None
    seed: int = 0
    effort: float = 1.0
    threads: int = 2

    def __post_init__(self) -> None:
        def check(name: str, holds: bool, valid: str) -> None:
            if not holds:
                raise ConfigError(f"{name}: {getattr(self, name)!r}, must be {valid}")

        check("strokes", 1 <= self.strokes <= 1_000_000, "in [1, 1000000]")
        check("seconds", self.seconds is None or self.seconds > 0, "> 0")
        check("brushes", len(self.brushes) > 0, "at least one name")
        check("palette", self.palette is None or len(self.palette) > 0, "at least one colour")
        check("palette_size", self.palette_size is None or 1 <= self.palette_size <= 256, "in [1, 256]")
        if self.palette is not None and self.palette_size is not None:
            raise ConfigError("palette and palette_size: both given, must be one of them")
        for name in ("min_radius", "max_radius", "max_length", "pen_width"):
            value = getattr(self, name)
            check(name, value is None or 0 < value <= 16, "in (0, 16]")
        check("min_length", 0 <= self.min_length <= 16, "in [0, 16]")
        if self.min_radius is not None and self.max_radius is not None and self.min_radius > self.max_radius:
            raise ConfigError(
                f"min_radius: {self.min_radius:g}, must not be above max_radius {self.max_radius:g}"
            )
        if self.max_length is not None and self.min_length > self.max_length:
            raise ConfigError(
                f"min_length: {self.min_length:g}, must not be above max_length {self.max_length:g}"
            )
        check("seed", 0 <= self.seed < 2**63, "in [0, 2**63)")
        check("effort", 0 < self.effort <= 1000, "in (0, 1000]")
        check("threads", 1 <= self.threads <= 1024, "in [1, 1024]")

    def limits(self, width_px: int, aspect: float) -> StrokeLimits:
        """Return what every stroke must keep within on a canvas planned at this width."""
        if self.pen_width is not None:
            radius = (self.pen_width / 2, self.pen_width / 2)
        else:
            least = self.min_radius if self.min_radius is not None else 1.5 / width_px
            most = self.max_radius if self.max_radius is not None else max(0.3 * min(1.0, aspect), least)
            radius = (min(least, most), most)
        longest = self.max_length
        if longest is None:
            # Lines across the whole page make tones, but no drawing.
            longest = 0.2 if self.pen_width is not None else 2.0
            longest = max(longest * max(1.0, aspect), self.min_length)
        strength = 1.0 if self.opaque or self.pen_width is not None else 0.1
        return StrokeLimits(
            radius=radius,
            length=(self.min_length, longest),
            opacity=(strength, 1.0),
            min_pressure=0.2,
            one_width=self.pen_width is not None,
        )
