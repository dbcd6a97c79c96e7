"""`kill -9` of each process at random moments: nothing that was shown is lost, and nothing stays behind."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.mypaint import MyPaintRenderer
from gui.processes.training import stop_training
from gui.session.edits import edit_from_fields
from gui.session.journal import _opened, find_leftovers
from spiral_core.program import StrokeArray
from spiral_core.program_file import read_painting
from spiral_core.rendering import Rectangle
from spiral_core.training.run_lock import holder
from tests.gui.studio_to_kill import digest

SCRIPT = Path(__file__).with_name("studio_to_kill.py")
NUM_KILLS = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 2
"""Of each process; a round costs the studio's start and some seconds of painting."""
NUM_TRAININGS = 5 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 1
LONG_S = 60.0
GONE_S = 5.0
"""What is left of a killed studio has so long to go home; it takes milliseconds on an idle machine."""
_SHARED = ("/memfd:", "/dev/shm/")  # noqa: S108  only looked for


def until(true: Callable[[], object], seconds: float = LONG_S) -> bool:
    end_s = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.02)
    return True


class Home:
    """Everything that a studio may write to, and all processes that know of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "TMPDIR": str(self.temporary),
            **{f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("STATE", "CONFIG", "CACHE")},
        }

    def processes(self) -> dict[int, str]:
        """Return the command lines of all processes that were started from here: they inherit its name."""
        found = {}
        mark = f"TMPDIR={self.temporary}".encode()
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return {pid: words for pid, words in found.items() if words}

    def painters(self) -> dict[int, str]:
        return {pid: words for pid, words in self.processes().items() if "gui.processes" in words}

    def shared_memory(self) -> set[str]:
        """Return what our processes share: nameless memory by its number, named memory by its path."""
        shared = set()
        for pid in self.processes():
            shared |= _shared_by(Path(f"/proc/{pid}"))
        return shared


def _shared_by(place: Path) -> set[str]:
    found = set()
    try:
        for line in (place / "maps").read_text().splitlines():
            _, _, _, _, number, *path = line.split(maxsplit=5)
            if path and path[0].startswith(_SHARED):
                found.add(f"{path[0]} {number}")
        for handle in (place / "fd").iterdir():
            name = os.readlink(handle)
            if name.startswith(_SHARED):
                found.add(f"{name} {handle.stat().st_ino}")
    except OSError:
        pass  # it has just ended, or is somebody else's
    return found


def held_by_anybody(shared: set[str]) -> set[str]:
    """Return what of some shared memory is still held by any process that can be looked at, or has a name."""
    held = {each for place in Path("/proc").glob("[0-9]*") for each in _shared_by(place) & shared}
    return held | {each for each in shared if os.path.exists(each.rsplit(" ", 1)[0])}


class RunningStudio:
    """A studio at work, heard line by line."""

    def __init__(self, home: Home, *words: str) -> None:
        self.home = home
        self.said: list[dict[str, Any]] = []
        with (home.folder / "errors.log").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(home.folder), *words],
                cwd=home.folder,
                env=home.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.said.append(json.loads(line))

    def all(self, key: str) -> list[dict[str, Any]]:
        return [fields for fields in list(self.said) if key in fields]

    def wait_for(self, key: str, more_than: int = 0, seconds: float = LONG_S) -> dict[str, Any]:
        got = until(lambda: len(self.all(key)) > more_than, seconds)
        assert got, f"{key}: {self.said[-3:]}, {self.errors()}"
        return self.all(key)[-1]

    def has_shown_again(self, number: int) -> bool:
        return any(fields["again"] == number for fields in self.all("again"))

    def errors(self) -> str:
        return (self.home.folder / "errors.log").read_text()

    @property
    def painter(self) -> int:
        return int(self.all("painter")[-1]["painter"])

    def kill(self) -> set[str]:
        """Kill the window; return what it shared with others the moment before."""
        shared = self.home.shared_memory()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return shared


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    for pid in home.processes():
        os.kill(pid, signal.SIGKILL)


def replayed(journal: Path) -> list[int]:
    """Return the digest of the strokes as the journal has them after none, one, two, ... edits."""
    lines = journal.read_bytes().split(b"\n")[:-1]
    document = _opened(json.loads(lines[0]))
    document.num_edits = 0
    states = [digest(document.strokes)]
    for line in lines[1:]:
        fields = json.loads(line)
        if "edit" in fields:
            document.apply(edit_from_fields(fields["edit"], where="edit"))
            states.append(digest(document.strokes))
    return states


def check_nothing_shown_is_lost(studio: RunningStudio) -> int:
    """Compare the journal with everything that was on the canvas; return how much that was."""
    shown = studio.all("shown")
    leftovers = find_leftovers(studio.home.folder / "state" / "spiral-studio" / "journals")
    assert all(leftover.problem == "" for leftover in leftovers)
    if not shown:
        return 0
    (leftover,) = leftovers
    states = replayed(leftover.path)
    for fields in shown:
        assert fields["shown"] == fields["strokes"]
        assert fields["edits"] < len(states), "the journal ends before what was shown"
        assert states[fields["edits"]] == fields["digest"]
    assert leftover.document is not None
    assert digest(leftover.document.strokes) == states[-1]
    with leftover.path.open("rb") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises if the lock is stale
    return len(shown)


def check_picture(home: Home, number: int) -> None:
    """Compare what the canvas showed after a painter's death with the brush itself."""
    program = read_painting(home.folder / f"seen-{number}.json")
    seen = np.load(home.folder / f"seen-{number}.npy")
    renderer = MyPaintRenderer(1, *seen.shape[:2])
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    np.testing.assert_array_equal(seen[..., 2::-1], renderer.region(0, Rectangle(0, 0, *seen.shape[1::-1])))


def _is_early(number: int) -> bool:
    """Return whether a painter is killed as soon as it is there."""
    return number % 5 == 2


def check_nothing_stays(home: Home, shared: set[str]) -> None:
    assert until(lambda: not home.processes(), GONE_S), home.processes()
    assert held_by_anybody(shared) == set()
    # torch makes an empty folder of this one name when a training imports it, and every torch uses the same.
    left = [path.name for path in home.temporary.iterdir() if not path.name.startswith("torchinductor_")]
    assert left == []


@pytest.mark.parametrize("number", range(NUM_KILLS))
def test_a_killed_window_loses_nothing_and_leaves_nothing(home: Home, number: int) -> None:
    rng = random.Random(1000 + number)
    studio = RunningStudio(home)
    if number % 5 == 4:  # before anything is shown
        time.sleep(rng.uniform(0, 1.5))
    else:
        studio.wait_for("shown", more_than=1)
        time.sleep(rng.uniform(0, 6))
    shared = studio.kill()
    num_shown = check_nothing_shown_is_lost(studio)
    check_nothing_stays(home, shared)
    phases = {fields["phase"] for fields in studio.all("shown")}
    sys.stdout.write(
        f"window {number}: {num_shown} pictures, phases {sorted(phases)}, {len(shared)} shared memories\n"
    )
    if number % 5 != 4:
        assert num_shown > 1
        assert shared, "there were pictures to share"
    assert studio.errors().replace("This plugin does not support propagateSizeHints()\n", "") == ""


def test_a_killed_painter_is_told_shown_again_and_painted_on(home: Home) -> None:
    """One window sees all its painters die."""
    rng = random.Random(7)
    studio = RunningStudio(home)
    for number in range(1, NUM_KILLS + 1):
        if not _is_early(number):
            studio.wait_for("shown", more_than=len(studio.all("shown")) + 2)
            time.sleep(rng.uniform(0, 1.5))
        os.kill(studio.painter, signal.SIGKILL)
        died = studio.wait_for("died", more_than=number - 1)
        told = studio.all("failed")[-1]
        assert "The painter ended unexpectedly (signal 9). Nothing is lost" in told["failed"]
        assert told["notice"], "it stands in the window"
        sys.stdout.write(f"painter {number}: {died['strokes']} strokes at its death\n")
        if not _is_early(number + 1):
            assert until(partial(studio.has_shown_again, number))
            assert studio.all("again")[-1]["strokes"] == died["strokes"]
            check_picture(home, number)
    strokes = studio.all("shown")[-1]["strokes"]
    assert until(lambda: studio.all("shown")[-1]["strokes"] > strokes), "it paints on"
    assert len(home.painters()) == 1
    shared = studio.kill()
    check_nothing_shown_is_lost(studio)
    check_nothing_stays(home, shared)
    log = home.folder / "state" / "spiral-studio" / "painter.log"
    assert log.read_text() == ""


@pytest.mark.parametrize("number", range(NUM_TRAININGS))
def test_a_training_outlives_its_window_and_its_own_death_is_told(home: Home, number: int) -> None:
    rng = random.Random(2000 + number)
    studio = RunningStudio(home, "--train")
    run = Path(studio.wait_for("run")["run"])
    assert until(lambda: holder(run) is not None)
    time.sleep(rng.uniform(0, 1.5))
    studio.kill()
    assert until(lambda: not home.painters(), GONE_S), home.painters()
    assert [words for words in home.processes().values() if "spiral_core.cli" in words] != []
    before = (run / "metrics.jsonl").stat().st_size if (run / "metrics.jsonl").exists() else 0
    assert until(lambda: (run / "metrics.jsonl").exists() and (run / "metrics.jsonl").stat().st_size > before)
    stop_training(run)
    assert until(lambda: not home.processes()), "it can be stopped by others"
    assert holder(run) is None

    # A second window sees its own training killed.
    studio = RunningStudio(home, "--train")
    assert until(lambda: any(r["run"] != str(run) and r["holder"] for r in studio.all("run")))
    second = studio.all("run")[-1]
    time.sleep(rng.uniform(0, 2))
    os.kill(int(second["holder"].removeprefix("process ")), signal.SIGKILL)
    told = studio.wait_for("training_failed")["training_failed"]
    assert Path(second["run"]).name in told
    assert until(lambda: studio.all("run")[-1]["state"] == "stopped"), "it can be gone on with"
    assert holder(Path(second["run"])) is None, "no stale lock"
    shared = studio.kill()
    check_nothing_stays(home, shared)


def test_a_painter_killed_with_nothing_open_is_told_too(home: Home) -> None:
    for _ in range(5):  # the photo may be read before the signal comes
        studio = RunningStudio(home)
        studio.wait_for("painter")
        os.kill(studio.painter, signal.SIGKILL)
        if not studio.wait_for("died")["open"]:
            break
        studio.kill()
    else:
        pytest.fail("the photo was read before the painter could be killed, five times")
    studio.wait_for("shown", more_than=2)  # the photo that was being read is read after all
    shared = studio.kill()
    check_nothing_shown_is_lost(studio)
    check_nothing_stays(home, shared)
    assert "Traceback" not in studio.errors()
