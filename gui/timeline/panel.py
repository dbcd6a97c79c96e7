"""The timeline: a slider over all strokes with its keys, a player, the list, and what is chosen in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from PyQt6.QtCore import QItemSelectionModel, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.session.edits import Change, Edit, Move, Take
from gui.session.picking import Picker
from gui.studio import Studio
from gui.theme import icons
from gui.timeline.player import SPEEDS, Player
from gui.timeline.stroke_editor import StrokeEditor
from gui.timeline.stroke_list import StrokeList
from gui.translations import numbers

_PAGE: Final = 100  # strokes that Page Up and Page Down go
_SHIFT: Final = 10  # and Shift with an arrow key
_ROW_ROOM: Final = 4  # pixels above and below a row's text
PICK_SLACK: Final = 0.004  # canvas widths beside a stroke that still choose it


class TimelinePanel(QWidget):
    """Everything about the order of strokes.

    Signals:
        chosen: This `Stroke` is chosen, or None.

    Args:
        studio: The open painting.
        parent: Who owns this.
    """

    chosen = pyqtSignal(object)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._picker: Picker | None = None
        self._is_filling = False
        self.model = StrokeList(self)
        self.player = Player(self)
        self._build()
        self.player.moved.connect(self.show_up_to)
        self.player.stopped.connect(self._show_state)
        studio.opened.connect(self._open)
        studio.edited.connect(self._follow)
        studio.state_changed.connect(self._show_state)
        self._open()

    # ---- how it looks ----

    def _build(self) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Strokes shown"))
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setPageStep(_PAGE)
        self.slider.valueChanged.connect(self._scrub)
        self.number = QSpinBox()
        self.number.setAccessibleName(self.tr("Number of strokes shown"))
        self.number.setKeyboardTracking(False)
        self.number.valueChanged.connect(self.show_up_to)
        self.total = QLabel()
        self.play_button = QToolButton()
        self.play_button.setObjectName("play")
        self.play_button.setToolTip(self.tr("Play the painting (Space)"))
        self.play_button.clicked.connect(self.toggle_play)
        self.speed = QComboBox()
        self.speed.setAccessibleName(self.tr("Speed"))
        for speed in SPEEDS:
            self.speed.addItem(f"{numbers.shortest(speed)}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(self._set_speed)
        row = QHBoxLayout()
        for widget in (self.play_button, self.speed, self.slider, self.number, self.total):
            row.addWidget(widget, 1 if widget is self.slider else 0)

        # A table: a QListView asks for every row after each change, which ten thousand strokes make felt.
        self.list = QTableView()
        self.list.setAccessibleName(self.tr("Strokes"))
        self.list.setShowGrid(False)
        self.list.setTabKeyNavigation(False)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        for header in (self.list.horizontalHeader(), self.list.verticalHeader()):
            assert header is not None
            header.hide()
            header.setMinimumSectionSize(0)
        across, down = self.list.horizontalHeader(), self.list.verticalHeader()
        assert across is not None
        assert down is not None
        across.setStretchLastSection(True)
        down.setDefaultSectionSize(self.list.fontMetrics().height() + 2 * _ROW_ROOM)
        self.list.setModel(self.model)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        selection = self.list.selectionModel()
        assert selection is not None
        selection.selectionChanged.connect(self._choose)
        column = QVBoxLayout(self)
        column.addLayout(row)
        below = QHBoxLayout()
        below.addWidget(self.list, 3)
        self.editor = StrokeEditor()
        self.editor.changed.connect(self.change_chosen)
        below.addWidget(self.editor, 2)
        column.addLayout(below)

    # ---- time ----

    def show_up_to(self, count: int) -> None:
        """Show the first so many strokes."""
        self.slider.setValue(count)

    def step(self, by: int) -> None:
        """Go so many strokes on, or back."""
        self.player.pause()
        self.slider.setValue(self.slider.value() + by)

    def toggle_play(self) -> None:
        """Play, or pause."""
        if self.player.is_playing:
            self.player.pause()
        elif self._count:
            self.player.play(self.slider.value(), self._count)
        self._show_state()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        many = _SHIFT if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        match event.key():
            case Qt.Key.Key_Left:
                self.step(-many)
            case Qt.Key.Key_Right:
                self.step(many)
            case Qt.Key.Key_PageUp:
                self.step(-_PAGE)
            case Qt.Key.Key_PageDown:
                self.step(_PAGE)
            case Qt.Key.Key_Home:
                self.step(-self._count)
            case Qt.Key.Key_End:
                self.step(self._count)
            case _:
                super().keyPressEvent(event)

    @property
    def _count(self) -> int:
        document = self._studio.document
        return 0 if document is None else len(document.strokes)

    def _scrub(self, count: int) -> None:
        self.number.blockSignals(True)
        self.number.setValue(count)
        self.number.blockSignals(False)
        if not self._is_filling:
            self._studio.show_up_to(count)

    def _set_speed(self) -> None:
        self.player.speed = float(self.speed.currentData())

    # ---- choosing ----

    def choose_at(self, x: float, y: float) -> None:
        """Choose the topmost stroke that is seen at a place, in canvas units; or none."""
        document = self._studio.document
        if document is None:
            return
        if not (0 <= x <= 1 and 0 <= y <= document.aspect):
            self.choose(None)  # strokes go on beyond the canvas, but nobody sees them there
            return
        if self._picker is None:
            self._picker = Picker(document.strokes)
        self.choose(self._picker.at(x, y, count=self._studio.session.shown, slack=PICK_SLACK))

    def choose(self, place: int | None) -> None:
        """Choose one stroke, or none."""
        selection = self.list.selectionModel()
        assert selection is not None
        if place is None:
            selection.clear()
            return
        index = self.model.index(place)
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.list.scrollTo(index)

    @property
    def chosen_places(self) -> tuple[int, ...]:
        """Where the chosen strokes stand, lowest first."""
        selection = self.list.selectionModel()
        assert selection is not None
        return tuple(sorted(index.row() for index in selection.selectedRows()))

    def _choose(self) -> None:
        places = self.chosen_places
        # The list's own strokes: the painting may be some edits ahead of what the list has heard of.
        stroke = self.model.stroke(places[-1]) if places else None
        self.chosen.emit(stroke)
        self.editor.show_stroke(stroke)

    # ---- changing ----

    def delete_chosen(self) -> None:
        """Take the chosen strokes out."""
        places = self.chosen_places
        if places:
            text = self.tr("Delete %Ln strokes", "", len(places))
            self._edit_these(lambda now: Take(now), text)
            count = self._count
            if count:
                self.choose(min(places[0], count - 1))

    def move_chosen(self, by: int) -> None:
        """Put the chosen stroke so many places up, painted later, or down."""
        places = self.chosen_places
        if len(places) == 1:
            place = min(max(places[0] + by, 0), self._count - 1)
            if place != places[0]:
                self._edit_these(lambda now: Move(now[0], place), self.tr("Reorder stroke"))
                self.choose(place)

    def change_chosen(self, fields: dict[str, Any]) -> None:
        """Give the chosen strokes other values of these fields."""
        document = self._studio.document
        if document is None or not self.chosen_places:
            return

        def edit(places: tuple[int, ...]) -> Edit:
            return Change(tuple((p, dataclasses.replace(document.strokes[p], **fields)) for p in places))

        self._edit_these(edit, self.tr("Change stroke"))

    def _edit_these(self, edit_of: Callable[[tuple[int, ...]], Edit], text: str) -> None:
        """Edit the chosen strokes, wherever they stand when the painter is still."""
        document = self._studio.document
        assert document is not None
        chosen = [document.strokes[place] for place in self.chosen_places]

        def act() -> None:
            wanted = {id(stroke) for stroke in chosen}
            places = tuple(p for p, stroke in enumerate(document.strokes) if id(stroke) in wanted)
            if places:
                self._studio.edit(edit_of(places), text)

        self._studio.session.when_still(act)

    # ---- following the painting ----

    def _open(self) -> None:
        document = self._studio.document
        self.player.pause()
        self._picker = None
        self.model.show([] if document is None else document.strokes)
        self._show_count(at_end=True)
        self._choose()
        self._show_state()

    def _follow(self, edits: tuple[Edit, ...]) -> None:
        at_end = self._studio.session.upto is None
        self._picker = None
        self.model.follow(edits)
        self._show_count(at_end=at_end)
        if any(isinstance(edit, Change) for edit in edits) and self.chosen_places:
            self._choose()

    def _show_count(self, *, at_end: bool) -> None:
        count = self._count
        self._is_filling = True
        self.slider.setMaximum(count)
        self.number.setMaximum(count)
        if at_end:
            self.slider.setValue(count)
        self._is_filling = False
        self.total.setText(self.tr("of {}").format(numbers.whole(count)))

    def _show_state(self) -> None:
        has_strokes = self._count > 0
        for widget in (self.slider, self.number, self.play_button, self.speed):
            widget.setEnabled(has_strokes)
        is_playing = self.player.is_playing
        self.play_button.setIcon(icons.icon("pause" if is_playing else "play"))
        self.play_button.setAccessibleName(self.tr("Pause") if is_playing else self.tr("Play"))
