"""Asks what file to write: its kind, its size, its place."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from adapters.picture import MAX_SIDE_PX

_LARGEST_FILM_PX: Final = 4096


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        suffix: Its ending.
        name: What people call it.
        size_px: The usual longer side, or None where size is not in pixels.
    """

    suffix: str
    name: str
    size_px: int | None


class ExportDialog(QDialog):
    """Asks for one export.

    Args:
        folder: Where files are proposed to lie.
        stem: How they are proposed to be called.
        parent: The window.
    """

    def __init__(self, folder: Path, stem: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export"))
        self.kinds = (
            Kind(".png", self.tr("Picture (PNG)"), 2048),
            Kind(".jpg", self.tr("Picture (JPEG)"), 2048),
            Kind(".svg", self.tr("Drawing in millimetres (SVG)"), None),
            Kind(".pdf", self.tr("Page to print (PDF)"), None),
            Kind(".gcode", self.tr("Plotter (G-code)"), None),
            Kind(".mp4", self.tr("Timelapse (MP4)"), 720),
            Kind(".gif", self.tr("Timelapse (GIF)"), 400),
            Kind(".json", self.tr("Painting program (JSON)"), None),
        )
        form = QFormLayout()
        self.kind = QComboBox()
        for kind in self.kinds:
            self.kind.addItem(kind.name, kind.suffix)
        form.addRow(self.tr("&Kind"), self.kind)
        self.size_px = QSpinBox()
        self.size_px.setSuffix(" px")
        self.size_label = QLabel(self.tr("Longer &side"))
        self.size_label.setBuddy(self.size_px)
        form.addRow(self.size_label, self.size_px)
        self.path = QLineEdit(str(folder / stem))
        self.path.setAccessibleName(self.tr("File"))
        browse = QPushButton(self.tr("&Browse…"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.path, 1)
        row.addWidget(browse)
        label = QLabel(self.tr("&File"))  # a layout in a row gets no buddy by itself
        label.setBuddy(self.path)
        form.addRow(label, row)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.buttons)
        self.kind.currentIndexChanged.connect(self._show_kind)
        self._show_kind()
        self.resize(460, self.sizeHint().height())

    @property
    def chosen_path(self) -> Path:
        """Where to, with the kind's ending."""
        path = Path(self.path.text()).expanduser()
        suffix = str(self.kind.currentData())
        return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)

    def _show_kind(self) -> None:
        kind = self.kinds[self.kind.currentIndex()]
        for widget in (self.size_px, self.size_label):
            widget.setVisible(kind.size_px is not None)
        if kind.size_px is not None:
            is_film = kind.suffix in (".mp4", ".gif")
            self.size_px.setRange(16, _LARGEST_FILM_PX if is_film else MAX_SIDE_PX)
            self.size_px.setValue(kind.size_px)
        path = Path(self.path.text())
        if path.suffix.lower() in {kind.suffix for kind in self.kinds}:
            path = path.with_suffix("")
        self.path.setText(str(path) + kind.suffix)

    def _browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export"), self.path.text())
        if name:
            self.path.setText(name)
