"""Windows of these tests are drawn to memory; the few that need a real screen say so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QApplication

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """Parts that are built without the window speak English too, with its plurals, wherever tests run."""
    from gui.translations import install

    install(qapp, "en")
    return qapp
