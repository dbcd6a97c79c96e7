"""Reading a run folder, also while somebody trains into it: what it is, its metrics, how far it has come."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spiral_core.errors import RunError
from spiral_core.training.run_lock import holder

CONFIG: Final = "config.toml"
RUN: Final = "run.json"
METRICS: Final = "metrics.jsonl"
EVENTS: Final = "events"
SAMPLES: Final = "samples"
CHECKPOINTS: Final = "checkpoints"
LATEST: Final = "latest"
AGENT: Final = "agent.safetensors"
CARD: Final = "card.json"
FORMAT: Final = 1

Value = float | int | str | None
"""What a line of metrics may hold."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as its folder tells it.

    Attributes:
        path: The folder.
        config_text: The resolved configuration.
        seed: The seed.
        rows: The lines of metrics.jsonl, each with "frames".
        running: Who trains into it now, such as "process 4711", or None.
        is_finished: It has handed over its agent.
        changed: When its metrics last changed, in seconds since 1970.
    """

    path: Path
    config_text: str
    seed: int
    rows: list[dict[str, Value]]
    running: str | None
    is_finished: bool
    changed: float

    @property
    def recipe(self) -> str:
        """The configuration without seeds: equal in runs that differ in chance alone."""
        try:
            table = tomllib.loads(self.config_text)
        except tomllib.TOMLDecodeError:
            return self.config_text
        return json.dumps(_without_seeds(table), sort_keys=True, default=str)

    def last(self, name: str) -> Value:
        """Return the last value of a metric that is not null, or None."""
        return next((row[name] for row in reversed(self.rows) if row.get(name) is not None), None)


def read_run(folder: Path, *, last_bytes: int | None = None) -> RunRecord:
    """Read the folder of a run.

    Args:
        folder: The folder.
        last_bytes: Read no more than the lines in so many bytes at the end of the metrics; None reads all.

    Raises:
        RunError: It holds no run or is broken.
    """
    about = read_about(folder)
    path = folder / METRICS
    return RunRecord(
        path=folder,
        config_text=read_config(folder),
        seed=about["seed"],
        rows=read_metrics(path, last_bytes=last_bytes) if path.exists() else [],
        running=holder(folder),
        is_finished=(folder / CARD).exists(),
        changed=(path if path.exists() else folder / RUN).stat().st_mtime,
    )


def find_runs(folder: Path) -> list[Path]:
    """Return the folders of runs at and below a folder, in order of their names.

    Raises:
        RunError: There is no such folder.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder")
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    if (folder / RUN).is_file():
        yield folder
        return
    with os.scandir(folder) as entries:
        below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in below:
        yield from _walk(Path(path))


def read_metrics(path: Path, *, last_bytes: int | None = None) -> list[dict[str, Value]]:
    """Return the lines of a metrics file; a last line without an end is still being written and left out.

    Args:
        path: The file.
        last_bytes: Return only the lines that begin in so many bytes at the end; None returns all.

    Raises:
        RunError: The file cannot be read, or a line is no table with "frames".
    """
    try:
        with path.open("rb") as file:
            skipped = 0
            if last_bytes is not None:
                skipped = max(0, file.seek(0, os.SEEK_END) - last_bytes)
                file.seek(skipped)
            lines = file.read().decode("utf-8", errors="replace").split("\n")[bool(skipped) : -1]
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        where = f"{path}: line {number}" + " of those at the end" * bool(skipped)
        try:
            row = json.loads(line)
        except ValueError as error:
            raise RunError(f"{where}: {error}") from error
        if not isinstance(row, dict) or type(row.get("frames")) is not int:
            raise RunError(f"{where}: must be a table with a whole number of frames")
        rows.append(row)
    return rows


def read_about(folder: Path) -> dict[str, Any]:
    """Return what run.json says.

    Raises:
        RunError: It is missing or broken.
    """
    path = folder / RUN
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{folder}: holds no run: {RUN} is missing") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from error
    if not isinstance(about, dict):
        raise RunError(f"{path}: must be a table")
    if about.get("format") != FORMAT:
        raise RunError(f"{path}: format: {about.get('format')!r}, must be {FORMAT}")
    for name, kind in (("command", list), ("seed", int), ("created", dict), ("resumed", list)):
        if not isinstance(about.get(name), kind):
            raise RunError(f"{path}: {name}: {about.get(name)!r}, must be a {kind.__name__}")
    return about


def read_config(folder: Path) -> str:
    """Return the text of a run's config.toml.

    Raises:
        RunError: It is missing or cannot be read.
    """
    try:
        return (folder / CONFIG).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(f"{folder / CONFIG}: is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder / CONFIG}: cannot be read: {error}") from error


def _without_seeds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_seeds(entry) for key, entry in value.items() if key != "seed"}
    if isinstance(value, list):
        return [_without_seeds(entry) for entry in value]
    return value
