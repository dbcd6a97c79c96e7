"""Event files for TensorBoard: numbers over frames, one record a log line, written without a thread."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from spiral_core.errors import RunError

_FLUSH_SECONDS: Final = 30.0


class EventFile:
    """One event file; a resumed run begins another beside it.

    Args:
        folder: Where the event files of the run are; made if missing.
        purge_step: TensorBoard forgets what older files say at this step and after it; None forgets nothing.

    Raises:
        RunError: tensorboardX is not installed.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        try:
            from tensorboardX.event_file_writer import EventsWriter
            from tensorboardX.proto import event_pb2, summary_pb2
        except ModuleNotFoundError as error:
            if error.name not in ("tensorboardX", "google"):
                raise
            raise RunError(
                "training writes event files with tensorboardX, which is not installed: "
                "pip install tensorboardX"
            ) from error
        self._event: Any = event_pb2.Event
        self._summary: Any = summary_pb2.Summary
        folder.mkdir(exist_ok=True)
        # Two runs of the same second must not share a file.
        self._writer = EventsWriter(str(folder / "events"), f".{os.getpid()}.{time.monotonic_ns()}")
        if purge_step is not None:
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._write(self._event(step=purge_step, session_log=start))
        self.flush()

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Add the values at a step; "a.b" is shown as "b" in the group "a"."""
        entries = [
            self._summary.Value(tag=name.replace(".", "/"), simple_value=value)
            for name, value in values.items()
        ]
        self._write(self._event(step=step, summary=self._summary(value=entries)))
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Bring all that was added to the disk."""
        self._writer.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Bring all to the disk and close the file."""
        self._writer.close()

    def _write(self, event: Any) -> None:
        event.wall_time = time.time()
        self._writer.write_event(event)
