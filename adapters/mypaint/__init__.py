"""Real libmypaint brush strokes on batches of canvases."""

from __future__ import annotations

from adapters.mypaint.brushes import Brush, find_brush, shipped_brushes
from adapters.mypaint.planning import MyPaintPlanning, mypaint_planning
from adapters.mypaint.renderer import MyPaintRenderer, Snapshot, mypaint_renderer
from adapters.mypaint.widths import mean_width

__all__ = [
    "Brush",
    "MyPaintPlanning",
    "MyPaintRenderer",
    "Snapshot",
    "find_brush",
    "mean_width",
    "mypaint_planning",
    "mypaint_renderer",
    "shipped_brushes",
]
