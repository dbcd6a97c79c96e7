"""What is seen before anything is open: a picture to try, and how to begin with one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImageReader, QPixmap
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

SAMPLE: Final = Path(__file__).resolve().parents[2] / "configs" / "samples" / "chelsea.jpg"
_SAMPLE_SIZE: Final = QSize(420, 280)


class Welcome(QWidget):
    """The first page.

    Signals:
        paint_sample: Paint the photo that is shown.
        open_photo: Ask for a photo.

    Args:
        parent: Who owns this.
    """

    paint_sample = pyqtSignal()
    open_photo = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("Drop a photo here"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.9)
        title.setFont(font)
        subtitle = QLabel(self.tr("and an agent paints it, stroke by stroke."))
        picture = QLabel()
        reader = QImageReader(str(SAMPLE))
        reader.setScaledSize(_SAMPLE_SIZE)
        picture.setPixmap(QPixmap.fromImage(reader.read()))
        picture.setAccessibleName(self.tr("A photo of a cat, to try"))
        self.sample_button = QPushButton(self.tr("Paint &this"))
        self.sample_button.setProperty("primary", True)
        self.sample_button.clicked.connect(self.paint_sample)
        self.open_button = QPushButton(self.tr("Ope&n a photo…"))
        self.open_button.clicked.connect(self.open_photo)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.sample_button)
        buttons.addWidget(self.open_button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(1)
        for widget in (title, subtitle, picture):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
            column.addSpacing(8)
        column.addLayout(buttons)
        column.addStretch(1)
