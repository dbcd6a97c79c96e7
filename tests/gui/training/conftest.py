"""Panels of trainings, and folders of runs for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.processes.training import stop_training
from gui.training.panel import TrainingPanel
from spiral_core.training.run_lock import holder
from tests.gui.training.looking import Show


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    panels = []

    def shown(folder: Path) -> TrainingPanel:
        panel = TrainingPanel(folder)
        qtbot.addWidget(panel)
        panels.append(panel)
        panel.resize(1200, 800)
        panel.show()
        qtbot.waitUntil(lambda: panel._timer.interval() == 500)
        return panel

    yield shown
    for panel in panels:
        panel.shut_down()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """Return a folder of runs; what still trains in it at the end is stopped."""
    folder = tmp_path / "runs"
    yield folder
    for lock in folder.glob("*/lock"):
        if holder(lock.parent) is not None:
            stop_training(lock.parent)
