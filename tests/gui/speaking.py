"""Windows in one language or another, and what is read and pressed in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QMainWindow,
    QMenu,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.application import make_window
from gui.session.document import Document
from gui.translations import install
from gui.window import StudioWindow
from spiral_core.program import Color
from tests.gui.session.strokes import stroke

SAMPLE = Path(__file__).parents[2] / "configs" / "samples" / "chelsea.jpg"
SMALLEST_SCREEN = (1280, 720)


@contextmanager
def window_in(
    language: str, qtbot: QtBot, app: QApplication, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StudioWindow]:
    """Give a window that speaks a language; afterwards all is English again."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.chdir(folder)
    settings = QSettings(str(folder / "studio.ini"), QSettings.Format.IniFormat)
    settings.setValue("language", language)
    window = make_window(app, settings, folder / "journals")
    try:
        with qtbot.waitExposed(window):
            window.show()
        yield window
    finally:
        window.studio.session.saved()
        window.close()
        install(app, "en")


def painting(photo: Path | None = None) -> Document:
    """Return a small painting that nobody has to wait for."""
    strokes = [stroke(place) for place in range(8)]
    return Document(photo=photo, aspect=0.75, background=Color(1, 1, 1), strokes=strokes)


def mnemonic(text: str) -> str | None:
    """Return the letter that stands behind a single `&`."""
    plain = text.replace("&&", "")
    at = plain.find("&")
    return plain[at + 1].lower() if 0 <= at < len(plain) - 1 else None


def menus(window: QMainWindow) -> Iterator[tuple[str, list[QAction]]]:
    """Give the menu bar and all its menus with what stands in them."""
    bar = window.menuBar()
    assert bar is not None
    yield "menu bar", bar.actions()
    for menu in window.findChildren(QMenu):
        if menu.title():
            yield menu.title(), menu.actions()


def texts(root: QWidget) -> Iterator[str]:
    """Give what can be read in a widget and all within, seen now or not."""
    for widget in (root, *root.findChildren(QWidget)):
        yield from (widget.windowTitle(), widget.toolTip(), widget.accessibleName())
        if isinstance(widget, QLabel | QAbstractButton):
            yield widget.text()
        if isinstance(widget, QGroupBox):
            yield widget.title()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(place) for place in range(widget.count()))
    for action in root.findChildren(QAction):
        yield action.text()


def pressable(root: QWidget) -> Iterator[tuple[str, str]]:
    """Give the letters that Alt takes in what is seen of a widget, each with its text."""
    for widget in root.findChildren(QWidget):
        if not widget.isVisibleTo(root) or not isinstance(widget, QLabel | QAbstractButton):
            continue
        if isinstance(widget, QLabel) and widget.buddy() is None:
            continue
        letter = mnemonic(widget.text())
        if letter is not None:
            yield letter, widget.text()
