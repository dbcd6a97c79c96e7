"""The studio's line icons, drawn in the colours that the palette has at that moment."""

from __future__ import annotations

from functools import cache
from importlib import resources

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PyQt6.QtSvg import QSvgRenderer

_DRAWINGS = resources.files("gui.theme") / "icons"
_INK = "currentColor"
_STROKE_WIDTH = 'stroke-width="1.75"'


def names() -> list[str]:
    """Return the names of all icons."""
    return sorted(
        path.name.removesuffix(".svg") for path in _DRAWINGS.iterdir() if path.name.endswith(".svg")
    )


@cache
def _drawing(name: str) -> str:
    drawing = _DRAWINGS / f"{name}.svg"
    if not drawing.is_file():
        raise ValueError(f"icon {name!r}: there is none in {_DRAWINGS}; there are {', '.join(names())}")
    return drawing.read_text(encoding="utf-8")


def svg(name: str, color: str, stroke_width: float = 1.75) -> bytes:
    """Return an icon as an SVG file.

    Args:
        name: The name of a file in `icons/`, without ".svg".
        color: What it is drawn in, "#rrggbb".
        stroke_width: Width of its lines, 24 being the side of the icon.

    Raises:
        ValueError: There is no icon of that name.
    """
    drawing = _drawing(name).replace(_INK, color)
    return drawing.replace(_STROKE_WIDTH, f'stroke-width="{stroke_width}"').encode()


def icon(name: str, ink: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """Return an icon that follows the theme by itself.

    Args:
        name: The name of a file in `icons/`, without ".svg".
        ink: What it is drawn with: `HighlightedText` on a primary button, `BrightText` on a danger button.

    Raises:
        ValueError: There is no icon of that name.
    """
    _drawing(name)  # a wrong name is to be heard of here, not in the middle of painting a window
    return QIcon(_TintedEngine(name, ink))


class _TintedEngine(QIconEngine):
    """Draws one icon in the application's palette of the moment, so there is nothing to renew on a change."""

    def __init__(self, name: str, ink: QPalette.ColorRole) -> None:
        super().__init__()
        self._name = name
        self._ink = ink
        self._renderers: dict[str, QSvgRenderer] = {}

    def _color(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        palette = QGuiApplication.palette()
        if mode is QIcon.Mode.Disabled:
            return palette.color(QPalette.ColorGroup.Disabled, self._ink).name()
        if mode is QIcon.Mode.Selected:
            return palette.color(QPalette.ColorRole.HighlightedText).name()
        if state is QIcon.State.On and self._ink is QPalette.ColorRole.ButtonText:
            return palette.color(QPalette.ColorRole.Link).name()
        return palette.color(self._ink).name()

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw into a square in the middle of `rect`."""
        assert painter is not None
        color = self._color(mode, state)
        renderer = self._renderers.get(color)
        if renderer is None:
            renderer = self._renderers[color] = QSvgRenderer(QByteArray(svg(self._name, color)))
        side = min(rect.width(), rect.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(rect).center())
        renderer.render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Draw into a picture of its own; `size` is in pixels of the device."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        """Return another engine for the same icon."""
        return _TintedEngine(self._name, self._ink)
