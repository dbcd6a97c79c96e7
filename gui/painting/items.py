"""What lies on the canvas: pictures in shared memory, the care mask."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRect, QRectF
from PyQt6.QtGui import QColor, QImage, QPainter, QPen
from PyQt6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from PyQt6.sip import voidptr

from gui.processes.shared_picture import SharedPicture

_MASK: Final = QColor(230, 80, 40, 130)


def _image_over(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Return an image that shows an array's memory, which must outlive it."""
    height, width = pixels.shape[:2]
    address = voidptr(pixels.ctypes.data, pixels.nbytes)
    kind = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(address, width, height, 4 * width, kind)  # type: ignore[call-overload,no-any-return]


def screen_pen(color: QColor, width: float) -> QPen:
    """Return a pen as wide on the screen at any zoom."""
    pen = QPen(color, width)
    pen.setCosmetic(True)
    return pen


class PictureItem(QGraphicsItem):
    """A shared picture stretched over a rectangle of the scene.

    Args:
        picture: What is shown.
        area: Where.
    """

    def __init__(self, picture: SharedPicture, area: QRectF) -> None:
        super().__init__()
        self._pixels = picture.pixels()  # keeps the memory alive as long as the image shows it
        self._image = _image_over(self._pixels)
        self._area = area
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)  # exact exposed rectangles

    def boundingRect(self) -> QRectF:
        return self._area

    def paint(
        self, painter: QPainter | None, option: QStyleOptionGraphicsItem | None, widget: QWidget | None = None
    ) -> None:
        assert painter is not None
        assert option is not None
        scale = self._image.width() / self._area.width()
        exposed = option.exposedRect.intersected(self._area)
        source = QRectF(exposed.topLeft() * scale, exposed.size() * scale).toAlignedRect()
        source = source.adjusted(-1, -1, 1, 1).intersected(self._image.rect())
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, painter.worldTransform().m11() < 3 * scale
        )
        part = QRectF(source)
        painter.drawImage(QRectF(part.topLeft() / scale, part.size() / scale), self._image, part)


class MaskItem(QGraphicsItem):
    """Where more care is asked for, as a tint.

    Args:
        mask: Its first channel is 255 where errors count most.
        area: The canvas.
    """

    def __init__(self, mask: SharedPicture, area: QRectF) -> None:
        super().__init__()
        self._pixels = mask.pixels()
        self._area = area
        self._tint = np.zeros_like(self._pixels)
        self._image = _image_over(self._tint)
        self._tint_within(self._image.rect())

    def boundingRect(self) -> QRectF:
        return self._area

    def brush(self, place: QPointF, radius: float, *, erase: bool) -> None:
        """Paint a soft dot of care, or rub it out; in scene units."""
        scale = self._image.width() / self._area.width()
        x, y, r = place.x() * scale, place.y() * scale, max(radius * scale, 1.0)
        box = QRectF(x - r, y - r, 2 * r, 2 * r).toAlignedRect().intersected(self._image.rect())
        if box.isEmpty():
            return
        rows, columns = np.mgrid[box.top() : box.bottom() + 1, box.left() : box.right() + 1]
        near = 1 - np.hypot(columns + 0.5 - x, rows + 0.5 - y) / r
        strength = (255 * (3 * near).clip(0, 1)).astype(np.uint8)
        part = self._pixels[box.top() : box.bottom() + 1, box.left() : box.right() + 1, 0]
        if erase:
            np.minimum(part, 255 - strength, out=part)
        else:
            np.maximum(part, strength, out=part)
        self._tint_within(box)
        self.update(QRectF(box.x() / scale, box.y() / scale, box.width() / scale, box.height() / scale))

    def clear(self) -> None:
        """Rub out everything."""
        self._pixels[..., 0] = 0
        self._tint_within(self._image.rect())
        self.update()

    def paint(
        self, painter: QPainter | None, option: QStyleOptionGraphicsItem | None, widget: QWidget | None = None
    ) -> None:
        assert painter is not None
        painter.drawImage(self._area, self._image)

    def _tint_within(self, box: QRect) -> None:
        rows, columns = slice(box.top(), box.bottom() + 1), slice(box.left(), box.right() + 1)
        care = self._pixels[rows, columns, 0].astype(np.uint32)
        alpha = care * _MASK.alpha() // 255
        for channel, value in enumerate((_MASK.blue(), _MASK.green(), _MASK.red(), 255)):
            self._tint[rows, columns, channel] = alpha * value // 255
