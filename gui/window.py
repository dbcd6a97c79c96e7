"""The window: pages side by side, one line each, and the menus that act on them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt6.QtCore import QByteArray, QSettings, Qt, QTimer
from PyQt6.QtGui import (
    QBrush,
    QCloseEvent,
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
)
from PyQt6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QToolBar,
    QWidget,
)

from gui.actions import Actions
from gui.exporting.dialog import ExportDialog
from gui.exporting.job import ExportJob
from gui.painting.page import PaintingPage
from gui.session.journal import Leftover, find_leftovers
from gui.session.painting import State
from gui.session.settings import runs_folder
from gui.shortcuts import ShortcutSheet
from gui.stop_key import StopKey
from gui.studio import Studio
from gui.theme import icons, theme
from gui.theme.colors import Colors
from gui.training.panel import TrainingPanel
from gui.translations import numbers
from gui.widgets.recovery import RecoveryDialog
from gui.widgets.welcome import SAMPLE
from spiral_core.errors import SpiralError
from spiral_core.program_file import write_program

LAYOUT_VERSION: Final = 1
_RECENT: Final = 8
_PHOTOS: Final = "*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif"
_SAID_MS: Final = 6000


class StudioWindow(QMainWindow):
    """The studio.

    Args:
        studio: The open painting and its painter.
        settings: Where layout, theme and recent files are kept.
    """

    def __init__(self, studio: Studio, settings: QSettings) -> None:
        super().__init__()
        self.studio = studio
        self.settings = settings
        self.saved_as: Path | None = None
        self.job: ExportJob | None = None
        self.setAcceptDrops(True)
        self.setWindowIcon(icons.icon("spiral"))
        self.pages = QStackedWidget()
        self.setCentralWidget(self.pages)
        self.painting = PaintingPage(studio)
        self.actions_ = Actions(self, self.painting, studio)
        self._page_bar = self._make_page_bar()
        self.training = TrainingPanel(runs_folder())
        self.add_page(self.painting, self.tr("Paint"), "brush")
        self.add_page(self.training, self.tr("Train"), "train")
        self._make_menus()
        self._make_tool_bar()
        self._make_status_bar()
        self._connect()
        self.reset_layout()
        self._restore()
        self._show_state()

    # ---- putting it together ----

    def add_page(self, page: QWidget, name: str, icon: str) -> None:
        """Give a page its place and its button."""
        self.pages.addWidget(page)
        action = self.actions_.page(name, icon)
        action.triggered.connect(lambda: self.pages.setCurrentWidget(page))
        self.pages.currentChanged.connect(lambda _: action.setChecked(self.pages.currentWidget() is page))
        action.setChecked(self.pages.currentWidget() is page)
        self._page_bar.addAction(action)

    def _make_page_bar(self) -> QToolBar:
        bar = QToolBar(self.tr("Pages"))
        bar.setObjectName("pages")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, bar)
        return bar

    def _make_menus(self) -> None:
        bar = self.menuBar()
        assert bar is not None
        self.actions_.fill(bar)
        self._fill_recent()

    def _make_tool_bar(self) -> None:
        bar = QToolBar(self.tr("Tools"))
        bar.setObjectName("tools")
        bar.setMovable(False)
        self.actions_.fill_tool_bar(bar)
        space = QWidget()
        space.setSizePolicy(space.sizePolicy().Policy.Expanding, space.sizePolicy().Policy.Preferred)
        bar.addWidget(space)
        self.stop_button = QPushButton(self.tr("Stop"))
        self.stop_button.setProperty("danger", True)
        self.stop_button.setToolTip(self.tr("Stop the painter at once (Ctrl+.). Never asks."))
        self.stop_button.clicked.connect(self.stop)
        bar.addWidget(self.stop_button)
        self.addToolBar(bar)

    def _make_status_bar(self) -> None:
        bar = self.statusBar()
        assert bar is not None
        self.export_progress = QProgressBar()
        self.export_progress.setAccessibleName(self.tr("Export"))
        self.export_progress.setMaximumWidth(160)
        self.export_progress.setRange(0, 1000)
        self.cancel_button = QPushButton(self.tr("Cancel export"))
        self.cancel_button.clicked.connect(self.cancel_export)
        self.zoom_label = QLabel()
        for widget in (self.export_progress, self.cancel_button, self.zoom_label):
            bar.addPermanentWidget(widget)
        self.export_progress.hide()
        self.cancel_button.hide()

    def _connect(self) -> None:
        studio, page = self.studio, self.painting
        studio.state_changed.connect(self._show_state)
        studio.opened.connect(self._show_state)
        studio.said.connect(self.say)
        self.training.said.connect(self.say)
        studio.undo_stack.indexChanged.connect(self._show_state)
        page.welcome.paint_sample.connect(self.paint_sample)
        page.welcome.open_photo.connect(self.ask_photo)
        page.canvas.zoomed.connect(lambda scale: self.zoom_label.setText(numbers.percent(scale)))
        page.timeline.chosen.connect(lambda _: self._show_state())
        actions = self.actions_
        for action, act in (
            (actions.open_photo, self.ask_photo),
            (actions.open_painting, self.ask_painting),
            (actions.attach_photo, self.ask_photo_for_painting),
            (actions.save, self.save),
            (actions.save_as, self.save_as),
            (actions.export, self.ask_export),
            (actions.quit, self.close),
            (actions.undo, self.undo),
            (actions.redo, self.redo),
            (actions.stop, self.stop),
            (actions.full_screen, self.toggle_full_screen),
            (actions.reset_layout, self.reset_layout),
            (actions.shortcuts, self.show_shortcuts),
            (actions.about, self.show_about),
        ):
            action.triggered.connect(lambda _=False, act=act: act())
        for action in actions.themes.actions():
            action.setChecked(self.settings.value("theme", "system") == action.data())
            action.triggered.connect(lambda _=False, action=action: self.set_theme(action.data()))
        for action in actions.languages.actions():
            action.setChecked(self.settings.value("language", "system") == action.data())
            action.triggered.connect(lambda _=False, action=action: self.set_language(action.data()))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self._stop_key = StopKey(actions.stop.shortcuts(), self.stop, self)
        app.installEventFilter(self._stop_key)
        dressed = theme.theme_of(app)
        dressed.changed.connect(self._take_colors)
        self._take_colors(dressed.colors)

    def _take_colors(self, colors: Colors) -> None:
        self.painting.canvas.setBackgroundBrush(QBrush(QColor(colors.surround)))
        curves = [QColor(color) for color in colors.curves]
        self.training.set_colors(curves, QColor(colors.base), QColor(colors.text))

    # ---- files ----

    def open_path(self, path: Path) -> None:
        """Open a photo or a painting."""
        if self.studio.is_at_work:
            self.studio.stop()
            self.studio.session.when_still(lambda: self.open_path(path))
            return
        if path.suffix.lower() == ".json":
            self.studio.open_program(path)
            self.saved_as = path
        else:
            self.studio.open_photo(path, self.painting.panel.size_px)
            self.saved_as = None
        self._remember(path)

    def paint_sample(self) -> None:
        """Open the sample photo and let the agent paint it."""

        def begin() -> None:
            self.studio.opened.disconnect(begin)
            QTimer.singleShot(0, self.painting.panel.paint_or_go_on)

        self.studio.opened.connect(begin)
        self.open_path(SAMPLE)

    def ask_photo(self) -> None:
        """Ask for a photo and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a photo"), self._folder(), self.tr("Photos ({})").format(_PHOTOS)
        )
        if name:
            self.open_path(Path(name))

    def ask_photo_for_painting(self) -> None:
        """Ask for the photo that the open painting goes on after."""
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Paint after a photo"), self._folder(), self.tr("Photos ({})").format(_PHOTOS)
        )
        if name:
            self.studio.attach_photo(Path(name))

    def ask_painting(self) -> None:
        """Ask for a painting and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a painting"), self._folder(), self.tr("Painting programs (*.json)")
        )
        if name:
            self.open_path(Path(name))

    def save(self) -> bool:
        """Save the painting; ask where if it has no file yet. Return whether it was saved."""
        return self.save_as() if self.saved_as is None else self._save(self.saved_as)

    def save_as(self) -> bool:
        """Ask for a file and save the painting there."""
        proposed = Path(self._folder()) / (self._stem() + ".json")
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the painting"), str(proposed), self.tr("Painting programs (*.json)")
        )
        return bool(name) and self._save(Path(name).with_suffix(".json"))

    def _save(self, path: Path) -> bool:
        document = self.studio.document
        if document is None:
            return False
        try:
            write_program(document.program(), path)
        except SpiralError as error:
            self.studio.failed.emit(str(error))
            return False
        self.studio.session.saved()
        self.saved_as = path
        self._remember(path)
        self.say(self.tr("Saved {}").format(path))
        self._show_state()
        return True

    def ask_export(self) -> None:
        """Ask what to write, and write it."""
        dialog = ExportDialog(Path(self._folder()), self._stem(), self)
        dialog.accepted.connect(lambda: self.export(dialog.chosen_path, dialog.size_px.value()))
        dialog.open()

    def export(self, path: Path, long_side_px: int) -> None:
        """Write a file beside the window."""
        document = self.studio.document
        if document is None or self.job is not None:
            return
        try:
            self.job = ExportJob(document.program(), path, long_side_px, self)
        except SpiralError as error:
            self.studio.failed.emit(str(error))
            return
        self.job.progressed.connect(lambda part: self.export_progress.setValue(round(1000 * part)))
        self.job.done.connect(lambda done: self.say(self.tr("Wrote {}").format(done)))
        self.job.failed.connect(self.studio.failed)
        self.job.ended.connect(self._export_ended)
        self.export_progress.setValue(0)
        self.export_progress.show()
        self.cancel_button.show()
        self._show_state()

    def cancel_export(self) -> None:
        """End the export that is at work; the file stays as it was."""
        if self.job is not None:
            self.job.cancel()

    def _export_ended(self) -> None:
        if self.job is not None:
            self.job.deleteLater()
        self.job = None
        self.export_progress.hide()
        self.cancel_button.hide()
        self._show_state()

    def _stem(self) -> str:
        document = self.studio.document
        if self.saved_as is not None:
            return self.saved_as.stem
        return document.photo.stem if document is not None and document.photo is not None else "painting"

    def _folder(self) -> str:
        recent = self.recent()
        return str(recent[0].parent) if recent else str(Path.home())

    # ---- recent files ----

    def recent(self) -> list[Path]:
        """Return the files opened last, newest first."""
        return [Path(name) for name in self.settings.value("recent", [], type=list)]

    def _remember(self, path: Path) -> None:
        path = path.absolute()
        files = [path, *(other for other in self.recent() if other != path)][:_RECENT]
        self.settings.setValue("recent", [str(file) for file in files])
        self._fill_recent()

    def _fill_recent(self) -> None:
        menu = self.actions_.recent_menu
        menu.clear()
        for path in self.recent():
            action = menu.addAction(str(path))
            assert action is not None
            action.triggered.connect(lambda _=False, path=path: self.open_path(path))
        menu.setEnabled(not menu.isEmpty())

    # ---- what acts on the page ----

    def stop(self) -> None:
        """Stop whatever the painter does. Never asks."""
        self.studio.stop()
        self.painting.timeline.player.pause()

    def undo(self) -> None:
        """Take the last change back, once the painter is still."""
        self.studio.session.when_still(self.studio.undo_stack.undo)

    def redo(self) -> None:
        """Bring back what was taken back, once the painter is still."""
        self.studio.session.when_still(self.studio.undo_stack.redo)

    def show_shortcuts(self) -> None:
        """Show the sheet of shortcuts."""
        ShortcutSheet(self.actions_.all(), self).open()

    def show_about(self) -> None:
        """Say what this is."""
        QMessageBox.about(
            self,
            self.tr("About Spiral Studio"),
            self.tr(
                "<h3>Spiral Studio</h3><p>An agent looks at a photo and paints it, stroke by stroke, with "
                "a real libmypaint brush.</p><p>Free software under the GNU GPL, version 3 or later.</p>"
            ),
        )

    def set_theme(self, name: theme.Theme) -> None:
        """Dress the studio, and remember it."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, name)
        self.settings.setValue("theme", name)

    def set_language(self, name: str) -> None:
        """Remember the language; every text is read when its part is built, so the next start speaks it."""
        self.settings.setValue("language", name)
        self.say(self.tr("The studio speaks this language from its next start on."))

    def toggle_full_screen(self) -> None:
        """Fill the screen, or no longer."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    # ---- state ----

    def say(self, message: str) -> None:
        """Show a line in the status bar for some seconds."""
        bar = self.statusBar()
        assert bar is not None
        bar.showMessage(message, _SAID_MS)

    def _show_state(self) -> None:
        session, stack = self.studio.session, self.studio.undo_stack
        document = session.document
        name = self.saved_as.name if self.saved_as is not None else self._stem()
        title = f"{name}[*] — Spiral Studio" if document is not None else "Spiral Studio[*]"
        self.setWindowTitle(title)
        self.setWindowModified(session.has_changed())
        self.stop_button.setEnabled(session.state in (State.PAINTING, State.PAUSING, State.HELD))
        self.actions_.show_state(
            has_document=document is not None,
            has_strokes=document is not None and bool(document.strokes),
            state=session.state,
            can_undo=stack.canUndo(),
            can_redo=stack.canRedo(),
            undo_text=stack.undoText(),
            redo_text=stack.redoText(),
            has_chosen=bool(self.painting.timeline.chosen_places),
            is_exporting=self.job is not None,
        )

    # ---- recovery, layout, end ----

    def offer_recovery(self) -> None:
        """Offer what a crash left, if there is anything."""
        leftovers = [
            leftover
            for leftover in find_leftovers(self.studio.journals)
            if leftover.document is None or leftover.document.strokes
        ]
        if not leftovers:
            return
        dialog = RecoveryDialog(leftovers, self)
        dialog.wanted.connect(self._recover)
        dialog.unwanted.connect(lambda leftover: leftover.path.unlink(missing_ok=True))
        dialog.open()

    def _recover(self, leftover: Leftover) -> None:
        assert leftover.document is not None
        try:
            self.studio.open_document(leftover.document, is_saved=False)
        except SpiralError as error:
            self.studio.failed.emit(str(error))
            return
        leftover.path.unlink(missing_ok=True)

    def reset_layout(self) -> None:
        """Bring everything back to its usual place."""
        screen = QGuiApplication.primaryScreen()
        room = screen.availableSize() if screen is not None else self.size()
        self.resize(min(1360, room.width()), min(880, room.height()))
        self.painting.reset_layout()

    def _restore(self) -> None:
        if self.settings.value("layout/version", 0, type=int) != LAYOUT_VERSION:
            return
        for name, restore in (
            ("geometry", self.restoreGeometry),
            ("across", self.painting.across.restoreState),
            ("down", self.painting.down.restoreState),
        ):
            state = self.settings.value(f"layout/{name}")
            if isinstance(state, QByteArray):
                restore(state)

    def _keep_layout(self) -> None:
        self.settings.setValue("layout/version", LAYOUT_VERSION)
        self.settings.setValue("layout/geometry", self.saveGeometry())
        self.settings.setValue("layout/across", self.painting.across.saveState())
        self.settings.setValue("layout/down", self.painting.down.saveState())

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        assert event is not None
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        assert event is not None
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.open_path(path)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        assert event is not None
        if self.studio.session.has_changed() and not self._may_close():
            event.ignore()
            return
        self._keep_layout()
        app = QApplication.instance()
        assert app is not None
        app.removeEventFilter(self._stop_key)
        self.cancel_export()
        self.training.shut_down()
        self.studio.undo_stack.indexChanged.disconnect(self._show_state)  # it says so once more when it goes
        self.studio.close()
        event.accept()

    def _may_close(self) -> bool:
        button = QMessageBox.StandardButton
        document = self.studio.document
        if document is None or not document.strokes:
            return True
        answer = QMessageBox.question(
            self,
            self.tr("Spiral Studio"),
            self.tr("Save the painting before the studio closes?"),
            button.Save | button.Discard | button.Cancel,
        )
        if answer == button.Save:
            return self.save()
        if answer == button.Discard:
            self.studio.session.saved()  # nothing is to be offered at the next start
        return answer == button.Discard


def _dropped(event: QDropEvent) -> Path | None:
    data = event.mimeData()
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data is not None else []
    return Path(files[0]) if files else None
