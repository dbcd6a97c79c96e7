"""The committed stub of the compiled module says what the build says.

When the native code changes its face: `.venv/bin/python -m nanobind.stubgen -m adapters.mypaint._native
-o adapters/mypaint/_native.pyi` (one line), and look at the difference.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STUB = Path(__file__).parents[2] / "adapters" / "mypaint" / "_native.pyi"


def test_the_stub_does_not_drift(tmp_path: Path) -> None:
    fresh = tmp_path / "_native.pyi"
    command = [
        sys.executable,
        "-m",
        "nanobind.stubgen",
        "-q",
        "-m",
        "adapters.mypaint._native",
        "-o",
        str(fresh),
    ]
    subprocess.run(command, check=True)
    assert STUB.read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8"), __doc__
