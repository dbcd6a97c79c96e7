"""The metrics of a run that somebody may be training into: read as they grow, never twice, never long."""

from __future__ import annotations

import json
import os
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_CHUNK_BYTES: Final = 1 << 15
_REMEMBERED_BYTES: Final = 512


class MetricsTail:
    """Reads the lines that a metrics file has got since it was last asked.

    A line without an end is still being written and comes next time. A file that was cut back, as a resume
    does, is read anew, also when it has grown past the old place since.

    Args:
        path: The file; it may be missing, and may come and go.
        last_bytes: Begin with the lines in so many bytes at the end; None begins with the first.

    Attributes:
        path: The file.
        problem: What is wrong with it, or "".
    """

    def __init__(self, path: Path, last_bytes: int | None = None) -> None:
        self.path, self.problem = path, ""
        self._last_bytes = last_bytes
        self._inode = -1
        self._begin(0)

    def _begin(self, offset: int) -> None:
        self._offset, self._before = offset, b""
        # A start in the middle of the file falls into the middle of a line.
        self._is_mid_line = offset > 0

    def read(self) -> Reading:
        """Return the lines of the next piece of the file; call again until `is_all`."""
        try:
            with self.path.open("rb") as file:
                return self._read(file.fileno())
        except FileNotFoundError:
            problem = ""
        except OSError as error:
            problem = f"{self.path}: cannot be read: {error.strerror or error}"
        self.problem = problem
        is_anew = self._inode >= 0
        self._inode = -1
        self._begin(0)
        return Reading([], is_anew=is_anew, is_all=True)

    def _read(self, file: int) -> Reading:
        about = os.fstat(file)
        is_anew = about.st_ino != self._inode or not self._follows(file)
        if is_anew:
            self._inode, self.problem = about.st_ino, ""
            self._begin(0 if self._last_bytes is None else max(0, about.st_size - self._last_bytes))
        raw = os.pread(file, _CHUNK_BYTES, self._offset)
        whole = raw.rfind(b"\n") + 1
        while not whole and len(raw) % _CHUNK_BYTES == 0 and raw:  # a line longer than the piece
            more = os.pread(file, _CHUNK_BYTES, self._offset + len(raw))
            if not more:
                break
            raw += more
            whole = raw.rfind(b"\n") + 1
        lines = raw[:whole].split(b"\n")[int(self._is_mid_line and whole > 0) : -1]
        if whole:
            self._is_mid_line = False
            self._offset += whole
            self._before = (self._before + raw[:whole])[-_REMEMBERED_BYTES:]
        rows = [row for row in map(self._row, lines) if row is not None]
        return Reading(rows, is_anew=is_anew, is_all=not whole or self._offset >= about.st_size)

    def _follows(self, file: int) -> bool:
        """Tell whether what was read last still stands before the place where reading goes on."""
        if os.fstat(file).st_size < self._offset:
            return False
        start = self._offset - len(self._before)
        return os.pread(file, len(self._before), start) == self._before

    def _row(self, line: bytes) -> dict[str, Any] | None:
        try:
            row = json.loads(line)
        except ValueError as error:
            self.problem = f"{self.path}: a line is no JSON: {error}"
            return None
        if not isinstance(row, dict) or type(row.get("frames")) is not int:
            self.problem = f"{self.path}: a line must be a table with a whole number of frames"
            return None
        return row


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a metrics file gave.

    Attributes:
        rows: The new lines.
        is_anew: They begin a new file, or one that was cut back: forget what was read before.
        is_all: There is nothing more to read at present.
    """

    rows: list[dict[str, Any]]
    is_anew: bool
    is_all: bool


@dataclass(slots=True)
class _Series:
    frames: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))


@dataclass(frozen=True, slots=True)
class Span:
    """Where a number was measured.

    Attributes:
        first: The fewest frames.
        last: The most frames.
        value: One of its values.
    """

    first: float
    last: float
    value: float


class RunHistory:
    """All numbers of a run by name, each with the frames it was measured at.

    Args:
        path: The metrics file.

    Attributes:
        revision: Grows with every change.
    """

    def __init__(self, path: Path) -> None:
        self._tail = MetricsTail(path)
        self._series: dict[str, _Series] = {}
        self.revision = 0

    @property
    def problem(self) -> str:
        """What is wrong with the file, or ""."""
        return self._tail.problem

    def read(self) -> bool:
        """Take in the next piece of the file; return whether that was all for now."""
        reading = self._tail.read()
        if reading.is_anew:
            self._series.clear()
        for row in reading.rows:
            frames = row["frames"]
            for name, value in row.items():
                if isinstance(value, int | float) and name != "frames":
                    series = self._series.get(name)
                    if series is None:
                        series = self._series[name] = _Series()
                    series.frames.append(frames)
                    series.values.append(value)
        if reading.rows or reading.is_anew:
            self.revision += 1
        return reading.is_all

    def names(self) -> list[str]:
        """Return the names of the numbers, in the order in which they first came."""
        return list(self._series)

    def series(self, name: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the frames and the values of a number; empty if the run has none of this name."""
        series = self._series.get(name)
        if series is None:
            return np.empty(0), np.empty(0)
        return np.array(series.frames), np.array(
            series.values
        )  # copies: an array that is looked at cannot grow

    def span(self, name: str) -> Span | None:
        """Return where a number was measured, or None if it never was."""
        series = self._series.get(name)
        return None if series is None else Span(series.frames[0], series.frames[-1], series.values[0])
