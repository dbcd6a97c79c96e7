"""The configurations that a training can be started with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spiral_core.config import read_toml
from spiral_core.errors import ConfigError

SHIPPED: Final = Path(__file__).parents[2] / "configs" / "train"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration for `spiral train`.

    Attributes:
        path: The file.
        description: Its first comment.
        phases: The frames of its phases; None for one that leaves them to the default.
    """

    path: Path
    description: str
    phases: tuple[int | None, ...]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.path.stem


def read_configuration(path: Path) -> Configuration:
    """Read what is told of a configuration before it is trained; `spiral train` checks all of it.

    Raises:
        ConfigError: The file cannot be read, or has no phases to train.
    """
    table = read_toml(path)
    if not _phases(table):
        raise ConfigError(f"{path}: no [[phase]], must have one or more for `spiral train`")
    frames = tuple(_frames(phase) for phase in _phases(table))
    return Configuration(path, _first_comment(path.read_text(encoding="utf-8")), frames)


def shipped_configurations(folder: Path = SHIPPED) -> list[Configuration]:
    """Return those that come along, by name; files for other verbs stand among them and are left out."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(read_configuration(path))
        except ConfigError:
            continue
    return found


def total_frames(config_text: str) -> int | None:
    """Return how many frames a run has at its end, or None where its configuration does not say."""
    try:
        table = tomllib.loads(config_text)
    except tomllib.TOMLDecodeError:
        return None
    run = table.get("run", {})
    if isinstance(run, dict) and run.get("population"):
        return None  # its members' frames are counted together, round by round
    frames = [_frames(phase) for phase in _phases(table)]
    known = [count for count in frames if count is not None]
    return sum(known) if known and len(known) == len(frames) else None


def _phases(table: dict[str, Any]) -> list[dict[str, Any]]:
    phases = table.get("phase")
    if not isinstance(phases, list):
        return []
    return [phase for phase in phases if isinstance(phase, dict)]


def _frames(phase: dict[str, Any]) -> int | None:
    frames = phase.get("frames")
    return frames if type(frames) is int else None


def _first_comment(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    return " ".join(lines)
