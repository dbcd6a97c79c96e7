"""A screen with the studio on it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gui.realscreen.screen import Screen, missing_packages


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    missing = missing_packages()
    if missing:
        pytest.fail(f"the real window needs programs that are not here; apt-get install {' '.join(missing)}")
    screen = Screen(tmp_path)
    try:
        screen.start()
        yield screen
    finally:
        screen.end()
