"""Pictures of the studio at work, taken without a screen: for the README, and to be looked at."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_SIZE: Final = (1360, 860)
_PATIENCE_S: Final = 120.0
_STROKES: Final = 400
_SHEETS: Final = 3  # of samples: a training that has learned something
_SHOWN_AT: Final = 300  # strokes: a painting on its way


def take_screenshots(folder: Path) -> int:
    """Write the pictures; return the exit code."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for scale in (1, 2):
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": str(scale),
            "QT_FONT_DPI": "96",
        }
        command = [sys.executable, "-m", "gui.screenshot", str(folder), str(scale)]
        code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  our own module
        if code:
            return code
    return 0


def _take(folder: Path, scale: int) -> None:
    from PyQt6.QtCore import QSettings
    from PyQt6.QtWidgets import QApplication

    from gui.application import make_application, make_window
    from gui.widgets.welcome import SAMPLE
    from spiral_core.training.run_lock import holder

    app = make_application()
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):  # where runs are made
        settings = QSettings(str(Path(scratch) / "studio.ini"), QSettings.Format.IniFormat)
        window = make_window(app, settings, Path(scratch) / "journals")
        window.resize(*_SIZE)
        window.show()

        def wait(until: Callable[[], bool]) -> None:
            end_s = time.monotonic() + _PATIENCE_S
            while not until():
                QApplication.processEvents()
                time.sleep(0.005)
                if time.monotonic() > end_s:
                    raise TimeoutError("the studio did not come to where the picture was to be taken")

        def grab(name: str) -> None:
            for theme in ("light", "dark"):
                window.set_theme(theme)
                for _ in range(5):
                    QApplication.processEvents()
                    time.sleep(0.05)
                path = folder / f"{name}-{theme}{'' if scale == 1 else f'-{scale}x'}.png"
                window.grab().save(str(path))
                sys.stdout.write(f"wrote {path}\n")

        grab("welcome")
        studio = window.studio
        window.open_path(SAMPLE)
        wait(lambda: studio.target is not None)
        window.painting.panel.strokes.setValue(_STROKES)
        window.painting.panel.paint_or_go_on()
        wait(lambda: studio.document is not None and len(studio.document.strokes) >= _SHOWN_AT)
        grab("painting")
        studio.pause()
        wait(lambda: not studio.is_at_work)
        window.painting.timeline.choose_at(0.62, 0.5)
        grab("editing")
        studio.stop()
        wait(lambda: not studio.is_at_work)
        studio.session.saved()
        training = window.training
        training.first_button.click()
        window.pages.setCurrentWidget(training)
        wait(lambda: len(list(Path(scratch).glob("runs/*/samples/*.png"))) >= _SHEETS)
        grab("training")
        training.stop_button.click()
        wait(lambda: not any(holder(run) for run in Path(scratch).glob("runs/*")))
        window.close()


if __name__ == "__main__":
    _take(Path(sys.argv[1]), int(sys.argv[2]))
