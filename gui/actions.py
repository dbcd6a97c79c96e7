"""What can be done from the menus, by key and from the tool bar."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from gui.painting.canvas import Tool
from gui.painting.page import PaintingPage
from gui.session.painting import State
from gui.studio import Studio
from gui.theme import icons
from gui.translations import LANGUAGES

_Keys = str | QKeySequence.StandardKey | None


class Actions(QObject):
    """All actions of the window; those that concern the window itself are for it to connect.

    Args:
        window: Where their keys work.
        page: What they act on.
        studio: What they act on, too.
    """

    def __init__(self, window: QWidget, page: PaintingPage, studio: Studio) -> None:
        super().__init__(window)
        self._window = window
        canvas, timeline = page.canvas, page.timeline
        key = QKeySequence.StandardKey
        make = self._make
        self.open_photo = make(self.tr("&Open photo…"), None, key.Open, "image")
        self.open_painting = make(self.tr("Open &painting…"), None, "Ctrl+Shift+O", "open")
        self.attach_photo = make(self.tr("Paint a&fter photo…"), None, "Ctrl+Alt+O", "image")
        self.recent_menu = QMenu(self.tr("Open &recent"), window)
        self.save = make(self.tr("&Save painting"), None, key.Save, "save")
        self.save_as = make(self.tr("Save painting &as…"), None, "Ctrl+Shift+S", "save-as")
        self.export = make(self.tr("&Export…"), None, "Ctrl+E", "export")
        self.quit = make(self.tr("&Quit"), None, "Ctrl+Q", None)

        self.undo = make(self.tr("&Undo"), None, key.Undo, "undo")
        self.redo = make(self.tr("&Redo"), None, "Ctrl+Shift+Z", "redo")
        self.delete = make(self.tr("&Delete strokes"), lambda: timeline.delete_chosen(), "Delete", "trash")
        self.up = make(self.tr("Paint stroke &later"), lambda: timeline.move_chosen(1), "Ctrl+Up", "arrow-up")
        self.down = make(
            self.tr("Paint stroke &earlier"),
            lambda: timeline.move_chosen(-1),
            "Ctrl+Down",
            "arrow-down",
        )

        self.paint = make(self.tr("&Paint this"), lambda: page.panel.paint_or_go_on(), "Ctrl+Return", "brush")
        self.pause = make(self.tr("P&ause at the stroke's end"), studio.pause, "Ctrl+Space", "pause")
        self.step = make(
            self.tr("&One change more"), lambda: studio.go_on(1), "Ctrl+Shift+Return", "step-forward"
        )
        self.stop = make(self.tr("&Stop"), None, "Ctrl+.", "stop")
        self.stop.setShortcuts([QKeySequence("Ctrl+."), QKeySequence("Pause")])
        self.stop.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        self.play = make(self.tr("P&lay the painting"), lambda: timeline.toggle_play(), "Space", "play")
        self.step_on = make(self.tr("Ne&xt stroke"), lambda: timeline.step(1), ".", "step-forward")
        self.step_back = make(self.tr("Pre&vious stroke"), lambda: timeline.step(-1), ",", "step-back")
        self.clear_mask = make(self.tr("The same care e&verywhere"), lambda: canvas.clear_mask(), None, None)

        self.fit = make(self.tr("&Fit"), lambda: canvas.fit(), "Ctrl+0", "zoom-fit")
        self.actual = make(
            self.tr("&Actual size"), lambda: canvas.show_actual_size(), "Ctrl+1", "zoom-actual"
        )
        self.zoom_in = make(self.tr("Zoom &in"), lambda: canvas.zoom(1.25), key.ZoomIn, "zoom-in")
        self.zoom_out = make(self.tr("Zoom &out"), lambda: canvas.zoom(0.8), key.ZoomOut, "zoom-out")
        self.full_screen = make(self.tr("F&ull screen"), None, "F11", None)
        self.reset_layout = make(self.tr("&Reset layout"), None, None, None)
        self.pages = QActionGroup(window)
        self.themes = QActionGroup(window)
        for text, name, icon in (
            (self.tr("As the &system"), "system", "settings"),
            (self.tr("&Light"), "light", "sun"),
            (self.tr("&Dark"), "dark", "moon"),
        ):
            action = self.checkable(self.themes, text, icon)
            action.setData(name)
        self.languages = QActionGroup(window)
        choices = [(self.tr("As the &system"), "system")]
        # Each by its own name, in whatever language the rest is.
        choices += [(f"&{name}", code) for code, name in LANGUAGES.items()]
        for text, code in choices:
            action = self.checkable(self.languages, text, None)
            action.setData(code)
        self.tools = QActionGroup(window)
        for text, tool, icon in (
            (self.tr("&Choose strokes"), Tool.SELECT, "select"),
            (self.tr("&Move the canvas"), Tool.PAN, "pan"),
            (self.tr("Paint &where care matters"), Tool.MASK, "mask"),
        ):
            action = self.checkable(self.tools, text, icon)
            action.triggered.connect(lambda _=False, tool=tool: canvas.set_tool(tool))
            action.setChecked(tool is Tool.SELECT)

        self.shortcuts = make(self.tr("&Shortcuts"), None, "F1", "keyboard")
        self.about = make(self.tr("&About Spiral Studio"), None, None, "help")

    def all(self) -> list[QAction]:
        """Return every action."""
        single = [value for value in vars(self).values() if isinstance(value, QAction)]
        groups = (self.pages, self.tools, self.themes, self.languages)
        return [*single, *(action for group in groups for action in group.actions())]

    def page(self, text: str, icon: str) -> QAction:
        """Make the action that shows the next page: Alt and its number."""
        action = self.checkable(self.pages, text, icon)
        number = len(self.pages.actions())
        action.setShortcut(QKeySequence(f"Alt+{number}"))
        return action

    def checkable(self, group: QActionGroup, text: str, icon: str | None) -> QAction:
        """Make one of several that exclude one another."""
        action = QAction(text, group)
        if icon is not None:
            action.setIcon(icons.icon(icon))
        action.setCheckable(True)
        return action

    def fill(self, bar: QMenuBar) -> None:
        """Make the menus."""
        file = self._menu(bar, self.tr("&File"))
        file.addActions([self.open_photo, self.open_painting])
        file.addMenu(self.recent_menu)
        file.addAction(self.attach_photo)
        file.addSeparator()
        file.addActions([self.save, self.save_as, self.export])
        file.addSeparator()
        file.addAction(self.quit)
        edit = self._menu(bar, self.tr("&Edit"))
        edit.addActions([self.undo, self.redo])
        edit.addSeparator()
        edit.addActions([self.delete, self.up, self.down])
        paint = self._menu(bar, self.tr("&Paint"))
        paint.addActions([self.paint, self.pause, self.step, self.stop])
        paint.addSeparator()
        paint.addActions(self.tools.actions())
        paint.addAction(self.clear_mask)
        view = self._menu(bar, self.tr("&View"))
        view.addActions(self.pages.actions())
        view.addSeparator()
        view.addActions([self.play, self.step_back, self.step_on])
        view.addSeparator()
        view.addActions([self.fit, self.actual, self.zoom_in, self.zoom_out, self.full_screen])
        view.addSeparator()
        themes = view.addMenu(self.tr("&Theme"))
        assert themes is not None
        themes.addActions(self.themes.actions())
        languages = view.addMenu(self.tr("La&nguage"))
        assert languages is not None
        languages.addActions(self.languages.actions())
        view.addAction(self.reset_layout)
        about = self._menu(bar, self.tr("&Help"))
        about.addActions([self.shortcuts, self.about])

    def fill_tool_bar(self, bar: QToolBar) -> None:
        """Put what is used often where it can be seen."""
        bar.addActions([self.open_photo, self.save, self.export])
        bar.addSeparator()
        bar.addActions([self.undo, self.redo])
        bar.addSeparator()
        bar.addActions(self.tools.actions())
        bar.addSeparator()
        bar.addActions([self.fit, self.actual])

    def show_state(
        self,
        *,
        has_document: bool,
        has_strokes: bool,
        state: State,
        can_undo: bool,
        can_redo: bool,
        undo_text: str,
        redo_text: str,
        has_chosen: bool,
        is_exporting: bool,
    ) -> None:
        """Offer what can be done now."""
        for action in (self.save, self.save_as, self.fit, self.actual, self.zoom_in, self.zoom_out):
            action.setEnabled(has_document)
        self.export.setEnabled(has_strokes and not is_exporting)
        for action in (self.play, self.step_on, self.step_back):
            action.setEnabled(has_strokes)
        self.undo.setEnabled(can_undo)
        self.undo.setText(self.tr("&Undo {}").format(undo_text) if undo_text else self.tr("&Undo"))
        self.redo.setEnabled(can_redo)
        self.redo.setText(self.tr("&Redo {}").format(redo_text) if redo_text else self.tr("&Redo"))
        for action in (self.delete, self.up, self.down):
            action.setEnabled(has_chosen)
        self.attach_photo.setEnabled(state is State.IDLE)
        self.paint.setEnabled(state in (State.IDLE, State.HELD))
        self.pause.setEnabled(state is State.PAINTING)
        self.step.setEnabled(state is State.HELD)
        # Stop is always there: a key that is dead now and then is not trusted.

    def _make(self, text: str, act: Callable[[], object] | None, keys: _Keys, icon: str | None) -> QAction:
        action = QAction(text, self._window)
        if keys is not None:
            action.setShortcuts(
                QKeySequence.keyBindings(keys)
                if isinstance(keys, QKeySequence.StandardKey)
                else [QKeySequence(keys)]
            )
        if icon is not None:
            action.setIcon(icons.icon(icon))
        if act is not None:
            action.triggered.connect(lambda: act())
        self._window.addAction(action)
        return action

    def _menu(self, bar: QMenuBar, title: str) -> QMenu:
        menu = bar.addMenu(title)
        assert menu is not None
        return menu
