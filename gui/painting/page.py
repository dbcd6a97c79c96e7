"""The page for painting: canvas with its tools in the middle, options beside it, the timeline below."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QSize, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.painting.canvas import Canvas
from gui.painting.panel import PaintingPanel
from gui.studio import Studio
from gui.timeline.panel import TimelinePanel
from gui.widgets.notice import NoticeBar
from gui.widgets.welcome import Welcome

_PANEL_WIDTH = 320
_TIMELINE_HEIGHT = 210


class PaintingPage(QWidget):
    """Puts what belongs to painting together.

    Args:
        studio: The open painting.
        parent: The window.
    """

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.canvas = Canvas()
        self.notice = NoticeBar()
        self.welcome = Welcome()
        self.middle = QStackedWidget()
        self.middle.addWidget(self.welcome)
        self.middle.addWidget(self.canvas)
        self.panel = PaintingPanel(studio, self.canvas)
        self.timeline = TimelinePanel(studio)

        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addWidget(self.middle, 1)
        scroll = _Column(self.panel)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.addWidget(middle)
        self.across.addWidget(scroll)
        self.across.setStretchFactor(0, 1)
        self.down = QSplitter(Qt.Orientation.Vertical)
        self.down.addWidget(self.across)
        self.down.addWidget(self.timeline)
        self.down.setStretchFactor(0, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.down)
        self.reset_layout()

        studio.opened.connect(self._open)
        studio.photo_changed.connect(self._show_photo)
        studio.picture_changed.connect(self.canvas.refresh)
        studio.failed.connect(self.notice.show_message)
        self.canvas.pointed_at.connect(self.timeline.choose_at)
        self.timeline.chosen.connect(self.canvas.show_stroke)

    def reset_layout(self) -> None:
        """Give every part its usual room."""
        self.across.setSizes([10_000, _PANEL_WIDTH])
        self.down.setSizes([10_000, _TIMELINE_HEIGHT])

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        # Who has just clicked on the canvas wants the arrow keys to go through its strokes.
        if self.canvas.hasFocus():
            self.timeline.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def _open(self) -> None:
        assert self._studio.picture is not None
        self.canvas.show_picture(self._studio.picture)
        self._show_photo()
        self.notice.hide()
        self.middle.setCurrentWidget(self.canvas)

    def _show_photo(self) -> None:
        self.canvas.show_photo(self._studio.target, self._studio.mask)


class _Column(QScrollArea):
    """Scrolls up and down alone, and so is never narrower than what is in it."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the keyboard from field to field

    def minimumSizeHint(self) -> QSize:
        content, bar = self.widget(), self.verticalScrollBar()
        assert content is not None
        assert bar is not None
        # Words are longer in one language than in another.
        width = content.minimumSizeHint().width() + bar.sizeHint().width() + 2 * self.frameWidth()
        return QSize(max(_PANEL_WIDTH, width), super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
