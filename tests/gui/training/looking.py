"""Runs by hand, and what a panel of trainings shows of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PyQt6.QtCore import QItemSelectionModel, Qt
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.training.panel import TrainingPanel
from spiral_core.training.run_folder import RunFolder

LONG = 90_000
"""Milliseconds that a training may need on a busy machine."""
Show = Callable[[Path], TrainingPanel]


def recorded(path: Path, *, count: int = 5, sheets: int = 0, **values: float) -> Path:
    with RunFolder.create(path, config_text="[[phase]]\nframes = 1000\n", seed=3, command=["spiral"]) as run:
        for number in range(1, count + 1):
            numbers = {name: value * number for name, value in values.items()}
            run.log(100 * number, {"phase": "p", "minutes": number / 10, **numbers})
        for number in range(1, sheets + 1):
            add_sheet(path, 100 * number)
    return path


def add_sheet(run: Path, frames: int) -> None:
    Image.fromarray(np.full((8, 8, 3), frames % 256, np.uint8)).save(run / "samples" / f"{frames:09}.png")


def drawn(panel: TrainingPanel, name: str, slot: int = 0) -> tuple[list[float], list[float]]:
    """Return what the raw line of a curve shows."""
    lines = panel.curves._lines.get((name, slot))
    if lines is None:
        return [], []
    frames, values = lines[0].getOriginalDataset()
    return ([], []) if frames is None else (list(frames), list(values))


def select(panel: TrainingPanel, *paths: Path) -> None:
    flags = QItemSelectionModel.SelectionFlag
    for number, path in enumerate(paths):
        index = panel.runs.index_of(path)
        panel._selection().setCurrentIndex(index, flags.Select if number else flags.ClearAndSelect)


def press(qtbot: QtBot, widget: QWidget, key: Qt.Key) -> None:
    qtbot.keyClick(widget, key)  # type: ignore[no-untyped-call]
