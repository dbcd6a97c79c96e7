"""Metrics over frames: raw and thin, their average over them, one colour a run.

pyqtgraph is imported when the view is first shown; a window whose user only paints does not wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtGui import QColor, QPalette, QPen, QShowEvent, QStandardItem, QStandardItemModel, QWheelEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QScrollArea,
    QSlider,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui.session.metrics import RunHistory
from gui.session.smoothing import smoothed
from gui.training.plot import new_plot, new_span
from gui.translations import numbers

_SHOWN_FIRST: Final = ("score", "return", "error", "critic_loss", "ink", "loss")
_MOST_AT_FIRST: Final = 2
_STYLES: Final = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
_FEW: Final = 40
"""So few values are shown as points, too."""
_SMOOTHLY_DRAWN: Final = 1000
"""So many points are drawn with soft edges; of more, a zigzag takes Qt too long."""
_SECONDS_AT_ONCE: Final = 0.01
_SMOOTHING_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run in the curves.

    Attributes:
        name: Its name in the legend.
        history: Its numbers.
        slot: Which colour is its own.
    """

    name: str
    history: RunHistory
    slot: int


class CurvesView(QWidget):
    """Plots, one below the other, of the metrics that are chosen, each with all the runs that are shown.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        palette = self.palette()
        self._colors = [palette.color(QPalette.ColorRole.Text)]
        self._background = palette.color(QPalette.ColorRole.Base)
        self._text = palette.color(QPalette.ColorRole.Text)
        self._runs: list[ShownRun] = []
        self._has_chosen = False
        self._graph: Any = None
        self._plots: dict[str, Any] = {}
        self._lines: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._drawn: dict[tuple[str, int], tuple[int, float]] = {}
        self._linked: list[str] = []
        self._spans: dict[str, Any] = {}
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._drawing.timeout.connect(self._draw_some)
        self._importing = QTimer(self)
        self._importing.setSingleShot(True)
        self._importing.timeout.connect(self._import)

        self.keys = QStandardItemModel(self)
        self.keys.itemChanged.connect(self._choice_changed)
        self.key_list = QListView()
        self.key_list.setModel(self.keys)
        self.key_list.setAccessibleName(self.tr("Metrics to show"))
        self.key_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.key_list.setToolTip(self.tr("Space shows or hides a metric"))
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, _SMOOTHING_STEPS)
        self.smoothing.setValue(13)  # 0.6: a score that came twenty times hardly lags
        self.smoothing.setAccessibleName(self.tr("Smoothing"))
        self.smoothing.setToolTip(
            self.tr("How much of the average before each value keeps; the thin line is never smoothed")
        )
        self.weight_label = QLabel()
        self.smoothing.valueChanged.connect(self._smoothing_changed)
        self._smoothing_changed()
        self._lay_out()

    def _lay_out(self) -> None:
        self._column = QWidget()
        self._column_layout = QVBoxLayout(self._column)
        self._column_layout.setContentsMargins(0, 0, 0, 0)
        self._column_layout.setSpacing(4)
        self.hint = QLabel(self.tr("Choose a metric to see its curve."))
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self._column_layout.addWidget(self.hint)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._column)
        scroll.setAccessibleName(self.tr("Curves"))
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        title = QLabel(self.tr("Smoothin&g"))
        title.setBuddy(self.smoothing)
        row = QHBoxLayout()
        row.addWidget(title)
        row.addWidget(self.smoothing, 1)
        row.addWidget(self.weight_label)
        left = QWidget()
        left_layout = QVBoxLayout(left)
        left_layout.setContentsMargins(0, 0, 0, 0)
        left_layout.addWidget(scroll, 1)
        left_layout.addLayout(row)
        keys_title = QLabel(self.tr("&Metrics"))
        keys_title.setBuddy(self.key_list)
        right = QWidget()
        right_layout = QVBoxLayout(right)
        right_layout.setContentsMargins(0, 0, 0, 0)
        right_layout.addWidget(keys_title)
        right_layout.addWidget(self.key_list, 1)
        splitter = QSplitter()
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(0, 4)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    @property
    def weight(self) -> float:
        """How much of the average before each value keeps: 0, 0.5, ... 0.9, ... 0.999."""
        return float(1 - 10 ** (-3 * self.smoothing.value() / _SMOOTHING_STEPS))

    def set_colors(self, curves: Sequence[QColor], background: QColor, text: QColor) -> None:
        """Take over colours: those of the runs in turn, and those of the plots."""
        assert curves
        self._colors, self._background, self._text = list(curves), background, text
        for plot in self._plots.values():
            self._paint_plot(plot)
        for (_, slot), (raw, smooth) in self._lines.items():
            self._paint_lines(slot, raw, smooth)

    def color(self, slot: int) -> QColor:
        """Return the colour of a run."""
        return self._colors[slot % len(self._colors)]

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Show these runs in all plots."""
        if list(runs) != self._runs:
            self._runs = list(runs)
            self._drawn.clear()  # a colour may have gone from one run to another
        self.refresh()

    def refresh(self) -> None:
        """Draw what the runs have got since."""
        names = {name for run in self._runs for name in run.history.names()}
        for name in [name for run in self._runs for name in run.history.names()]:
            self._add_key(name)
        for row in range(self.keys.rowCount()):
            item = self.keys.item(row)
            self.key_list.setRowHidden(row, item is None or item.text() not in names)
        if not self._has_chosen and names:
            self._choose_first()
        self._build_plots()

    def chosen_keys(self) -> list[str]:
        """Return the metrics that are chosen, from top to bottom."""
        items = (self.keys.item(row) for row in range(self.keys.rowCount()))
        return [item.text() for item in items if item and item.checkState() is Qt.CheckState.Checked]

    def shown_keys(self) -> list[str]:
        """Return those of them that a shown run has."""
        names = {name for run in self._runs for name in run.history.names()}
        return [name for name in self.chosen_keys() if name in names]

    def choose_keys(self, names: Sequence[str]) -> None:
        """Choose these metrics, and no others."""
        self._has_chosen = True
        for row in range(self.keys.rowCount()):
            item = self.keys.item(row)
            if item is not None:
                is_on = item.text() in names
                item.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)

    def shut_down(self) -> None:
        """Draw no more."""
        self._importing.stop()
        self._drawing.stop()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Import the plotting library after the first picture of the panel."""
        super().showEvent(event)
        if self._graph is None:
            self._importing.start(0)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Let the wheel scroll the plots; with Ctrl it zooms."""
        if isinstance(event, QWheelEvent) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _import(self) -> None:
        if self._graph is None:
            import pyqtgraph

            self._graph = pyqtgraph
            self._build_plots()

    def _add_key(self, name: str) -> None:
        if self.keys.findItems(name):
            return
        item = QStandardItem(name)
        item.setEditable(False)
        item.setCheckable(True)
        item.setCheckState(Qt.CheckState.Unchecked)
        rank = _rank(name)
        others = (self.keys.item(row) for row in range(self.keys.rowCount()))
        before = sum(other is not None and _rank(other.text()) <= rank for other in others)
        self.keys.insertRow(before, item)

    def _choose_first(self) -> None:
        """Show the metrics that tell most, until somebody chooses."""
        names = [name for name in _SHOWN_FIRST if self.keys.findItems(name)][:_MOST_AT_FIRST]
        if set(names) - set(self.chosen_keys()):
            self.choose_keys(names)
        self._has_chosen = len(names) == _MOST_AT_FIRST and names[0] == _SHOWN_FIRST[0]

    def _choice_changed(self) -> None:
        self._has_chosen = True
        self._build_plots()

    def _smoothing_changed(self) -> None:
        self.weight_label.setText(numbers.decimal(self.weight, 3))
        if self._graph is not None and not self._drawing.isActive():
            self._drawing.start(0)

    def _build_plots(self) -> None:
        """Make the plots and lines that are missing, take away those that are not wanted."""
        keys = self.shown_keys()
        is_empty = not any(run.history.names() for run in self._runs)
        self.hint.setText(
            self.tr("No numbers yet: the first come after some seconds of training.")
            if is_empty
            else self.tr("Choose a metric to see its curve.")
        )
        if self._graph is None:
            return
        for name in [name for name in self._plots if name not in keys]:
            plot = self._plots.pop(name)
            del self._spans[name]
            self._column_layout.removeWidget(plot)
            plot.close()
            plot.deleteLater()
        slots = {run.slot for run in self._runs}
        for key, slot in list(self._lines):
            if key not in keys or slot not in slots:
                lines = self._lines.pop((key, slot))
                self._drawn.pop((key, slot), None)
                for line in lines if key in self._plots else ():
                    self._plots[key].removeItem(line)
        for place, name in enumerate(keys):
            if name not in self._plots:
                self._plots[name] = self._new_plot(name)
            if self._column_layout.indexOf(self._plots[name]) != place:
                self._column_layout.removeWidget(self._plots[name])
                self._column_layout.insertWidget(place, self._plots[name], 1)
            for run in self._runs:
                if (name, run.slot) not in self._lines:
                    self._lines[name, run.slot] = self._new_lines(name, run.slot)
        self._link(keys)
        self.hint.setVisible(not keys)
        if not self._drawing.isActive():
            self._drawing.start(0)

    def _new_plot(self, name: str) -> Any:
        plot = new_plot(self._graph, name)
        plot.setAccessibleName(self.tr("Curve of {name}").format(name=name))
        plot.viewport().installEventFilter(self)
        self._spans[name] = new_span(self._graph, plot)
        self._paint_plot(plot)
        return plot

    def _new_lines(self, name: str, slot: int) -> tuple[Any, Any]:
        raw, smooth = self._plots[name].plot(), self._plots[name].plot()
        raw.setZValue(0)
        smooth.setZValue(1)
        for line in (raw, smooth):
            line.opts["autoDownsampleFactor"] = (
                1.0  # five points a pixel is pyqtgraph's own, and takes as long
            )
        self._paint_lines(slot, raw, smooth)
        return raw, smooth

    def _paint_plot(self, plot: Any) -> None:
        plot.setBackground(self._background)
        plot.setTitle(plot.getPlotItem().titleLabel.text, color=self._text, size="9pt")
        for side in ("left", "bottom"):
            plot.getAxis(side).setPen(self._text)
            plot.getAxis(side).setTextPen(self._text)

    def _paint_lines(self, slot: int, raw: Any, smooth: Any) -> None:
        faint = QColor(self.color(slot))
        faint.setAlphaF(0.4)
        raw.setPen(self._pen(faint, 1, Qt.PenStyle.SolidLine))
        raw.setSymbolPen(None)
        raw.setSymbolBrush(faint)
        style = _STYLES[slot // len(self._colors) % len(_STYLES)]
        smooth.setPen(self._pen(self.color(slot), 2, style))

    def _pen(self, color: QColor, width: int, style: Qt.PenStyle) -> QPen:
        # pyqtgraph's pens are as wide as so many pixels of the screen.
        pen: QPen = self._graph.mkPen(color, width=width * self.devicePixelRatioF(), style=style)
        return pen

    def _link(self, keys: list[str]) -> None:
        """Let all plots show the same frames; name them below the last one alone."""
        if keys == self._linked:
            return
        self._linked = keys
        for place, name in enumerate(keys):
            plot = self._plots[name]
            plot.setXLink(self._plots[keys[0]] if place else None)
            is_last = place == len(keys) - 1
            plot.setLabel("bottom", self.tr("frames") if is_last else None)
            plot.getPlotItem().showAxis("bottom")

    def _draw_some(self) -> None:
        """Draw lines that are not up to date for a moment; go on when the window has had its turn."""
        deadline = time.monotonic() + _SECONDS_AT_ONCE
        weight, is_changed = self.weight, False
        for name in self._plots:
            for run in self._runs:
                state = (run.history.revision, weight)
                if self._drawn.get((name, run.slot)) == state:
                    continue
                if time.monotonic() >= deadline:
                    self._drawing.start(0)
                    return
                self._draw(name, run)
                self._drawn[name, run.slot] = state
                is_changed = True
        if is_changed:
            self._draw_spans()

    def _draw_spans(self) -> None:
        """Let all plots show the frames of all of them."""
        spans = {(name, run.slot): run.history.span(name) for name in self._plots for run in self._runs}
        known = {place: span for place, span in spans.items() if span is not None}
        for name, plot_span in self._spans.items():
            # At a height that the plot has anyhow.
            heights = [span.value for (of, _), span in known.items() if of == name]
            if heights:
                ends = [min(span.first for span in known.values()), max(span.last for span in known.values())]
                plot_span.setData(ends, [heights[0], heights[0]])

    def _draw(self, name: str, run: ShownRun) -> None:
        frames, values = run.history.series(name)
        raw, smooth = self._lines[name, run.slot]
        raw.setSymbol("o" if len(values) <= _FEW else None)
        raw.setSymbolSize(5)
        is_short = len(values) <= _SMOOTHLY_DRAWN
        raw.setData(frames, values, antialias=is_short)
        smooth.setData(frames, smoothed(values, self.weight), antialias=is_short)


def _rank(name: str) -> int:
    return _SHOWN_FIRST.index(name) if name in _SHOWN_FIRST else len(_SHOWN_FIRST)
