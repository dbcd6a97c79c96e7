"""The panel that starts, watches and stops trainings.

It asks the folder of runs, and nobody else: a training that another window or the command line has started
looks like one of its own, and one of its own goes on when the window closes.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Final

from PyQt6.QtCore import QItemSelectionModel, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.processes.training import StartedTraining, resume_training, start_training, stop_training
from gui.session.configurations import shipped_configurations
from gui.session.metrics import RunHistory
from gui.session.runs import Run, RunsFolder, RunState
from gui.training.curves import CurvesView, ShownRun
from gui.training.facts import RunFacts
from gui.training.notice import Notice
from gui.training.run_list import RunListModel
from gui.training.samples import SamplesView
from gui.training.start_form import StartForm, Wish
from spiral_core.errors import SpiralError
from spiral_core.training.run_record import METRICS

_VISIBLE_MS: Final = 500
_HIDDEN_MS: Final = 5000
_CATCHING_UP_MS: Final = 20
_SECONDS_AT_ONCE: Final = 0.005
_ASK_AGAIN_SECONDS: Final = 10.0
_TEXT_WIDTH: Final = 440
_LEFT_WIDTH: Final = 380
_PLOTS_HEIGHT: Final = 380
_SHEET_HEIGHT: Final = 380
_FIRST: Final = "tiny"
_STOPPED_CODES: Final = (0, 130)
"""How a training ends that was done, or was asked to stop."""


class TrainingPanel(QWidget):
    """Trainings: start one, watch it learn, stop it, go on with it.

    Args:
        runs_folder: Where runs are made and looked for; need not exist.
        parent: The owner.

    Signals:
        said: A line for the status bar.
    """

    said = pyqtSignal(str)

    def __init__(self, runs_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs_folder = runs_folder.absolute()
        self._folder = RunsFolder(self.runs_folder)
        self._histories: dict[Path, RunHistory] = {}
        self._slots: dict[Path, int] = {}
        self._started: dict[Path, StartedTraining] = {}
        self._asked: dict[Path, float] = {}
        self._wanted: Path | None = None
        self._drawn = 0.0

        self.form = StartForm(shipped_configurations())
        self.form.choose(_FIRST)
        self.runs = RunListModel(self)
        self.run_list = QListView()
        self.run_list.setModel(self.runs)
        self.run_list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.run_list.setAccessibleName(self.tr("Training runs"))
        self.run_list.setToolTip(self.tr("Select several to lay their curves over one another"))
        self.run_list.setWordWrap(True)
        self.run_list.setIconSize(QSize(12, 12))
        self.run_list.setSpacing(1)
        self.resume_button = QPushButton(self.tr("Res&ume"))
        self.resume_button.setAccessibleName(self.tr("Go on with the selected run"))
        self.stop_button = QPushButton(self.tr("S&top"))
        self.stop_button.setAccessibleName(self.tr("Stop the selected run, with a checkpoint"))
        self.facts = RunFacts()
        self.notice = Notice()
        self.curves = CurvesView()
        self.samples = SamplesView()
        self.first_button = QPushButton(self.tr("Train a tin&y agent"))
        self.first_button.setAccessibleName(self.tr("Start a training that takes a minute"))
        self.pages = QStackedWidget()
        self._lay_out()

        self.form.wanted.connect(self._start)
        self.form.failed.connect(self._fail)
        self.first_button.clicked.connect(self._start_first)
        self.resume_button.clicked.connect(self._resume)
        self.stop_button.clicked.connect(self._stop)
        selection = self._selection()
        selection.selectionChanged.connect(self._selection_changed)
        selection.currentChanged.connect(self._selection_changed)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(_HIDDEN_MS)
        self._show_state()

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Ru&ns"))
        title.setBuddy(self.run_list)
        buttons = QHBoxLayout()
        buttons.addWidget(self.resume_button)
        buttons.addWidget(self.stop_button)
        left = QWidget()
        column = QVBoxLayout(left)
        column.addWidget(self.form)
        column.addWidget(title)
        column.addWidget(self.run_list, 1)
        column.addLayout(buttons)
        column.addWidget(self.facts)

        text = QLabel(
            self.tr(
                "<h3>Nothing has been trained here yet</h3>"
                "<p>An agent learns to paint by trying: it puts down strokes, sees how close they come to a "
                "picture, and does better the next time.</p>"
                "<p>The smallest training draws one thick line and learns it in about a minute. Others stand "
                "under “New training”; they take from an hour to days.</p>"
            )
        )
        text.setWordWrap(True)
        text.setFixedWidth(_TEXT_WIDTH)  # a text that wraps knows its height only at a width
        text.setAccessibleName(self.tr("What to do first"))
        empty = QWidget()
        inner = QVBoxLayout(empty)
        inner.addStretch(1)
        for widget in (text, self.first_button):
            row = QHBoxLayout()  # centred by stretches: an alignment would cut the text off
            row.addStretch(1)
            row.addWidget(widget)
            row.addStretch(1)
            inner.addLayout(row)
        inner.addStretch(2)
        watching = QSplitter(Qt.Orientation.Vertical)
        watching.addWidget(self.curves)
        watching.addWidget(self.samples)
        watching.setSizes([_PLOTS_HEIGHT, _SHEET_HEIGHT])
        watching.setStretchFactor(0, 1)
        watching.setStretchFactor(1, 1)
        watching.setChildrenCollapsible(False)
        self.pages.addWidget(empty)
        self.pages.addWidget(watching)
        right = QWidget()
        right_column = QVBoxLayout(right)
        right_column.addWidget(self.notice)
        right_column.addWidget(self.pages, 1)
        splitter = QSplitter()
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([_LEFT_WIDTH, 2 * _LEFT_WIDTH])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    def set_colors(self, curves: list[QColor], background: QColor, text: QColor) -> None:
        """Take over the colours of the curves, in turn, and of the plots."""
        self.curves.set_colors(curves, background, text)
        self._mark()

    def shut_down(self) -> None:
        """Stop watching; trainings go on."""
        self._timer.stop()
        self.curves.shut_down()

    def select(self, path: Path) -> bool:
        """Select a run and nothing else; return whether it is there."""
        index = self.runs.index_of(path)
        if index.isValid():
            self._selection().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.run_list.scrollTo(index)
        return index.isValid()

    def current(self) -> Run | None:
        """Return the run that the buttons, the samples and the numbers are about."""
        index = self.run_list.currentIndex()
        return self.runs.run_at(index) if index.isValid() else None

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look often while somebody looks."""
        super().showEvent(event)
        if self._timer.isActive():
            self._timer.start(0)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Look seldom while nobody looks."""
        super().hideEvent(event)
        if self._timer.isActive():
            self._timer.start(_HIDDEN_MS)

    def _selection(self) -> QItemSelectionModel:
        selection = self.run_list.selectionModel()
        assert selection is not None  # the list has its model
        return selection

    def _tick(self) -> None:
        is_done = self._folder.poll(_SECONDS_AT_ONCE)
        if is_done:
            self.runs.show_runs(self._folder.newest_first())
            self._choose_run()
        self._look_after_started()
        is_done &= self._read_histories()
        # While long metrics are read in many ticks, drawing at each would take longer than the reading.
        if self.isVisible() and time.monotonic() - self._drawn >= 0.9 * _VISIBLE_MS / 1000:
            self._drawn = time.monotonic()
            self.curves.refresh()
            self.samples.refresh()
        self._show_state()
        pause = _VISIBLE_MS if self.isVisible() else _HIDDEN_MS
        self._timer.setInterval(pause if is_done else _CATCHING_UP_MS)

    def _choose_run(self) -> None:
        """Select the run that was started here as soon as it is there, or the newest if there is none yet."""
        if self._wanted is not None and self.select(self._wanted):
            self._wanted = None
        elif not self._selection().hasSelection() and self.runs.rowCount():
            run = self.runs.run_at(self.runs.index(0))
            assert run is not None
            self.select(run.path)

    def _read_histories(self) -> bool:
        deadline = time.monotonic() + _SECONDS_AT_ONCE
        for history in self._histories.values():
            while not history.read():
                if time.monotonic() >= deadline:
                    return False
        return True

    def _selection_changed(self) -> None:
        chosen = [self.runs.run_at(index) for index in self._selection().selectedIndexes()]
        runs = {run.path: run for run in chosen if run is not None}
        for path in [path for path in self._slots if path not in runs]:
            del self._slots[path]
            del self._histories[path]
        for path in runs:
            if path not in self._slots:
                taken = set(self._slots.values())
                self._slots[path] = next(slot for slot in range(len(taken) + 1) if slot not in taken)
                self._histories[path] = RunHistory(path / METRICS)
        self.curves.show_runs(
            [ShownRun(runs[path].name, self._histories[path], slot) for path, slot in self._slots.items()]
        )
        run = self.current()
        self.samples.show_run(None if run is None else run.path, "" if run is None else run.name)
        self._mark()
        self._show_state()
        if self._timer.isActive() and self.isVisible():
            self._timer.setInterval(0)

    def _mark(self) -> None:
        colors = {path: self.curves.color(slot) for path, slot in self._slots.items()}
        self.runs.mark(colors, frozenset(self._asked))

    def _show_state(self) -> None:
        """Enable what can be done with the selected run, and show its numbers."""
        run = self.current()
        for gone in [path for path in self._asked if not self._can_be_asked(path)]:
            del self._asked[gone]
        self._mark()
        self.facts.show_run(run)
        is_busy = bool(self._folder.runs or self._started)
        self.pages.setCurrentIndex(int(is_busy))
        path = self._stoppable()
        asked = None if path is None else self._asked.get(path)
        is_late = asked is not None and time.monotonic() - asked > _ASK_AGAIN_SECONDS
        self.stop_button.setEnabled(path is not None and (asked is None or is_late))
        self.stop_button.setText(self.tr("S&top at once") if is_late else self.tr("S&top"))
        can_resume = run is not None and run.state is RunState.STOPPED and run.path not in self._started
        self.resume_button.setEnabled(can_resume)

    def _can_be_asked(self, path: Path) -> bool:
        run = self._folder.runs.get(path)
        return path in self._started or (run is not None and run.holder is not None)

    def _stoppable(self) -> Path | None:
        """Return the run that "Stop" is about: the one that is just being started, or the selected one."""
        if self._wanted is not None and self._wanted in self._started:
            return self._wanted
        run = self.current()
        if run is None:
            return None
        return run.path if self._can_be_asked(run.path) else None

    def _start_first(self) -> None:
        self.form.choose(_FIRST)
        self.form.start_button.click()

    def _start(self, wish: Wish) -> None:
        configuration = wish.configuration
        path = _free_folder(self.runs_folder, configuration.name)
        try:
            started = start_training(
                str(configuration.path.absolute()), path, seed=wish.seed, overrides=wish.overrides
            )
        except SpiralError as error:
            self._fail(str(error))
            return
        self._began(started, self.tr("Starting {name} …").format(name=path.name))

    def _resume(self) -> None:
        run = self.current()
        if run is None or run.state is not RunState.STOPPED:
            return
        try:
            started = resume_training(run.path)
        except SpiralError as error:
            self._fail(str(error))
            return
        self._began(started, self.tr("Going on with {name} …").format(name=run.name))

    def _began(self, started: StartedTraining, text: str) -> None:
        self._started[started.run] = started
        self._wanted = started.run
        self.notice.hide()
        self.said.emit(text)
        self._show_state()

    def _stop(self) -> None:
        path = self._stoppable()
        if path is None:
            return
        started = self._started.get(path)
        try:
            if started is not None:
                started.stop()
            else:
                stop_training(path)
        except SpiralError as error:
            self._fail(str(error))
            return
        self._asked[path] = time.monotonic()
        self.said.emit(
            self.tr("{name} ends after the update in the making, with a checkpoint.").format(name=path.name)
        )
        self._show_state()

    def _look_after_started(self) -> None:
        """Tell of trainings that were started here and have ended."""
        for path, started in list(self._started.items()):
            code = started.exit_code()
            if code is None:
                continue
            del self._started[path]
            if self._wanted == path and path not in self._folder.runs and code != 0:
                self._wanted = None
            was_asked = path in self._asked
            if code == 0:
                self.said.emit(self.tr("{name}: trained to the end.").format(name=path.name))
            elif code in _STOPPED_CODES or was_asked:
                self.said.emit(self.tr("{name}: stopped.").format(name=path.name))
            else:
                title = self.tr("{name} ended with an error (exit code {code})")
                self._fail(started.last_lines(), title.format(name=path.name, code=code))

    def _fail(self, text: str, title: str = "") -> None:
        self.notice.tell(title or self.tr("That did not work"), text)
        self.said.emit(title or text.splitlines()[-1])


def _free_folder(runs: Path, name: str) -> Path:
    base = runs / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    path, number = base, 2
    while path.exists() or path.with_name(f"{path.name}.log").exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path
