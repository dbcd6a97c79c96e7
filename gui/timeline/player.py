"""Plays a painting: so many strokes a second, at the speed that is asked for."""

from __future__ import annotations

import time
from typing import Final

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_STROKES_PER_SECOND: Final = 10.0  # at speed 1
_TICK_MS: Final = 33


class Player(QObject):
    """Moves a place along a painting as time goes by.

    Signals:
        moved: Show so many strokes now.
        stopped: The end was reached, or it was paused.

    Args:
        parent: Who owns this.
    """

    moved = pyqtSignal(int)
    stopped = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.speed = 1.0
        self._place = 0.0
        self._end = 0
        self._last_s = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def is_playing(self) -> bool:
        """It moves."""
        return self._timer.isActive()

    def play(self, place: int, end: int) -> None:
        """Begin at a place, or at the start if that is the end already."""
        self._place = 0.0 if place >= end else float(place)
        self._end = end
        self._last_s = time.monotonic()
        self._timer.start()

    def pause(self) -> None:
        """Stay where it is."""
        if self.is_playing:
            self._timer.stop()
            self.stopped.emit()

    def _tick(self) -> None:
        now_s = time.monotonic()
        self._place += (now_s - self._last_s) * _STROKES_PER_SECOND * self.speed
        self._last_s = now_s
        if self._place >= self._end:
            self.moved.emit(self._end)
            self.pause()
        else:
            self.moved.emit(int(self._place))
