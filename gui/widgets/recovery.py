"""Offers what a crash left: nothing is opened, and nothing thrown away, without a word from the person."""

from __future__ import annotations

from datetime import datetime

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from gui.session.journal import Leftover


class RecoveryDialog(QDialog):
    """Lists paintings that were not saved.

    Signals:
        wanted: Open this `Leftover`.
        unwanted: Throw this one away.

    Args:
        leftovers: What there is, newest first.
        parent: The window.
    """

    wanted = pyqtSignal(object)
    unwanted = pyqtSignal(object)

    def __init__(self, leftovers: list[Leftover], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Unsaved paintings"))
        self._leftovers = list(leftovers)
        told = QLabel(self.tr("The studio ended before these paintings were saved. Every stroke is there."))
        told.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Unsaved paintings"))
        for leftover in leftovers:
            self.list.addItem(self._words(leftover))
        self.list.setCurrentRow(0)
        self.recover_button = QPushButton(self.tr("&Recover"))
        self.recover_button.setProperty("primary", True)
        self.recover_button.clicked.connect(self._recover)
        self.discard_button = QPushButton(self.tr("&Throw away"))
        self.discard_button.clicked.connect(self._discard)
        later = QPushButton(self.tr("&Later"))
        later.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.discard_button)
        buttons.addStretch(1)
        buttons.addWidget(later)
        buttons.addWidget(self.recover_button)
        column = QVBoxLayout(self)
        column.addWidget(told)
        column.addWidget(self.list)
        column.addLayout(buttons)
        self.list.currentRowChanged.connect(self._show_state)
        self._show_state()
        self.resize(520, 260)

    def _words(self, leftover: Leftover) -> str:
        when = f"{datetime.fromtimestamp(leftover.changed):%Y-%m-%d %H:%M:%S}"
        if leftover.document is None:
            return self.tr("{} · cannot be read: {}").format(leftover.path.name, leftover.problem)
        photo = leftover.document.photo
        name = self.tr("no photo") if photo is None else photo.name
        count = self.tr("%Ln strokes", "", len(leftover.document.strokes))
        words = f"{when} · {name} · {count}"
        return f"{words} · {leftover.problem}" if leftover.problem else words

    def _chosen(self) -> Leftover | None:
        row = self.list.currentRow()
        return self._leftovers[row] if 0 <= row < len(self._leftovers) else None

    def _show_state(self) -> None:
        chosen = self._chosen()
        self.recover_button.setEnabled(chosen is not None and chosen.document is not None)
        self.discard_button.setEnabled(chosen is not None)

    def _recover(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.accept()
            self.wanted.emit(chosen)

    def _discard(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.unwanted.emit(chosen)
            self._leftovers.remove(chosen)
            self.list.takeItem(self.list.currentRow())
            if not self._leftovers:
                self.reject()
