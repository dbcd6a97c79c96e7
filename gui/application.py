"""Starts the studio: theme, settings, failures caught, the painter warming up beside it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import cast

from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from gui.desktop import APPLICATION_ID
from gui.session.settings import settings_file, state_folder
from gui.studio import Studio
from gui.theme import theme
from gui.translations import install
from gui.widgets.failure import catch_failures, log_to
from gui.window import StudioWindow

_PULSE_MS = 200


def make_application() -> QApplication:
    """Return the application object, named as desktops know it."""
    QGuiApplication.setDesktopFileName(APPLICATION_ID)
    app = QApplication(["spiral-studio"])
    app.setApplicationName("Spiral Studio")
    return app


def make_window(app: QApplication, settings: QSettings, journals: Path | None = None) -> StudioWindow:
    """Return the window in the theme and the language that its settings name."""
    install(app, str(settings.value("language", "system")))
    named = str(settings.value("theme", "system"))
    chosen = cast("theme.Theme", named if named in ("system", "light", "dark") else "system")
    theme.apply(app, chosen)
    return StudioWindow(Studio(state_folder() / "painter.log", journals), settings)


def run(file: Path | None) -> int:
    """Open the window and stay until it is closed; return the exit code."""
    app = make_application()
    log = state_folder() / "studio.log"
    log_to(log)
    catch_failures(log, app.activeWindow)
    settings = QSettings(str(settings_file()), QSettings.Format.IniFormat)
    window = make_window(app, settings)
    window.show()
    # Ctrl-C in the terminal ends the studio; Python hears it only when it is its turn now and then.
    signal.signal(signal.SIGINT, lambda *_: app.quit())
    pulse = QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(_PULSE_MS)
    if file is not None:
        window.open_path(file)
    window.offer_recovery()
    code = app.exec()
    window.studio.close()
    return code
