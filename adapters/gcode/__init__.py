"""Programs as G-code for pen plotters and painting machines."""

from __future__ import annotations

from .settings import GcodeSettings
from .writer import gcode_text, write_gcode

__all__ = ["GcodeSettings", "gcode_text", "write_gcode"]
