"""A folder of training runs, watched: which there are, how far they have come, who trains into them.

Nothing here takes long: `RunsFolder.poll` looks at as many runs as its time allows and goes on with the next
ones when it is called again, so a large folder on a slow disk makes news late and never a window stiff.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from gui.session.configurations import total_frames
from gui.session.metrics import MetricsTail
from spiral_core.errors import RunError
from spiral_core.training.run_lock import holder
from spiral_core.training.run_record import CARD, CONFIG, METRICS, RUN, SAMPLES, read_about, read_config

_LAST_BYTES: Final = 200_000
_RATE_MINUTES: Final = 2.0


class RunState(Enum):
    """What becomes of a run at present."""

    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its folder tells it now.

    Attributes:
        path: The folder.
        name: The folder's name below the watched one.
        state: What becomes of it.
        holder: Who trains into it, such as "process 4711", or None.
        problem: What is broken, or "".
        began: When it was begun: text that sorts by time.
        seed: Its seed.
        phase: The phase it is in, or "".
        frames: Environment steps so far.
        total: Those at its end, or None if nobody knows.
        minutes: Of training so far, or None.
        score: The last one, or None.
        frames_per_second: Of the last two minutes of training, or None.
    """

    path: Path
    name: str
    state: RunState
    holder: str | None = None
    problem: str = ""
    began: str = ""
    seed: int = 0
    phase: str = ""
    frames: int = 0
    total: int | None = None
    minutes: float | None = None
    score: float | None = None
    frames_per_second: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take at its present speed, or None if it does not run or nobody knows."""
        if self.state is not RunState.RUNNING or self.total is None or not self.frames_per_second:
            return None
        return max(0, self.total - self.frames) / self.frames_per_second


class RunsFolder:
    """The runs at and below a folder.

    Args:
        folder: The folder; it may be missing, and may come and go.

    Attributes:
        folder: The folder.
        runs: The runs by their path, as far as they have been looked at.
        num_rounds: How often all of them have been looked at.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: dict[Path, Run] = {}
        self.num_rounds = 0
        self._watched: dict[Path, _WatchedRun] = {}
        self._round: Iterator[None] | None = None

    def poll(self, seconds: float = 0.01) -> bool:
        """Look at the runs for about so long; return whether the round came to its end."""
        deadline = time.monotonic() + seconds
        if self._round is None:
            self._round = self._look()
        for _ in self._round:
            if time.monotonic() >= deadline:
                return False
        self._round = None
        self.num_rounds += 1
        return True

    def newest_first(self) -> list[Run]:
        """Return the runs, the last begun first."""
        return sorted(self.runs.values(), key=lambda run: (run.began, run.name), reverse=True)

    def _look(self) -> Iterator[None]:
        seen = set()
        for path in _walk(self.folder):
            if path is not None:
                seen.add(path)
                if path not in self._watched:
                    name = path.name if path == self.folder else str(path.relative_to(self.folder))
                    self._watched[path] = _WatchedRun(path, name)
                watched = self._watched[path]
                while not watched.look():
                    yield
                self.runs[path] = watched.run
            yield
        for path in set(self._watched) - seen:
            del self._watched[path]
            self.runs.pop(path, None)


class _WatchedRun:
    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.run = Run(path, name, RunState.STOPPED)
        self._metrics = MetricsTail(path / METRICS, last_bytes=_LAST_BYTES)
        self._signature: tuple[tuple[int, int], ...] | None = None
        self._about: dict[str, Any] = {}
        self._total: int | None = None
        self._problem = ""
        self._forget()

    def _forget(self) -> None:
        self._frames, self._phase = 0, ""
        self._score: float | None = None
        self._marks: deque[tuple[int, float]] = deque()

    def look(self) -> bool:
        """Take in what is new; return whether that was all for now."""
        self._read_head()
        reading = self._metrics.read()
        if reading.is_anew:
            self._forget()
        for row in reading.rows:
            self._add(row)
        if not reading.is_all:
            return False
        self.run = self._told()
        return True

    def _read_head(self) -> None:
        signature = (_stamp(self.path / RUN), _stamp(self.path / CONFIG))
        if signature == self._signature:
            return
        self._signature, self._problem = signature, ""
        try:
            self._about = read_about(self.path)
            self._total = total_frames(read_config(self.path))
        except RunError as error:
            self._problem = str(error)

    def _add(self, row: dict[str, Any]) -> None:
        self._frames = row["frames"]
        phase, score, minutes = row.get("phase"), row.get("score"), row.get("minutes")
        if isinstance(phase, str) and phase != self._phase:
            self._phase = phase
            self._marks.clear()  # another phase has another speed
        if isinstance(score, int | float):
            self._score = score
        if isinstance(minutes, int | float):
            self._marks.append((self._frames, minutes))
            while minutes - self._marks[0][1] > _RATE_MINUTES and len(self._marks) > 2:
                self._marks.popleft()

    def _told(self) -> Run:
        who = holder(self.path)
        problem = self._problem or self._metrics.problem
        if problem:
            state = RunState.BROKEN
        elif who is not None:
            state = RunState.RUNNING
        else:
            state = RunState.FINISHED if (self.path / CARD).exists() else RunState.STOPPED
        created = self._about.get("created")
        began = created.get("time") if isinstance(created, dict) else None
        return Run(
            path=self.path,
            name=self.name,
            state=state,
            holder=who,
            problem=problem,
            began=began if isinstance(began, str) else "",
            seed=self._about.get("seed", 0),
            phase=self._phase,
            frames=self._frames,
            total=self._total,
            minutes=self._marks[-1][1] if self._marks else None,
            score=self._score,
            frames_per_second=self._rate(),
        )

    def _rate(self) -> float | None:
        if len(self._marks) < 2:
            return None
        (first, began), (last, now) = self._marks[0], self._marks[-1]
        return (last - first) / (60 * (now - began)) if now > began and last > first else None


def sample_frames(run: Path) -> list[int]:
    """Return the frames after which sheets of samples were drawn, in order; empty if there are none."""
    try:
        with os.scandir(run / SAMPLES) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return []
    stems = [name.removesuffix(".png") for name in names if name.endswith(".png")]
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def sample_path(run: Path, frames: int) -> Path:
    """Return the sheet of samples that was drawn after so many frames."""
    return run / SAMPLES / f"{frames:09}.png"


def _walk(folder: Path) -> Iterator[Path | None]:
    """Return the folders of runs, with None between them at every other folder that was looked into."""
    if (folder / RUN).is_file():
        yield folder
        return
    yield None
    try:
        with os.scandir(folder) as entries:
            below = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for path in below:
        yield from _walk(Path(path))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return (-1, -1)
    return (about.st_mtime_ns, about.st_size)
