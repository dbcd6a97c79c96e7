"""Trainings beside the window: started so that they outlive it, stopped whoever has started them.

A training knows nothing of the window and the window keeps nothing of it: what is to know stands in the run
folder. So a window that was killed shows its trainings again as soon as it reads the folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from spiral_core.errors import OutputError, RunError
from spiral_core.training.run_lock import LOCK, holder

_LAST_BYTES: Final = 8000
_children: Final[list[subprocess.Popen[bytes]]] = []
"""Those that nobody asks about any more; they are waited for, or the system would keep them as zombies."""


class StartedTraining:
    """A training that this process has started.

    Made by `start_training` or `resume_training`; nothing happens to the training when this object goes.

    Attributes:
        run: The run folder.
        log: What it says goes there: a file beside the run folder, which holds nothing but the run.
    """

    def __init__(self, words: Sequence[str], run: Path) -> None:
        self.run = run.absolute()
        self.log = self.run.with_name(f"{self.run.name}.log")
        _reap()
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as log:
                self._log_start = log.tell()
                # A session of its own: neither closing a terminal nor Ctrl-C in it reaches the training.
                self._process = subprocess.Popen(  # noqa: S603  # our own command
                    [sys.executable, "-m", "spiral_core.cli", *words],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise OutputError(f"{self.log}: cannot be written: {error.strerror or error}") from error
        _children.append(self._process)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return how it ended, as `subprocess` says it, or None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask it to end with a checkpoint; before there is anything to keep it ends at once."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def last_lines(self, most: int = 8) -> str:
        """Return the last lines that it has said since this start."""
        try:
            with self.log.open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, end - _LAST_BYTES))
                text = log.read().decode("utf-8", errors="replace")
        except OSError as error:
            return f"{self.log}: cannot be read: {error.strerror or error}"
        return "\n".join(text.strip().splitlines()[-most:])


def start_training(
    config: str | Path, run: Path, *, seed: int | None = None, overrides: Sequence[str] = ()
) -> StartedTraining:
    """Start `spiral train`; mistakes in the configuration show in how it ends.

    Args:
        config: Name of a configuration, or a .toml file.
        run: The run folder to be made.
        seed: Instead of the configuration's.
        overrides: Values instead of the configuration's, each KEY=VALUE.

    Raises:
        OutputError: The log cannot be written.
    """
    words = ["train", str(config), "-o", str(run.absolute())]
    for text in overrides:
        words += ["--set", text]
    if seed is not None:
        words += ["--seed", str(seed)]
    return StartedTraining(words, run)


def resume_training(run: Path) -> StartedTraining:
    """Start `spiral resume`.

    Raises:
        OutputError: The log cannot be written.
    """
    return StartedTraining(["resume", str(run.absolute())], run)


def stop_training(run: Path) -> None:
    """Ask whoever trains into a folder to end with a checkpoint; asked twice, it ends at once.

    Raises:
        RunError: Nobody does, or it is a process that cannot be asked from here.
    """
    who = holder(run)
    if who is None:
        raise RunError(f"{run}: nobody trains into this folder now")
    number = who.removeprefix("process ")
    if not number.isdigit():
        raise RunError(
            f"{run}: {who} trains into this folder, and its lock does not say which; stop it there"
        )
    pid = int(number)
    # The number was written by the trainer; on a folder shared with other machines or containers it may be
    # that of somebody else here.
    if not _has_open(pid, run / LOCK):
        raise RunError(
            f"{run}: {who}, which trains into this folder, is not ours here; stop it where it runs"
        )
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it has just ended by itself
    except PermissionError as error:
        raise RunError(f"{run}: {who} belongs to another user; stop it as that user") from error


def _has_open(pid: int, path: Path) -> bool:
    try:
        wanted = path.stat()
        files = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    for file in files:
        try:
            about = file.stat()
        except OSError:
            continue
        if (about.st_dev, about.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
