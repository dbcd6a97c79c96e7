"""Putting a theme on the application: palette, style sheet, the desktop's wish, who is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QImage, QPalette, QStyleHints
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QSlider,
    QSpinBox,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.theme import theme
from gui.theme.colors import DARK, LIGHT, Colors
from spiral_core.errors import ConfigError

ROLE, GROUP = QPalette.ColorRole, QPalette.ColorGroup


def tab_bar() -> QTabBar:
    bar = QTabBar()
    bar.addTab("Strokes")
    return bar


def stroke_list() -> QListWidget:
    strokes = QListWidget()
    strokes.addItem("Stroke 1")
    return strokes


def ranked(button: QPushButton | QToolButton, rank: str) -> QWidget:
    button.setText("Do it")
    button.setProperty(rank, True)
    return button


FOCUSABLE: dict[str, Callable[[], QWidget]] = {
    "button": lambda: QPushButton("Export"),
    "primary button": lambda: ranked(QPushButton(), "primary"),
    "danger button": lambda: ranked(QPushButton(), "danger"),
    "tool button": QToolButton,
    "primary tool button": lambda: ranked(QToolButton(), "primary"),
    "danger tool button": lambda: ranked(QToolButton(), "danger"),
    "check box": lambda: QCheckBox("Pen"),
    "radio button": lambda: QRadioButton("Pen"),
    "line edit": QLineEdit,
    "spin box": QSpinBox,
    "combo box": QComboBox,
    "text": QPlainTextEdit,
    "list": stroke_list,
    "view": QGraphicsView,
    "horizontal slider": lambda: QSlider(Qt.Orientation.Horizontal),
    "vertical slider": lambda: QSlider(Qt.Orientation.Vertical),
    "tabs": tab_bar,
}
# A cursor blinks there, a row has a ring of its own, or the ring is not at the edge.
CHANGED_INSIDE = {"line edit", "spin box", "text", "list", "horizontal slider", "vertical slider"}


def points_of(image: QImage, color: str) -> int:
    wanted = QColor(color).rgb()
    return sum(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


@pytest.mark.parametrize(("name", "colors"), [("light", LIGHT), ("dark", DARK)])
def test_theme_fills_the_palette(app: QApplication, name: theme.Theme, colors: Colors) -> None:
    assert theme.apply(app, name) == colors
    palette = app.palette()
    for role, color in (
        (ROLE.Window, colors.window),
        (ROLE.Base, colors.base),
        (ROLE.Text, colors.text),
        (ROLE.ButtonText, colors.text),
        (ROLE.PlaceholderText, colors.muted),
        (ROLE.Highlight, colors.accent),
        (ROLE.HighlightedText, colors.accent_text),
        (ROLE.Link, colors.link),
        (ROLE.ToolTipBase, colors.tooltip),
        (ROLE.ToolTipText, colors.tooltip_text),
    ):
        for group in (GROUP.Active, GROUP.Inactive):
            assert palette.color(group, role).name() == color, (group, role)
    for role in (ROLE.Text, ROLE.WindowText, ROLE.ButtonText):
        assert palette.color(GROUP.Disabled, role).name() == colors.disabled


@pytest.mark.parametrize(("name", "colors"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize("kind", FOCUSABLE)
def test_focus_is_seen_and_moves_nothing(
    app: QApplication, qtbot: QtBot, kind: str, name: theme.Theme, colors: Colors
) -> None:
    theme.apply(app, name)
    window, other, widget = QWidget(), QLineEdit(), FOCUSABLE[kind]()
    qtbot.addWidget(window)
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    rows = QVBoxLayout(window)
    rows.addWidget(other)
    rows.addWidget(widget)
    window.show()
    window.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    before = window.grab(widget.geometry()).toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(widget.hasFocus)
    after = window.grab(widget.geometry()).toImage()
    rank = kind.partition(" ")[0]
    ring = {"primary": colors.accent_text, "danger": colors.danger_text}.get(rank, colors.focus)
    assert points_of(after, ring) - points_of(before, ring) >= 20
    if kind not in CHANGED_INSIDE:
        inside = before.rect().adjusted(6, 6, -6, -6)
        assert before.copy(inside) == after.copy(inside)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_stop_is_red_with_text_on_it(app: QApplication, qtbot: QtBot, name: theme.Theme) -> None:
    colors = theme.apply(app, name)
    stop = QPushButton("Stop")
    stop.setProperty("danger", True)
    qtbot.addWidget(stop)
    image = stop.grab().toImage()
    assert points_of(image, colors.danger) > 0.5 * image.width() * image.height()
    assert points_of(image, colors.danger_text) > 10


def test_a_change_leaves_nothing_of_the_theme_before(app: QApplication, qtbot: QtBot) -> None:
    theme.apply(app, "dark")
    label = QLabel('<a href="#">a link</a>')
    box, spin = QCheckBox("On"), QSpinBox()
    box.setChecked(True)
    for widget in (label, box, spin):
        qtbot.addWidget(widget)
        widget.grab()  # what is drawn once may be kept
    theme.apply(app, "light")
    assert label.text() == '<a href="#">a link</a>'
    for changed, anew in ((label, QLabel(label.text())), (box, QCheckBox("On")), (spin, QSpinBox())):
        qtbot.addWidget(anew)
        if isinstance(anew, QCheckBox):
            anew.setChecked(True)
        anew.resize(changed.sizeHint())
        changed.resize(changed.sizeHint())
        assert changed.grab().toImage() == anew.grab().toImage()


def test_widgets_are_told_of_a_change_once(app: QApplication) -> None:
    heard: list[tuple[Colors, str]] = []
    looks = theme.theme_of(app)
    looks.changed.connect(lambda colors: heard.append((colors, app.palette().color(ROLE.Window).name())))
    theme.apply(app, "light")
    theme.apply(app, "light")
    theme.apply(app, "dark")
    # The palette is in place already when they hear of it.
    assert heard == [(LIGHT, LIGHT.window), (DARK, DARK.window)]
    assert theme.theme_of(app) is looks
    assert looks.parent() is app
    assert (looks.colors, looks.choice) == (DARK, "dark")


def test_system_follows_the_desktop_and_own_choice_does_not(
    app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = app.styleHints()
    assert hints is not None

    def desktop_turns(scheme: Qt.ColorScheme) -> None:
        monkeypatch.setattr(QStyleHints, "colorScheme", lambda _: scheme)
        hints.colorSchemeChanged.emit(scheme)

    desktop_turns(Qt.ColorScheme.Unknown)
    assert theme.apply(app, "system") == LIGHT
    desktop_turns(Qt.ColorScheme.Dark)
    assert theme.theme_of(app).colors == DARK
    theme.apply(app, "light")
    desktop_turns(Qt.ColorScheme.Dark)
    assert theme.theme_of(app).colors == LIGHT
    assert theme.apply(app, "system") == DARK
    desktop_turns(Qt.ColorScheme.Light)
    assert theme.theme_of(app).colors == LIGHT


def test_unknown_theme_changes_nothing(app: QApplication) -> None:
    theme.apply(app, "dark")
    with pytest.raises(ConfigError, match="theme 'blue': must be one of system, light, dark"):
        theme.apply(app, cast("theme.Theme", "blue"))
    assert theme.theme_of(app).choice == "dark"


def test_gallery_is_drawn_and_leaves_nothing_else(tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "gui.theme.gallery", str(tmp_path / "out"), "2"],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(scratch)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Could not parse" not in done.stderr
    kinds = ("focus", "icons", "menu", "widgets")
    names = {f"{kind}-{looks}-2x.png" for kind in kinds for looks in ("light", "dark")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert list(scratch.iterdir()) == []  # the pictures of the style sheet go when the application goes


def test_theme_is_light_to_import() -> None:
    code = (
        "import sys, gui.theme.theme, gui.theme.icons, gui.desktop.install;"
        "print([name for name in ('torch', 'mujoco', 'numpy', 'ray') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
