"""How a machine wants its G-code."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spiral_core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class GcodeSettings:
    """Feeds, and what lifts and lowers the pen; good for a small plotter that lifts by its Z axis.

    Attributes:
        draw_feed_mm_per_min: Speed with the pen down, > 0.
        pen_down: Lines that lower the pen. Servos want for example ("M3 S90", "G4 P0.2").
        pen_up: Lines that lift it, such as ("M5", "G4 P0.2").
        tolerance_mm: How far drawn lines may be from the true curve, > 0.
        pause_for_colors: Stop for a change of pen (`M0`) wherever the colour changes.
    """

    draw_feed_mm_per_min: float = 2000.0
    pen_down: tuple[str, ...] = ("G1 Z0 F1000",)
    pen_up: tuple[str, ...] = ("G0 Z5",)
    tolerance_mm: float = 0.05
    pause_for_colors: bool = True

    def __post_init__(self) -> None:
        for name in ("draw_feed_mm_per_min", "tolerance_mm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(f"{name}: {value:g}, must be > 0")
        for name in ("pen_down", "pen_up"):
            for line in getattr(self, name):
                if not line.strip() or not line.isascii() or not line.isprintable():
                    raise ConfigError(f"{name}: {line!r}, must be one line of G-code")
