"""The command `spiral-gui`: says that the desktop studio is yet to come."""

from __future__ import annotations

import sys


def main() -> int:
    """Say where the studio is and what to use today; return exit code 2."""
    sys.stderr.write(
        "spiral-gui: the desktop studio is not part of this release yet; paint with `spiral paint PHOTO`.\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
