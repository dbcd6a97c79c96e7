from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.training.run_config import read_run_config, split_pictures

TINY = Path(__file__).parents[3] / "configs" / "train" / "tiny.toml"
Runner = Any


def test_no_constant_drawing_scores_well_on_the_held_out_targets() -> None:
    """The mean of the targets has the least error of all fixed pictures, so of all that are drawn blindly."""
    _, held_out = split_pictures(read_run_config(TINY), mypaint_renderer)
    assert len({image.tobytes() for image in held_out.images}) >= 1000
    targets = held_out.images.astype(np.float64) / 255
    best_error = ((targets - targets.mean(axis=0)) ** 2).mean()
    blank_error = ((1 - targets) ** 2).mean()
    assert 1 - best_error / blank_error < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rewards_alone_teach_it_from_scratch(runner: Runner, seed: int) -> None:
    table = tomllib.loads(TINY.read_text())
    table["run"] |= {"seed": seed, "evaluate_frames": 1}
    before = {**table, "phase": [{**table["phase"][0], "frames": 1}]}
    table["run"]["evaluate_frames"] = 1_000_000
    scores = []
    for name, content in (("before", before), ("after", table)):
        path = runner.begin(name, content)
        lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
        scores.append([line["score"] for line in lines if "score" in line][-1])
        sampled = [line["sampled_score"] for line in lines if "sampled_score" in line]
        if name == "before":
            assert sampled[0] < 0, "random strokes are worse than none"
    assert scores[1] >= 0.5
