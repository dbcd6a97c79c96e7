"""The list of strokes as Qt's views want it: nothing is made for a row before it is seen."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QColor

from gui.session.edits import Change, Edit, Move, Put, Replace, Take, apply
from gui.translations import numbers
from spiral_core.program import Stroke


class StrokeList(QAbstractListModel):
    """Shows strokes in painting order. It keeps a list of its own, which changes when its views are told so.

    Args:
        parent: Who owns this.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strokes: list[Stroke] = []

    def show(self, strokes: list[Stroke]) -> None:
        """Show other strokes."""
        self.beginResetModel()
        self._strokes = list(strokes)
        self.endResetModel()

    def stroke(self, place: int) -> Stroke:
        """Return the stroke in a row."""
        return self._strokes[place]

    def follow(self, edits: tuple[Edit, ...]) -> None:
        """Do what was done to the strokes that are shown."""
        for edit in edits:
            self._follow(edit)

    def _follow(self, edit: Edit) -> None:
        strokes, root = self._strokes, QModelIndex()
        match edit:
            case Put(()) | Take(()) | Change(()):
                pass
            case Put(items) if items[-1][0] - items[0][0] == len(items) - 1:
                self.beginInsertRows(root, items[0][0], items[-1][0])
                apply(strokes, edit)
                self.endInsertRows()
            case Take(places) if places[-1] - places[0] == len(places) - 1:
                self.beginRemoveRows(root, places[0], places[-1])
                apply(strokes, edit)
                self.endRemoveRows()
            case Change(items):
                apply(strokes, edit)
                changed = [place for place, _ in items]
                self.dataChanged.emit(self.index(min(changed)), self.index(max(changed)))
            case Move(source, place) if source != place:
                # Qt counts the place before the stroke is taken out.
                self.beginMoveRows(root, source, source, root, place + (place > source))
                apply(strokes, edit)
                self.endMoveRows()
            case Put() | Take() | Replace():
                self.beginResetModel()
                apply(strokes, edit)
                self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._strokes)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._strokes):
            return None
        stroke = self._strokes[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                width = 200 * stroke.radius
                return self.tr("{} · {} · {} % wide").format(
                    index.row() + 1, stroke.brush, numbers.decimal(width, 1)
                )
            case Qt.ItemDataRole.DecorationRole:
                return QColor.fromRgbF(*stroke.color)
            case Qt.ItemDataRole.ToolTipRole:
                return self.tr("Opacity {}, pressure {} to {}").format(
                    *map(numbers.percent, (stroke.opacity, stroke.start_pressure, stroke.end_pressure))
                )
        return None
