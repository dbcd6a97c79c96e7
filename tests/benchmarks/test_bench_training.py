"""The benchmark of training runs and can be missed; what it measures is no test's business."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in (("OMP_NUM_THREADS", "1"), ("RAY_worker_niceness", "0")):
        monkeypatch.setenv(name, value)  # the script sets them for itself; take them back afterwards
    monkeypatch.delenv("SPIRAL_DATA", raising=False)
    path = Path(__file__).with_name("bench_training.py")
    spec = importlib.util.spec_from_file_location("bench_training", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_training", module)
    spec.loader.exec_module(module)
    return module


def test_every_training_of_ours_runs_in_a_process_of_its_own(
    bench: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(["--quick", "--arms", "local", "critic"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("frames per CPU s") == 2
    assert "random drawings" in printed


@pytest.mark.parametrize(("rate", "words", "kept"), [(1000.0, "kept", True), (999.0, "MISSED", False)])
def test_a_goal_is_kept_or_missed(
    bench: ModuleType, capsys: pytest.CaptureFixture[str], rate: float, words: str, kept: bool
) -> None:
    def done(rate: float) -> object:
        process = object.__new__(bench.Process)
        process.turns = [bench.Turn(int(rate), 1.0, 2.0)]
        return process

    goal = bench.Goal("local", "single", 2.5)
    processes = {"local": done(rate), "single": done(400.0)}
    assert bench.report(processes, (goal,), is_judged=True) is kept
    assert words in capsys.readouterr().out


def test_without_rllib_it_says_how_to_get_it(
    bench: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    assert bench.main(["--quick"]) == 1
    assert "pip install" in capsys.readouterr().out


def test_a_training_that_fails_is_said_with_its_words(bench: ModuleType) -> None:
    with pytest.raises(SystemExit, match="invalid choice"):
        bench.Process("none", ["--quick"])
