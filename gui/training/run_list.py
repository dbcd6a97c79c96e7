"""The runs as a list: one entry a run, its state in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap

from gui.session.runs import Run, RunState
from gui.translations import numbers


class RunListModel(QAbstractListModel):
    """The runs, the last begun first; what changes changes in place, so that a selection stays.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs: list[Run] = []
        self._colors: dict[Path, QColor] = {}
        self._stopping: frozenset[Path] = frozenset()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's own default
        """Return the number of runs."""
        return 0 if parent.isValid() else len(self._runs)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what is shown of a run."""
        if not index.isValid():
            return None
        run = self._runs[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{run.name}\n{self._line(run)}"
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{run.name}: {self._line(run)}"
            case Qt.ItemDataRole.ToolTipRole:
                return run.problem or str(run.path)
            case Qt.ItemDataRole.DecorationRole:
                return _swatch(self._colors.get(run.path, QColor(Qt.GlobalColor.transparent)))
            case _:
                return None

    def run_at(self, index: QModelIndex) -> Run | None:
        """Return the run of an entry, or None where there is none."""
        return self._runs[index.row()] if index.isValid() else None

    def index_of(self, path: Path) -> QModelIndex:
        """Return the entry of a run; not valid if there is none."""
        rows = (row for row, run in enumerate(self._runs) if run.path == path)
        row = next(rows, None)
        return QModelIndex() if row is None else self.index(row)

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Show these, in this order; touch only what has changed."""
        wanted = [_identity(run) for run in runs]
        for row in reversed(range(len(self._runs))):
            if _identity(self._runs[row]) not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._runs[row]
                self.endRemoveRows()
        for row, run in enumerate(runs):
            if row < len(self._runs) and _identity(self._runs[row]) == _identity(run):
                if self._runs[row] != run:
                    self._runs[row] = run
                    self.dataChanged.emit(self.index(row), self.index(row))
            else:
                self.beginInsertRows(QModelIndex(), row, row)
                self._runs.insert(row, run)
                self.endInsertRows()

    def mark(self, colors: Mapping[Path, QColor], stopping: frozenset[Path]) -> None:
        """Show the colours of the curves beside their runs, and say which have been asked to stop."""
        if (self._colors, self._stopping) != (colors, stopping):
            self._colors, self._stopping = dict(colors), stopping
            if self._runs:
                self.dataChanged.emit(self.index(0), self.index(len(self._runs) - 1))

    def _line(self, run: Run) -> str:
        parts = [self._state(run)]
        if run.state is not RunState.BROKEN:
            parts.append(
                self.tr("{} frames", "", numbers.plural(run.frames)).format(numbers.whole(run.frames))
            )
        if run.score is not None:
            parts.append(self.tr("score {}").format(numbers.decimal(run.score, 3)))
        return " · ".join(parts)

    def _state(self, run: Run) -> str:
        match run.state:
            case RunState.RUNNING:
                return self.tr("stopping") if run.path in self._stopping else self.tr("running")
            case RunState.STOPPED:
                return self.tr("stopped")
            case RunState.FINISHED:
                return self.tr("finished")
            case RunState.BROKEN:
                return self.tr("broken: {problem}").format(problem=run.problem)


def _swatch(color: QColor) -> QIcon:
    """Return a patch that keeps its colour in a selected entry, where Qt would tint it."""
    pixmap = QPixmap(24, 24)
    if color.alpha():
        pixmap.fill(QGuiApplication.palette().color(QPalette.ColorRole.Base))  # a rim, for selected entries
        painter = QPainter(pixmap)
        painter.fillRect(pixmap.rect().adjusted(3, 3, -3, -3), color)
        painter.end()
    else:
        pixmap.fill(color)
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def _identity(run: Run) -> tuple[Path, str]:
    """A run that was removed and made anew in its place is another run."""
    return run.path, run.began
