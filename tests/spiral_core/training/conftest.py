"""Trainings of seconds: lines on a 32 px canvas, a policy of a few thousand numbers, the real brush."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from adapters.mypaint import mypaint_planning, mypaint_renderer
from spiral_core.training.run_config import run_config
from spiral_core.training.run_folder import RunFolder
from spiral_core.training.trainer import Training

SMALL: dict[str, Any] = {
    "episode": {"canvas_px": 32, "num_steps": 3, "brush": "round"},
    "actions": {"grayscale": True, "grid": 8, "radii_px": [6.0, 10.0], "num_pressures": 2},
    "policy": {"channels": [4, 8, 8], "map_channels": 4, "hidden": 32, "embedding": 4, "rank": 2},
    "data": {"name": "scribbles", "limit": 256, "held_out": 32},
    "scribbles": {"most_strokes": 1, "least_pressure": 0.9, "jump_share": 0.0},
    "critic": {"width": 4},
    "engine": {"batch": 16},
    "run": {"evaluate_frames": 480, "log_updates": 2, "checkpoint_minutes": 0.002},
    "phase": [{"kind": "invert", "frames": 960}],
}


class Silent:
    """Nobody watches; warnings are kept."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.warnings: list[str] = []

    def phase(self, name: str, total_frames: int, frames: int) -> None:
        del total_frames, frames
        self.phases.append(name)

    def update(self, frames: int, values: Mapping[str, float]) -> None:
        del frames, values

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class Runner:
    """Makes and resumes small trainings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, *phases: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Return the small configuration with these phases and changed tables."""
        table = copy.deepcopy(SMALL)
        table["phase"] = list(phases)
        return table | changes

    def begin(self, name: str, table: dict[str, Any], *, stop_after: int | None = None) -> Path:
        path = self.folder / name
        RunFolder.create(path, config_text=tomli_w.dumps(table), seed=0, command=["spiral", "train"]).close()
        self.go_on(path, stop_after=stop_after)
        return path

    def go_on(self, path: Path, *, stop_after: int | None = None) -> bool:
        with RunFolder.open(path) as folder:
            config = run_config(tomllib.loads(folder.config_text), str(path))
            checkpoint = folder.load_checkpoint()
            folder.rewind(None if checkpoint is None else checkpoint.position)
            watcher = Silent()
            training = Training(
                config, folder, mypaint_renderer, mypaint_planning, watcher, checkpoint=checkpoint
            )
            if stop_after is not None:
                updates = 0

                def count(frames: int, values: Mapping[str, float]) -> None:
                    nonlocal updates
                    updates += 1
                    if updates == stop_after:
                        training.stop()

                watcher.update = count  # type: ignore[method-assign]
            return training.run()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)
