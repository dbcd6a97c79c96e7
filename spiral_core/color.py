"""Colours as people write them. Everything is display-referred sRGB, channels in [0, 1]."""

from __future__ import annotations

import re

from spiral_core.errors import ConfigError

_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE | re.ASCII)


def to_hex(color: tuple[float, float, float]) -> str:
    """Return a colour as "#rrggbb", the nearest of the 256 steps of each channel."""
    return "#" + "".join(f"{min(255, max(0, int(channel * 255 + 0.5))):02x}" for channel in color)


def from_hex(text: str) -> tuple[float, float, float]:
    """Return the channels of "#rrggbb", "#rgb" or the same without "#".

    Raises:
        ConfigError: It is no such colour.
    """
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"colour {text!r}: must be written like #1f6fb2")
    digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue
