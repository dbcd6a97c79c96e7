"""One open painting: what is on the canvas, what the painter is doing, what may be done now.

A state machine without Qt. It is told what a person wants and what the painter says, and says itself what is
to be sent to the painter. Every edit is in the journal before anybody can see it.

    EMPTY -> open -> IDLE -> start -> PAINTING -> pause -> PAUSING -> HELD -> go on -> PAINTING
                      ^------------------- ended, stopped, failed, died ------------------'
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from gui.session.document import Document
from gui.session.edits import Edit
from gui.session.journal import Journal
from gui.session.messages import (
    Amend,
    Began,
    Drawn,
    Ended,
    FromPainter,
    GoOn,
    Held,
    Open,
    Painted,
    Pause,
    SetBudget,
    ShowUpTo,
    Start,
    Stop,
    ToPainter,
)
from spiral_core.errors import SpiralError

CANVAS_PX = 1024
"""Longer side of the canvas on the screen."""
_SAME_SHAPE: Final = 0.01
"""By what part shapes may differ: a photo's pixels are rounded, a painting's are not."""


class StateError(SpiralError):
    """What was asked for cannot be done now."""


class State(enum.Enum):
    """What the painter is doing."""

    EMPTY = "empty"
    IDLE = "idle"
    PAINTING = "painting"
    PAUSING = "pausing"
    HELD = "held"
    STOPPING = "stopping"


AT_WORK = (State.PAINTING, State.PAUSING, State.STOPPING)


class PaintingSession:
    """One open painting.

    Args:
        send: Takes what the painter is to be told.
        journals: Folder of the journals.

    Attributes:
        state: What the painter is doing.
        document: The open painting, or None.
        shown: How many strokes the canvas shows, as far as drawn.
        upto: How many it was asked to show; None for all.
        errors: (strokes ever painted, mean squared error) as painting went on: the error curve.
        progress: Part of the work that is done, in [0, 1].
        phase: "paint", "revise", "done" or "".
    """

    def __init__(self, send: Callable[[ToPainter], None], journals: Path) -> None:
        self._send = send
        self._journals = journals
        self._journal: Journal | None = None
        self._saved_edits = 0
        self._run = 0  # number of the newest start: what is said of an earlier one is old news
        self._when_still: list[Callable[[], object]] = []
        self.state = State.EMPTY
        self.document: Document | None = None
        self.shown = 0
        self.upto: int | None = None
        self.errors: list[tuple[int, float]] = []
        self.progress = 0.0
        self.phase = ""

    # ---- what a person wants ----

    def open(self, document: Document, *, is_saved: bool = True) -> None:
        """Show a painting instead of the one that is open, whose journal stays unless it was saved.

        Raises:
            StateError: The painter is at work.
            OutputError: The journal cannot be written; the open painting stays.
        """
        if self.state in AT_WORK:
            raise StateError("stop the painter before you open another painting")
        journal = Journal(self._journals, document)
        self._let_go()
        self._journal = journal
        self.document = document
        self._saved_edits = document.num_edits if is_saved else -1
        self.state = State.IDLE
        self.errors, self.progress, self.phase, self.upto = [], 0.0, "", None
        self._show()

    def set_photo(self, photo: Path, aspect: float) -> None:
        """Let the agent paint after this photo, whose height is `aspect` times its width.

        Raises:
            StateError: Nothing is open, the painter is at work, or the photo has another shape.
            OutputError: The journal cannot be written; nothing has changed.
        """
        document = self.document
        if document is None or photo == document.photo:
            return
        if self.state is not State.IDLE:
            raise StateError("stop the painter before it is given another photo")
        # The agent measures the painting against the photo pixel by pixel: they must cover one another.
        if abs(aspect / document.aspect - 1) > _SAME_SHAPE:
            shapes = f"is {aspect:.3f} times as high as wide, but the painting {document.aspect:.3f} times"
            raise StateError(f"{photo.name}: {shapes}")
        if self._journal is not None:
            self._journal.set_photo(photo)
        document.photo = photo

    def close(self) -> None:
        """Leave the painting; what was not saved stays in its journal."""
        self._let_go()
        self.document, self.state = None, State.EMPTY

    def saved(self) -> None:
        """Note that the painting lies in a file as it is now."""
        if self.document is not None:
            self._saved_edits = self.document.num_edits

    def has_changed(self) -> bool:
        """There is something that is in no file but the journal."""
        return self.document is not None and self.document.num_edits != self._saved_edits

    def start(self, order: Start) -> None:
        """Let the agent paint on.

        Raises:
            StateError: Nothing is open, or the painter is at work.
        """
        if self.state not in (State.IDLE, State.HELD):
            raise StateError("open a photo first" if self.state is State.EMPTY else "the painter is at work")
        self.show_up_to(None)
        self._run += 1
        self._send(replace(order, run=self._run))
        self.state = State.PAINTING
        self.progress, self.phase = 0.0, "paint"

    def pause(self) -> None:
        """Hold at the end of the stroke; does nothing unless the painter paints."""
        if self.state is State.PAINTING:
            self._send(Pause())
            self.state = State.PAUSING

    def go_on(self, edits: int | None = None) -> None:
        """Go on after a pause, for so many edits; does nothing unless paused."""
        if self.state is State.HELD:
            self.show_up_to(None)
            self._send(GoOn(edits))
            self.state = State.PAINTING

    def stop(self) -> None:
        """End painting; does nothing unless the painter paints or is paused."""
        if self.state in (State.PAINTING, State.PAUSING, State.HELD):
            self._send(Stop())
            self.state = State.STOPPING

    def set_budget(self, strokes: int | None = None, seconds: float | None = None) -> None:
        """Change how many strokes to paint in all, and for how long."""
        self._send(SetBudget(strokes, seconds))

    def when_still(self, act: Callable[[], object]) -> None:
        """Do something when the painter does not paint: now, or when it has paused for it."""
        if self.state in AT_WORK:
            self._when_still.append(act)
            self.pause()
        else:
            act()

    def edit(self, edit: Edit) -> Edit:
        """Change the strokes and return the edit that takes it back.

        Raises:
            StateError: Nothing is open, or the painter is at work (see `when_still`).
            IndexError: A place is not there; nothing has changed.
            OutputError: The journal cannot be written; nothing has changed.
        """
        if self.document is None or self.state in AT_WORK:
            raise StateError("strokes can be changed when the painter is not at work")
        inverse = self.document.apply(edit)
        try:
            self._log(edit)
        except SpiralError:
            self.document.apply(inverse)
            raise
        self._send(Amend(edit))
        return inverse

    def show_up_to(self, count: int | None) -> None:
        """Show the first so many strokes alone, or all and all that come."""
        if self.document is not None and count is not None and count >= len(self.document.strokes):
            count = None
        if count != self.upto:
            self.upto = count
            self._send(ShowUpTo(count))

    # ---- what the painter says ----

    def hear(self, message: FromPainter) -> None:
        """Take in what the painter says.

        Raises:
            OutputError: The journal cannot be written any more; what was painted is kept all the same.
        """
        if self.document is None:
            return
        match message:
            case Began(background):
                self.document.background = background
                if self._journal is not None:
                    self._journal.set_background(background)
            case Painted():
                self._take(message)
            case Drawn(_, count):
                self.shown = count
            case Held(run) if run == self._run:
                self.state = State.HELD
                self._be_still()
            case Ended(run, is_complete) if run == self._run:
                self.state = State.IDLE
                self.progress = 1.0 if is_complete else self.progress
                self.phase = "done" if is_complete else ""
                self._be_still()

    def painter_died(self) -> None:
        """Show the painting to the new painter; whatever the old one was doing is over."""
        if self.document is not None:
            self.state = State.IDLE
            self._run += 1
            self.phase = ""
            self._show()
            if self.upto is not None:
                self._send(ShowUpTo(self.upto))
            self._be_still()

    def sync(self) -> None:
        """Bring the journal to the disk; may take long, so it is for a thread of its own."""
        if self._journal is not None:
            self._journal.sync()

    def _take(self, painted: Painted) -> None:
        assert self.document is not None
        self.progress, self.phase = painted.progress, painted.phase
        for edit in painted.edits:
            self.document.apply(edit)
        if painted.edits:
            self.errors.append((self.document.num_edits, painted.error))
        for edit in painted.edits:
            self._log(edit)

    def _be_still(self) -> None:
        waiting, self._when_still = self._when_still, []
        for act in waiting:
            act()

    def _log(self, edit: Edit) -> None:
        if self._journal is not None:
            self._journal.log(edit)

    def _show(self) -> None:
        assert self.document is not None
        aspect = self.document.aspect
        width = CANVAS_PX if aspect <= 1 else max(1, round(CANVAS_PX / aspect))
        program = self.document.program()
        self._send(Open(program, program.height_px(width), width))

    def _let_go(self) -> None:
        if self._journal is not None:
            if self.has_changed():
                self._journal.close()
            else:
                self._journal.discard()
            self._journal = None
