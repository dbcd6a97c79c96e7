"""The benchmark of the agent runs; what it measures is no test's business."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_it_runs() -> None:
    script = Path(__file__).with_name("bench_agent.py")
    run = subprocess.run([sys.executable, str(script), "--quick"], capture_output=True, text=True, check=True)
    for line in ("G1 agent", "G2   0 climbing steps", "G3 whole search x 0.02: the agent MSE"):
        assert line in run.stdout
