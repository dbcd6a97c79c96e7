"""What the agent is asked for, and how far it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui.painting.canvas import Canvas
from gui.painting.error_curve import ErrorCurve
from gui.painting.palette_choice import PaletteChoice
from gui.session.painting import State
from gui.studio import Studio
from spiral_core.agent.weights import SHIPPED_FOLDER
from spiral_core.search import PaintOptions
from spiral_core.search.agent_proposer import DEFAULT_AGENT

SIZES_PX: Final = (256, 512, 768, 1024, 1536, 2048)
BRUSHES: Final = ("round", "pen", "soft", "dry", "marker", "classic/dry_brush")
_NAME_LENGTH: Final = 10  # letters that a choice has room for at least


class PaintingPanel(QWidget):
    """Options, start, pause, step, stop, progress, error curve.

    Args:
        studio: The open painting.
        canvas: What shows it.
        parent: Who owns this.
    """

    def __init__(self, studio: Studio, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._canvas = studio, canvas
        self._began: tuple[float, float] | None = None  # when, and at what progress
        column = QVBoxLayout(self)
        column.addLayout(self._options())
        column.addLayout(self._buttons())
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        column.addWidget(self.progress)
        self.told = QLabel()
        self.told.setWordWrap(True)
        column.addWidget(self.told)
        self.curve = ErrorCurve()
        column.addWidget(self.curve)
        column.addLayout(self._overlay())
        column.addStretch(1)
        studio.state_changed.connect(self._show_state)
        studio.opened.connect(self._show_state)
        studio.photo_changed.connect(self._show_photo)
        self._show_state()

    # ---- how it looks ----

    def _options(self) -> QFormLayout:
        form = QFormLayout()
        self.agent = QComboBox()
        self.agent.addItem(
            self.tr("Stroke field (shipped)"), SHIPPED_FOLDER / DEFAULT_AGENT / "agent.safetensors"
        )
        self.agent.addItem(self.tr("None: rules of thumb"), None)
        self.agent.addItem(self.tr("From a file…"), "file")
        self.agent.activated.connect(self._ask_agent)
        form.addRow(self.tr("&Agent"), self.agent)
        self.brush = QComboBox()
        self.brush.setEditable(True)  # any brush of MyPaint's by its name
        self.brush.addItems(BRUSHES)
        self.brush.setToolTip(self.tr("One brush, or several with commas; any of MyPaint's by name"))
        form.addRow(self.tr("&Brush"), self.brush)
        self.palette_choice = PaletteChoice()
        form.addRow(self.tr("Pa&lette"), self.palette_choice)
        self.strokes = QSpinBox()
        self.strokes.setRange(1, 1_000_000)
        self.strokes.setValue(500)
        self.strokes.setGroupSeparatorShown(True)
        self.strokes.setKeyboardTracking(False)
        self.strokes.valueChanged.connect(lambda count: self._set_budget(strokes=count))
        form.addRow(self.tr("St&rokes"), self.strokes)
        self.seconds = QDoubleSpinBox()
        self.seconds.setRange(0.0, 86_400.0)
        self.seconds.setDecimals(0)
        self.seconds.setSpecialValueText(self.tr("no limit"))
        self.seconds.setSuffix(self.tr(" s"))
        self.seconds.setKeyboardTracking(False)
        self.seconds.valueChanged.connect(lambda limit: self._set_budget(seconds=limit or None))
        form.addRow(self.tr("T&ime"), self.seconds)
        self.size_choice = QComboBox()
        for size in SIZES_PX:
            self.size_choice.addItem(self.tr("{} px").format(size), size)
        self.size_choice.setCurrentIndex(SIZES_PX.index(512))
        self.size_choice.setToolTip(self.tr("Longer side of the picture that the painting is planned for"))
        form.addRow(self.tr("Si&ze"), self.size_choice)
        self.opaque = QCheckBox(self.tr("Paint that covers"))
        form.addRow("", self.opaque)
        for combo in (self.agent, self.brush, self.palette_choice.kind):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(_NAME_LENGTH)
        for field in (self.agent, self.brush, self.strokes, self.seconds, self.size_choice):
            label = form.labelForField(field)
            assert isinstance(label, QLabel)
            field.setAccessibleName(label.text().replace("&", ""))
        return form

    def _buttons(self) -> QGridLayout:
        self.paint_button = QPushButton(self.tr("Paint this"))
        self.paint_button.setProperty("primary", True)
        self.paint_button.clicked.connect(self.paint_or_go_on)
        self.pause_button = QPushButton(self.tr("Pause"))
        self.pause_button.clicked.connect(self._studio.pause)
        self.step_button = QPushButton(self.tr("Step"))
        self.step_button.setToolTip(self.tr("Let the agent make one change, then hold"))
        self.step_button.clicked.connect(lambda: self._studio.go_on(1))
        self.stop_button = QPushButton(self.tr("Stop"))
        self.stop_button.clicked.connect(self._studio.stop)
        grid = QGridLayout()
        grid.addWidget(self.paint_button, 0, 0, 1, 3)
        grid.addWidget(self.pause_button, 1, 0)
        grid.addWidget(self.step_button, 1, 1)
        grid.addWidget(self.stop_button, 1, 2)
        return grid

    def _overlay(self) -> QFormLayout:
        form = QFormLayout()
        self.overlay = QSlider(Qt.Orientation.Horizontal)
        self.overlay.setRange(0, 100)
        self.overlay.setAccessibleName(self.tr("Photo over the painting"))
        self.overlay.valueChanged.connect(lambda value: self._canvas.set_photo_opacity(value / 100))
        form.addRow(self.tr("Ph&oto"), self.overlay)
        return form

    # ---- what a person wants ----

    @property
    def size_px(self) -> int:
        """The longer side that is planned for."""
        return int(self.size_choice.currentData())

    def options(self) -> PaintOptions:
        """Return what is asked for.

        Raises:
            ConfigError: A value is out of range.
        """
        paints = self.palette_choice.paints()
        return PaintOptions(
            strokes=self.strokes.value(),
            seconds=self.seconds.value() or None,
            brushes=tuple(name.strip() for name in self.brush.currentText().split(",") if name.strip()),
            palette=paints.colors,
            palette_size=paints.size,
            opaque=self.opaque.isChecked(),
        )

    def paint_or_go_on(self) -> None:
        """Start painting, or go on after a pause."""
        for budget in (self.strokes, self.seconds):
            budget.interpretText()  # a number that was typed and not left yet is meant as well
        if self._studio.session.state is State.HELD:
            self._studio.go_on()
            return
        self.overlay.setValue(0)
        agent = self.agent.currentData()
        try:
            options = self.options()
        except ValueError as error:
            self._studio.failed.emit(str(error))
            return
        self._studio.start(options, self.size_px, agent if isinstance(agent, Path) else None)

    def _set_budget(self, *, strokes: int | None = None, seconds: float | None = None) -> None:
        if self._studio.is_at_work or self._studio.session.state is State.HELD:
            self._studio.session.set_budget(strokes=strokes, seconds=seconds)

    def _ask_agent(self) -> None:
        if self.agent.currentData() != "file":
            return
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open an agent"), "", self.tr("Trained agents (*.safetensors)")
        )
        self.agent.setCurrentIndex(0)
        if name:
            path = Path(name)
            self.agent.insertItem(1, path.parent.name + "/" + path.name, path)
            self.agent.setCurrentIndex(1)

    # ---- following the painter ----

    def _show_photo(self) -> None:
        """Show the photo until there is something painted to see."""
        document = self._studio.document
        if document is not None and self._studio.target is not None:
            is_bare = not document.strokes and not self._studio.is_at_work
            self.overlay.setValue(100 if is_bare else 0)

    def _show_state(self) -> None:
        session = self._studio.session
        state = session.state
        is_painting = state in (State.PAINTING, State.PAUSING)
        has_photo = session.document is not None and session.document.photo is not None
        self.paint_button.setEnabled(has_photo and state in (State.IDLE, State.HELD))
        has_strokes = session.document is not None and bool(session.document.strokes)
        if state is State.HELD:
            self.paint_button.setText(self.tr("Go on"))
        else:
            self.paint_button.setText(self.tr("Paint on from here") if has_strokes else self.tr("Paint this"))
        self.pause_button.setEnabled(state is State.PAINTING)
        self.step_button.setEnabled(state is State.HELD)
        self.stop_button.setEnabled(state in (State.PAINTING, State.PAUSING, State.HELD))
        for widget in (self.agent, self.brush, self.palette_choice, self.size_choice, self.opaque):
            widget.setEnabled(state in (State.IDLE, State.EMPTY))
        self.progress.setValue(round(1000 * session.progress))
        self.curve.show_points(session.errors)
        if not is_painting:
            self._began = None
        elif self._began is None:
            self._began = (time.monotonic(), session.progress)
        self.told.setText(self._words())

    def _words(self) -> str:
        session = self._studio.session
        if session.document is None:
            return self.tr("Open a photo, or drop one on the window.")
        count = self.tr("%Ln strokes", "", len(session.document.strokes))
        match session.state:
            case State.PAINTING:
                doing = self.tr("Revising") if session.phase == "revise" else self.tr("Painting")
                return " · ".join(part for part in (doing, count, self._time_left()) if part)
            case State.PAUSING:
                return self.tr("Pausing at the stroke's end · {}").format(count)
            case State.HELD:
                return self.tr("Paused · {}").format(count)
            case State.STOPPING:
                return self.tr("Stopping")
        done = self.tr("Done") if session.phase == "done" else self.tr("Ready")
        return f"{done} · {count}"

    def _time_left(self) -> str:
        session = self._studio.session
        if self._began is None:
            return ""
        began_s, progress = self._began
        gone_s, done = time.monotonic() - began_s, session.progress - progress
        if gone_s < 2.0 or done <= 0.01:
            return ""
        left_s = gone_s * (1 - session.progress) / done
        minutes, seconds = divmod(round(left_s), 60)
        return self.tr("{}:{:02d} left").format(minutes, seconds)
