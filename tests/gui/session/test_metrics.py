from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from gui.session.metrics import MetricsTail, RunHistory


def line(frames: int, **values: object) -> str:
    return json.dumps({"frames": frames, **values}) + "\n"


def read_all(tail: MetricsTail) -> list[int]:
    frames = []
    while True:
        reading = tail.read()
        frames += [row["frames"] for row in reading.rows]
        if reading.is_all:
            return frames


def test_only_new_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1) + line(2))
    tail = MetricsTail(path)
    assert read_all(tail) == [1, 2]
    assert read_all(tail) == []
    with path.open("a") as file:
        file.write(line(3))
    assert read_all(tail) == [3]


def test_a_half_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    whole = line(2, score=0.5)
    path.write_text(line(1) + whole[:9])
    tail = MetricsTail(path)
    assert read_all(tail) == [1]
    path.write_text(line(1) + whole)
    assert read_all(tail) == [2]
    assert tail.problem == ""


@pytest.mark.parametrize("grown", [0, 50])
def test_a_rewound_file_is_read_anew(tmp_path: Path, grown: int) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(line(i, score=0.1) for i in range(10)))
    history = RunHistory(path)
    assert history.read()
    inode = path.stat().st_ino
    # As a resume does: the same file, cut back, and perhaps grown past its old end before anybody looks.
    with path.open("r+") as file:
        file.truncate(len("".join(line(i, score=0.1) for i in range(4))))
        file.seek(0, os.SEEK_END)
        file.write("".join(line(i, score=0.2) for i in range(4, 4 + grown)))
    assert path.stat().st_ino == inode
    assert history.read()
    frames, values = history.series("score")
    assert frames.tolist() == list(range(4 + grown))
    assert values.tolist() == [0.1] * 4 + [0.2] * grown


def test_a_file_may_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    history = RunHistory(path)
    assert history.read()
    assert history.names() == []
    path.write_text(line(1, score=1.0))
    history.read()
    assert history.series("score")[1].tolist() == [1.0]
    path.unlink()
    assert history.read()
    assert history.names() == []
    path.write_text(line(7, score=2.0))
    history.read()
    assert history.series("score")[0].tolist() == [7.0]


def test_the_end_of_a_long_file_is_enough_for_the_list(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(line(i) for i in range(1000)))
    frames = read_all(MetricsTail(path, last_bytes=100))
    assert frames == list(range(frames[0], 1000))
    assert 0 < len(frames) < 12


def test_a_file_cut_back_before_its_end_was_a_line_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1) + "x" * 500)
    tail = MetricsTail(path, last_bytes=100)
    assert read_all(tail) == []
    os.truncate(path, len(line(1)))
    assert read_all(tail) == [1]


def test_a_long_file_comes_in_pieces_that_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    row = line(1, **{f"value{i}": 0.123456789 for i in range(30)})
    path.write_text(row * 2000)
    history = RunHistory(path)
    pieces, longest = 1, 0.0
    while True:
        before = time.process_time()
        is_all = history.read()
        longest = max(longest, time.process_time() - before)
        if is_all:
            break
        pieces += 1
    assert pieces > 10
    assert longest < 0.05
    assert len(history.series("value0")[0]) == 2000


@pytest.mark.parametrize("broken", ["{nonsense}\n", "[1]\n", '{"frames": "many"}\n'])
def test_a_broken_line_is_told_and_passed_over(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1) + broken + line(3))
    tail = MetricsTail(path)
    assert read_all(tail) == [1, 3]
    assert str(path) in tail.problem


def test_texts_and_nothings_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1, phase="a", score=None, error=0.5) + line(2, score=0.25))
    history = RunHistory(path)
    history.read()
    assert history.names() == ["error", "score"]
    np.testing.assert_array_equal(history.series("score")[0], [2.0])
