"""One plot of a metric over frames, as pyqtgraph makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QSizePolicy

_HEIGHT: Final = 120
_AXIS_WIDTH: Final = 56


def new_plot(graph: Any, name: str) -> Any:
    """Return an empty plot.

    Args:
        graph: The module pyqtgraph, which is imported late.
        name: The metric.
    """
    plot = graph.PlotWidget(enableMenu=False)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setMinimumHeight(_HEIGHT)
    plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    plot.setTitle(name)
    plot.getPlotItem().setContentsMargins(2, 2, 12, 2)
    plot.showGrid(x=True, y=True, alpha=0.15)
    plot.setDownsampling(auto=True, mode="peak")
    plot.setClipToView(True)
    plot.getAxis("left").setWidth(_AXIS_WIDTH)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    plot.getAxis("bottom").tickStrings = _frames_texts
    return plot


def new_span(graph: Any, plot: Any) -> Any:
    """Return a line that nobody sees, for the frames that all plots have in common.

    Linked plots show the frames of the first one; a metric that began earlier would be cut off.
    """
    span = graph.PlotCurveItem(pen=graph.mkPen(QColor(Qt.GlobalColor.transparent)))
    plot.addItem(span)
    return span


def _frames_texts(values: Sequence[float], scale: float, spacing: float) -> list[str]:
    """Return what stands at the ticks: 500 k, 1.5 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if max(map(abs, values), default=0.0) >= size:
            return [f"{value / size:.10g}{unit}" if value else "0" for value in values]
    return [f"{value:.10g}" for value in values]
