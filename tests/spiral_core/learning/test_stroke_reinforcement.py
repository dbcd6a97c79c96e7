from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from adapters.mypaint import mypaint_planning
from spiral_core.agent.field_config import FieldConfig
from spiral_core.agent.stroke_field import StrokeField
from spiral_core.errors import AgentError, ConfigError
from spiral_core.learning.pictures import load_photos, mosaics, synthetic_pictures, varied_pictures
from spiral_core.learning.rewards_config import RewardsConfig
from spiral_core.learning.stroke_reinforcement import StrokeReinforcement
from spiral_core.search import Painter, PaintOptions, SearchEffort
from spiral_core.search.field_proposer import FieldProposer

SMALL = FieldConfig(channels=(16, 16, 24), hidden=24)
ONE_PROPOSAL = SearchEffort(proposals=1, climb_steps=0, sweeps=0, sweep_steps=0)


def small_run(folder: Path, *, resume: bool = False, **options: float) -> StrokeReinforcement:
    torch.set_num_threads(1)
    given = {"num_paintings": 12, "most_strokes": 60, "updates_per_round": 4, "learning_rate": 3e-3} | options
    config = RewardsConfig(**given)  # type: ignore[arg-type]
    return StrokeReinforcement(SMALL, mypaint_planning, synthetic_pictures, folder, config, resume=resume)


def error_of_one_proposal_a_stroke(path: Path) -> float:
    """Return the error left by 30 strokes of an agent alone, on pictures that no training has seen."""
    errors = []
    for target in synthetic_pictures(np.random.default_rng(10**6), 3, 64):
        painter = Painter(
            target,
            PaintOptions(strokes=30, threads=1),
            mypaint_planning,
            proposer=FieldProposer.load(path),
            effort=ONE_PROPOSAL,
        )
        for _ in painter.run():
            pass
        errors.append(painter.error / np.var(target / 255.0, axis=(0, 1)).mean())
    return float(np.mean(errors))


def test_one_proposal_gains_more_after_a_short_training(tmp_path: Path) -> None:
    run = small_run(tmp_path, mean_decay=0.9)
    run.save()
    before = error_of_one_proposal_a_stroke(tmp_path / "agent.safetensors")
    run.run(rounds=25)
    after = error_of_one_proposal_a_stroke(tmp_path / "agent.safetensors")
    assert after < 0.8 * before


def test_a_resumed_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole = small_run(tmp_path / "whole")
    whole.run(rounds=4)
    for name in ("agent.safetensors", "metrics.jsonl"):
        assert (tmp_path / "whole" / name).exists()
    small_run(tmp_path / "cut").run(rounds=2)
    resumed = small_run(tmp_path / "cut", resume=True)
    assert resumed.updates == 8
    resumed.run(rounds=4)
    expected = (tmp_path / "whole" / "agent.safetensors").read_bytes()
    assert (tmp_path / "cut" / "agent.safetensors").read_bytes() == expected
    assert StrokeField.load(tmp_path / "cut" / "agent.safetensors").config == SMALL


def test_only_the_same_run_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="cannot be resumed"):
        small_run(tmp_path, resume=True)
    small_run(tmp_path).save()
    with pytest.raises(AgentError, match="exists; resume the run"):
        small_run(tmp_path)
    with pytest.raises(AgentError, match="of another configuration"):
        small_run(tmp_path, resume=True, learning_rate=1.0)


@pytest.mark.parametrize(
    "options", [{"num_samples": 3}, {"side": 100}, {"learning_rate": 0.0}, {"mean_decay": 1.0}]
)
def test_impossible_settings_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"rewards.{next(iter(options))}"):
        small_run(tmp_path, **options)


def test_pictures_come_from_all_there_is() -> None:
    rng = np.random.default_rng(1)
    faces = rng.integers(0, 256, (3, 16, 16, 3), np.uint8)
    photos = rng.integers(0, 256, (2, 64, 80, 3), np.uint8)
    assert mosaics(faces, rng, 2, 40, 3).shape == (2, 40, 40, 3)
    for given in (faces, None):
        for large in (photos, None):
            pictures = varied_pictures(given, large, np.random.default_rng(2), 6, 32)
            again = varied_pictures(given, large, np.random.default_rng(2), 6, 32)
            assert pictures.shape == (6, 32, 32, 3)
            np.testing.assert_array_equal(pictures, again)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no photographs"):
        load_photos(tmp_path)
