from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt6.QtCore import QItemSelectionModel, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QWheelEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QSlider,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from spiral_core.training.run_folder import RunFolder
from tests.gui.training.looking import LONG, Show, add_sheet, drawn, press, recorded, select

OKABE = [QColor(name) for name in ("#0072B2", "#D55E00", "#009E73")]


def test_a_wrong_configuration_says_what_is_wrong(
    show: Show, qtbot: QtBot, runs: Path, tmp_path: Path
) -> None:
    panel = show(runs)
    config = tmp_path / "wrong.toml"
    config.write_text("# Mine.\n[[phase]]\nkind = 'dance'\n")
    panel.form.add_file(config)
    assert panel.form.description.text().startswith("Mine.")
    panel.form.start_button.click()
    assert panel.notice.isHidden()
    qtbot.waitUntil(lambda: not panel.notice.isHidden(), timeout=LONG)
    assert "exit code 2" in panel.notice.title.text()
    assert "dance" in panel.notice.text.text()
    assert panel.pages.currentIndex() == 0
    assert not panel.stop_button.isEnabled()


def test_a_file_that_is_no_configuration_is_refused_at_once(show: Show, runs: Path, tmp_path: Path) -> None:
    panel = show(runs)
    before = panel.form.choice.count()
    panel.form.add_file(tmp_path / "none.toml")
    assert "none.toml: cannot be read" in panel.notice.text.text()
    assert panel.form.choice.count() == before


def test_seed_and_frames_go_to_the_training(show: Show, qtbot: QtBot, runs: Path) -> None:
    panel = show(runs)
    panel.form.seed.setValue(0)
    panel.form.frames.setValue(1000)
    with qtbot.waitSignal(panel.form.wanted) as wanted:
        panel.form.start_button.click()
    wish = wanted.args[0]
    assert (wish.seed, wish.overrides) == (0, ["phase.0.frames=1000"])
    panel.stop_button.click()
    started = next(iter(panel._started.values()))
    qtbot.waitUntil(lambda: started.exit_code() is not None and not panel._started, timeout=LONG)
    assert panel.notice.isHidden(), "stopping before it began is no error"
    assert panel.pages.currentIndex() == 0


def test_several_runs_lie_over_one_another_in_their_own_colours(show: Show, qtbot: QtBot, runs: Path) -> None:
    a = recorded(runs / "a", score=0.1, error=1.0)
    b = recorded(runs / "b", score=0.2, error=1.0, count=3)
    panel = show(runs)
    panel.set_colors(OKABE, QColor("white"), QColor("black"))
    qtbot.waitUntil(lambda: panel.runs.rowCount() == 2)
    select(panel, a, b)
    qtbot.waitUntil(lambda: len(drawn(panel, "score", 1)[0]) == 3)
    assert drawn(panel, "score", 0)[1] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    colors = [panel.curves._lines["score", slot][1].opts["pen"].color() for slot in (0, 1)]
    assert colors == OKABE[:2]
    raw, smooth = panel.curves._lines["score", 0]
    panel.curves.smoothing.setValue(50)
    qtbot.waitUntil(lambda: smooth.getOriginalDataset()[1][-1] < 0.4)
    assert raw.getOriginalDataset()[1][-1] == pytest.approx(0.5), "the raw curve is as it was"
    assert smooth.getOriginalDataset()[1][0] == pytest.approx(0.1)
    select(panel, b)
    qtbot.waitUntil(lambda: ("score", 0) not in panel.curves._lines)
    assert colors[1] == panel.curves._lines["score", 1][1].opts["pen"].color(), "who stays keeps its colour"
    panel._selection().select(panel.runs.index_of(a), QItemSelectionModel.SelectionFlag.Select)
    qtbot.waitUntil(lambda: len(drawn(panel, "score", 0)[0]) == 5)
    assert panel._slots == {b: 1, a: 0}, "who comes takes a colour that is free"


def test_linked_plots_show_the_frames_of_all_of_them(show: Show, qtbot: QtBot, runs: Path) -> None:
    with RunFolder.create(runs / "a", config_text="", seed=3, command=["spiral"]) as run:
        for frames in range(0, 10_000, 500):
            score = {"score": 0.5 + frames / 1e5} if frames > 6000 else {}
            run.log(frames, {"return": -1.0, **score})
    panel = show(runs)
    qtbot.waitUntil(lambda: len(drawn(panel, "return")[0]) == 20)
    plots = panel.curves._plots
    qtbot.waitUntil(lambda: plots["return"].viewRange()[0][1] > 9000)
    assert list(plots) == ["score", "return"]
    for plot in plots.values():
        qtbot.waitUntil(lambda plot=plot: plot.viewRange()[0][0] < 0)  # type: ignore[misc]
    assert plots["score"].viewRange()[1][0] > 0.4, "and the heights are each plot's own"


def test_metrics_are_chosen_by_the_keyboard(show: Show, qtbot: QtBot, runs: Path) -> None:
    recorded(runs / "a", score=0.1, error=1.0, lag=2.0)
    panel = show(runs)
    qtbot.waitUntil(lambda: panel.curves.shown_keys() == ["score", "error"])
    row = [panel.curves.keys.item(i).text() for i in range(panel.curves.keys.rowCount())].index("lag")  # type: ignore[union-attr]
    panel.curves.key_list.setCurrentIndex(panel.curves.keys.index(row, 0))
    press(qtbot, panel.curves.key_list, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: drawn(panel, "lag")[1] == [2.0, 4.0, 6.0, 8.0, 10.0])
    press(qtbot, panel.curves.key_list, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: ("lag", 0) not in panel.curves._lines)


def test_the_wheel_scrolls_the_plots_and_does_not_zoom_them(show: Show, qtbot: QtBot, runs: Path) -> None:
    recorded(runs / "a", score=0.1, error=1.0)
    panel = show(runs)
    qtbot.waitUntil(lambda: len(drawn(panel, "error")[0]) == 5)
    plot = panel.curves._plots["score"]
    qtbot.waitUntil(lambda: plot.viewRange()[0][1] > 400)

    def wheel(keys: Qt.KeyboardModifier) -> None:
        at = QPointF(plot.viewport().rect().center())
        event = QWheelEvent(
            at,
            plot.viewport().mapToGlobal(at),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(plot.viewport(), event)

    before = plot.viewRange()
    wheel(Qt.KeyboardModifier.NoModifier)
    assert plot.viewRange() == before
    wheel(Qt.KeyboardModifier.ControlModifier)
    assert plot.viewRange() != before


def test_every_sheet_can_be_seen_and_the_newest_is_followed(show: Show, qtbot: QtBot, runs: Path) -> None:
    run = recorded(runs / "a", score=0.1, sheets=12)
    panel = show(runs)
    samples = panel.samples
    qtbot.waitUntil(lambda: samples.frames == 1200)
    add_sheet(run, 1300)
    qtbot.waitUntil(lambda: samples.frames == 1300)
    press(qtbot, samples.slider, Qt.Key.Key_Left)
    assert (samples.frames, samples.number.value(), samples.follow.isChecked()) == (1200, 12, False)
    assert samples.sheet.image is not None
    assert samples.sheet.image.pixelColor(0, 0).red() == 1200 % 256
    add_sheet(run, 1400)
    qtbot.waitUntil(lambda: samples.slider.maximum() == 13)
    assert samples.frames == 1200, "what somebody looks at stays"
    add_sheet(run, 50)
    qtbot.waitUntil(lambda: samples.slider.maximum() == 14)
    assert samples.frames == 1200, "also when its number is another"
    (run / "samples" / "000000050.png").unlink()
    qtbot.waitUntil(lambda: samples.slider.maximum() == 13)
    samples.number.setValue(1)
    assert samples.frames == 100
    for frames in range(800, 1500, 100):  # as a resume does
        (run / "samples" / f"{frames:09}.png").unlink()
    qtbot.waitUntil(lambda: samples.slider.maximum() == 6)
    assert samples.frames == 100
    samples.follow.click()
    assert (samples.frames, samples.number.value()) == (700, 7)
    (run / "samples" / "000000900.png").write_bytes(b"no picture")
    qtbot.waitUntil(lambda: samples.frames == 900)
    assert "cannot be read" in samples.sheet.text


def test_the_numbers_of_a_run(show: Show, qtbot: QtBot, runs: Path) -> None:
    with RunFolder.create(runs / "a", config_text="[[phase]]\nframes = 1000\n", seed=3, command=["x"]) as run:
        run.log(100, {"phase": "p", "minutes": 1.0})
        run.log(400, {"phase": "p", "minutes": 2.0})
        panel = show(runs)
        qtbot.waitUntil(lambda: panel.facts.frames.text() == "400 of 1,000 (40%)")
        assert panel.facts.speed.text() == "5 frames/s"
        assert panel.facts.left.text() == "about 2 min 00 s"
        assert panel.facts.seed.text() == "3"
        # Its lock is this process's: what only the command line ends is stopped there.
    qtbot.waitUntil(lambda: panel.facts.left.text() == "–")


def test_broken_runs_stand_in_the_list_with_the_reason(show: Show, qtbot: QtBot, runs: Path) -> None:
    recorded(runs / "good", score=0.1)
    (runs / "bad").mkdir()
    (runs / "bad" / "run.json").write_text("{")
    panel = show(runs)
    qtbot.waitUntil(lambda: panel.runs.rowCount() == 2)
    texts = [str(panel.runs.index(row).data()) for row in range(2)]
    assert any(text.startswith("bad\nbroken: ") and "run.json" in text for text in texts)
    select(panel, runs / "bad")
    assert not panel.resume_button.isEnabled()
    select(panel, runs / "good")
    qtbot.waitUntil(lambda: len(drawn(panel, "score", 0)[0] or drawn(panel, "score", 1)[0]) == 5)
    assert panel.resume_button.isEnabled()


def test_a_run_that_is_removed_takes_its_curve_along(show: Show, qtbot: QtBot, runs: Path) -> None:
    a, b = recorded(runs / "a", score=0.1), recorded(runs / "b", score=0.2)
    panel = show(runs)
    qtbot.waitUntil(lambda: panel.runs.rowCount() == 2)
    select(panel, a, b)
    shutil.rmtree(b)
    qtbot.waitUntil(lambda: panel.runs.rowCount() == 1)
    qtbot.waitUntil(lambda: list(panel._slots) == [a])


def test_a_panel_that_nobody_sees_looks_seldom(show: Show, qtbot: QtBot, runs: Path) -> None:
    recorded(runs / "a", score=0.1)
    panel = show(runs)
    qtbot.waitUntil(lambda: panel._timer.interval() == 500)
    panel.hide()
    assert panel._timer.interval() == 5000
    panel.show()
    qtbot.waitUntil(lambda: panel._timer.interval() == 500)
    panel.shut_down()
    panel.hide()
    panel.show()
    assert not panel._timer.isActive()


def test_all_that_takes_the_keyboard_has_a_name(show: Show, qtbot: QtBot, runs: Path) -> None:
    recorded(runs / "a", score=0.1, sheets=2)
    panel = show(runs)
    qtbot.waitUntil(lambda: len(drawn(panel, "score")[0]) == 5)
    kinds = (QAbstractButton, QAbstractItemView, QComboBox, QSlider, QSpinBox)
    ours = [
        widget
        for widget in panel.findChildren(QWidget)
        if isinstance(widget, kinds) and widget.isVisible() and "qt_" not in widget.objectName()
    ]
    nameless = [
        widget
        for widget in ours
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
    ]
    assert nameless == []
    order: list[QWidget] = []
    at: QWidget | None = panel.form.choice
    while at is not None and at not in order:
        order.append(at)
        at = at.nextInFocusChain()
    wanted = [
        panel.form.choice,
        panel.form.seed,
        panel.form.start_button,
        panel.run_list,
        panel.resume_button,
        panel.curves.smoothing,
        panel.curves.key_list,
        panel.samples.slider,
    ]
    assert [widget for widget in order if widget in wanted] == wanted


def test_the_panel_loads_no_torch_and_its_plots_only_when_shown(runs: Path) -> None:
    recorded(runs / "a", score=0.1)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PyQt6.QtWidgets import QApplication\n"
        "from gui.training.panel import TrainingPanel\n"
        "application = QApplication(['-platform', 'offscreen'])\n"
        "panel = TrainingPanel(Path(sys.argv[1]))\n"
        "application.processEvents()\n"
        "print('pyqtgraph' in sys.modules)\n"
        "panel.show()\n"
        "while not panel.curves._lines: application.processEvents()\n"
        "print([name for name in ('torch', 'ray', 'adapters.mypaint', 'mujoco') if name in sys.modules])\n"
        "panel.shut_down()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(runs)], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split() == ["False", "[]"]
