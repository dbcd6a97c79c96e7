from __future__ import annotations

import os
from pathlib import Path

import pytest

from spiral_core.errors import RunError
from spiral_core.training.run_folder import RunFolder
from spiral_core.training.run_record import find_runs, read_metrics, read_run


def test_a_run_can_be_read_while_it_is_training(run: RunFolder) -> None:
    run.log(10, {"score": 0.5, "phase": "first"})
    run.log(20, {"score": None})
    record = read_run(run.path)
    assert record.rows == [{"frames": 10, "score": 0.5, "phase": "first"}, {"frames": 20, "score": None}]
    assert (record.last("score"), record.last("frames"), record.last("other")) == (0.5, 20, None)
    assert (record.running, record.is_finished, record.seed) == (f"process {os.getpid()}", False, 3)
    run.save_agent({}, {}, {})
    run.close()
    record = read_run(run.path)
    assert (record.running, record.is_finished) == (None, True)


def test_only_the_end_of_long_metrics_is_read(run: RunFolder) -> None:
    for frames in range(100):
        run.log(frames, {"score": 1})
    line = len('{"frames": 99, "score": 1}\n')
    assert [row["frames"] for row in read_run(run.path, last_bytes=2 * line + 1).rows] == [98, 99]
    assert len(read_run(run.path, last_bytes=10**6).rows) == 100


def test_a_line_in_the_making_is_left_out_and_a_broken_one_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"frames": 1}\n{"fra')
    assert read_metrics(path) == [{"frames": 1}]
    path.write_text('{"frames": 1}\n{"fra\n')
    with pytest.raises(RunError, match=r"metrics\.jsonl: line 2: "):
        read_metrics(path)
    path.write_text('{"score": 1}\n')
    with pytest.raises(RunError, match="line 1: must be a table with a whole number of frames"):
        read_metrics(path)


def test_runs_of_one_recipe_differ_in_seeds_alone(tmp_path: Path) -> None:
    texts = ["seed = 1\n[a]\nb = 2\nseed = 3\n", "seed = 7\n[a]\nseed = 4\nb = 2\n", "seed = 1\n[a]\nb = 3\n"]
    recipes = []
    for number, text in enumerate(texts):
        RunFolder.create(tmp_path / str(number), config_text=text, seed=number, command=[]).close()
        recipes.append(read_run(tmp_path / str(number)).recipe)
    assert recipes[0] == recipes[1] != recipes[2]


def test_runs_are_found_at_any_depth(tmp_path: Path) -> None:
    for name in ("b", "a/x", "a/y"):
        RunFolder.create(tmp_path / name, config_text="", seed=0, command=[]).close()
    assert find_runs(tmp_path) == [tmp_path / "a/x", tmp_path / "a/y", tmp_path / "b"]
    assert find_runs(tmp_path / "b") == [tmp_path / "b"]
    with pytest.raises(RunError, match="no such folder"):
        find_runs(tmp_path / "c")


def test_a_broken_description_is_named(run: RunFolder) -> None:
    path = run.path / "run.json"
    for text, message in (
        ("{", "run.json: cannot be read"),
        ("[]", "must be a table"),
        ('{"format": 2}', "format: 2, must be 1"),
        ('{"format": 1, "command": []}', "seed: None, must be a int"),
    ):
        path.write_text(text)
        with pytest.raises(RunError, match=message):
            read_run(run.path)
