"""Search on the real brush: what paints a photo."""

from __future__ import annotations

from spiral_core.search.events import (
    PaintEvent,
    PhaseChanged,
    ProgramReplaced,
    StrokeAdded,
    StrokeRemoved,
    StrokeReplaced,
)
from spiral_core.search.options import PaintOptions
from spiral_core.search.painter import Painter, SearchEffort
from spiral_core.search.palette import find_palette, nearest_paint
from spiral_core.search.proposals import HeuristicProposer, Proposer, RandomProposer, View, make_strokes

__all__ = [
    "HeuristicProposer",
    "PaintEvent",
    "PaintOptions",
    "Painter",
    "PhaseChanged",
    "ProgramReplaced",
    "Proposer",
    "RandomProposer",
    "SearchEffort",
    "StrokeAdded",
    "StrokeRemoved",
    "StrokeReplaced",
    "View",
    "find_palette",
    "make_strokes",
    "nearest_paint",
]
