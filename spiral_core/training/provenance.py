"""Where a run comes from: versions, git revision, machine. What one needs to do it again."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from spiral_core import __version__

_ROOT = Path(__file__).resolve().parents[2]


def provenance() -> dict[str, Any]:
    """Return the time, the versions, the git revision and the machine of this process, for a JSON file."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": _git(),
        "versions": {
            "spiral-studio": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in ("torch", "numpy")},
        },
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Return the revision of our own checkout and whether tracked files differ from it; None without git."""
    git = shutil.which("git")
    if git is None or not (_ROOT / ".git").exists():
        return None

    def ask(*words: str) -> str:
        run = subprocess.run(  # noqa: S603
            [git, "-C", str(_ROOT), *words], capture_output=True, text=True, timeout=30, check=True
        )
        return run.stdout.strip()

    try:
        return {
            "revision": ask("rev-parse", "HEAD"),
            "is_dirty": bool(ask("status", "--porcelain", "--untracked-files=no")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
