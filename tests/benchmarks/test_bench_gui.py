"""The benchmark of the window runs; what it measures is no test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_it_runs() -> None:
    script = Path(__file__).with_name("bench_gui.py")
    run = subprocess.run(
        [sys.executable, str(script), "--quick"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    for line in (
        "CPU s to the first paint",
        "painting, a picture's way",
        "scrub: window busy",
        "click: window busy",
    ):
        assert line in run.stdout
