"""A screen of its own with the real studio on it, used and looked at from outside alone.

Keys and mouse go through the X server; what happened is read from files, window titles and pixels.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from gui.session.document import Document
from gui.session.journal import find_leftovers
from spiral_core.program import Stroke

Pixels = npt.NDArray[np.uint8]

PROGRAMS: Final = {"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool", "import": "imagemagick"}
SIZE: Final = (1440, 960)
_PATIENCE_S: Final = 60.0  # the machine may be busy with others
_LOOK_S: Final = 0.1


def missing_packages() -> list[str]:
    """Return the Debian packages of programs that are not here."""
    return [package for program, package in PROGRAMS.items() if shutil.which(program) is None]


class Screen:
    """An X server with a window manager and the studio.

    Args:
        folder: Everything that the studio writes lies there; its name marks the processes that belong here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.journals = self.state / "spiral-studio" / "journals"
        self._env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("QT_", "XDG_", "DBUS_", "WAYLAND_")) and key != "DISPLAY"
        } | {"LC_ALL": "C.UTF-8"}
        for name, place in (("STATE_HOME", "state"), ("CONFIG_HOME", "config"), ("RUNTIME_DIR", "runtime")):
            (folder / place).mkdir(mode=0o700)
            self._env[f"XDG_{name}"] = str(folder / place)
        (folder / "home").mkdir()
        self._env |= {"HOME": str(folder / "home"), "QT_QPA_PLATFORM": "xcb"}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.studio: subprocess.Popen[bytes] | None = None

    # ---- beginning and end ----

    def start(self) -> None:
        """Start the server on a free display, then the window manager, then the studio."""
        ours, theirs = os.pipe()
        size = "x".join(map(str, (*SIZE, 24)))
        self._run(
            "Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-nolisten", "tcp", pass_fds=(theirs,)
        )
        os.close(theirs)
        with os.fdopen(ours) as told:
            number = told.readline().strip()
        assert number, "Xvfb has not started; see Xvfb.log"
        self._env["DISPLAY"] = f":{number}"
        self._run("openbox")
        self.until(self._is_managed, "openbox")
        self.studio = self._run(sys.executable, "-m", "gui")
        self.until(lambda: "Spiral Studio" in self.title(), "the studio's window")

    def end(self) -> None:
        """End everything that was started, and whatever that has started."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        # Trainings outlive the window on purpose. What belongs here has our folder in its environment.
        mark = f"XDG_STATE_HOME={self.state}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # gone, or somebody else's
            if is_ours:
                os.kill(int(entry.name), signal.SIGKILL)

    def _run(self, *words: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        log = self.folder / f"{Path(words[0]).name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                words, cwd=self.folder, env=self._env, stdout=file, stderr=file, pass_fds=pass_fds
            )
        self._processes.append(process)
        return process

    def _ask(self, *words: str) -> bytes:
        done = subprocess.run(words, env=self._env, capture_output=True, timeout=30, check=False)
        return done.stdout

    def _is_managed(self) -> bool:
        # Only a window manager knows how many desktops there are.
        return self._ask("xdotool", "get_num_desktops").strip() not in (b"", b"0")

    # ---- what a person does ----

    def key(self, *keys: str) -> None:
        """Press keys one after the other, named as xdotool does: ctrl+Return."""
        self._ask("xdotool", "key", "--delay", "40", *keys)

    def insist(self, key: str, title: str) -> None:
        """Press a key again and again until there is a window of that title."""

        def is_there() -> bool:
            self.key(key)
            end = time.monotonic() + 2.0
            while time.monotonic() < end and not self.has_title(title):
                time.sleep(_LOOK_S)
            return self.has_title(title)

        self.until(is_there, f"the window “{title}”")

    def write(self, text: str) -> None:
        """Type a text over what is chosen."""
        self._ask("xdotool", "type", "--delay", "8", text)

    def click(self, x: int, y: int) -> None:
        """Click at a place of the screen."""
        self._ask("xdotool", "mousemove", "--sync", str(x), str(y), "sleep", "0.1", "click", "1")

    def answer(self, title: str, text: str) -> None:
        """Type a text into the dialog of that title, and accept it."""
        self.until(lambda: self.title() == title, f"the dialog “{title}”")
        self.key("ctrl+a")
        self.write(text)
        self.key("Return")
        self.until(lambda: self.title() != title, f"the end of the dialog “{title}”")

    # ---- what a person sees ----

    def title(self) -> str:
        """Return the title of the window that has the keyboard, or ""."""
        return self._ask("xdotool", "getactivewindow", "getwindowname").decode().strip()

    def has_title(self, title: str) -> bool:
        """Return whether the keyboard is in the window of that title."""
        return self.title() == title

    def look(self) -> Pixels:
        """Return the whole screen, height x width x RGB."""
        with Image.open(io.BytesIO(self._ask("import", "-window", "root", "png:-"))) as picture:
            return np.asarray(picture.convert("RGB"))

    def until(self, true: Callable[[], Any], what: str, patience_s: float = _PATIENCE_S) -> None:
        """Wait for something; a picture of the screen is left if it does not come."""
        end = time.monotonic() + patience_s
        while not true():
            if self.studio is not None:
                assert self.studio.poll() is None, f"the studio ended while we waited for {what}"
            if time.monotonic() > end:
                picture = self.folder / "failed.png"
                Image.fromarray(self.look()).save(picture)
                raise AssertionError(f"waited in vain for {what}; the screen is in {picture}")
            time.sleep(_LOOK_S)

    # ---- what is on the disk ----

    def journal(self) -> Path | None:
        """Return the journal of the open painting."""
        found = sorted(self.journals.glob("*.journal"), key=lambda path: path.stat().st_mtime_ns)
        return found[-1] if found else None

    def document(self) -> Document | None:
        """Return the open painting as a crash would leave it, read by who reads what crashes leave."""
        journal = self.journal()
        if journal is None:
            return None
        copies = self.folder / "copies"  # nobody holds a copy
        copies.mkdir(exist_ok=True)
        copy = copies / "one.journal"
        copy.write_bytes(journal.read_bytes())
        (leftover,) = find_leftovers(copies)
        assert leftover.problem == ""
        return leftover.document

    def strokes(self) -> list[Stroke]:
        """Return the strokes of the open painting."""
        document = self.document()
        return [] if document is None else document.strokes

    def is_quiet(self, seconds: float) -> bool:
        """Watch the journal so long; return whether nothing was written."""
        journal = self.journal()
        assert journal is not None
        before = journal.stat().st_size
        time.sleep(seconds)
        return journal.stat().st_size == before
