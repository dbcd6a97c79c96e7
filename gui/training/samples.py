"""Sheets of sample pictures over the course of a training: every one that is on the disk."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui.session.runs import sample_frames, sample_path
from gui.translations import numbers


class SamplesView(QWidget):
    """One sheet, and a slider over all of them; it follows the newest until it is moved away from it.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Path | None = None
        self._frames: list[int] = []
        self._shown: tuple[Path, int, int] | None = None
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.sheet = _Sheet()
        self.sheet.setAccessibleName(self.tr("Sample pictures"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Sheet of samples"))
        self.slider.setToolTip(self.tr("Arrow keys go one sheet on or back, Page Up and Page Down ten"))
        self.slider.setPageStep(10)
        self.slider.setTickPosition(QSlider.TickPosition.NoTicks)
        self.number = QSpinBox()
        self.number.setAccessibleName(self.tr("Number of the sheet"))
        self.number.setKeyboardTracking(False)
        self.place = QLabel()
        self.place.setAccessibleName(self.tr("Frames of the sheet"))
        self.follow = QCheckBox(self.tr("Fo&llow the newest"))
        self.follow.setChecked(True)
        label = QLabel(self.tr("&Sheet"))
        label.setBuddy(self.number)
        row = QHBoxLayout()
        for widget in (label, self.number, self.slider, self.place, self.follow):
            row.addWidget(widget, int(widget is self.slider))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.title)
        whole.addWidget(self.sheet, 1)
        whole.addLayout(row)
        self.slider.valueChanged.connect(self._moved)
        self.number.valueChanged.connect(lambda number: self.slider.setValue(number - 1))
        self.follow.toggled.connect(self._follow)
        self._set_range()

    def show_run(self, run: Path | None, name: str = "") -> None:
        """Show the samples of a run; its name stands above them."""
        self.title.setText(self.tr("Samples of {name}").format(name=name) if name else "")
        if run == self._run:
            return
        self._run, self._frames, self._shown = run, [], None
        self.follow.setChecked(True)
        self._set_range()
        self.refresh()

    def refresh(self) -> None:
        """Look for new sheets, and load the one that is to be shown if it is another than before."""
        frames = [] if self._run is None else sample_frames(self._run)
        if frames != self._frames:
            before = self.frames
            self._frames = frames
            self._set_range()
            if self.follow.isChecked() or before is None:
                self._go(len(frames) - 1)
            elif before in frames:
                self._go(frames.index(before))  # a resume takes sheets away; the one looked at stays
        self._load()

    @property
    def frames(self) -> int | None:
        """The frames of the sheet that is shown, or None."""
        index = self.slider.value()
        return self._frames[index] if index < len(self._frames) else None

    def _set_range(self) -> None:
        self.slider.blockSignals(True)
        self.number.blockSignals(True)
        count = len(self._frames)
        self.slider.setRange(0, max(0, count - 1))
        self.number.setRange(min(1, count), count)
        self.number.setSuffix(self.tr(" of {}").format(numbers.whole(count)))
        for widget in (self.slider, self.number, self.follow):
            widget.setEnabled(count > 0)
        self.slider.blockSignals(False)
        self.number.blockSignals(False)

    def _go(self, index: int) -> None:
        """Move without meaning to have been moved by a person."""
        self.slider.blockSignals(True)
        self.slider.setValue(index)
        self.slider.blockSignals(False)

    def _moved(self, index: int) -> None:
        self.follow.blockSignals(True)
        self.follow.setChecked(index == len(self._frames) - 1)
        self.follow.blockSignals(False)
        self._load()

    def _follow(self, is_on: bool) -> None:
        if is_on:
            self._go(len(self._frames) - 1)
            self._load()

    def _load(self) -> None:
        frames = self.frames
        self.number.blockSignals(True)
        self.number.setValue(self.slider.value() + 1)
        self.number.blockSignals(False)
        if self._run is None or frames is None:
            self._shown = None
            self.place.setText("")
            self.sheet.show_image(
                None, self.tr("No samples yet: a sheet of them is drawn at each evaluation.")
            )
            return
        path = sample_path(self._run, frames)
        try:
            wanted = (path, frames, path.stat().st_mtime_ns)
        except OSError:
            return  # taken away by a resume just now; the next look knows
        if wanted == self._shown:
            return
        self._shown = wanted
        self.place.setText(self.tr("{} frames", "", numbers.plural(frames)).format(numbers.whole(frames)))
        image = QImage(str(path))
        self.sheet.show_image(image, self.tr("{path} cannot be read.").format(path=path))


class _Sheet(QWidget):
    """A picture as large as fits, or a text in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self.text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: QImage | None, otherwise: str) -> None:
        self.image = None if image is None or image.isNull() else image
        self.text = "" if self.image is not None else otherwise
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        if self.image is None:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), int(flags), self.text)
            return
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(self.rect().center())
        # Pixels stay pixels when they are shown larger; smaller ones are averaged.
        is_larger = size.width() * self.devicePixelRatioF() >= 2 * self.image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not is_larger)
        if is_larger:
            painter.drawImage(place, self.image)
            return
        pixels = size * self.devicePixelRatioF()
        smooth = self.image.scaled(
            pixels, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        smooth.setDevicePixelRatio(self.devicePixelRatioF())
        painter.drawImage(place.topLeft(), smooth)
