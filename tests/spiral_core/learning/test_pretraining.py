from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from adapters.mypaint import mypaint_renderer
from spiral_core.action_space import ActionSpace
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.errors import AgentError, ConfigError
from spiral_core.learning.pretraining import Pretraining, PretrainingConfig, imitation_loss
from spiral_core.learning.rounds import RoundProgress
from spiral_core.learning.warm_start import RandomPrograms, RandomProgramsConfig

SMALL = PolicyConfig(
    action_space=ActionSpace(grid=16, radii=(0.03, 0.08), num_pressures=3, num_color_levels=4),
    canvas_px=32,
    channels=(8, 12, 16),
    map_channels=6,
    hidden=32,
    rank=2,
)
SMALL_SOURCE = """
import sys
from pathlib import Path
from adapters.mypaint import mypaint_renderer
from spiral_core.action_space import ActionSpace
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.learning.pretraining import Pretraining, PretrainingConfig
from spiral_core.learning.warm_start import RandomPrograms, RandomProgramsConfig

space = ActionSpace(grid=16, radii=(0.03, 0.08), num_pressures=3, num_color_levels=4)
policy = PolicyConfig(
    action_space=space, canvas_px=32, channels=(8, 12, 16), map_channels=6, hidden=32, rank=2
)
source = RandomPrograms(
    space, mypaint_renderer, side=32, config=RandomProgramsConfig(num_episodes=16, num_steps=4)
)
run = Pretraining(policy, source, Path(sys.argv[1]), PretrainingConfig(batch_size=32))
run.run(
    rounds=10**6,
    checkpoint_seconds=0.0,
    report=lambda progress: print(progress.rounds, flush=True),
)
"""


def small_source(seed: int = 0) -> RandomPrograms:
    config = RandomProgramsConfig(num_episodes=16, num_steps=4)
    return RandomPrograms(SMALL.painting, mypaint_renderer, side=32, seed=seed, config=config)


def small_run(folder: Path, *, resume: bool = False, **options: float) -> Pretraining:
    config = PretrainingConfig(batch_size=32, **options)  # type: ignore[arg-type]
    return Pretraining(SMALL, small_source(), folder, config, resume=resume)


def test_it_learns_to_say_the_next_command(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    space = ActionSpace(radii=tuple(radius / 64 for radius in (2, 4, 8, 12)))
    config = RandomProgramsConfig(num_episodes=64, num_steps=12)
    source = RandomPrograms(space, mypaint_renderer, config=config)
    training = PretrainingConfig(batch_size=48, epochs=2, learning_rate=2e-3, mean_decay=0.95)
    run = Pretraining(PolicyConfig(action_space=space), source, tmp_path, training)
    held_out = source.round(10**6)
    uniform = sum(math.log(part.num_values) for part in space.parts)

    def losses() -> tuple[float, list[float]]:
        with torch.no_grad():
            loss, parts = imitation_loss(run.mean, held_out)
        return float(loss), parts.tolist()

    before, _ = losses()
    run.run(rounds=6)
    after, parts = losses()
    jumps = 1 - held_out.part_mask[:, 0, 2].mean()
    assert before == pytest.approx(
        uniform - jumps * (uniform - math.log(2) - math.log(1024)), rel=0.05
    )  # at first all choices are alike
    assert after < 0.85 * before
    names = [part.name for part in space.parts]
    learned = dict(zip(names, parts, strict=True))
    assert learned["end"] < math.log(1024) - 0.8
    assert learned["control"] < math.log(1024) - 0.8
    assert learned["red"] < math.log(20) - 0.3


def test_resumed_and_uninterrupted_runs_end_with_the_same_bytes(tmp_path: Path) -> None:
    small_run(tmp_path / "whole").run(rounds=4)
    small_run(tmp_path / "parts").run(rounds=1)
    small_run(tmp_path / "parts", resume=True).run(rounds=3)
    small_run(tmp_path / "parts", resume=True).run(rounds=4)
    agents = [(tmp_path / name / "agent.safetensors").read_bytes() for name in ("whole", "parts")]
    assert agents[0] == agents[1]
    states = [torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "parts")]
    for name, tensor in states[0]["network"].items():
        assert torch.equal(tensor, states[1]["network"][name]), name
    lines = [
        [json.loads(line)["loss"] for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "parts")
    ]
    assert lines[0] == lines[1]
    small_run(tmp_path / "other", seed=1).run(rounds=4)
    assert (tmp_path / "other" / "agent.safetensors").read_bytes() != agents[0]


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    command = [sys.executable, "-c", SMALL_SOURCE, str(tmp_path / "killed")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert killed.stdout is not None
    for line in killed.stdout:
        if int(line) >= 2:
            break
    time.sleep(0.03)  # somewhere in a round or a checkpoint
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    resumed = small_run(tmp_path / "killed", resume=True)
    reached = resumed.rounds
    assert reached >= 1
    resumed.run(rounds=reached + 2)
    small_run(tmp_path / "whole").run(rounds=reached + 2)
    agents = [(tmp_path / name / "agent.safetensors").read_bytes() for name in ("whole", "killed")]
    assert agents[0] == agents[1]


def test_the_run_folder(tmp_path: Path) -> None:
    seen: list[RoundProgress] = []
    run = small_run(tmp_path / "a" / "run")
    run.run(rounds=2, report=seen.append)
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "agent.safetensors",
        "checkpoint.pt",
        "metrics.jsonl",
    ]
    metrics = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["rounds"] for line in metrics] == [1, 2] == [progress.rounds for progress in seen]
    assert metrics[-1]["examples"] == 128
    assert set(metrics[-1]["part_loss"]) == {part.name for part in SMALL.action_space.parts}
    policy = NumpyPolicy.load(run.folder / "agent.safetensors")
    assert policy.config == SMALL
    assert run.seconds > 0


def test_time_ends_a_run(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    began = time.monotonic()
    run.run(seconds=0.5)
    assert 0.5 <= time.monotonic() - began < 10
    assert run.rounds >= 1


def test_wrong_use_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"checkpoint\.pt: cannot be resumed"):
        small_run(tmp_path / "none", resume=True)
    small_run(tmp_path / "run").run(rounds=1)
    with pytest.raises(AgentError, match=r"checkpoint\.pt: exists; resume the run"):
        small_run(tmp_path / "run")
    with pytest.raises(AgentError, match="of another configuration"):
        small_run(tmp_path / "run", resume=True, learning_rate=0.1)
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(AgentError, match="cannot be resumed"):
        small_run(tmp_path / "run", resume=True)
    with pytest.raises(ConfigError, match="batch_size: 100, must be at most 64"):
        Pretraining(SMALL, small_source(), tmp_path / "big", PretrainingConfig(batch_size=100)).run(rounds=1)
    for name, value in (("batch_size", 0), ("learning_rate", 0.0), ("mean_decay", 1.0)):
        with pytest.raises(ConfigError, match=f"pretraining.{name}: {value}"):
            PretrainingConfig(**{name: value})  # type: ignore[arg-type]


def test_weights_and_masks_of_labels_count() -> None:
    torch.manual_seed(0)
    policy = LightPolicy(SMALL)
    examples = small_source().round(0)
    twice = examples._replace(
        actions=np.concatenate([examples.actions, np.zeros_like(examples.actions)], axis=1),
        weight=np.concatenate([examples.weight, np.zeros_like(examples.weight)], axis=1),
        part_mask=np.concatenate([examples.part_mask, examples.part_mask], axis=1),
    )
    with torch.no_grad():
        once, twofold = imitation_loss(policy, examples)[0], imitation_loss(policy, twice)[0]
        assert float(once) == pytest.approx(float(twofold), rel=1e-5)  # labels of weight 0 do not count
        flag_only = np.zeros_like(examples.part_mask)
        flag_only[..., 0] = 1
        loss, parts = imitation_loss(policy, examples._replace(part_mask=flag_only))
    assert float(loss) == pytest.approx(float(parts[0]), rel=1e-5)
    assert not parts[1:].any()
