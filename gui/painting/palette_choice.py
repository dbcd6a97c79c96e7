"""Which paints there are: all colours, so many to be found in the photo, or a list with its swatches."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QComboBox, QFileDialog, QSpinBox, QVBoxLayout, QWidget

from spiral_core.errors import SpiralError
from spiral_core.program import Color
from spiral_core.search.paints import MAX_PAINTS, Paints, read_palette

PALETTES: Final = Path(__file__).resolve().parents[2] / "configs" / "palettes"


class Swatches(QWidget):
    """A row of colours.

    Args:
        parent: Who owns this.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colors: tuple[Color, ...] = ()
        self.setAccessibleName(self.tr("Paints"))
        self.hide()

    def show_colors(self, colors: tuple[Color, ...]) -> None:
        """Show these colours; none hides the row."""
        self._colors = colors
        self.setVisible(bool(colors))
        names = (QColor.fromRgbF(*color).name() for color in colors)
        self.setToolTip(", ".join(names))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 20)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        count = len(self._colors)
        for i, color in enumerate(self._colors):
            left, right = self.width() * i // count, self.width() * (i + 1) // count
            painter.fillRect(left, 0, right - left, self.height(), QColor.fromRgbF(*color))


class PaletteChoice(QWidget):
    """Asks which paints to use.

    Args:
        parent: Who owns this.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colors: dict[str, tuple[Color, ...]] = {}
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("Palette"))
        self.kind.addItem(self.tr("Any colour"), "any")
        self.kind.addItem(self.tr("Find paints in the photo"), "find")
        for path in sorted(PALETTES.iterdir()):
            self._add(path)
        self.kind.addItem(self.tr("From a file…"), "file")
        self.kind.activated.connect(self._ask)
        self.kind.currentIndexChanged.connect(self._show)
        self.number = QSpinBox()
        self.number.setAccessibleName(self.tr("Number of paints"))
        self.number.setRange(1, MAX_PAINTS)
        self.number.setValue(12)
        self.swatches = Swatches()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.kind, self.number, self.swatches):
            column.addWidget(widget)
        self.setFocusProxy(self.kind)  # for the letter of the label beside
        self._chosen = 0
        self._show()

    def paints(self) -> Paints:
        """Return what is chosen."""
        chosen = str(self.kind.currentData())
        if chosen == "find":
            return Paints(self.number.value(), None)
        return Paints(None, self._colors.get(chosen))

    def add_file(self, path: Path) -> None:
        """Offer a palette file and choose it.

        Raises:
            ConfigError: It cannot be read.
        """
        self._colors[str(path)] = read_palette(path)
        place = self.kind.count() - 1
        self.kind.insertItem(place, path.stem, str(path))
        self.kind.setCurrentIndex(place)

    def _add(self, path: Path) -> None:
        try:
            self._colors[str(path)] = read_palette(path)
        except SpiralError:
            return  # no palette lies there
        self.kind.addItem(path.stem, str(path))

    def _ask(self) -> None:
        if self.kind.currentData() != "file":
            return
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a palette"), "", self.tr("Palettes (*.gpl *.txt)")
        )
        self.kind.setCurrentIndex(self._chosen)
        if name:
            self.add_file(Path(name))

    def _show(self) -> None:
        if self.kind.currentData() != "file":
            self._chosen = self.kind.currentIndex()
        self.number.setVisible(self.kind.currentData() == "find")
        self.swatches.show_colors(self.paints().colors or ())
