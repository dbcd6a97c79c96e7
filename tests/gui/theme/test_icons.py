"""Icons: proper drawings, seen at every size, in the colours of the theme."""

from __future__ import annotations

import gc
from importlib import resources
from xml.etree import ElementTree

import pytest
from PyQt6.QtCore import QSize
from PyQt6.QtGui import QColor, QIcon, QImage, QPalette
from PyQt6.QtWidgets import QApplication, QToolButton

from gui.theme import icons, theme
from gui.theme.colors import DARK, LIGHT

# fmt: off
WANTED = {
    "open", "save", "save-as", "export", "play", "pause", "stop", "step-forward", "step-back",
    "to-start", "to-end", "undo", "redo", "trash", "brush", "palette", "mask", "pan", "select",
    "zoom-fit", "zoom-actual", "zoom-in", "zoom-out", "target-overlay", "curve", "train", "folder",
    "settings", "help", "keyboard", "add", "arrow-up", "arrow-down", "image", "film", "plotter", "cube",
    "warning", "check", "close", "moon", "sun", "spiral",
}
# fmt: on
every_icon = pytest.mark.parametrize("name", icons.names())


def image(
    icon: QIcon,
    size: int = 24,
    ratio: float = 1,
    mode: QIcon.Mode = QIcon.Mode.Normal,
    state: QIcon.State = QIcon.State.Off,
) -> QImage:
    return icon.pixmap(QSize(size, size), ratio, mode, state).toImage()


def ink(drawn: QImage) -> str:
    """Return the colour of the most opaque point, and thereby see that there is one."""
    points = [drawn.pixelColor(x, y) for x in range(drawn.width()) for y in range(drawn.height())]
    densest = max(points, key=QColor.alpha)
    assert densest.alpha() > 200, "nothing is drawn"
    return densest.name()


def near(one: str, other: str) -> bool:
    # An opaque point of an antialiased edge may be off by a rounding or two.
    a, b = QColor(one), QColor(other)
    return max(abs(a.red() - b.red()), abs(a.green() - b.green()), abs(a.blue() - b.blue())) <= 3


def test_all_wanted_icons_are_there() -> None:
    assert set(icons.names()) >= WANTED


@every_icon
def test_drawing_is_svg_of_one_style(name: str) -> None:
    text = (resources.files("gui.theme") / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)  # noqa: S314 (our own file)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 24 24"
    assert root.get("stroke-width") == "1.75"
    assert root.get("stroke-linecap") == root.get("stroke-linejoin") == "round"
    inks = {element.get(key) for element in root.iter() for key in ("fill", "stroke")}
    assert inks <= {"currentColor", "none", None}


@every_icon
@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("size", [16, 24, 48])
def test_every_size_is_drawn_sharply_within_its_edges(
    app: QApplication, name: str, size: int, ratio: float
) -> None:
    theme.apply(app, "light")
    drawn = image(icons.icon(name), size, ratio)
    assert drawn.width() == drawn.height() == size * ratio  # as many points as the screen has, not enlarged
    alphas = [[drawn.pixelColor(x, y).alpha() for x in range(drawn.width())] for y in range(drawn.height())]
    assert sum(map(sum, alphas)) / 255 > 0.02 * drawn.width() ** 2
    columns = list(zip(*alphas, strict=True))
    for edge in (alphas[0], alphas[-1], columns[0], columns[-1]):
        assert max(edge) < 200, "cut off"


@every_icon
def test_icon_follows_the_theme(app: QApplication, name: str) -> None:
    theme.apply(app, "light")
    icon = icons.icon(name)
    assert near(ink(image(icon, 48)), LIGHT.text)
    theme.apply(app, "dark")
    assert near(ink(image(icon, 48)), DARK.text)
    assert image(icon, mode=QIcon.Mode.Disabled) != image(icon)
    assert near(ink(image(icon, 48, mode=QIcon.Mode.Disabled)), DARK.disabled)
    assert near(ink(image(icon, 48, state=QIcon.State.On)), DARK.link)
    assert near(ink(image(icon, 48, mode=QIcon.Mode.Selected)), DARK.accent_text)


def test_icon_on_a_filled_button_has_the_colour_of_its_text(app: QApplication) -> None:
    theme.apply(app, "light")
    assert near(ink(image(icons.icon("stop", QPalette.ColorRole.BrightText))), LIGHT.danger_text)
    assert near(ink(image(icons.icon("brush", QPalette.ColorRole.HighlightedText))), LIGHT.accent_text)


def test_a_button_that_is_shown_already_follows_the_theme(app: QApplication) -> None:
    button = QToolButton()
    button.setIcon(icons.icon("stop"))
    theme.apply(app, "light")
    light = button.grab().toImage()
    theme.apply(app, "dark")
    dark = button.grab().toImage()
    middle = light.width() // 2, light.height() // 2
    assert near(light.pixelColor(*middle).name(), LIGHT.text)
    assert near(dark.pixelColor(*middle).name(), DARK.text)


def test_icon_lives_on_as_a_copy(app: QApplication) -> None:
    theme.apply(app, "light")
    original = icons.icon("stop")
    copy = QIcon(original)
    copy.setIsMask(True)  # makes Qt clone the engine
    expected = image(original)
    del original
    gc.collect()
    assert image(copy) == expected


def test_unknown_icon_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"'brosh': there is none in .*icons; there are add, .*brush"):
        icons.icon("brosh")
