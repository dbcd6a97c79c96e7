"""What is seen before anything is open: a picture to try, and how to begin with one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt6.QtCore import QPoint, QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImageReader, QPainter, QPaintEvent
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
        picture = _Sample()
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
        for text in (title, subtitle):
            column.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
            column.addSpacing(8)
        column.addWidget(picture, 100)  # it takes what there is, up to its own size
        column.addSpacing(8)
        column.addLayout(buttons)
        column.addStretch(1)


class _Sample(QWidget):
    """The sample photo, smaller where there is little room."""

    def __init__(self) -> None:
        super().__init__()
        reader = QImageReader(str(SAMPLE))
        reader.setScaledSize(_SAMPLE_SIZE * 2)  # sharp on fine screens, too
        self._image = reader.read()
        self.setMaximumHeight(_SAMPLE_SIZE.height())

    def sizeHint(self) -> QSize:
        return _SAMPLE_SIZE

    def minimumSizeHint(self) -> QSize:
        return _SAMPLE_SIZE / 4

    def paintEvent(self, event: QPaintEvent | None) -> None:
        size = _SAMPLE_SIZE.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(), size)
        place.moveCenter(self.rect().center())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)
