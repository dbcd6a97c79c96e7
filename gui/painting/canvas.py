"""The canvas: the shared picture with pan and zoom, the photo over it, the chosen stroke, the care mask.

One item draws straight from the shared memory, and of that only what was exposed, so that a stroke costs what
its rectangle costs. Scene units are pixels of the shared picture.
"""

from __future__ import annotations

import enum
from typing import Final

from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QBrush,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainterPath,
    QWheelEvent,
)
from PyQt6.QtWidgets import (
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsScene,
    QGraphicsView,
    QWidget,
)

from gui.painting.items import MaskItem, PictureItem, screen_pen
from gui.processes.shared_picture import SharedPicture
from spiral_core.program import Stroke
from spiral_core.rendering import Rectangle

_ZOOMS: Final = (0.05, 32.0)
_WHEEL_STEP: Final = 1.0015  # per unit of the wheel, of which a notch has 120
_MARGIN: Final = 24  # pixels of room about the canvas when it is fitted
_BRUSH_PX: Final = (8, 60, 300)  # least, first and largest diameter of the mask's brush, screen pixels


class Tool(enum.Enum):
    """What the mouse does on the canvas."""

    SELECT = "select"
    PAN = "pan"
    MASK = "mask"


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
        self._ring: QGraphicsEllipseItem | None = None  # how far the mask's brush reaches

    # ---- what is shown ----

    def show_picture(self, picture: SharedPicture) -> None:
        """Show another picture instead of all that was shown."""
        area = QRectF(0, 0, picture.width, picture.height)
        keep = self._painting is not None and self._painting.boundingRect() == area
        self._scene.clear()
        self._photo = self._mask = self._outline = self._ring = None
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
        self._outline.setPen(screen_pen(QColor("white"), 4.0))
        ink = screen_pen(self.palette().highlight().color(), 2.0)
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
            self._show_ring(event.position())
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
        port.setMouseTracking(tool is Tool.MASK)
        if self._ring is not None:
            self._scene.removeItem(self._ring)
            self._ring = None
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
        elif self._tool is Tool.MASK:
            self._show_ring(event.position())
            if event.buttons():
                self._care(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._panned_from = None

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        event.ignore()  # the arrow keys are the timeline's

    def _show_ring(self, place: QPointF) -> None:
        if self._painting is None:
            return
        if self._ring is None:
            self._ring = QGraphicsEllipseItem()
            self._ring.setPen(screen_pen(QColor("white"), 1.5))
            self._ring.setZValue(4)
            self._scene.addItem(self._ring)
        radius = self._brush_px / 2 / self.scale_now
        middle = self.mapToScene(place.toPoint())
        self._ring.setRect(QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius))

    def _care(self, event: QMouseEvent) -> None:
        if self._mask is not None:
            place = self.mapToScene(event.position().toPoint())
            erase = bool(event.buttons() & Qt.MouseButton.RightButton) or bool(
                event.modifiers() & Qt.KeyboardModifier.AltModifier
            )
            self._mask.brush(place, self._brush_px / 2 / self.scale_now, erase=erase)
