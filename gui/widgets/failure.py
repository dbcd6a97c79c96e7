"""What happens when we made a mistake: a dialog that can be copied, a log, and a program that lives on.

Without this, PyQt ends the whole program at the first exception in a slot.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QMessageBox, QWidget

_log = logging.getLogger("spiral-gui")


class FailureDialog(QMessageBox):
    """Says that something failed, with the details to copy; it does not block the window.

    Args:
        details: The traceback.
        log: File that holds it as well.
        parent: The window.
    """

    def __init__(self, details: str, log: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Critical)
        self.setWindowTitle(self.tr("Something failed"))
        self.setText(
            self.tr("A part of the studio failed. Your painting is safe, and you can go on working.")
        )
        self.setInformativeText(self.tr("The details are in {}. Please send them to us.").format(log))
        self.setDetailedText(details)
        copy = self.addButton(self.tr("&Copy details"), QMessageBox.ButtonRole.ActionRole)
        assert copy is not None
        copy.clicked.disconnect()  # it must not close the dialog
        copy.clicked.connect(lambda: self._copy(details))
        self.addButton(QMessageBox.StandardButton.Close)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)

    def _copy(self, details: str) -> None:
        clipboard = QGuiApplication.clipboard()
        assert clipboard is not None
        clipboard.setText(details)


def log_to(log: Path) -> None:
    """Write what fails to a file, which is made with its folder."""
    log.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _log.addHandler(handler)


def catch_failures(log: Path, window_of: Callable[[], QWidget | None]) -> None:
    """Show every exception that nobody caught, from now on.

    Args:
        log: Named in the dialog.
        window_of: Gives the dialog's window.
    """

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        _log.error("%s", details)
        sys.stderr.write(details)
        FailureDialog(details, log, window_of()).show()

    sys.excepthook = show
