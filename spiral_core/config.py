"""Configuration files: TOML tables to frozen dataclasses, with errors that name file, key and value."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from spiral_core.errors import ConfigError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: It is missing, or no TOML; the message names it.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def build(kind: type[T], table: dict[str, Any], where: str, **fixed: Any) -> T:
    """Make a configuration from a table.

    Args:
        kind: The dataclass.
        table: Its values by name; types must be those of the defaults, whole numbers may stand for floats.
        where: What errors call the place.
        fixed: Values that no file may set.

    Raises:
        ConfigError: A key is unknown or a value of the wrong type or out of range.
    """
    blank = kind(**fixed)
    names = [entry.name for entry in dataclasses.fields(kind) if entry.name not in fixed]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; must be one of {', '.join(names)}"
            raise ConfigError(f"{where}: unknown key {name!r}{hint}")
        default = getattr(blank, name)
        if isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(default):
            raise ConfigError(f"{where}: {name}: {value!r}, must be a {type(default).__name__}")
        values[name] = value
    try:
        return kind(**fixed, **values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
