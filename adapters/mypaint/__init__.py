"""Real libmypaint brush strokes on batches of canvases."""

from __future__ import annotations

try:
    from adapters.mypaint import _native as _native
except ImportError as error:
    raise ImportError(
        f"the compiled part of adapters.mypaint cannot be loaded ({error}); run `make install`"
    ) from error

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
