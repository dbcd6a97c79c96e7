"""The error as painting went on, drawn small: one glance tells whether it still gets better."""

from __future__ import annotations

import math

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from gui.translations import numbers

_MARGIN = 6.0


class ErrorCurve(QWidget):
    """Draws (edits, mean squared error) with a logarithmic error axis.

    Args:
        parent: Who owns this.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: list[tuple[int, float]] = []
        self.setAccessibleName(self.tr("Error curve"))
        self.setMinimumHeight(72)

    def show_points(self, points: list[tuple[int, float]]) -> None:
        """Show these points; the list is not copied."""
        self._points = points
        last = points[-1][1] if points else None
        self.setToolTip(
            "" if last is None else self.tr("Mean squared error {}").format(numbers.decimal(last, 5))
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 90)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(self.palette().color(role.Mid))
        painter.setBrush(self.palette().color(role.Base))
        painter.drawRoundedRect(area, 4, 4)
        points = [(x, y) for x, y in self._points if y > 0]
        if len(points) < 2:
            painter.setPen(self.palette().color(role.PlaceholderText))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.tr("The error shows here"))
            return
        inside = area.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        # No more points than there are pixels; the last one is always there.
        step = max(1, len(points) // max(int(inside.width()), 1))
        points = [*points[:-1:step], points[-1]]
        first, last = points[0][0], points[-1][0]
        logs = [math.log(y) for _, y in points]
        low, high = min(logs), max(logs)
        line = QPolygonF(
            [
                QPointF(
                    inside.left() + inside.width() * (x - first) / max(last - first, 1),
                    inside.bottom() - inside.height() * (value - low) / max(high - low, 1e-9),
                )
                for (x, _), value in zip(points, logs, strict=True)
            ]
        )
        painter.setPen(QPen(self.palette().color(role.Highlight), 1.6))
        painter.drawPolyline(line)
        painter.setPen(self.palette().color(role.Text))
        corner = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
        painter.drawText(inside, corner, self.tr("MSE {}").format(numbers.decimal(self._points[-1][1], 5)))
