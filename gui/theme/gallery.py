"""Draws all icons and the common widgets in both themes, for developers to look at.

Usage: python -m gui.theme.gallery OUT_DIR
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PyQt6.QtCore import QPoint, QRect, QSize, Qt
from PyQt6.QtGui import QAction, QPainter, QPalette, QPixmap
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSlider,
    QSpinBox,
    QTableWidget,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.theme import icons, theme
from spiral_core.files import make_folder

_COLUMNS = 8


def _icons_sheet() -> QWidget:
    sheet = QWidget()
    grid = QGridLayout(sheet)
    for i, name in enumerate(icons.names()):
        cell = QWidget()
        rows = QVBoxLayout(cell)
        line = QHBoxLayout()
        for size in (16, 24, 48):
            button = QToolButton()
            button.setIcon(icons.icon(name))
            button.setIconSize(button.iconSize().scaled(size, size, Qt.AspectRatioMode.IgnoreAspectRatio))
            line.addWidget(button)
        rows.addLayout(line)
        rows.addWidget(QLabel(name), alignment=Qt.AlignmentFlag.AlignHCenter)
        grid.addWidget(cell, i // _COLUMNS, i % _COLUMNS)
    return sheet


def _buttons() -> QWidget:
    box = QGroupBox("Buttons")
    rows = QVBoxLayout(box)
    ink = QPalette.ColorRole
    line = QHBoxLayout()
    for text, name, role, color in (
        ("Export", "export", None, ink.ButtonText),
        ("Paint", "brush", "primary", ink.HighlightedText),
        ("Stop", "stop", "danger", ink.BrightText),
        ("Off", "trash", None, ink.ButtonText),
    ):
        button = QPushButton(icons.icon(name, color), text)
        button.setEnabled(text != "Off")
        if role is not None:
            button.setProperty(role, True)
        line.addWidget(button)
    rows.addLayout(line)
    return box


def _fields() -> QWidget:
    box = QGroupBox("Fields")
    form = QFormLayout(box)
    edit = QLineEdit()
    edit.setPlaceholderText("A placeholder")
    spin = QSpinBox()
    spin.setRange(0, 5000)
    spin.setValue(800)
    combo = QComboBox()
    combo.addItems(["Charcoal", "Oil"])
    off = QSpinBox()
    off.setEnabled(False)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(40)
    progress = QProgressBar()
    progress.setValue(55)
    checks = QHBoxLayout()
    for state in Qt.CheckState:
        check = QCheckBox(state.name.removesuffix("Checked") or "On")
        check.setTristate(True)
        check.setCheckState(state)
        checks.addWidget(check)
    for on in (True, False):
        radio = QRadioButton("A" if on else "B")
        radio.setChecked(on)
        radio.setAutoExclusive(False)
        checks.addWidget(radio)
    labels = ("Name", "Strokes", "Brush", "Off", "Time", "Work")
    for label, field in zip(labels, (edit, spin, combo, off, slider, progress), strict=True):
        form.addRow(label, field)
    form.addRow("Parts", checks)
    form.addRow(QLabel('Some text with <a href="#">a link</a> in it'))
    return box


def _views() -> QWidget:
    tabs = QTabWidget()
    strokes = QListWidget()
    strokes.setAlternatingRowColors(True)
    strokes.addItems([f"Stroke {i}" for i in range(1, 30)])
    strokes.setCurrentRow(2)
    strokes.item(0).setIcon(icons.icon("brush"))  # type: ignore[union-attr]
    table = QTableWidget(3, 3)
    text = QPlainTextEdit("Some lines\nof a log")
    for widget, label, name in (
        (strokes, "Strokes", "brush"), (table, "Runs", "train"), (text, "Log", "curve"),
    ):  # fmt: skip
        tabs.addTab(widget, icons.icon(name), label)
    return tabs


def _window() -> QMainWindow:
    window = QMainWindow()
    bar = QToolBar()
    window.addToolBar(bar)
    for name in (
        "open",
        "save",
        "export",
        None,
        "undo",
        "redo",
        None,
        "to-start",
        "step-back",
        "play",
        "to-end",
    ):
        if name is None:
            bar.addSeparator()
            continue
        action = QAction(icons.icon(name), name, window)
        action.setCheckable(name == "play")
        action.setChecked(name == "play")
        action.setEnabled(name != "redo")
        bar.addAction(action)
    menu_bar, status = window.menuBar(), window.statusBar()
    assert menu_bar is not None
    assert status is not None
    for title in ("&File", "&Edit", "&View"):
        menu_bar.addMenu(title)
    status.showMessage("Ready")
    middle = QWidget()
    rows = QVBoxLayout(middle)
    rows.addWidget(_buttons())
    rows.addWidget(_fields())
    window.setCentralWidget(middle)
    dock = QDockWidget("Strokes")
    dock.setWidget(_views())
    dock.setMinimumWidth(320)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    return window


def _menu() -> QMenu:
    menu = QMenu()
    for name in ("open", "save", "export"):
        menu.addAction(icons.icon(name), name.capitalize())
    menu.addSeparator()
    grid = QAction("Show the target", menu)
    grid.setCheckable(True)
    grid.setChecked(True)
    menu.addAction(grid)
    menu.addMenu("Recent")
    menu.setActiveAction(menu.actions()[1])
    return menu


def _focus_strip(window: QWidget) -> QPixmap:
    """Give the focus to every widget in turn, and set their pictures below one another."""
    window.activateWindow()
    pictures = []
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            QApplication.processEvents()
            place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size().boundedTo(QSize(240, 60)))
            pictures.append(window.grab(place))
    strip = QPixmap(QSize(780, 70 * (len(pictures) // 3 + 1)) * window.devicePixelRatio())
    strip.setDevicePixelRatio(window.devicePixelRatio())
    strip.fill(window.palette().window().color())
    painter = QPainter(strip)
    for i, picture in enumerate(pictures):
        painter.drawPixmap(10 + 260 * (i % 3), 5 + 70 * (i // 3), picture)
    painter.end()
    return strip


def _write(folder: Path, ratio: str) -> None:
    app = QApplication([])
    widgets = {"icons": _icons_sheet(), "widgets": _window(), "menu": _menu()}
    widgets["widgets"].show()
    for looks in ("light", "dark"):
        theme.apply(app, looks)
        for name, widget in widgets.items():
            widget.adjustSize()
            widget.grab().save(str(folder / f"{name}-{looks}-{ratio}x.png"))
        _focus_strip(widgets["widgets"]).save(str(folder / f"focus-{looks}-{ratio}x.png"))


def main(out_dir: str, ratio: str = "") -> None:
    """Write the pictures; the ratio of pixels holds for a whole process, so each has one of its own."""
    if ratio:
        _write(make_folder(Path(out_dir)), ratio)
        return
    for each in ("1", "2"):
        subprocess.run(  # noqa: S603 (this very module)
            [sys.executable, "-m", "gui.theme.gallery", out_dir, each],
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": each},
            check=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
