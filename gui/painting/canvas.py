"""The canvas: the shared picture with pan and zoom, the photo over it, the chosen stroke, the care mask.

One item draws straight from the shared memory, and of that only what was exposed, so that a stroke costs what
its rectangle costs. Scene units are pixels of the shared picture.
"""

from __future__ import annotations

import enum
from typing import Final

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QWheelEvent,
)
from PyQt6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)
from PyQt6.sip import voidptr

from gui.processes.shared_picture import SharedPicture
from spiral_core.program import Stroke
from spiral_core.rendering import Rectangle

_ZOOMS: Final = (0.05, 32.0)
_WHEEL_STEP: Final = 1.0015  # per unit of the wheel, of which a notch has 120
_MARGIN: Final = 24  # pixels of room about the canvas when it is fitted
_BRUSH_PX: Final = (8, 60, 300)  # least, first and largest diameter of the mask's brush, screen pixels
_MASK: Final = QColor(230, 80, 40, 130)


class Tool(enum.Enum):
    """What the mouse does on the canvas."""

    SELECT = "select"
    PAN = "pan"
    MASK = "mask"


def _image_over(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Return an image that shows an array's memory, which must outlive it."""
    height, width = pixels.shape[:2]
    address = voidptr(pixels.ctypes.data, pixels.nbytes)
    kind = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(address, width, height, 4 * width, kind)  # type: ignore[call-overload,no-any-return]


def _screen_pen(color: QColor, width: float) -> QPen:
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


class Canvas(QGraphicsView):
    """Shows the painting and takes the mouse.

    Signals:
        pointed_at: The person clicked here, in canvas units, to choose the stroke there.
        zoomed: The scale is now this, screen pixels per pixel of the picture.
    """

    pointed_at = pyqtSignal(float, float)
    zoomed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._scene = QGraphicsScene()
        super().__init__(self._scene, parent)
        self.setAccessibleName(self.tr("Canvas"))
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setFrameShape(QGraphicsView.Shape.NoFrame)
        self._width = 1.0
        self._painting: PictureItem | None = None
        self._photo: PictureItem | None = None
        self._mask: MaskItem | None = None
        self._outline: QGraphicsPathItem | None = None
        self._opacity = 0.0
        self._tool = Tool.SELECT
        self._is_fitted = True
        self._panned_from: QPointF | None = None
        self._brush_px = _BRUSH_PX[1]

    # ---- what is shown ----

    def show_picture(self, picture: SharedPicture) -> None:
        """Show another picture instead of all that was shown."""
        area = QRectF(0, 0, picture.width, picture.height)
        keep = self._painting is not None and self._painting.boundingRect() == area
        self._scene.clear()
        self._photo = self._mask = self._outline = None
        self._width = float(picture.width)
        self._painting = PictureItem(picture, area)
        self._scene.addItem(self._painting)
        self._scene.setSceneRect(area)
        if not keep:
            self.fit()

    def show_photo(self, target: SharedPicture | None, mask: SharedPicture | None) -> None:
        """Lay a photo and its mask over the painting, or none."""
        for item in (self._photo, self._mask):
            if item is not None:
                self._scene.removeItem(item)
        self._photo = self._mask = None
        if self._painting is None:
            return
        area = self._painting.boundingRect()
        if target is not None:
            self._photo = PictureItem(target, area)
            self._photo.setZValue(1)
            self._scene.addItem(self._photo)
            self.set_photo_opacity(self._opacity)
        if mask is not None:
            self._mask = MaskItem(mask, area)
            self._mask.setZValue(2)
            self._mask.setVisible(self._tool is Tool.MASK)
            self._scene.addItem(self._mask)

    def refresh(self, rectangle: Rectangle) -> None:
        """Draw a part of the picture anew."""
        if self._painting is not None:
            left, top, right, bottom = rectangle
            self._painting.update(QRectF(left, top, right - left, bottom - top))

    def set_photo_opacity(self, opacity: float) -> None:
        """Show so much of the photo over the painting, in [0, 1]."""
        self._opacity = opacity
        if self._photo is not None:
            self._photo.setOpacity(opacity)
            self._photo.setVisible(opacity > 0)

    def show_stroke(self, stroke: Stroke | None) -> None:
        """Draw the outline of the chosen stroke, or none."""
        if self._outline is not None:
            self._scene.removeItem(self._outline)
            self._outline = None
        if stroke is None or self._painting is None:
            return
        path = QPainterPath(QPointF(*stroke.start) * self._width)
        path.quadTo(QPointF(*stroke.control) * self._width, QPointF(*stroke.end) * self._width)
        # Light about dark is seen on any painting.
        self._outline = QGraphicsPathItem(path)
        self._outline.setPen(_screen_pen(QColor("white"), 4.0))
        ink = _screen_pen(self.palette().highlight().color(), 2.0)
        line = QGraphicsPathItem(path, self._outline)
        line.setPen(ink)
        for place in (stroke.start, stroke.end):
            dot = self._scene.addEllipse(-4, -4, 8, 8, ink, QBrush(self.palette().base()))
            assert dot is not None
            dot.setParentItem(self._outline)
            dot.setPos(QPointF(*place) * self._width)
            dot.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self._outline.setZValue(3)
        self._scene.addItem(self._outline)

    # ---- pan and zoom ----

    @property
    def scale_now(self) -> float:
        """Screen pixels per pixel of the picture."""
        return self.transform().m11()

    def fit(self) -> None:
        """Show the whole canvas."""
        self._is_fitted = True
        room = self.viewport()
        assert room is not None
        rectangle = self.sceneRect()
        if rectangle.isEmpty():
            return
        scale = min(
            (room.width() - 2 * _MARGIN) / rectangle.width(),
            (room.height() - 2 * _MARGIN) / rectangle.height(),
        )
        self._set_scale(max(scale, _ZOOMS[0]))
        self.centerOn(rectangle.center())

    def show_actual_size(self) -> None:
        """Show a pixel of the picture as one of the screen."""
        self._is_fitted = False
        self._set_scale(1.0)

    def zoom(self, factor: float) -> None:
        """Come closer or go away."""
        self._is_fitted = False
        self._set_scale(min(max(self.scale_now * factor, _ZOOMS[0]), _ZOOMS[1]))

    def _set_scale(self, scale: float) -> None:
        factor = scale / self.scale_now
        self.scale(factor, factor)
        self.zoomed.emit(self.scale_now)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        if self._is_fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        if self._tool is Tool.MASK and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            turned = event.angleDelta().y() or event.angleDelta().x()
            self._brush_px = int(min(max(self._brush_px * _WHEEL_STEP**turned, _BRUSH_PX[0]), _BRUSH_PX[2]))
        else:
            self.zoom(_WHEEL_STEP ** event.angleDelta().y())

    # ---- tools ----

    @property
    def tool(self) -> Tool:
        """What the mouse does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Give the mouse another tool; the mask is seen with its brush only."""
        self._tool = tool
        shapes = {
            Tool.SELECT: Qt.CursorShape.ArrowCursor,
            Tool.PAN: Qt.CursorShape.OpenHandCursor,
            Tool.MASK: Qt.CursorShape.CrossCursor,
        }
        port = self.viewport()
        assert port is not None
        port.setCursor(shapes[tool])
        if self._mask is not None:
            self._mask.setVisible(tool is Tool.MASK)

    def clear_mask(self) -> None:
        """Ask for the same care everywhere."""
        if self._mask is not None:
            self._mask.clear()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() == Qt.MouseButton.MiddleButton or (
            self._tool is Tool.PAN and event.button() == Qt.MouseButton.LeftButton
        ):
            self._panned_from = event.position()
        elif event.button() == Qt.MouseButton.LeftButton and self._tool is Tool.SELECT:
            place = self.mapToScene(event.position().toPoint()) / self._width
            self.pointed_at.emit(place.x(), place.y())
        elif self._tool is Tool.MASK:
            self._care(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._panned_from is not None:
            moved = event.position() - self._panned_from
            self._panned_from = event.position()
            self._is_fitted = False
            for bar, by in (
                (self.horizontalScrollBar(), moved.x()),
                (self.verticalScrollBar(), moved.y()),
            ):
                assert bar is not None
                bar.setValue(bar.value() - round(by))
        elif self._tool is Tool.MASK and event.buttons():
            self._care(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._panned_from = None

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        event.ignore()  # the arrow keys are the timeline's

    def _care(self, event: QMouseEvent) -> None:
        if self._mask is not None:
            place = self.mapToScene(event.position().toPoint())
            erase = bool(event.buttons() & Qt.MouseButton.RightButton) or bool(
                event.modifiers() & Qt.KeyboardModifier.AltModifier
            )
            self._mask.brush(place, self._brush_px / 2 / self.scale_now, erase=erase)
