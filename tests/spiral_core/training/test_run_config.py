from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.errors import ConfigError
from spiral_core.training.run_config import override, read_run_config, run_config, split_pictures

CONFIGS = sorted((Path(__file__).parents[3] / "configs" / "train").glob("*.toml"))


@pytest.mark.parametrize(
    "path", [path for path in CONFIGS if not path.stem.startswith("painter")], ids=lambda p: p.stem
)
def test_every_shipped_configuration_can_be_read(path: Path) -> None:
    config = read_run_config(path)
    assert config.phases
    pickle.loads(pickle.dumps(config.load_targets(mypaint_renderer)))  # noqa: S301  # our own bytes


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, r"\[\[phase\]\]: missing"),
        ({"phase": [{}], "phases": {}}, r"unknown table \[phases\]"),
        ({"phase": {}}, r"phase: must be \[\[phase\]\] tables"),
        ({"phase": [{"kind": "dance"}]}, "phase 0: kind: 'dance', must be one of invert, reinforce, clone"),
        (
            {"phase": [{"reward": {"l2_frm": 1.0}}]},
            "phase 0: reward: unknown key 'l2_frm'; did you mean 'l2_form'",
        ),
        ({"phase": [{"critic_real": "all"}]}, "phase 0: critic_real: 'all', must be one of pictures, parsed"),
        (
            {"phase": [{"reward": {"critic_form": "ratio"}}], "critic": {"kind": "wasserstein"}},
            "phase 0: reward.critic_form: 'ratio', must be 'dense' or 'final' with critic.kind 'wasserstein'",
        ),
        (
            {"phase": [{"critic_real": "parsed"}], "critic": {"view": "pair"}},
            "phase 0: critic_real: 'parsed', must be 'pictures' with critic.view 'pair'",
        ),
        ({"phase": [{"frames": 1.5}]}, "phase 0: frames: 1.5, must be a int"),
        ({"phase": [{}], "engine": {"kind": "mpi"}}, r"\[engine\]: kind: 'mpi', must be one of local"),
        ({"phase": [{}], "actions": {"radii_px": "all"}}, "radii_px: 'all', must be a list of numbers"),
        ({"phase": [{}], "data": {"held_out": 0}}, r"\[data\]: held_out 0"),
    ],
)
def test_a_mistake_is_named_with_its_place(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"here.toml.*{message}"):
        run_config(table, "here.toml")


def test_values_can_be_replaced_by_dotted_names() -> None:
    table: dict[str, Any] = {"phase": [{"frames": 1}, {"frames": 2}]}
    override(table, "phase.1.frames", 7)
    override(table, "phase.0.reward.l2", 0.5)
    override(table, "run.seed", 3)
    config = run_config(table, "x")
    assert config.phases[1].frames == 7
    assert config.phases[0].reward.l2 == 0.5
    assert config.run.seed == 3
    with pytest.raises(ConfigError, match=r"--set phase.2.frames: '2', must be a number in \[0, 1\]"):
        override(table, "phase.2.frames", 7)
    with pytest.raises(ConfigError, match=r"'run\.seed' is a value, not a table"):
        override(table, "run.seed.x", 7)


def test_held_out_pictures_are_never_trained_on() -> None:
    table = {
        "episode": {"canvas_px": 32, "num_steps": 3},
        "actions": {"grayscale": True, "grid": 8},
        "data": {"name": "scribbles", "limit": 300, "held_out": 40},
        "phase": [{}],
    }
    config = run_config(table, "x")
    train, held_out = split_pictures(config, mypaint_renderer)
    assert (len(train), len(held_out)) == (260, 40)
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in held_out.images}
    again, _ = split_pictures(config, mypaint_renderer)
    np.testing.assert_array_equal(train.images, again.images)
