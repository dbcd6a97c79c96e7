from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spiral_core.agent.weights import load_weights
from spiral_core.errors import OutputError, RunError
from spiral_core.training.run_folder import RunFolder

pytest.importorskip("torch")

Weights = dict[str, dict[str, np.ndarray[Any, Any]]]


def lines(run: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]


def test_a_new_run_says_what_it_is(run: RunFolder) -> None:
    about = json.loads((run.path / "run.json").read_text())
    assert about["command"] == ["spiral", "train", "a.toml"]
    assert about["seed"] == 3
    assert set(about["created"]) == {"time", "git", "versions", "machine"}
    assert set(about["created"]["versions"]) == {"spiral-studio", "python", "torch", "numpy"}
    assert about["resumed"] == []
    assert (run.path / "config.toml").read_text() == "seed = 3\n"


def test_a_folder_that_holds_a_run_is_refused(run: RunFolder) -> None:
    run.close()
    with pytest.raises(RunError, match=rf"{run.path}: holds a run already.*: spiral resume {run.path}$"):
        RunFolder.create(run.path, config_text="", seed=0, command=[])


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(RunError, match=r"is not empty, it holds thesis\.txt"):
        RunFolder.create(tmp_path, config_text="", seed=0, command=[])
    with pytest.raises(RunError, match=r"thesis\.txt: is there already and is no folder"):
        RunFolder.create(tmp_path / "thesis.txt", config_text="", seed=0, command=[])


def test_a_folder_whose_making_was_interrupted_is_taken(run: RunFolder) -> None:
    run.close()
    for path in (run.path / "run.json", run.path / "metrics.jsonl"):
        path.unlink()
    RunFolder.create(run.path, config_text="", seed=0, command=[]).close()


@pytest.mark.parametrize(
    ("missing", "message"),
    [("run.json", "holds no run: run.json is missing"), ("config.toml", "config.toml: is missing")],
)
def test_opening_says_what_is_missing(run: RunFolder, missing: str, message: str) -> None:
    run.close()
    (run.path / missing).unlink()
    with pytest.raises(RunError, match=message):
        RunFolder.open(run.path)
    (run.path / missing).touch()  # and it is not locked for good by the failure
    with pytest.raises(RunError, match="no such folder"):
        RunFolder.open(run.path / "nowhere")


def test_metrics_are_lines_of_json(run: RunFolder) -> None:
    numpy_values: dict[str, Any] = {"score": np.float32(0.5), "steps": np.int64(3)}
    run.log(10, {**numpy_values, "phase": "first", "odd": float("nan")})
    run.log(20, {"nothing": None, "large": float("inf"), "flag": True})
    assert lines(run) == [
        {"frames": 10, "score": 0.5, "steps": 3, "phase": "first", "odd": None},
        {"frames": 20, "nothing": None, "large": None, "flag": True},
    ]
    with pytest.raises(RunError, match=r"metrics: list: \[1\], must be a number, a text or None"):
        run.log(30, {"list": [1]})  # type: ignore[dict-item]
    with pytest.raises(RunError, match="metrics: 'frames'"):
        run.log(30, {"frames": 1})
    assert len(lines(run)) == 2


def test_numbers_go_to_tensorboard(
    run: RunFolder, read_events: Callable[[Path], dict[str, dict[int, float]]]
) -> None:
    run.log(10, {"score": 0.5, "entropy.end": 2, "phase": "first", "odd": float("nan")})
    run.log(20, {"score": 0.75})
    run.close()
    assert read_events(run.path / "events") == {"score": {10: 0.5, 20: 0.75}, "entropy/end": {10: 2}}


def test_a_full_disk_leaves_whole_lines(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.log(10, {"score": 1})
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, raw: write(file, raw[:7]))
    with pytest.raises(OutputError, match=r"metrics.jsonl: cannot be written: the disk is full"):
        run.log(20, {"score": 2})
    monkeypatch.undo()
    run.log(20, {"score": 2})
    assert [line["frames"] for line in lines(run)] == [10, 20]


def test_a_checkpoint_comes_back_as_it_was(run: RunFolder, weights: Weights) -> None:
    assert run.load_checkpoint() is None
    run.log(10, {"score": 1})
    run.save_checkpoint(10, weights, {"policy": {"kind": "light"}}, {"steps": 1}, is_best=True)
    length = (run.path / "metrics.jsonl").stat().st_size
    run.log(20, {"score": 1})
    run.close()
    with RunFolder.open(run.path) as again:
        checkpoint = again.load_checkpoint()
        assert (again.seed, again.config_text) == (3, "seed = 3\n")
    assert checkpoint is not None
    assert (checkpoint.frames, checkpoint.position.metrics_bytes) == (10, length)
    assert checkpoint.metadata == {"policy": {"kind": "light"}, "critic": {}}
    assert checkpoint.weights["policy"]["a.weight"].tolist() == weights["policy"]["a.weight"].tolist()
    assert (checkpoint.state, checkpoint.is_best, checkpoint.warnings) == ({"steps": 1}, True, ())
    assert (run.path / "latest").read_text() == "000000010\n"


def test_the_newest_few_and_the_best_checkpoint_are_kept(run: RunFolder, weights: Weights) -> None:
    for frames in (10, 20, 30, 40, 50):
        run.save_checkpoint(frames, weights, {}, {}, is_best=frames in (10, 20))
    kept = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    assert kept == ["000000020", "000000040", "000000050"]


def test_a_rewound_run_continues_without_doubles(
    run: RunFolder, weights: Weights, read_events: Callable[[Path], dict[str, dict[int, float]]]
) -> None:
    image = np.zeros((1, 8, 8, 3), np.uint8)
    for frames in (10, 20, 30):
        run.log(frames, {"score": frames})
        run.save_samples(frames, image)
        if frames == 20:
            run.save_checkpoint(frames, weights, {}, {})
    run.close()
    with RunFolder.open(run.path) as again:
        checkpoint = again.load_checkpoint()
        assert checkpoint is not None
        again.rewind(checkpoint.position)
        assert [line["frames"] for line in lines(run)] == [10, 20]
        assert sorted(path.name for path in (run.path / "samples").iterdir()) == [
            "000000010.png",
            "000000020.png",
        ]
        for frames in (30, 40):
            again.log(frames, {"score": -frames})
    assert [line["score"] for line in lines(run)] == [10, 20, -30, -40]
    assert read_events(run.path / "events") == {"score": {10: 10, 20: 20, 30: -30, 40: -40}}
    resumed = json.loads((run.path / "run.json").read_text())["resumed"]
    assert [entry["frames"] for entry in resumed] == [20]


def test_a_run_without_a_checkpoint_begins_anew(
    run: RunFolder, read_events: Callable[[Path], dict[str, dict[int, float]]]
) -> None:
    run.log(10, {"score": 1})
    run.close()
    with RunFolder.open(run.path) as again:
        assert again.load_checkpoint() is None
        again.rewind(None)
        assert lines(again) == []
        again.log(10, {"score": 2})
    assert read_events(run.path / "events") == {"score": {10: 2}}


def test_lost_metrics_are_a_warning(run: RunFolder, weights: Weights) -> None:
    for frames in (10, 20):
        run.log(frames, {"score": 1})
    run.save_checkpoint(20, weights, {}, {})
    os.truncate(run.path / "metrics.jsonl", 30)
    checkpoint = run.load_checkpoint()
    assert checkpoint is not None
    assert len(checkpoint.warnings) == 1
    assert "metrics.jsonl: 30 bytes, had " in checkpoint.warnings[0]
    run.rewind(checkpoint.position)
    assert [line["frames"] for line in lines(run)] == [10]


def test_drafts_of_a_killed_process_are_swept_away(run: RunFolder, weights: Weights) -> None:
    run.close()
    (run.path / ".run.1.part.json").touch()
    (run.path / "samples" / ".1.1.part.png").touch()
    draft = run.path / "checkpoints" / ".000000010.part"
    draft.mkdir()
    (draft / "state.pt").touch()
    RunFolder.open(run.path).close()
    assert list(run.path.rglob(".*")) == []


def test_samples_are_a_sheet(run: RunFolder) -> None:
    images = np.zeros((5, 16, 16, 3), np.uint8)
    path = run.save_samples(1280, images, images)
    assert path == run.path / "samples" / "000001280.png"
    with Image.open(path) as sheet:
        assert sheet.mode == "RGB"


def test_the_agent_and_its_card(run: RunFolder, weights: Weights) -> None:
    run.save_agent(weights["policy"], {"kind": "light"}, {"score": 0.5})
    assert load_weights(run.path / "agent.safetensors")[1] == {"kind": "light"}
    assert json.loads((run.path / "card.json").read_text()) == {"score": 0.5}
