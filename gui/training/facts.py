"""Numbers of one run: how far, how fast, how long still."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFormLayout, QLabel, QWidget

from gui.session.runs import Run
from gui.translations import numbers


class RunFacts(QWidget):
    """What is to know of a run in numbers.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Numbers of the run"))
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.phase = self._row(self.tr("Phase"))
        self.frames = self._row(self.tr("Frames"))
        self.speed = self._row(self.tr("Speed"))
        self.time = self._row(self.tr("Trained for"))
        self.left = self._row(self.tr("Time left"))
        self.seed = self._row(self.tr("Seed"))

    def _row(self, title: str) -> QLabel:
        value = QLabel("–")
        value.setAccessibleName(title)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._layout.addRow(title, value)
        return value

    def show_run(self, run: Run | None) -> None:
        """Show a run's numbers; a dash stands where nobody knows."""
        if run is None:
            for value in (self.phase, self.frames, self.speed, self.time, self.left, self.seed):
                value.setText("–")
            return
        self.phase.setText(run.phase or "–")
        frames = numbers.whole(run.frames)
        if run.total:
            share = min(1.0, run.frames / run.total)
            frames = self.tr("{done} of {total} ({share})").format(
                done=frames, total=numbers.whole(run.total), share=numbers.percent(share)
            )
        self.frames.setText(frames)
        speed = run.frames_per_second
        self.speed.setText(
            "–" if speed is None else self.tr("{} frames/s").format(numbers.whole(round(speed)))
        )
        self.time.setText("–" if run.minutes is None else duration(60 * run.minutes))
        left = run.seconds_left
        self.left.setText("–" if left is None else self.tr("about {time}").format(time=duration(left)))
        self.seed.setText(str(run.seed))


def duration(seconds: float) -> str:
    """Return a time in the two units that matter."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
