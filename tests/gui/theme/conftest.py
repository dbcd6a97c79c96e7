"""An application that looks as before when the test is over: pytest-qt has one for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt6 import sip
from PyQt6.QtWidgets import QApplication, QStyle

from gui.theme import theme


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    """Return the application; afterwards it has no theme."""
    yield qapp
    sip.delete(theme.theme_of(qapp))
    qapp.setStyleSheet("")
    style = qapp.style()
    assert isinstance(style, QStyle)
    qapp.setPalette(style.standardPalette())
