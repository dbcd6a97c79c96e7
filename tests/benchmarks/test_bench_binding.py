"""The benchmark of the binding runs; what it measures is no test's business."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def test_it_runs_and_compares_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location(
        "bench_binding", Path(__file__).with_name("bench_binding.py")
    )
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    assert bench.main(["--quick"]) in (0, 1)
    printed = capsys.readouterr().out
    assert "MISSED classic/dry_brush at 64 px, pictures agree" not in printed
    assert printed.count("pictures agree within 2/255: 1.00") == 3
    assert "two threads" in printed
