"""The journal: every edit of an open painting on disk at once, so that no stroke that was seen is ever lost.

A journal is a file of JSON lines: first the painting as it was opened, then every edit. A line reaches the
operating system before the edit is shown, so that it outlives this process however that ends; `sync` brings
it to the disk as well. The window that owns a journal holds a lock, which the kernel lets go of when the
process dies: what can be locked was left behind by a crash. Whatever is wrong in a journal costs its tail at
most.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gui.session.document import Document
from gui.session.edits import Edit, Replace, edit_fields, edit_from_fields
from gui.session.settings import state_folder
from spiral_core.errors import OutputError, ProgramFileError, SpiralError
from spiral_core.files import make_folder
from spiral_core.program import Color, PaintingProgram
from spiral_core.program_file import program_from_json, program_to_json

FORMAT: Final = "spiral-journal"
VERSION: Final = 1
SUFFIX: Final = ".journal"


def journals_folder() -> Path:
    """Return where this person's journals lie."""
    return state_folder() / "journals"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A journal that nobody holds: a crash left it.

    Attributes:
        path: The file.
        document: What it holds, or None if it cannot be read.
        changed: When it was last written, in seconds since 1970.
        problem: What is wrong with it, or "".
    """

    path: Path
    document: Document | None
    changed: float
    problem: str


class Journal:
    """The journal of one open painting.

    Args:
        folder: Where journals lie; made if missing.
        document: The painting as it is now; later edits are told by `log`.

    Raises:
        OutputError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, document: Document) -> None:
        make_folder(folder)
        self.path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{time.monotonic_ns()}{SUFFIX}"
        try:
            self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self._is_synced = True
        self._write(_head(document))

    def log(self, edit: Edit) -> None:
        """Write an edit; it is safe from a crash of this process when this returns.

        Raises:
            OutputError: The disk is full or gone.
        """
        self._write({"edit": edit_fields(edit)})

    def set_background(self, background: Color) -> None:
        """Write that the bare canvas has another colour.

        Raises:
            OutputError: The disk is full or gone.
        """
        self._write({"background": background})

    def set_photo(self, photo: Path) -> None:
        """Write that the painting is after another photo.

        Raises:
            OutputError: The disk is full or gone.
        """
        self._write({"photo": os.fspath(photo)})

    def sync(self) -> None:
        """Bring what was written to the disk; may take long, so it is for a thread of its own."""
        file = self._file
        if not self._is_synced and file >= 0:
            self._is_synced = True
            with contextlib.suppress(OSError):  # closed meanwhile by the thread that writes
                os.fsync(file)

    def discard(self) -> None:
        """Take the journal off the disk: the painting was saved, or is not wanted."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the file; it stays on the disk."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, fields: dict[str, Any]) -> None:
        line = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self._is_synced = False


def find_leftovers(folder: Path) -> list[Leftover]:
    """Return the journals that a crash left, newest first; broken ones are told, never raised."""
    leftovers = []
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError as error:
            leftovers.append(Leftover(path, None, 0.0, f"cannot be read: {error.strerror}"))
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            changed = os.fstat(file).st_mtime
            with os.fdopen(os.dup(file), "rb") as content:
                leftovers.append(_read(path, content.read(), changed))
        except BlockingIOError:
            pass  # another window has it open
        except OSError as error:
            leftovers.append(Leftover(path, None, 0.0, f"cannot be read: {error.strerror}"))
        finally:
            os.close(file)
    return sorted(leftovers, key=lambda leftover: leftover.changed, reverse=True)


def _head(document: Document) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "photo": None if document.photo is None else os.fspath(document.photo),
        "program": program_to_json(document.program().with_strokes(())),
        "start": edit_fields(Replace(tuple(document.strokes))),
    }


def _read(path: Path, content: bytes, changed: float) -> Leftover:
    lines = content.split(b"\n")
    try:
        document = _opened(json.loads(lines[0]))
    except (SpiralError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Leftover(path, None, changed, f"is no journal: {error}")
    # What follows the last line's end was never whole: its edit was not shown either.
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            _follow(document, json.loads(line), f"line {number}")
        except (SpiralError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            return Leftover(path, document, changed, f"broken from line {number} on: {error}")
    return Leftover(path, document, changed, "")


def _follow(document: Document, fields: dict[str, Any], where: str) -> None:
    if "background" in fields:
        document.background = PaintingProgram(background=fields["background"]).background
    elif "photo" in fields:
        document.photo = Path(fields["photo"])
    else:
        document.apply(edit_from_fields(fields["edit"], where=where))


def _opened(head: dict[str, Any]) -> Document:
    if head["format"] != FORMAT or head["version"] != VERSION:
        raise ProgramFileError(f"format {head['format']!r}, version {head['version']!r}")
    program = program_from_json(head["program"])
    if not isinstance(program, PaintingProgram):
        raise ProgramFileError("holds a scene")
    photo = head["photo"]
    document = Document.of(program, None if photo is None else Path(photo))
    document.apply(edit_from_fields(head["start"], where="start"))
    return document
