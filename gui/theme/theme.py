"""Puts a theme on the whole application, and says when it changes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, cast, get_args

from PyQt6.QtCore import QObject, Qt, QTemporaryDir, pyqtSignal
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication, QLabel, QToolTip

from gui.session.settings import cache_folder
from gui.theme import icons
from gui.theme.colors import DARK, LIGHT, Colors
from gui.theme.stylesheet import stylesheet
from spiral_core.errors import ConfigError, OutputError
from spiral_core.files import make_folder, write_atomic

Theme = Literal["system", "light", "dark"]


class AppTheme(QObject):
    """The theme of one application, which owns it; `theme_of` finds it.

    Attributes:
        choice: What was asked for.
        colors: What is seen now.
        changed: Sent with the new `Colors` after palette and style sheet have been put on.
    """

    changed = pyqtSignal(object)

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.choice: Theme = "system"
        self.colors: Colors = LIGHT
        self._app = app
        self._applied = False
        self._pictures: QTemporaryDir | None = None
        app.setStyle("Fusion")
        hints = app.styleHints()
        assert hints is not None
        self._hints = hints
        hints.colorSchemeChanged.connect(self._follow_system)

    def put_on(self, theme: Theme) -> Colors:
        """Change the application's looks to a theme; what is in place already is not put on again.

        Raises:
            ConfigError: There is no such theme.
        """
        if theme not in get_args(Theme):
            raise ConfigError(f"theme {theme!r}: must be one of {', '.join(get_args(Theme))}")
        self.choice = theme
        dark = theme == "dark" or (
            theme == "system" and self._hints.colorScheme() == Qt.ColorScheme.Dark
        )  # a platform that does not know is light
        colors = DARK if dark else LIGHT
        if self._applied and colors == self.colors:
            return colors
        self._applied = True
        self.colors = colors
        self._app.setPalette(palette(colors))
        QToolTip.setPalette(palette(colors))
        self._app.setStyleSheet(stylesheet(colors, self._picture))
        for widget in self._app.allWidgets():
            # A link keeps the colour that it had when its text was read.
            if isinstance(widget, QLabel) and "<a " in (text := widget.text()):
                widget.clear()
                widget.setText(text)
        self.changed.emit(colors)
        return colors

    def _follow_system(self) -> None:
        if self.choice == "system":
            self.put_on("system")

    def _picture(self, name: str, color: str) -> str:
        """Return the file of a mark of check boxes and the like: style sheets take no other pictures."""
        # Drawn at about half the size of an icon, so with lines of nearly twice the width.
        content = icons.svg(name, color, stroke_width=3)
        # A temporary file would stay behind when this process is killed; one named by its content is the same
        # for every window and every version.
        path = cache_folder() / "theme" / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.svg"
        try:
            if not path.exists():
                make_folder(path.parent)
                write_atomic(path, content)
        except (OutputError, OSError):
            return self._temporary(path.name, content)
        return path.as_posix()

    def _temporary(self, name: str, content: bytes) -> str:
        """Return the file of a mark where nothing can be kept."""
        if self._pictures is None:
            self._pictures = QTemporaryDir()
        path = Path(self._pictures.filePath(name))
        path.write_bytes(content)
        return path.as_posix()


def theme_of(app: QApplication) -> AppTheme:
    """Return the theme of an application; it gets one on the first call."""
    found = cast("AppTheme | None", app.findChild(AppTheme))
    return AppTheme(app) if found is None else found


def apply(app: QApplication, theme: Theme) -> Colors:
    """Put a theme on an application and return its colours; "system" also follows the desktop from now on.

    Raises:
        ConfigError: There is no such theme.
    """
    return theme_of(app).put_on(theme)


def palette(colors: Colors) -> QPalette:
    """Return these colours as Qt's roles, for what no style sheet reaches: icons, rich text, own painting."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    everywhere = {
        role.Window: colors.window,
        role.WindowText: colors.text,
        role.Base: colors.base,
        role.AlternateBase: colors.alternate,
        role.Text: colors.text,
        role.PlaceholderText: colors.muted,
        role.Button: colors.raised,
        role.ButtonText: colors.text,
        role.BrightText: colors.danger_text,
        role.Highlight: colors.accent,
        role.HighlightedText: colors.accent_text,
        role.Accent: colors.accent,
        role.Link: colors.link,
        role.LinkVisited: colors.muted,
        role.ToolTipBase: colors.tooltip,
        role.ToolTipText: colors.tooltip_text,
        # Fusion draws edges and shadows with these.
        role.Light: colors.raised,
        role.Midlight: colors.hover,
        role.Mid: colors.border,
        role.Dark: colors.outline,
        role.Shadow: colors.outline,
    }
    disabled = {
        role.WindowText: colors.disabled,
        role.Text: colors.disabled,
        role.ButtonText: colors.disabled,
        role.BrightText: colors.disabled,
        role.PlaceholderText: colors.disabled,
        role.Link: colors.disabled,
        role.LinkVisited: colors.disabled,
        role.Base: colors.window,
        role.Button: colors.window,
        role.Highlight: colors.border,
        role.HighlightedText: colors.disabled,
        role.Accent: colors.disabled,
    }
    result = QPalette()
    for each, color in everywhere.items():
        result.setColor(each, QColor(color))
    for each, color in disabled.items():
        result.setColor(group.Disabled, each, QColor(color))
    return result
