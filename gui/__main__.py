"""The command `spiral-gui`: the desktop studio.

PyQt6 is imported only once it is known to be there, so that its absence is one clear line.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from gui.desktop.install import install, uninstall
from spiral_core.errors import SpiralError


def main(arguments: list[str] | None = None) -> int:
    """Open the studio; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="spiral-gui",
        description="The desktop studio: an agent paints your photos, stroke by stroke.",
        epilog="examples:\n  spiral-gui holiday.jpg\n  spiral-gui painting/program.json\n"
        "  spiral-gui --screenshot pictures",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="a photo or a program file (.json)"
    )
    parser.add_argument(
        "--screenshot",
        metavar="DIR",
        type=Path,
        help="write a picture of each page, light and dark, at 1x and 2x, without a screen, and end",
    )
    parser.add_argument(
        "--install-desktop",
        action="store_true",
        help="put the studio into the menu of this desktop (below ~/.local), and end",
    )
    parser.add_argument("--uninstall-desktop", action="store_true", help="take it out of there, and end")
    chosen = parser.parse_args(arguments)
    if chosen.install_desktop or chosen.uninstall_desktop:
        return _change_desktop(is_installed=chosen.install_desktop)
    if find_spec("PyQt6") is None:
        sys.stderr.write("spiral-gui: the window needs PyQt6; run `make gui`, or pip install -e '.[gui]'\n")
        return 2
    if chosen.screenshot is not None:
        from gui.screenshot import take_screenshots

        return take_screenshots(chosen.screenshot)
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        sys.stderr.write("spiral-gui: there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set)\n")
        return 2
    from gui.application import run

    return run(chosen.file)


def _change_desktop(*, is_installed: bool) -> int:
    try:
        paths = install() if is_installed else uninstall()
    except SpiralError as error:
        sys.stderr.write(f"spiral-gui: {error}\n")
        return 2
    for path in paths:
        sys.stdout.write(f"{'wrote' if is_installed else 'removed'} {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
