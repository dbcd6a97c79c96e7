"""A painter at work, told as edits of the list of strokes that the window holds as well."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from gui.session.edits import Change, Edit, Put, Replace, Take, apply
from spiral_core.program import Page, PaintingProgram, Stroke
from spiral_core.rendering import PlanningCanvasFactory
from spiral_core.search import (
    Painter,
    PaintOptions,
    PhaseChanged,
    ProgramReplaced,
    Proposer,
    StrokeAdded,
    StrokeRemoved,
    StrokeReplaced,
)

_AT_ONCE: Final = 128  # strokes in one edit: so many the window takes in without anybody noticing


class PaintingRun:
    """One run of a `Painter`; arguments as its."""

    def __init__(
        self,
        target: npt.NDArray[np.uint8],
        options: PaintOptions,
        planning: PlanningCanvasFactory,
        *,
        proposer: Proposer,
        program: PaintingProgram | None,
        importance: npt.NDArray[np.float32] | None,
        page: Page,
    ) -> None:
        self.painter = Painter(
            target,
            options,
            planning,
            proposer=proposer,
            program=program,
            importance=importance,
            page=page,
        )
        self.phase = "paint"
        self._events = self.painter.run()
        self._strokes: list[Stroke] = list(program.strokes) if program is not None else []
        self._edits: list[Edit] = []
        self._told = 0.0  # the progress that the painter says itself when a phase begins
        self._options = options

    @property
    def num_waiting(self) -> int:
        """Edits that `take_edits` would give."""
        return len(self._edits)

    @property
    def progress(self) -> float:
        """Part of the work that is done, in [0, 1]."""
        # The other half is revision.
        return min(1.0, max(self._told, 0.5 * len(self._strokes) / self._options.strokes))

    def advance(self) -> bool:
        """Paint until the next event; return whether that was the last."""
        event = next(self._events, None)
        match event:
            case None:
                return True
            case PhaseChanged(name, progress):
                self.phase, self._told = name, progress
            case StrokeAdded(index, stroke):
                self._note(Put(((index, stroke),)))
            case StrokeReplaced(index, stroke):
                self._note(Change(((index, stroke),)))
            case StrokeRemoved(index):
                self._note(Take((index,)))
            case ProgramReplaced():
                strokes = self.painter.program().strokes
                if len(strokes) != len(self._strokes):
                    self._note(Replace(strokes))
                    return False
                pairs = enumerate(zip(self._strokes, strokes, strict=True))
                changed = tuple((place, new) for place, (old, new) in pairs if old != new)
                for first in range(0, len(changed), _AT_ONCE):
                    self._note(Change(changed[first : first + _AT_ONCE]))
        return False

    def take_edits(self) -> tuple[Edit, ...]:
        """Return what has changed since the last time."""
        edits, self._edits = tuple(self._edits), []
        return edits

    def add_seconds(self, seconds: float) -> None:
        """Put a limit of time off by so long: the painter was paused."""
        limit = self._options.seconds
        if limit is not None:
            self.set_budget(seconds=limit + seconds)

    def set_budget(self, *, strokes: int | None = None, seconds: float | None = None) -> None:
        """Change how many strokes to paint in all, and for how long."""
        given = {"strokes": strokes, "seconds": seconds}
        changes = {name: value for name, value in given.items() if value is not None}
        self._options = dataclasses.replace(self._options, **changes)  # type: ignore[arg-type]
        self.painter.set_budget(strokes=strokes, seconds=seconds)

    def _note(self, edit: Edit) -> None:
        apply(self._strokes, edit)
        self._edits.append(edit)
