"""The window with its real painter: every action of the menus, by triggering it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PyQt6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PyQt6.QtGui import QAction, QDropEvent
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from gui.application import make_window
from gui.painting.canvas import Tool
from gui.session.painting import State
from gui.session.picking import Picker
from gui.shortcuts import ShortcutSheet
from gui.timeline.panel import PICK_SLACK
from gui.widgets.recovery import RecoveryDialog
from gui.window import StudioWindow
from spiral_core.program_file import read_painting

SAMPLE = Path(__file__).parents[2] / "configs" / "samples" / "chelsea.jpg"


class Person:
    """Uses the window as a person would, and waits as one."""

    def __init__(self, qtbot: QtBot, window: StudioWindow, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qtbot, self.window, self._patch = qtbot, window, monkeypatch
        self.failures: list[str] = []
        window.studio.failed.connect(self.failures.append)

    @property
    def actions(self):  # type: ignore[no-untyped-def]
        return self.window.actions_

    @property
    def count(self) -> int:
        document = self.window.studio.document
        return 0 if document is None else len(document.strokes)

    @property
    def state(self) -> State:
        return self.window.studio.session.state

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=30_000)

    def answers(self, path: Path) -> None:
        """Choose a file in the next dialog that asks for one."""
        for name in ("getOpenFileName", "getSaveFileName"):
            self._patch.setattr(QFileDialog, name, lambda *_, **__: (str(path), ""))

    def opens(self) -> None:
        self.answers(SAMPLE)
        studio, before = self.window.studio, self.window.studio.document
        self.actions.open_photo.trigger()
        self.until(lambda: studio.document is not before and studio.target is not None)

    def paints(self, count: int = 12) -> None:
        """Paint until the agent is done; few strokes at a small size."""
        panel = self.window.painting.panel
        panel.size_choice.setCurrentIndex(0)
        self.opens()
        panel.strokes.setValue(count)
        panel.agent.setCurrentIndex(1)
        self.actions.paint.trigger()
        self.until(lambda: self.state is State.IDLE and self.count == count)

    def holds(self) -> None:
        """Paint something long and pause it."""
        panel = self.window.painting.panel
        panel.size_choice.setCurrentIndex(0)
        self.opens()
        panel.strokes.setValue(5000)
        self.actions.paint.trigger()
        self.until(lambda: self.count > 5)
        self.actions.pause.trigger()
        self.until(lambda: self.state is State.HELD)


@pytest.fixture
def person(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Person]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    settings = QSettings(str(tmp_path / "studio.ini"), QSettings.Format.IniFormat)
    window = make_window(qapp, settings, tmp_path / "journals")
    window.show()
    qtbot.waitExposed(window)
    yield Person(qtbot, window, monkeypatch)
    window.studio.session.saved()
    window.close()


def test_paint_this_paints_the_sample(person: Person) -> None:
    person.window.painting.panel.size_choice.setCurrentIndex(0)
    person.window.painting.panel.strokes.setValue(6)
    person.window.painting.welcome.sample_button.click()
    person.until(lambda: person.count == 6 and person.state is State.IDLE)
    assert person.window.windowTitle().startswith("chelsea")
    assert person.window.painting.panel.progress.value() == 1000
    assert person.failures == []


def test_a_dropped_photo_is_opened(person: Person) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(SAMPLE))])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    person.window.dropEvent(drop)
    person.until(lambda: person.window.studio.target is not None)
    assert person.window.recent() == [SAMPLE]


def test_pause_step_go_on_stop_and_undo_of_all_that(person: Person) -> None:
    person.holds()
    count = person.count
    person.actions.step.trigger()
    person.until(lambda: person.state is State.HELD)
    assert person.count == count + 1
    person.actions.paint.trigger()
    person.until(lambda: person.count > count + 5)
    person.window.stop_button.click()
    person.until(lambda: person.state is State.IDLE)
    undone = []
    while person.actions.undo.isEnabled():
        person.actions.undo.trigger()
        undone.append(person.count)
    assert undone == [count + 1, count, 0], "each time the agent was let go is one step"
    for _ in undone:
        person.actions.redo.trigger()
    assert person.count > count + 5


def test_strokes_are_deleted_moved_and_changed(person: Person) -> None:
    person.paints()
    studio, timeline = person.window.studio, person.window.painting.timeline
    assert studio.document is not None
    before = list(studio.document.strokes)
    assert not person.actions.delete.isEnabled()
    timeline.choose(3)
    person.actions.up.trigger()
    assert studio.document.strokes[4] is before[3]
    assert timeline.chosen_places == (4,)
    person.actions.down.trigger()
    assert studio.document.strokes == before
    timeline.choose(3)
    timeline.editor.width_spin.setValue(9.0)
    assert studio.document.strokes[3].radius == pytest.approx(0.045)
    assert timeline.chosen_places == (3,)
    person.actions.delete.trigger()
    assert person.count == len(before) - 1
    while person.actions.undo.isEnabled() and person.count:
        person.actions.undo.trigger()
        if studio.document.strokes == before:
            break
    assert studio.document.strokes == before
    assert person.failures == []


def test_deleting_while_the_agent_paints_pauses_it_and_takes_that_very_stroke(person: Person) -> None:
    person.holds()
    person.window.painting.timeline.choose(2)
    document = person.window.studio.document
    assert document is not None
    chosen = document.strokes[2]
    person.actions.paint.trigger()
    person.until(lambda: person.state is State.PAINTING)
    person.actions.delete.trigger()
    person.until(lambda: person.state is State.HELD)
    assert chosen not in document.strokes


def test_a_click_chooses_the_stroke_that_is_there(person: Person) -> None:
    person.paints()
    window = person.window
    canvas = window.painting.canvas
    document = window.studio.document
    assert document is not None
    wanted = Picker(document.strokes).at(0.5, 0.3, count=len(document.strokes), slack=PICK_SLACK)
    assert wanted is not None
    place = canvas.mapFromScene(QPointF(0.5, 0.3) * canvas.sceneRect().width())
    person.qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)  # type: ignore[no-untyped-call]
    assert window.painting.timeline.chosen_places == (wanted,)


def test_scrub_play_and_keys(person: Person) -> None:
    person.paints()
    studio, timeline = person.window.studio, person.window.painting.timeline
    for key, shown in (
        (Qt.Key.Key_Left, 11),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_End, 12),
        (Qt.Key.Key_PageUp, 0),
        (Qt.Key.Key_PageDown, 12),
    ):
        person.qtbot.keyClick(timeline, key)  # type: ignore[no-untyped-call]
        person.until(lambda shown=shown: studio.session.shown == shown)  # type: ignore[misc]
    person.actions.step_back.trigger()
    person.actions.step_back.trigger()
    person.actions.step_on.trigger()
    assert timeline.slider.value() == 11
    timeline.number.setValue(4)
    person.until(lambda: studio.session.shown == 4)
    timeline.speed.setCurrentIndex(timeline.speed.count() - 1)
    person.actions.play.trigger()
    assert timeline.player.is_playing
    person.until(lambda: not timeline.player.is_playing)
    assert studio.session.upto is None


def test_save_reopen_and_recent(person: Person, tmp_path: Path) -> None:
    person.paints()
    assert person.window.isWindowModified()
    file = tmp_path / "mine.json"
    person.answers(file)
    person.actions.save_as.trigger()
    document = person.window.studio.document
    assert document is not None
    assert read_painting(file) == document.program()
    assert not person.window.isWindowModified()
    person.window.painting.timeline.choose(0)
    person.actions.delete.trigger()
    assert person.window.isWindowModified()
    person.actions.save.trigger()
    assert len(read_painting(file).strokes) == 11
    person.opens()
    assert person.count == 0
    (first, second) = person.window.actions_.recent_menu.actions()
    assert (first.text(), second.text()) == (str(SAMPLE), str(file))
    second.trigger()
    assert person.count == 11
    person.answers(file)
    person.actions.open_painting.trigger()
    assert person.count == 11
    assert person.failures == []


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".svg", ".pdf", ".gcode", ".gif", ".mp4", ".json"])
def test_export(person: Person, tmp_path: Path, suffix: str) -> None:
    person.paints(4)
    person.actions.export.trigger()
    (dialog,) = (w for w in person.window.findChildren(QDialog) if w.isVisible())
    index = dialog.kind.findData(suffix)  # type: ignore[attr-defined]
    dialog.path.setText(str(tmp_path / "out"))  # type: ignore[attr-defined]
    dialog.kind.setCurrentIndex(index)  # type: ignore[attr-defined]
    dialog.size_px.setValue(64)  # type: ignore[attr-defined]
    dialog.accept()
    assert person.window.job is not None
    person.until(lambda: person.window.job is None)
    assert person.failures == []
    file = tmp_path / f"out{suffix}"
    content = file.read_bytes()
    starts = {".svg": b"<?xml", ".pdf": b"%PDF", ".gcode": b";", ".gif": b"GIF8"}
    assert content.startswith(starts.get(suffix, b""))
    if suffix in (".png", ".jpg"):
        with Image.open(file) as picture:
            assert max(picture.size) == 64
    if suffix == ".json":
        assert json.loads(content)["kind"] == "painting"
    assert [path.name for path in tmp_path.glob("*out*")] == [file.name]


def test_a_cancelled_export_leaves_what_was_there(person: Person, tmp_path: Path) -> None:
    person.paints(4)
    file = tmp_path / "film.mp4"
    file.write_text("old")
    person.window.export(file, 4096)
    person.until(lambda: any(tmp_path.glob(".*.part*")))
    person.window.cancel_button.click()
    person.until(lambda: person.window.job is None)
    assert file.read_text() == "old"
    assert list(tmp_path.glob(".*.part*")) == []
    assert person.failures == []


def test_an_export_that_cannot_be_is_told(person: Person, tmp_path: Path) -> None:
    person.paints(4)
    person.window.export(tmp_path / "no" / "such" / "folder.png", 64)
    person.until(lambda: person.window.job is None)
    assert "folder.png" in person.failures[-1]
    assert person.window.painting.notice.isVisible()


def test_view_tools_and_themes(person: Person) -> None:
    person.opens()
    canvas = person.window.painting.canvas
    fitted = canvas.scale_now
    person.actions.actual.trigger()
    assert canvas.scale_now == 1.0
    person.actions.zoom_in.trigger()
    assert canvas.scale_now == pytest.approx(1.25)
    person.actions.zoom_out.trigger()
    assert canvas.scale_now == pytest.approx(1.0)
    person.actions.fit.trigger()
    assert canvas.scale_now == pytest.approx(fitted)
    for action, tool in zip(person.actions.tools.actions(), (Tool.SELECT, Tool.PAN, Tool.MASK), strict=True):
        action.trigger()
        assert canvas.tool is tool
    person.qtbot.mousePress(canvas.viewport(), Qt.MouseButton.LeftButton, pos=canvas.rect().center())  # type: ignore[no-untyped-call]
    mask = person.window.studio.mask
    assert mask is not None
    assert mask.pixels()[..., 0].max() == 255
    person.actions.clear_mask.trigger()
    assert mask.pixels()[..., 0].max() == 0
    looks = []
    for action in person.actions.themes.actions():
        action.trigger()
        looks.append(person.window.palette().window().color().name())
        assert person.window.settings.value("theme") == action.data()
    assert looks[1] != looks[2]
    person.actions.full_screen.trigger()
    assert person.window.isFullScreen()
    person.actions.full_screen.trigger()
    person.actions.reset_layout.trigger()
    assert not person.window.isFullScreen()


def test_shortcuts_about_and_quit(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.actions.shortcuts.trigger()
    (sheet,) = person.window.findChildren(ShortcutSheet)
    text = sheet.text.toPlainText()
    for action in person.actions.all():
        for sequence in action.shortcuts():
            assert sequence.toString(sequence.SequenceFormat.NativeText) in text
    sheet.close()
    told = []
    monkeypatch.setattr(QMessageBox, "about", lambda *arguments: told.append(arguments[2]))
    person.actions.about.trigger()
    assert "GPL" in told[0]
    person.actions.quit.trigger()
    assert not person.window.isVisible()


def test_the_pages_have_keys(person: Person) -> None:
    for number, action in enumerate(person.actions.pages.actions(), start=1):
        action.trigger()
        assert person.window.pages.currentIndex() == number - 1
        assert action.shortcut().toString() == f"Alt+{number}"


def test_a_painting_goes_on_after_a_photo_of_its_shape_only(person: Person, tmp_path: Path) -> None:
    person.paints(4)
    program, square = tmp_path / "program.json", tmp_path / "square.png"
    person.answers(program)
    person.actions.save_as.trigger()
    person.actions.open_painting.trigger()
    document = person.window.studio.document
    assert document is not None
    assert document.photo is None
    Image.new("RGB", (64, 64)).save(square)
    person.answers(square)
    person.actions.attach_photo.trigger()
    person.until(lambda: bool(person.failures))
    assert "square.png" in person.failures[-1]
    assert document.photo is None
    person.answers(SAMPLE)
    person.actions.attach_photo.trigger()
    person.until(lambda: document.photo == SAMPLE)
    person.window.painting.panel.strokes.setValue(6)
    person.actions.paint.trigger()
    person.until(lambda: person.count == 6)


def test_no_two_actions_share_a_key(person: Person) -> None:
    keys = [sequence.toString() for action in person.actions.all() for sequence in action.shortcuts()]
    assert len(keys) == len(set(keys))


def test_every_action_is_tried_here(person: Person) -> None:
    """A new action needs a test: its name must stand in this file."""
    source = Path(__file__).read_text(encoding="utf-8")
    names = [name for name, value in vars(person.actions).items() if isinstance(value, QAction)]
    missing = [name for name in names if f"actions.{name}." not in source]
    assert missing == ["stop"], "stop is tried on a real screen, where keys go through the server"


def test_a_killed_painter_is_told_and_nothing_shown_is_lost(person: Person) -> None:
    person.holds()
    document = person.window.studio.document
    assert document is not None
    before = list(document.strokes)
    os.kill(person.window.studio.link.pid, signal.SIGKILL)
    person.until(lambda: person.state is State.IDLE)
    assert "signal 9" in person.failures[-1]
    assert document.strokes == before
    person.until(lambda: person.window.studio.session.shown == len(before))
    person.actions.paint.trigger()
    person.until(lambda: person.count > len(before))


def test_what_a_crash_left_is_offered_and_opened(person: Person, tmp_path: Path) -> None:
    person.paints(4)
    person.window.offer_recovery()
    assert person.window.findChildren(RecoveryDialog) == [], "one's own journal is no leftover"
    (journal,) = (tmp_path / "journals").glob("*.journal")
    (tmp_path / "journals" / "crashed.journal").write_bytes(journal.read_bytes())
    (tmp_path / "journals" / "broken.journal").write_bytes(b"?")
    person.opens()
    person.window.offer_recovery()
    (dialog,) = person.window.findChildren(RecoveryDialog)
    words = [dialog.list.item(i).text() for i in range(dialog.list.count())]  # type: ignore[union-attr]
    assert any("chelsea.jpg · 4 strokes" in text for text in words)
    assert any("cannot be read" in text for text in words)
    dialog.list.setCurrentRow(next(i for i, text in enumerate(words) if "4 strokes" in text))
    dialog.recover_button.click()
    assert person.count == 4
    assert person.window.isWindowModified()


def test_a_failing_slot_shows_a_dialog_and_the_program_lives_on(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PyQt6.QtCore import QTimer\n"
        "from gui.application import make_application\n"
        "from gui.widgets.failure import FailureDialog, catch_failures, log_to\n"
        "app = make_application()\n"
        "log = Path(sys.argv[1])\n"
        "log_to(log)\n"
        "catch_failures(log, app.activeWindow)\n"
        "def fail(): raise RuntimeError('a slot that fails')\n"
        "def look():\n"
        "    found = [w for w in app.topLevelWidgets() if isinstance(w, FailureDialog)]\n"
        "    print(len(found), found[0].isVisible(), 'a slot that fails' in found[0].detailedText())\n"
        "    app.quit()\n"
        "QTimer.singleShot(0, fail)\n"
        "QTimer.singleShot(300, look)\n"
        "sys.exit(app.exec())\n"
    )

    log = tmp_path / "studio.log"
    done = subprocess.run(
        [sys.executable, "-c", code, str(log)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1 True True\n"), done.stderr
    assert "a slot that fails" in log.read_text()
