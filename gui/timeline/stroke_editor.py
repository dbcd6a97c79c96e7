"""What can be changed of the chosen strokes."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QPixmap
from PyQt6.QtWidgets import QColorDialog, QDoubleSpinBox, QFormLayout, QPushButton, QWidget

from spiral_core.program import Color, Stroke


class StrokeEditor(QWidget):
    """Shows one stroke's colour, width, opacity and pressures, and says what a person changes.

    Signals:
        changed: Fields of `Stroke` with their new values, a dictionary.

    Args:
        parent: Who owns this.
    """

    changed = pyqtSignal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_filling = False
        self._color = Color(0, 0, 0)
        form = QFormLayout(self)
        self.color_button = QPushButton()
        self.color_button.setAccessibleName(self.tr("Colour of the chosen strokes"))
        self.color_button.clicked.connect(self._ask_color)
        form.addRow(self.tr("&Colour"), self.color_button)
        self.width_spin = self._spin(form, self.tr("&Width"), 0.1, "radius", 200)
        self.opacity_spin = self._spin(form, self.tr("Opacit&y"), 1.0, "opacity", 100)
        self.start_spin = self._spin(form, self.tr("Pressure at the &start"), 0.0, "start_pressure", 100)
        self.end_spin = self._spin(form, self.tr("Pressure at the en&d"), 0.0, "end_pressure", 100)
        self.show_stroke(None)

    def show_stroke(self, stroke: Stroke | None) -> None:
        """Show a stroke, or that none is chosen."""
        self.setEnabled(stroke is not None)
        if stroke is None:
            self.color_button.setText("")
            self.color_button.setIcon(QIcon())
            return
        self._is_filling = True
        self._color = stroke.color
        shown = QColor.fromRgbF(*stroke.color)
        swatch = QPixmap(16, 16)
        swatch.fill(shown)
        self.color_button.setIcon(QIcon(swatch))
        self.color_button.setText(shown.name())
        self.width_spin.setValue(200 * stroke.radius)
        self.opacity_spin.setValue(100 * stroke.opacity)
        self.start_spin.setValue(100 * stroke.start_pressure)
        self.end_spin.setValue(100 * stroke.end_pressure)
        self._is_filling = False

    def _spin(self, form: QFormLayout, label: str, low: float, field: str, unit: float) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setRange(low, 100.0)
        spin.setSingleStep(0.1 if field == "radius" else 5.0)
        spin.setDecimals(1)
        spin.setSuffix(" %")
        spin.setKeyboardTracking(False)  # a number is meant when it is whole

        def tell(value: float) -> None:
            if not self._is_filling:
                self.changed.emit({field: value / unit})

        spin.valueChanged.connect(tell)
        form.addRow(label, spin)
        return spin

    def _ask_color(self) -> None:
        asked = QColorDialog.getColor(QColor.fromRgbF(*self._color), self, self.tr("Colour of the stroke"))
        if asked.isValid():
            self.changed.emit({"color": Color(asked.redF(), asked.greenF(), asked.blueF())})
