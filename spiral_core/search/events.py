"""What a painter tells while it paints."""

from __future__ import annotations

from dataclasses import dataclass

from spiral_core.program import Stroke
from spiral_core.rendering import Rectangle


@dataclass(frozen=True, slots=True)
class StrokeAdded:
    """A stroke was put in before the one at `index`; `error` is the mean squared error now."""

    index: int
    stroke: Stroke
    rectangle: Rectangle
    error: float


@dataclass(frozen=True, slots=True)
class StrokeReplaced:
    """The stroke at `index` became another; the rectangle covers what changed, in pixels of the target."""

    index: int
    stroke: Stroke
    rectangle: Rectangle
    error: float


@dataclass(frozen=True, slots=True)
class StrokeRemoved:
    """The stroke at `index` was taken out; later ones moved down by one."""

    index: int
    rectangle: Rectangle
    error: float


@dataclass(frozen=True, slots=True)
class ProgramReplaced:
    """Many strokes changed at once (colours solved together); ask the painter for its program."""

    error: float


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """Painting went on to something else: "paint", "revise" or "done"; progress of the whole in [0, 1]."""

    name: str
    progress: float


PaintEvent = StrokeAdded | StrokeReplaced | StrokeRemoved | ProgramReplaced | PhaseChanged
