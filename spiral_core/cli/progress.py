"""How far a painting is: one live line on a terminal, nothing anywhere else."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class PaintingProgress:
    """The live line of one painting: phase, bar, strokes, error, time gone and time to go.

    Args:
        name: What is being painted.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[strokes]} strokes, error {task.fields[error]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task(name, total=1.0, strokes=0, error="-")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, part: float, num_strokes: int, error: float) -> None:
        """Tell how far the search is, in [0, 1], the strokes and the mean squared error."""
        self._progress.update(self._task, completed=part, strokes=num_strokes, error=f"{error:.5f}")

    def phase(self, name: str, part: float) -> None:
        """Tell that something with a name is done to the given part, in [0, 1]."""
        self._progress.update(self._task, description=f"{self._name}: {name}", completed=part)
