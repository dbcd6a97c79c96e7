"""Where the studio keeps what outlives it, by the XDG base directory rules."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """Return the folder for logs and journals."""
    return _base("XDG_STATE_HOME", ".local/state") / "spiral-studio"


def settings_file() -> Path:
    """Return the file of settings: recent files, layout, theme."""
    return _base("XDG_CONFIG_HOME", ".config") / "spiral-studio" / "studio.ini"


def cache_folder() -> Path:
    """Return the folder for what can be made again at any time."""
    return _base("XDG_CACHE_HOME", ".cache") / "spiral-studio"


def runs_folder() -> Path:
    """Return where runs are looked for: `runs` where the studio was started, as `spiral train` does."""
    return Path.cwd() / "runs"


def _base(variable: str, default: str) -> Path:
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / default
