from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gui.session.runs import Run, RunsFolder, RunState, sample_frames, sample_path
from spiral_core.training.run_folder import RunFolder

CONFIG = "[[phase]]\nframes = 1000\n"


def made(path: Path) -> RunFolder:
    return RunFolder.create(path, config_text=CONFIG, seed=5, command=["spiral", "train"])


def looked(folder: RunsFolder) -> dict[str, Run]:
    while not folder.poll():
        pass
    return {run.name: run for run in folder.newest_first()}


def test_a_missing_folder_has_no_runs_and_may_come(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path / "runs")
    assert looked(folder) == {}
    with made(tmp_path / "runs" / "a"):
        assert list(looked(folder)) == ["a"]


def test_a_run_is_told_as_it_goes(tmp_path: Path) -> None:
    folder = RunsFolder(tmp_path)
    with made(tmp_path / "deep" / "a") as run:
        told = looked(folder)["deep/a"]
        assert (told.state, told.frames, told.seed) == (RunState.RUNNING, 0, 5)
        run.log(200, {"phase": "p", "minutes": 1.0, "score": 0.5})
        run.log(320, {"phase": "p", "minutes": 2.0})
        told = looked(folder)["deep/a"]
        assert (told.frames, told.score, told.phase, told.total) == (320, 0.5, "p", 1000)
        assert told.frames_per_second == pytest.approx(2)
        assert told.seconds_left == pytest.approx(340)
    told = looked(folder)["deep/a"]
    assert (told.state, told.holder, told.seconds_left) == (RunState.STOPPED, None, None)
    (tmp_path / "deep" / "a" / "card.json").write_text("{}")
    assert looked(folder)["deep/a"].state is RunState.FINISHED


def test_the_newest_comes_first(tmp_path: Path) -> None:
    for name, year in (("b", 2024), ("a", 2025), ("c", 2023)):
        made(tmp_path / name).close()
        about = tmp_path / name / "run.json"
        text = about.read_text()
        began = text.partition('"time": "')[2][:4]
        about.write_text(text.replace(f'"time": "{began}', f'"time": "{year}'))
    assert list(looked(RunsFolder(tmp_path))) == ["a", "b", "c"]


def test_a_broken_run_says_why_and_stops_nothing(tmp_path: Path) -> None:
    for name in ("a", "half", "lines", "noconfig"):
        made(tmp_path / name).close()
    (tmp_path / "half" / "run.json").write_text('{"format": 1, "comm')
    (tmp_path / "lines" / "metrics.jsonl").write_text("nonsense\n")
    (tmp_path / "noconfig" / "config.toml").unlink()
    runs = looked(RunsFolder(tmp_path))
    assert runs["a"].state is RunState.STOPPED
    for name, told in (("half", "run.json"), ("lines", "no JSON"), ("noconfig", "is missing")):
        assert runs[name].state is RunState.BROKEN
        assert told in runs[name].problem


def test_a_broken_run_that_was_mended_is_whole_again(tmp_path: Path) -> None:
    made(tmp_path / "a").close()
    config = tmp_path / "a" / "config.toml"
    config.unlink()
    folder = RunsFolder(tmp_path)
    assert looked(folder)["a"].state is RunState.BROKEN
    config.write_text(CONFIG)
    assert looked(folder)["a"].state is RunState.STOPPED


def test_a_run_that_is_removed_goes(tmp_path: Path) -> None:
    made(tmp_path / "a").close()
    made(tmp_path / "b").close()
    folder = RunsFolder(tmp_path)
    assert set(looked(folder)) == {"a", "b"}
    shutil.rmtree(tmp_path / "a")
    assert set(looked(folder)) == {"b"}


def test_a_round_goes_on_where_its_time_was_up(tmp_path: Path) -> None:
    for number in range(5):
        made(tmp_path / f"run{number}").close()
    folder = RunsFolder(tmp_path)
    polls = 1
    while not folder.poll(seconds=0):
        polls += 1
        assert len(folder.runs) < 6
    assert polls > 5
    assert len(folder.runs) == 5


def test_all_sheets_are_found_and_drafts_are_none(tmp_path: Path) -> None:
    with made(tmp_path / "a") as run:
        assert sample_frames(run.path) == []
        pictures = np.zeros((1, 4, 4, 3), np.uint8)
        written = [run.save_samples(frames, pictures) for frames in (20, 5, 1_234_567_890)]
        (run.path / "samples" / ".000000007.part.png").write_text("")
        assert sample_frames(run.path) == [5, 20, 1_234_567_890]
        assert {sample_path(run.path, frames) for frames in (5, 20, 1_234_567_890)} == set(written)


def test_watching_runs_needs_neither_torch_nor_qt() -> None:
    code = (
        "import sys, gui.session.runs, gui.processes.training\n"
        "print([name for name in ('torch', 'PyQt6', 'adapters.mypaint') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
