"""The benchmark of the engines runs; what it measures is no test's business."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def test_it_runs_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location(
        "bench_engines", Path(__file__).with_name("bench_engines.py")
    )
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    assert bench.main(["--quick", "--engines", "local", "process"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("batches/s") == 2
