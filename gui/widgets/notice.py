"""A line above the canvas that says what went wrong, and stays until it is read; nothing is blocked by it."""

from __future__ import annotations

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from gui.theme import icons


class NoticeBar(QFrame):
    """Shows one message with a button to close it.

    Args:
        parent: Who owns this.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        sign = QLabel()
        sign.setPixmap(icons.icon("warning").pixmap(18, 18))
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setAccessibleName(self.tr("Notice"))
        close = QToolButton()
        close.setIcon(icons.icon("close"))
        close.setToolTip(self.tr("Close this notice"))
        close.setAccessibleName(self.tr("Close this notice"))
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 6, 6)
        row.addWidget(sign)
        row.addWidget(self.text, 1)
        row.addWidget(close)
        self.hide()

    def show_message(self, message: str) -> None:
        """Show a message instead of what is there."""
        self.text.setText(message)
        self.show()
