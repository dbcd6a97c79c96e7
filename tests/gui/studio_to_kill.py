"""The whole studio, told to paint and to say what is seen: the process that `test_kills` kills.

    python studio_to_kill.py FOLDER [--train]

FOLDER takes what the canvas showed after a painter's death; with --train there is a training as well.

Everything said is one line of JSON on standard output, flushed: what has been read from the pipe was so
before the kill.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
from PyQt6.QtCore import QSettings, QTimer

from gui.application import make_application, make_window
from gui.session.painting import State
from gui.session.settings import settings_file
from gui.window import StudioWindow
from spiral_core.program import Stroke
from spiral_core.program_file import write_program

SAMPLE = Path(__file__).parents[2] / "configs" / "samples" / "chelsea.jpg"
STROKES = 60
"""As many as are painted in a second or two, so that kills also fall into the revision."""


@lru_cache(maxsize=100_000)
def mark(stroke: Stroke) -> int:
    """Return a number for a stroke that is the same in every process."""
    return crc32(repr(stroke).encode())


def digest(strokes: list[Stroke]) -> int:
    """Return a number for a list of strokes that is the same in every process."""
    return crc32(np.array([mark(stroke) for stroke in strokes], np.uint32).tobytes())


def say(**fields: object) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


class Teller:
    """Tells of a window what its killer has to know, and goes on painting whatever happens."""

    def __init__(self, window: StudioWindow, folder: Path) -> None:
        self.window, self.studio, self.folder = window, window.studio, folder
        self.deaths = 0
        self.was_at_death = (0, 0)  # strokes, and their digest
        self.is_to_look = False
        self.studio.opened.connect(self._opened)
        self.studio.picture_changed.connect(self._drawn)
        self.studio.link.died.connect(self._died)
        self.studio.failed.connect(lambda text: say(failed=text, notice=window.painting.notice.isVisible()))
        self.studio.state_changed.connect(self._paint_on)
        self.studio.photo_changed.connect(self._paint_on)
        self.run: Path | None = None
        say(painter=self.studio.link.pid)

    def watch_training(self) -> None:
        """Begin a training from its page, and tell how it goes."""
        self.window.pages.setCurrentWidget(self.window.training)
        self.window.training.first_button.click()
        self.timer = QTimer()
        self.timer.timeout.connect(self._look_at_training)
        self.timer.start(50)

    def _opened(self) -> None:
        say(painter=self.studio.link.pid)

    def _paint_on(self) -> None:
        session = self.studio.session
        if session.state is State.IDLE and self.studio.target is not None and not self.is_to_look:
            self.window.painting.panel.strokes.setValue(STROKES + len(self.strokes))
            QTimer.singleShot(0, self._start)

    def _start(self) -> None:
        if self.studio.session.state is State.IDLE:
            self.window.actions_.paint.trigger()

    @property
    def strokes(self) -> list[Stroke]:
        document = self.studio.document
        return [] if document is None else document.strokes

    def _died(self) -> None:
        """Hear of it after the studio, which has sent everything to the new painter by now."""
        self.deaths += 1
        document = self.studio.document
        say(
            died=self.deaths,
            painter=self.studio.link.pid,
            strokes=len(self.strokes),
            open=document is not None,
        )

    def _drawn(self) -> None:
        document = self.studio.document
        assert document is not None
        session = self.studio.session
        say(
            shown=session.shown,
            strokes=len(document.strokes),
            edits=document.num_edits,
            digest=digest(document.strokes),
            phase=session.phase,
        )
        if self.is_to_look:
            self._keep_what_is_seen()

    def _keep_what_is_seen(self) -> None:
        document, picture = self.studio.document, self.studio.picture
        assert document is not None
        assert picture is not None
        self.is_to_look = False
        np.save(self.folder / f"seen-{self.deaths}.npy", picture.pixels())
        write_program(document.program(), self.folder / f"seen-{self.deaths}.json")
        say(again=self.deaths, strokes=len(document.strokes), digest=digest(document.strokes))
        self._paint_on()

    def _look_at_training(self) -> None:
        panel = self.window.training
        run = panel.current()
        if run is not None:
            say(run=str(run.path), state=run.state.value, holder=run.holder, frames=run.frames)
        if panel.notice.isVisible():
            say(training_failed=panel.notice.title.text())


def main() -> int:
    """Show the window and paint until killed."""
    app = make_application()
    window = make_window(app, QSettings(str(settings_file()), QSettings.Format.IniFormat))
    window.show()
    window.painting.panel.size_choice.setCurrentIndex(0)
    teller = Teller(window, Path(sys.argv[1]))

    def note_death() -> None:
        # Connected before the studio's own slot could draw: the next picture is to be looked at.
        teller.is_to_look = window.studio.document is not None

    window.studio.link.died.disconnect()
    window.studio.link.died.connect(note_death)
    window.studio.link.died.connect(window.studio._painter_died)
    window.studio.link.died.connect(teller._died)
    if "--train" in sys.argv:
        teller.watch_training()
    window.open_path(SAMPLE)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
