"""Puts the studio into the menus of a Linux desktop, and takes it out again."""

from __future__ import annotations

import sysconfig
from importlib import resources
from pathlib import Path

from gui.desktop import APPLICATION_ID
from spiral_core.errors import OutputError
from spiral_core.files import make_folder, write_atomic

_PLACES = {
    f"{APPLICATION_ID}.desktop": "share/applications",
    f"{APPLICATION_ID}.svg": "share/icons/hicolor/scalable/apps",
    f"{APPLICATION_ID}.metainfo.xml": "share/metainfo",
}
_HOME = Path("~/.local")


def install(prefix: Path = _HOME) -> list[Path]:
    """Write menu entry, icon and description below a prefix and return their paths.

    The entry starts the studio of the environment that runs now, wherever it is.

    Raises:
        OutputError: This environment has no `spiral-gui`, or a place cannot be written to.
    """
    command = studio_command()
    if not command.is_file():
        raise OutputError(
            f"{command}: is not there, so a menu entry would start nothing; install the studio into this"
            " environment first"
        )
    written = []
    for name, path in _paths(prefix).items():
        content = (resources.files("gui.desktop") / name).read_text(encoding="utf-8")
        if name.endswith(".desktop"):
            content = content.replace("Exec=spiral-gui ", f"Exec={exec_word(str(command))} ")
        make_folder(path.parent)
        write_atomic(path, content)
        written.append(path)
    return written


def uninstall(prefix: Path = _HOME) -> list[Path]:
    """Remove what `install` wrote below a prefix and return what was there; folders stay, others use them.

    Raises:
        OutputError: A file cannot be removed.
    """
    removed = []
    for path in _paths(prefix).values():
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"{path}: cannot be removed: {error.strerror or error}") from error
        removed.append(path)
    return removed


def studio_command() -> Path:
    """Return where this environment keeps the command `spiral-gui`."""
    return Path(sysconfig.get_path("scripts")) / "spiral-gui"


def exec_word(text: str) -> str:
    r"""Return a path as one word of a desktop entry's Exec line.

    Two rules lie on top of each other: a word in quotes takes a backslash before `"`, backquote, `$` and the
    backslash itself; then the line, like all strings of the file, takes every backslash twice. `%` begins a
    code such as %F, so it is doubled. <https://specifications.freedesktop.org/desktop-entry-spec/latest/>
    """
    quoted = "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in text)
    return '"' + quoted.replace("\\", "\\\\").replace("%", "%%") + '"'


def _paths(prefix: Path) -> dict[str, Path]:
    root = prefix.expanduser().absolute()
    return {name: root / place / name for name, place in _PLACES.items()}
