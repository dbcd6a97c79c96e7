"""What the window and the painter beside it say to one another.

They travel pickled over a pair of sockets that only these two processes hold. Pictures do not travel: both
look at the same memory (`gui.processes.shared_picture`), whose handle follows the message that announces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gui.session.edits import Edit
from spiral_core.program import Color, PaintingProgram
from spiral_core.rendering import Rectangle
from spiral_core.search import PaintOptions

# ---- to the painter ----


@dataclass(frozen=True, slots=True)
class ReadPhoto:
    """Read a photo; answered by `PhotoRead`, or `Failed`.

    Attributes:
        path: The file.
        size_px: The longer side that it is wanted at.
    """

    path: Path
    size_px: int


@dataclass(frozen=True, slots=True)
class Open:
    """Show this painting from now on; the handle of a picture of this size, in pixels, follows."""

    program: PaintingProgram
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Amend:
    """A person changed the strokes. Never sent while the painter paints."""

    edit: Edit


@dataclass(frozen=True, slots=True)
class ShowUpTo:
    """Show the first `count` strokes alone; or, if None, all that there are and come."""

    count: int | None


@dataclass(frozen=True, slots=True)
class Start:
    """Paint on from the strokes that there are.

    Attributes:
        photo: What to paint after.
        size_px: The longer side that it is planned at.
        options: What is asked for.
        agent: Weights file of who proposes strokes, or None for rules of thumb.
        mask: Height and width of a picture whose handle follows, or None; where its first channel is 255,
            errors count ten times as much as where it is 0.
        run: Number of this start, which answers repeat.
    """

    photo: Path
    size_px: int
    options: PaintOptions
    agent: Path | None
    mask: tuple[int, int] | None = None
    run: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold at the end of the stroke; answered by `Held`."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """Go on after a pause: for so many edits, or to the end."""

    edits: int | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End the painting; answered by `Ended`."""


@dataclass(frozen=True, slots=True)
class SetBudget:
    """Paint so many strokes in all, and for so many seconds, where given."""

    strokes: int | None = None
    seconds: float | None = None


ToPainter = ReadPhoto | Open | Amend | ShowUpTo | Start | Pause | GoOn | Stop | SetBudget

# ---- from the painter ----


@dataclass(frozen=True, slots=True)
class PhotoRead:
    """The photo, in a picture of this size, in pixels, whose handle follows; `mean` is its mean colour."""

    path: Path
    height: int
    width: int
    mean: Color


@dataclass(frozen=True, slots=True)
class Began:
    """Painting begins on a bare canvas of this colour."""

    background: Color


@dataclass(frozen=True, slots=True)
class Painted:
    """The agent changed the strokes; sent before the picture shows it.

    Attributes:
        edits: In order.
        error: Mean squared error now.
        progress: Part of the work that is done, in [0, 1].
        phase: "paint", "revise" or "done".
    """

    edits: tuple[Edit, ...]
    error: float
    progress: float
    phase: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The shared picture changed here; it shows the first `count` strokes."""

    rectangle: Rectangle
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """Painting is paused: nothing changes until told to."""

    run: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Painting is over: done, or stopped on the way."""

    run: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """What was asked for cannot be done, and why, in one line for a person."""

    message: str


FromPainter = PhotoRead | Began | Painted | Drawn | Held | Ended | Failed
