"""The sheet of shortcuts, made from the actions themselves so that it cannot be wrong."""

from __future__ import annotations

from html import escape

from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget


class ShortcutSheet(QDialog):
    """Lists every action that has a key.

    Args:
        actions: All actions of the window.
        parent: The window.
    """

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Shortcuts"))
        rows = [
            (action.text().replace("&", "").rstrip("…"), self._keys(action))
            for action in actions
            if action.shortcuts()
        ]
        rows += [
            (self.tr("One stroke back or on, in the timeline"), "←  →"),
            (self.tr("Ten strokes"), "Shift+←  Shift+→"),
            (self.tr("A hundred strokes"), "Page Up  Page Down"),
            (self.tr("First and last stroke"), "Home  End"),
            (self.tr("Zoom"), self.tr("Mouse wheel")),
            (self.tr("Pan"), self.tr("Middle button")),
            (self.tr("Size of the care brush"), self.tr("Shift + mouse wheel")),
            (self.tr("Rub care out"), self.tr("Right button")),
        ]
        lines = "".join(
            f"<tr><td style='padding-right:24px'>{escape(name)}</td><td><b>{escape(keys)}</b></td></tr>"
            for name, keys in rows
        )
        self.text = QTextBrowser()
        self.text.setHtml(f"<table cellpadding='3'>{lines}</table>")
        self.text.setAccessibleName(self.tr("Shortcuts"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(480, 560)

    def _keys(self, action: QAction) -> str:
        kind = QKeySequence.SequenceFormat.NativeText
        return ", ".join(sequence.toString(kind) for sequence in action.shortcuts())
