from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from gui.processes.training import start_training
from gui.session.runs import RunState
from spiral_core.training.run_lock import holder
from tests.gui.training.looking import LONG, Show, drawn


def test_a_first_training_is_one_press_away_and_stops_and_goes_on(
    show: Show, qtbot: QtBot, runs: Path
) -> None:
    panel = show(runs)
    assert panel.pages.currentIndex() == 0
    assert not panel.stop_button.isEnabled()
    said: list[str] = []
    panel.said.connect(said.append)
    panel.first_button.click()
    assert panel.pages.currentIndex() == 1
    assert panel.stop_button.isEnabled()
    qtbot.waitUntil(lambda: panel.current() is not None, timeout=LONG)
    run = panel.current()
    assert run is not None
    path = run.path

    def state() -> RunState | None:
        run = panel.current()
        return None if run is None else run.state

    def frames() -> int:
        run = panel.current()
        return 0 if run is None else run.frames

    qtbot.waitUntil(lambda: len(drawn(panel, "return")[0]) >= 1, timeout=LONG)
    before = len(drawn(panel, "return")[0])
    qtbot.waitUntil(lambda: len(drawn(panel, "return")[0]) > before, timeout=LONG)
    assert state() is RunState.RUNNING
    assert not panel.resume_button.isEnabled()
    assert "of 60,000" in panel.facts.frames.text()
    assert not (path / "latest").exists()

    panel.stop_button.click()
    assert not panel.stop_button.isEnabled()
    assert "stopping" in str(panel.runs.index(0).data())
    qtbot.waitUntil(lambda: state() is RunState.STOPPED and panel.resume_button.isEnabled(), timeout=LONG)
    assert (path / "latest").exists(), "a checkpoint"
    assert said[-1] == f"{path.name}: stopped."
    assert panel.notice.isHidden()

    stopped_at = frames()
    panel.resume_button.click()
    assert not panel.resume_button.isEnabled()
    qtbot.waitUntil(lambda: frames() > stopped_at, timeout=LONG)
    qtbot.waitUntil(lambda: drawn(panel, "return")[0][-1] > stopped_at, timeout=LONG)
    panel.stop_button.click()
    qtbot.waitUntil(lambda: state() is RunState.STOPPED, timeout=LONG)


def test_a_training_outlives_its_window_and_a_new_one_takes_it_up(
    show: Show, qtbot: QtBot, runs: Path
) -> None:
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(runs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert window.stdout is not None
    path = Path(window.stdout.readline().strip())
    window.kill()
    window.wait()
    window.stdout.close()
    panel = show(runs)
    qtbot.waitUntil(lambda: len(drawn(panel, "return")[0]) >= 2, timeout=LONG)
    run = panel.current()
    assert run is not None
    assert (run.path, run.state) == (path, RunState.RUNNING)
    assert holder(path) is not None
    panel.shut_down()
    assert holder(path) is not None, "a window that closes stops nothing"
    panel._timer.start(0)
    panel.stop_button.click()
    qtbot.waitUntil(lambda: holder(path) is None, timeout=LONG)
    assert (path / "latest").exists(), "a checkpoint"


WINDOW = """
import sys
from pathlib import Path
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from gui.training.panel import TrainingPanel
application = QApplication(["-platform", "offscreen"])
panel = TrainingPanel(Path(sys.argv[1]))
panel.show()
panel.first_button.click()
def tell():
    if panel.current() is not None:
        print(panel.current().path, flush=True)
timer = QTimer()
timer.timeout.connect(tell)
timer.start(100)
application.exec()
"""


def test_a_training_that_somebody_else_started_appears(show: Show, qtbot: QtBot, runs: Path) -> None:
    panel = show(runs)
    assert panel.pages.currentIndex() == 0
    other = start_training("tiny", runs / "elsewhere")
    qtbot.waitUntil(lambda: panel.current() is not None, timeout=LONG)
    assert str(panel.runs.index(0).data()).startswith("elsewhere\nrunning")
    qtbot.waitUntil(panel.stop_button.isEnabled, timeout=LONG)
    # It can be stopped before its first update, too: then there is nothing to keep.
    panel.stop_button.click()
    qtbot.waitUntil(lambda: other.exit_code() is not None, timeout=LONG)
    qtbot.waitUntil(lambda: "stopped" in str(panel.runs.index(0).data()), timeout=LONG)
