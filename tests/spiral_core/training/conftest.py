"""A reader of event files that shares nothing with their writer but what a record holds; small runs."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spiral_core.training.run_folder import RunFolder


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
