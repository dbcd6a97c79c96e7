"""An export at work in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from PyQt6.QtCore import QObject, QProcess, QTemporaryDir, pyqtSignal

from spiral_core.errors import OutputError
from spiral_core.program import PaintingProgram
from spiral_core.program_file import write_program


class ExportJob(QObject):
    """Writes one file.

    Signals:
        progressed: This part is done, in [0, 1].
        done: The file is there.
        failed: Why it is not, in one line.
        ended: It is over, in whatever way.

    Args:
        program: The painting.
        path: Where to; the ending says what.
        long_side_px: Of pictures and films.
        parent: Who owns this.

    Raises:
        OutputError: The temporary folder cannot be written to.
    """

    progressed = pyqtSignal(float)
    done = pyqtSignal(Path)
    failed = pyqtSignal(str)
    ended = pyqtSignal()

    def __init__(
        self, program: PaintingProgram, path: Path, long_side_px: int, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.path = path
        self._is_cancelled = False
        self._pid = 0
        self._folder = QTemporaryDir()
        if not self._folder.isValid():
            raise OutputError(f"{self._folder.path()}: {self._folder.errorString()}")
        given = Path(self._folder.filePath("program.json"))
        write_program(program, given)
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finish)
        arguments = ["-m", "gui.processes.export", str(given), str(path), str(long_side_px)]
        self._process.errorOccurred.connect(self._fail_to_start)
        self._process.start(sys.executable, arguments)

    def cancel(self) -> None:
        """End it; what was at the path before stays."""
        self._is_cancelled = True
        self._pid = self._process.processId()
        self._process.kill()

    def _read(self) -> None:
        lines = self._process.readAllStandardOutput().data().split()
        if lines:
            self.progressed.emit(float(lines[-1]))

    def _fail_to_start(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.failed.emit(self._process.errorString())
            self.ended.emit()

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._is_cancelled:
            for draft in self.path.parent.glob(f".*.{self._pid}.part*"):  # see `spiral_core.files`
                draft.unlink(missing_ok=True)
        elif status is QProcess.ExitStatus.CrashExit:
            self.failed.emit(self.tr("{}: the export ended unexpectedly").format(self.path))
        elif code:
            said = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
            self.failed.emit(said.splitlines()[-1] if said else self.tr("exit code {}").format(code))
        else:
            self.progressed.emit(1.0)
            self.done.emit(self.path)
        self.ended.emit()
