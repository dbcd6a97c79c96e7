"""The window for people who do not see it, or use no mouse, or have a small screen; in every language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QGroupBox,
    QLabel,
    QMenuBar,
    QScrollArea,
    QScrollBar,
    QToolBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.exporting.dialog import ExportDialog
from gui.session.journal import Leftover
from gui.shortcuts import ShortcutSheet
from gui.translations import LANGUAGES
from gui.widgets.recovery import RecoveryDialog
from gui.window import StudioWindow
from tests.gui.speaking import SAMPLE, SMALLEST_SCREEN, mnemonic, painting, window_in
from tests.gui.training.looking import recorded


@pytest.fixture(params=LANGUAGES)
def window(
    request: pytest.FixtureRequest,
    qtbot: QtBot,
    qapp: QApplication,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StudioWindow]:
    """A window with a painting, a chosen stroke, and a training that has ended."""
    recorded(tmp_path / "runs" / "tiny-1", sheets=2, score=0.1, loss=1.0)
    with window_in(request.param, qtbot, qapp, tmp_path, monkeypatch) as window:
        window.resize(*SMALLEST_SCREEN)
        window.studio.open_document(painting(SAMPLE))
        qtbot.waitUntil(lambda: window.studio.target is not None, timeout=30_000)
        window.painting.timeline.choose(3)
        window.painting.panel.palette_choice.kind.setCurrentIndex(1)  # with its number
        window.painting.notice.show_message("bad.png: cannot be read")
        yield window


def pages(window: StudioWindow, qtbot: QtBot) -> Iterator[QWidget]:
    """Show one page after the other as they are at work."""
    window.pages.setCurrentWidget(window.painting)
    yield window.painting
    window.pages.setCurrentWidget(window.training)
    qtbot.waitUntil(lambda: window.training.current() is not None, timeout=30_000)
    qtbot.waitUntil(lambda: window.training.samples.frames is not None, timeout=30_000)
    yield window.training


def dialogs(window: StudioWindow, folder: Path) -> list[QDialog]:
    leftover = Leftover(folder / "a.journal", painting(), 0.0, "")
    return [
        ExportDialog(folder, "picture", window),
        RecoveryDialog([leftover], window),
        ShortcutSheet(window.actions_.all(), window),
    ]


def roots(window: StudioWindow, qtbot: QtBot, folder: Path) -> Iterator[QWidget]:
    """Show everything there is, one at a time: the window with each page, the dialogs."""
    for _ in pages(window, qtbot):
        yield window
    for dialog in dialogs(window, folder):
        with qtbot.waitExposed(dialog):
            dialog.show()
        yield dialog
        dialog.close()


def within(root: QWidget) -> list[QWidget]:
    """Return what is seen of a window, without Qt's own insides of spin boxes and combo boxes."""
    own = (QAbstractSpinBox, QComboBox, QScrollBar)
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisible() and widget.window() is root and not isinstance(widget.parentWidget(), own)
    ]


def takes_keys(widget: QWidget) -> bool:
    if widget.focusProxy() is not None:
        return False  # another takes them
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isEnabled() and widget.isVisible()


def name(widget: QWidget) -> str:
    """Return what a screen reader says of a widget."""
    if widget.accessibleName():
        return widget.accessibleName()
    if isinstance(widget, QAbstractButton | QLabel) and widget.text():
        return widget.text()
    if isinstance(widget, QGroupBox):
        return widget.title()
    window = widget.window()
    assert window is not None
    for label in window.findChildren(QLabel):
        buddy = label.buddy()
        if buddy is not None and (buddy is widget or buddy.focusProxy() is widget):
            return label.text()
    return ""


def described(widget: QWidget) -> str:
    parent = widget.parentWidget()
    return f"{type(widget).__name__} {widget.objectName()!r} {name(widget)!r} in {type(parent).__name__}"


def tabbed(root: QWidget, qtbot: QtBot) -> list[QWidget]:
    """Press Tab until it comes round and return where it has been."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    root.activateWindow()
    first = next(widget for widget in within(root) if takes_keys(widget))
    first.setFocus()
    been: list[QWidget] = []
    while (focused := app.focusWidget()) is not None and focused not in been:
        been.append(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)  # type: ignore[no-untyped-call]
    return been


def test_all_that_takes_keys_has_a_name(window: StudioWindow, qtbot: QtBot, tmp_path: Path) -> None:
    count = 0
    for root in roots(window, qtbot, tmp_path):
        taking = [widget for widget in within(root) if takes_keys(widget)]
        assert [described(widget) for widget in taking if not name(widget)] == []
        count += len(taking)
    assert count > 40


def test_every_label_with_a_letter_leads_to_something_that_takes_keys(
    window: StudioWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    for root in roots(window, qtbot, tmp_path):
        for label in (widget for widget in within(root) if isinstance(widget, QLabel)):
            buddy = label.buddy()
            if mnemonic(label.text()) is not None:
                assert buddy is not None, described(label)
                reached = buddy.focusProxy() or buddy
                assert reached.focusPolicy() & Qt.FocusPolicy.TabFocus, described(label)


def test_buttons_of_icons_alone_say_what_they_do(window: StudioWindow, qtbot: QtBot, tmp_path: Path) -> None:
    count = 0
    for root in roots(window, qtbot, tmp_path):
        for button in (widget for widget in within(root) if isinstance(widget, QAbstractButton)):
            if button.objectName().startswith("qt_"):
                continue  # Qt's own: what does not fit in a tool bar
            assert name(button), described(button)
            if isinstance(button, QToolButton):
                assert button.toolTip(), described(button)
                count += 1
    assert count > 20


def test_tab_reaches_all_that_takes_keys(window: StudioWindow, qtbot: QtBot, tmp_path: Path) -> None:
    for root in roots(window, qtbot, tmp_path):
        wanted = {widget for widget in within(root) if takes_keys(widget)}
        been = tabbed(root, qtbot)
        assert {described(widget) for widget in wanted - set(been)} == set()


def test_tab_goes_over_the_painting_page_as_one_reads_it(window: StudioWindow, qtbot: QtBot) -> None:
    panel, timeline = window.painting.panel, window.painting.timeline
    window.pages.setCurrentWidget(window.painting)
    expected = [
        panel.agent,
        panel.brush,
        panel.palette_choice.kind,
        panel.palette_choice.number,
        panel.strokes,
        panel.seconds,
        panel.size_choice,
        panel.opaque,
        panel.paint_button,
        panel.overlay,
        timeline.play_button,
        timeline.speed,
        timeline.slider,
        timeline.number,
        timeline.list,
        timeline.editor.color_button,
        timeline.editor.width_spin,
        timeline.editor.opacity_spin,
        timeline.editor.start_spin,
        timeline.editor.end_spin,
    ]
    been = tabbed(window, qtbot)
    at = [been.index(widget) for widget in expected]
    first = at[0]
    turned = [(place - first) % len(been) for place in at]  # it goes round
    assert turned == list(range(len(expected)))


def test_the_window_fits_on_a_small_screen(window: StudioWindow, qtbot: QtBot) -> None:
    width, height = SMALLEST_SCREEN
    for page in pages(window, qtbot):
        window.resize(width, height)
        least = window.minimumSizeHint().expandedTo(window.minimumSize())
        assert least.width() <= width, (type(page).__name__, least)
        assert least.height() <= height - 60, (
            type(page).__name__,
            least,
            "the desktop's bar needs room, too",
        )
        assert window.width() <= width
        assert window.height() <= height


def test_no_text_is_cut_off(window: StudioWindow, qtbot: QtBot, tmp_path: Path) -> None:
    cut: list[object] = []
    for root in roots(window, qtbot, tmp_path):
        QApplication.processEvents()
        for widget in within(root):
            if isinstance(widget, QAbstractButton | QLabel | QAbstractSpinBox | QMenuBar):
                wanted = widget.sizeHint()
                if isinstance(widget, QAbstractSpinBox):  # it likes some air above and below, and needs none
                    line = widget.lineEdit()
                    assert line is not None
                    wanted.setHeight(widget.height() - line.height() + widget.fontMetrics().height())
                if isinstance(widget, QLabel) and widget.wordWrap():
                    lines = widget.heightForWidth(widget.width())
                    if lines > widget.height():
                        cut.append((described(widget), lines, widget.height()))
                elif wanted.width() > widget.width() or wanted.height() > widget.height():
                    cut.append((described(widget), wanted, widget.size()))
            elif isinstance(widget, QComboBox) and not widget.isEditable():
                room = widget.width() - 40  # its arrow and its edges
                text = widget.fontMetrics().horizontalAdvance(widget.currentText())
                if text > room:
                    cut.append((described(widget), text, room))
    assert cut == []


def test_nothing_is_scrolled_sideways(window: StudioWindow, qtbot: QtBot) -> None:
    """What has no scroll bar across must not be wider than it is seen."""
    for page in pages(window, qtbot):
        for area in page.findChildren(QScrollArea):
            content, port = area.widget(), area.viewport()
            assert content is not None
            assert port is not None
            assert content.minimumSizeHint().width() <= port.width(), described(content)


def test_tool_bars_hide_nothing_on_a_small_screen(window: StudioWindow, qtbot: QtBot) -> None:
    for _ in pages(window, qtbot):
        for bar in window.findChildren(QToolBar):
            for action in bar.actions():
                widget = bar.widgetForAction(action)
                assert widget is not None
                assert widget.isVisible(), action.text()
