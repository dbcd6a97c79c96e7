"""The benchmark of the painter runs, and its bounds can be missed; what it measures is no test's business."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the script sets them for itself; take them back afterwards
    path = Path(__file__).with_name("bench_painter.py")
    spec = importlib.util.spec_from_file_location("bench_painter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_painter", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("part", "printed"),
    [
        (
            "table",
            ["16 px, 2 strokes", "32 px, 10 strokes, opaque, 12 paints", "first stroke", "goal not met"],
        ),
        ("proposals", ["random", "heuristic", "agent", "candidates the agent needs"]),
        ("large", ["a photo of 120 x 90 with 10 strokes", "peak memory", "4096 px"]),
    ],
)
def test_every_part_runs(
    bench: ModuleType, capsys: pytest.CaptureFixture[str], part: str, printed: list[str]
) -> None:
    assert bench.main(["--quick", "--part", part]) in (0, 1)
    text = capsys.readouterr().out
    for words in printed:
        assert words in text


def test_few_strokes_miss_the_bounds(bench: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--quick", "--part", "table"]) == 1
    assert "MISSED 16 px, 2 strokes, error" in capsys.readouterr().out


def test_targets_are_those_of_the_protocol(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for photo, size in bench.HASHES:
        assert bench.target_of(photo, size).shape == (size, size, 3)
    monkeypatch.setitem(bench.HASHES, ("coffee", 128), "0" * 16)
    with pytest.raises(SystemExit, match="another photo"):
        bench.target_of("coffee", 128)


def test_what_is_scored_is_the_written_program(bench: ModuleType) -> None:
    target = bench.target_of("chelsea", 16)
    painter = bench.Painter(target, bench.PaintOptions(strokes=3, threads=1), bench.mypaint_planning)
    for _ in painter.run():
        pass
    program = painter.program()
    assert bench.written(program) == program
    assert not np.array_equal(bench.picture_of(program, 16), bench.picture_of(program.with_strokes(()), 16))
