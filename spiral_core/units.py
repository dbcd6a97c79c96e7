"""Lengths and page sizes with their units, as people write them: "210mm", "8.5in", "A4", "30x40cm".

Nothing else of the project parses units; inside, lengths are millimetres and say so in their names.
"""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

from spiral_core.errors import ConfigError

MM_PER_UNIT: Final = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, '"': 25.4, "pt": 25.4 / 72}

_ISO_A_MM: Final = (
    (841, 1189), (594, 841), (420, 594), (297, 420), (210, 297), (148, 210), (105, 148), (74, 105), (52, 74),
)  # fmt: skip

PAGE_SIZES_MM: Final[dict[str, tuple[float, float]]] = {
    **{f"a{number}": (float(width), float(height)) for number, (width, height) in enumerate(_ISO_A_MM)},
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "tabloid": (279.4, 431.8),
}
"""Width and height of named sheets, upright, by lower-case name."""

_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z\"]*)\s*", re.IGNORECASE | re.ASCII)
_SHEET = re.compile(r"([^x×]+)[x×]([^x×]+)", re.IGNORECASE)
_EXAMPLES = "for example A4, A3-landscape, letter, 210x297mm, 8.5x11in"


class PageSize(NamedTuple):
    """A sheet of paper.

    Attributes:
        width_mm: Width as it lies.
        height_mm: Height as it lies.
        may_turn: Nobody said how it lies, so that it may be turned to fit the picture.
    """

    width_mm: float
    height_mm: float
    may_turn: bool


def parse_length_mm(text: str, *, default_unit: str | None = None) -> float:
    """Return a length in millimetres; the unit may be left out only if there is a default one.

    Raises:
        ConfigError: It is no finite number with a known unit.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ConfigError(f"length {text!r}: must be a number with a unit, for example 210mm, 21cm, 8.5in")
    unit = match[2].lower() or default_unit
    if unit is None:
        raise ConfigError(f"length {text!r}: has no unit; write for example {text.strip()}mm")
    if unit not in MM_PER_UNIT:
        raise ConfigError(f"length {text!r}: unknown unit {match[2]!r}; valid: {', '.join(MM_PER_UNIT)}")
    length_mm = float(match[1]) * MM_PER_UNIT[unit]
    if not math.isfinite(length_mm):
        raise ConfigError(f"length {text!r}: must be finite")
    return length_mm


def parse_page(text: str) -> PageSize:
    """Return the size of a sheet: a name ("A4", "A4-landscape", "letter-portrait") or "210x297mm".

    Of two lengths the first may leave out its unit; such a sheet lies as written.

    Raises:
        ConfigError: No such sheet, or a side that is not > 0.
    """
    name, _, direction = text.strip().lower().partition("-")
    if name in PAGE_SIZES_MM and direction in ("", "portrait", "landscape"):
        width_mm, height_mm = PAGE_SIZES_MM[name]
        if direction == "landscape":
            width_mm, height_mm = height_mm, width_mm
        return PageSize(width_mm, height_mm, may_turn=not direction)
    match = _SHEET.fullmatch(text)
    if match is None:
        raise ConfigError(f"page {text!r}: no such sheet; {_EXAMPLES}")
    unit = _LENGTH.fullmatch(match[2])
    try:
        height_mm = parse_length_mm(match[2])
        width_mm = parse_length_mm(match[1], default_unit=unit[2].lower() if unit else None)
    except ConfigError as error:
        raise ConfigError(f"page {text!r}: {error}; {_EXAMPLES}") from error
    if width_mm <= 0 or height_mm <= 0:
        raise ConfigError(f"page {text!r}: both sides must be > 0")
    return PageSize(width_mm, height_mm, may_turn=False)
