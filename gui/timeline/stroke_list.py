"""The list of strokes as Qt's views want it: nothing is made for a row before it is seen."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QColor

from gui.session.edits import Change, Edit, Move, Put, Replace, Take
from gui.translations import numbers
from spiral_core.program import Stroke


class StrokeList(QAbstractListModel):
    """Shows a list of strokes that somebody else owns, in painting order.

    Args:
        parent: Who owns this.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strokes: list[Stroke] = []
        self._count = 0

    def show(self, strokes: list[Stroke]) -> None:
        """Show another list."""
        self.beginResetModel()
        self._strokes, self._count = strokes, len(strokes)
        self.endResetModel()

    def follow(self, edits: tuple[Edit, ...]) -> None:
        """Tell the views what edits did, which have been applied already."""
        if len(edits) == 1:
            match edits[0]:
                case Put(((place, _),)):
                    self._grow(place, 1)
                    return
                case Take((place,)):
                    self.beginRemoveRows(QModelIndex(), place, place)
                    self._count -= 1
                    self.endRemoveRows()
                    return
        if all(isinstance(edit, Change) for edit in edits):
            places = [place for edit in edits if isinstance(edit, Change) for place, _ in edit.items]
            if places:
                self.dataChanged.emit(self.index(min(places)), self.index(max(places)))
            return
        if all(isinstance(edit, Put) for edit in edits) and self._are_on_top(edits):
            self._grow(self._count, len(self._strokes) - self._count)
            return
        if any(isinstance(edit, Put | Take | Move | Replace) for edit in edits):
            self.show(self._strokes)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._count

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

    def _grow(self, place: int, count: int) -> None:
        self.beginInsertRows(QModelIndex(), place, place + count - 1)
        self._count += count
        self.endInsertRows()

    def _are_on_top(self, edits: tuple[Edit, ...]) -> bool:
        places = [place for edit in edits if isinstance(edit, Put) for place, _ in edit.items]
        return places == list(range(self._count, len(self._strokes)))
