"""Trainings of seconds; a reader of event files that shares nothing with their writer but a record."""

from __future__ import annotations

import copy
import struct
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from adapters.mypaint import mypaint_planning, mypaint_renderer
from spiral_core.training.run_config import run_config
from spiral_core.training.run_folder import RunFolder
from spiral_core.training.trainer import Training


@pytest.fixture
def read_events() -> Callable[[Path], dict[str, dict[int, float]]]:
    """Return a reader of a folder of event files: tag -> step -> value, purged as TensorBoard does it."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")

    def read(folder: Path) -> dict[str, dict[int, float]]:
        told: dict[str, dict[int, float]] = {}
        for path in sorted(folder.iterdir()):
            for raw in records(path.read_bytes()):
                event: Any = event_pb2.Event.FromString(raw)
                if event.session_log.status == event_pb2.SessionLog.START:
                    for values in told.values():
                        for step in [step for step in values if step >= event.step]:
                            del values[step]
                for value in event.summary.value:
                    assert event.step not in told.setdefault(value.tag, {}), (
                        f"{value.tag} at {event.step} twice"
                    )
                    told[value.tag][event.step] = value.simple_value
        return {tag: values for tag, values in told.items() if values}

    return read


def records(raw: bytes) -> Iterator[bytes]:
    """Yield the whole records of an event file, each with both checksums checked; a torn end is left out."""
    at = 0
    while at + 12 <= len(raw):
        length, length_sum = struct.unpack("<QI", raw[at : at + 12])
        assert length_sum == masked_crc32c(raw[at : at + 8])
        record, rest = raw[at + 12 : at + 12 + length], raw[at + 12 + length : at + 16 + length]
        if len(rest) < 4:
            return
        assert struct.unpack("<I", rest)[0] == masked_crc32c(record)
        yield record
        at += 16 + length


def masked_crc32c(raw: bytes) -> int:
    """Return the checksum of Castagnoli, bit by bit, rotated and shifted as the format wants it."""
    crc = 0xFFFFFFFF
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """Return a new run's folder, `tmp_path / "run"`."""
    with RunFolder.create(
        tmp_path / "run", config_text="seed = 3\n", seed=3, command=["spiral", "train", "a.toml"], keep=2
    ) as folder:
        yield folder


@pytest.fixture
def weights() -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """Return small weights of two networks."""
    return {
        "policy": {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)},
        "critic": {"b": np.ones(2, np.float32)},
    }


# Lines on a 32 px canvas, a policy of a few thousand numbers, the real brush.
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
