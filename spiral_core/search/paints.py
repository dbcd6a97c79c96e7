"""Paints that a person names: a number of them, a list, or a palette file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from spiral_core.color import from_hex
from spiral_core.errors import ConfigError
from spiral_core.program import Color

MAX_PAINTS = 256
_GIMP_LINE = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(?:\s.*)?", re.ASCII)


class Paints(NamedTuple):
    """Which paints there are.

    Attributes:
        size: This many are to be found for the photo; None if they are given.
        colors: The given paints; None if they are to be found.
    """

    size: int | None
    colors: tuple[Color, ...] | None


def parse_palette(text: str) -> Paints:
    """Return the paints that an argument asks for: "12", "#e63946,#1d3557" or the name of a palette file.

    Raises:
        ConfigError: It is none of these.
    """
    if text.strip().isdecimal():
        size = int(text)
        if not 1 <= size <= MAX_PAINTS:
            raise ConfigError(f"palette {text!r}: must be 1 to {MAX_PAINTS} paints")
        return Paints(size, None)
    if text.lstrip().startswith("#"):
        return Paints(None, _checked(tuple(Color(*from_hex(part)) for part in text.split(",")), text))
    return Paints(None, read_palette(Path(text)))


def read_palette(path: Path) -> tuple[Color, ...]:
    """Read a palette file: a GIMP palette (.gpl), or lines that begin with a colour like #e63946.

    Raises:
        ConfigError: The file cannot be read or holds no such lines; names file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(
            f"palette {str(path)!r}: cannot be read ({error.strerror}); "
            "must be a number of paints, colours like #e63946,#1d3557 or a palette file"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"palette {str(path)!r}: is no text file") from error
    is_gimp = bool(lines) and lines[0].strip() == "GIMP Palette"
    colors = []
    for number, line in enumerate(lines[is_gimp:], start=1 + is_gimp):
        if not line.strip() or (is_gimp and re.match(r"\s*(#|Name:|Columns:)", line)):
            continue
        colors.append(_color(line, is_gimp, f"{path}: line {number}"))
    return _checked(tuple(colors), str(path))


def _color(line: str, is_gimp: bool, where: str) -> Color:
    if not is_gimp:
        try:
            return Color(*from_hex(line.split()[0]))
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
    match = _GIMP_LINE.fullmatch(line)
    channels = [int(part) for part in match.groups()] if match else []
    if not channels or max(channels) > 255:
        raise ConfigError(f"{where}: {line!r}, must be three numbers in [0, 255]")
    red, green, blue = (channel / 255 for channel in channels)
    return Color(red, green, blue)


def _checked(colors: tuple[Color, ...], where: str) -> tuple[Color, ...]:
    unique = tuple(dict.fromkeys(colors))
    if not 1 <= len(unique) <= MAX_PAINTS:
        raise ConfigError(f"palette {where!r}: holds {len(unique)} paints, must be 1 to {MAX_PAINTS}")
    return unique
