"""The window's end of the conversation with the painter."""

from __future__ import annotations

import subprocess
import sys
import time
from multiprocessing import Pipe, reduction
from pathlib import Path
from typing import Final

from PyQt6.QtCore import QObject, QSocketNotifier, pyqtSignal

from gui.processes.shared_picture import SharedPicture
from gui.session.messages import PhotoRead, ToPainter

_TURN_S: Final = 0.006  # of listening, after which the window may do something else
_PATIENCE_S: Final = 2.0
_PAINTER: tuple[str, ...] = (
    "-m",
    "gui.processes.painter",
)  # what Python runs; the benchmark runs one that notes times


class PainterLink(QObject):
    """Starts a painter, and a new one when it dies.

    Signals:
        heard: A message from the painter, and the picture that came with it or None.
        died: The painter is gone; says how. A new one runs already and knows nothing.

    Args:
        log: File that takes what a painter prints when it fails.
        parent: Who owns this.
    """

    heard = pyqtSignal(object, object)
    died = pyqtSignal(str)

    def __init__(self, log: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self._is_closed = False
        self._launch()

    @property
    def pid(self) -> int:
        """The painter's process number."""
        return self._process.pid

    def send(self, message: ToPainter, picture: SharedPicture | None = None) -> None:
        """Say something to the painter; never waits for it."""
        try:
            self._connection.send(message)
            if picture is not None:
                reduction.send_handle(self._connection, picture.handle, self._process.pid)
        except OSError:
            pass  # it is gone, which the notifier tells

    def close(self) -> None:
        """Send the painter home; once more does nothing, as the window and the program's end both do it."""
        if not self._is_closed:
            self._is_closed = True
            self._hang_up()

    def _launch(self) -> None:
        self._connection, theirs = Pipe()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                [sys.executable, *_PAINTER, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in a terminal is the window's business
            )
        theirs.close()
        handle = self._connection.fileno()
        kind = QSocketNotifier.Type.Read
        self._notifier = QSocketNotifier(handle, kind, self)  # type: ignore[call-overload]  # a number will do
        self._notifier.activated.connect(self._listen)

    def _listen(self) -> None:
        until_s = time.monotonic() + _TURN_S
        try:
            while self._connection.poll():
                message = self._connection.recv()
                picture = None
                if isinstance(message, PhotoRead):
                    handle = reduction.recv_handle(self._connection)
                    picture = SharedPicture(message.height, message.width, handle)
                self.heard.emit(message, picture)
                if self._is_closed or time.monotonic() > until_s:
                    return
        except (EOFError, OSError):
            how = self._hang_up()
            if not self._is_closed:
                self._launch()
                self.died.emit(how)

    def _hang_up(self) -> str:
        """Let go of the painter and return how it ended."""
        self._notifier.setEnabled(False)
        self._notifier.deleteLater()
        self._connection.close()  # what it takes as the sign to go
        try:
            code = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"
