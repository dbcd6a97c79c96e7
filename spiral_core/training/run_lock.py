"""The lock of a run folder: one process trains into it, and whoever comes second learns which.

The kernel gives the lock up with the process that holds it, however it ends, so a killed run leaves none.
"""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from pathlib import Path
from typing import Final

from spiral_core.errors import RunError

LOCK: Final = "lock"
_TRIES: Final = 20


class RunLock:
    """Holds a folder until it is released or the process ends.

    Args:
        folder: The run folder; must exist.

    Raises:
        RunError: Another process holds it; the message names the process.
    """

    def __init__(self, folder: Path) -> None:
        self._file = -1
        try:
            self._file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            for left in reversed(range(_TRIES)):
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not left:
                        who = _process(self._file)
                        raise RunError(
                            f"{folder}: {who} is training into this folder; wait for it, stop it "
                            "or choose another folder"
                        ) from None
                    # For an instant, who asks for the holder has it, or a just started child of a killed one.
                    time.sleep(0.05)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            self._close()
            raise RunError(f"{folder / LOCK}: cannot be locked: {error.strerror or error}") from error
        except RunError:
            self._close()
            raise
        _held.add(self)

    def release(self) -> None:
        """Give the folder up; safe to call twice."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
        self._close()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


_held: Final[weakref.WeakSet[RunLock]] = weakref.WeakSet()


def _leave_to_the_parent() -> None:
    # A forked sampler that outlives its killed trainer must not keep the folder locked.
    for lock in list(_held):
        lock._close()


os.register_at_fork(after_in_child=_leave_to_the_parent)


def holder(folder: Path) -> str | None:
    """Return who trains into a folder now, such as "process 4711", or None."""
    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _process(file)
    except OSError:
        return None
    finally:
        os.close(file)
    return None


def _process(file: int) -> str:
    text = os.pread(file, 32, 0).strip()
    return f"process {int(text)}" if text.isdigit() else "another process"
