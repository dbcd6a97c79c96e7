"""Brush files: found by name, checked, and refused when we would not draw them as libmypaint does.

A brush file (.myb) is libmypaint's JSON, version 3. Names are paths without the ending, relative to one of
the brush folders: "round" is one of ours, "classic/dry_brush" one of Debian's mypaint-brushes.
"""

from __future__ import annotations

import difflib
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.mypaint import _native
from spiral_core.errors import BrushError

SHIPPED_FOLDER: Final = Path(__file__).resolve().parents[2] / "configs" / "brushes"
SYSTEM_FOLDERS: Final = (
    Path("/usr/share/mypaint-data/2.0/brushes"),
    Path("/usr/local/share/mypaint-data/2.0/brushes"),
    Path("/usr/share/mypaint-data/1.0/brushes"),
)
_SUFFIX: Final = ".myb"

# Settings that some files carry and that belong to the paint program, not to the brush engine.
_NOT_FOR_THE_ENGINE: Final = frozenset({"restore_color"})
# With one of these, dabs depend on how fast the brush moves and how often it is looked at.
_TIME_SETTINGS: Final = ("slow_tracking", "dabs_per_second", "tracking_noise", "offset_by_speed")
_TIME_INPUTS: Final = frozenset({"speed1", "speed2", "custom"})
# With one of these, the paint is not one colour laid over another, so its colour cannot be solved for.
_MIXING_SETTINGS: Final = (
    "smudge",
    "eraser",
    "lock_alpha",
    "colorize",
    "posterize",
    "change_color_h",
    "change_color_l",
    "change_color_hsl_s",
    "change_color_v",
    "change_color_hsv_s",
)


@dataclass(frozen=True, slots=True)
class Brush:
    """A brush that can be drawn faithfully.

    Attributes:
        name: The name it was asked for by.
        path: Where it was found.
        json: What libmypaint is given.
        is_pigment: Mixes colours as pigments do, through libmypaint's extended interface.
        time_matters: Its dabs depend on speed, so each stroke is always cut into the same number of events.
        lays_flat_color: One colour over what is there: the painter can solve for the colour.
    """

    name: str
    path: Path
    json: str
    is_pigment: bool
    time_matters: bool
    lays_flat_color: bool


def shipped_brushes() -> tuple[str, ...]:
    """Return the names of our own brushes."""
    return tuple(sorted(path.stem for path in SHIPPED_FOLDER.glob(f"*{_SUFFIX}")))


@functools.lru_cache(maxsize=512)
def find_brush(name: str) -> Brush:
    """Find and check a brush.

    Args:
        name: Such as "round" or "classic/dry_brush", or the path of a .myb file.

    Raises:
        BrushError: No such brush, a broken file, or one that asks for what is not drawn faithfully.
    """
    path = _locate(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrushError(f"brush {name!r}: cannot read {path}: {error}") from None
    return _check(name, path, text)


def _locate(name: str) -> Path:
    if name.endswith(_SUFFIX):
        path = Path(name).expanduser()
        if path.is_file():
            return path
        raise BrushError(f"brush {name!r}: no such file")
    parts = Path(name).parts
    if not parts or ".." in parts or Path(name).is_absolute() or "\0" in name:
        raise BrushError(f"brush {name!r}: must be a name such as 'round' or a path ending in {_SUFFIX}")
    folders = (SHIPPED_FOLDER, *SYSTEM_FOLDERS)
    for folder in folders:
        path = folder / (name + _SUFFIX)
        if path.is_file():
            return path
    known = [*shipped_brushes(), *_system_names()]
    near = difflib.get_close_matches(name, known, n=3)
    hint = (
        f"; did you mean {', '.join(map(repr, near))}?"
        if near
        else f"; ours are {', '.join(shipped_brushes())}"
    )
    if not any(folder.is_dir() for folder in SYSTEM_FOLDERS):
        hint += " (Debian's package mypaint-brushes is not installed)"
    raise BrushError(f"brush {name!r}: not found in {', '.join(str(f) for f in folders if f.is_dir())}{hint}")


def _system_names() -> list[str]:
    return sorted(
        {
            str(path.relative_to(folder).with_suffix(""))
            for folder in SYSTEM_FOLDERS
            for path in folder.rglob(f"*{_SUFFIX}")
        }
    )


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e6 <= value <= 1e6:
        raise BrushError(f"{where}: {value!r}, must be a number in [-1e6, 1e6]")
    return float(value)


def _check(name: str, path: Path, text: str) -> Brush:
    where = f"brush {name!r} ({path})"
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BrushError(f"{where}: not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("version") != 3:
        version = data.get("version") if isinstance(data, dict) else None
        raise BrushError(f"{where}: version {version!r}, must be 3")
    settings = data.get("settings")
    if not isinstance(settings, dict):
        raise BrushError(f"{where}: settings: {type(settings).__name__}, must be an object")
    settings = {key: value for key, value in settings.items() if key not in _NOT_FOR_THE_ENGINE}
    base: dict[str, float] = {}
    inputs: dict[str, dict[str, Any]] = {}
    for setting, value in settings.items():
        at = f"{where}: settings.{setting}"
        if not _native.knows_setting(setting):
            raise BrushError(f"{at}: this libmypaint has no such setting")
        if not isinstance(value, dict):
            raise BrushError(f"{at}: {value!r}, must be an object")
        base[setting] = _number(f"{at}.base_value", value.get("base_value"))
        inputs[setting] = _check_inputs(at, value.get("inputs", {}))

    def used(setting: str) -> bool:
        return base.get(setting, 0.0) != 0.0 or bool(inputs.get(setting))

    is_pigment = used("paint_mode") or used("posterize")
    if is_pigment and used("smudge"):
        raise BrushError(
            f"{where}: picks up paint and mixes it as pigments, for which libmypaint samples the canvas at "
            "random places: it would never be the same painting twice; take one without smudge or paint_mode"
        )
    if is_pigment and used("lock_alpha"):
        raise BrushError(f"{where}: pigment mixing with locked alpha is not supported; choose another brush")
    return Brush(
        name=name,
        path=path,
        json=json.dumps({"version": 3, "settings": settings}),
        is_pigment=is_pigment,
        time_matters=any(used(setting) for setting in _TIME_SETTINGS)
        or any(_TIME_INPUTS & points.keys() for points in inputs.values()),
        lays_flat_color=not is_pigment and not any(used(setting) for setting in _MIXING_SETTINGS),
    )


def _check_inputs(where: str, inputs: Any) -> dict[str, Any]:
    if not isinstance(inputs, dict):
        raise BrushError(f"{where}.inputs: {inputs!r}, must be an object")
    for key, points in inputs.items():
        at = f"{where}.inputs.{key}"
        if not _native.knows_input(key):
            raise BrushError(f"{at}: this libmypaint has no such input")
        if not isinstance(points, list) or not 2 <= len(points) <= 64:
            raise BrushError(f"{at}: must be a list of 2 to 64 points")
        last = -float("inf")
        for index, point in enumerate(points):
            if not isinstance(point, list) or len(point) != 2:
                raise BrushError(f"{at}[{index}]: {point!r}, must be a pair [input, change]")
            x = _number(f"{at}[{index}][0]", point[0])
            _number(f"{at}[{index}][1]", point[1])
            if x < last:
                raise BrushError(f"{at}[{index}][0]: {x:g}, must not be below the point before ({last:g})")
            last = x
    return {key: points for key, points in inputs.items() if any(point[1] != 0 for point in points)}
