from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from spiral_core.agent.weights import load_weights, save_weights
from spiral_core.errors import AgentError

WEIGHTS = {
    "b.weight": np.random.default_rng(0).standard_normal((3, 4, 2)).astype(np.float32),
    "a": np.array(2.5, np.float32),
    "empty": np.zeros((0, 3), np.float32),
}


def test_the_library_reads_what_we_write_and_we_read_what_it_writes(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors"
    save_weights(ours, WEIGHTS, {"format": "x"})
    for name, tensor in safetensors.numpy.load_file(ours).items():
        np.testing.assert_array_equal(tensor, WEIGHTS[name])
    safetensors.numpy.save_file(WEIGHTS, theirs, {"format": "y"})
    for path, text in ((ours, "x"), (theirs, "y")):
        read, metadata = load_weights(path)
        assert metadata == {"format": text}
        assert read.keys() == WEIGHTS.keys()
        for name, tensor in read.items():
            assert tensor.dtype == np.float32
            np.testing.assert_array_equal(tensor, WEIGHTS[name])


def test_half_precision_is_half_the_size(tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    tensor = np.linspace(-1, 1, 10_000, dtype=np.float32)
    save_weights(path, {"a": tensor}, {}, half=True)
    assert path.stat().st_size < 2.1 * len(tensor)
    np.testing.assert_allclose(load_weights(path)[0]["a"], tensor, atol=1e-3)
    assert safetensors.numpy.load_file(path)["a"].dtype == np.float16


def raw(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(shape: Any = (1,), offsets: Any = (0, 4), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


ONE = np.ones(1, np.float32).tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too short"),
        (b"\x00" * 7, "too short"),
        ((2**63).to_bytes(8, "little"), "header of 9223372036854775808 bytes"),
        ((5).to_bytes(8, "little") + b"{}", "header of 5 bytes"),
        (raw(b"{"), "header: "),
        (raw(b"\xff\xff"), "header: "),
        (raw(b"[" * 100_000), "header: "),
        (raw([]), "must be a table"),
        (raw(b'{"a": 1, "a": 2}'), "a name stands twice"),
        (raw({"__metadata__": {"a": 1}}), "table of strings"),
        (raw({"a": 1}), "a: must be a table"),
        (raw({"a": entry() | {"more": 1}}, ONE), "a: must be a table"),
        (raw({"a": entry(dtype="I64")}, ONE), "a.dtype: 'I64', must be one of F32, F16"),
        (raw({"a": entry(dtype=[1])}, ONE), "a.dtype"),
        (raw({"a": entry(shape=[-1])}, ONE), r"a.shape: \[-1\]"),
        (raw({"a": entry(shape=[1.0])}, ONE), "a.shape"),
        (raw({"a": entry(shape=[True])}, ONE), "a.shape"),
        (raw({"a": entry(shape=[2**62, 4])}, ONE), "must be"),
        (raw({"a": entry(offsets=[0])}, ONE), "a.data_offsets"),
        (raw({"a": entry(offsets=[4, 0])}, ONE), "a: bytes 4 to 0"),
        (raw({"a": entry(offsets=[0, 8])}, ONE), "a: bytes 0 to 8 of 4"),
        (raw({"a": entry(shape=[2])}, ONE), "must be 8 of them"),
        (raw({"a": entry(offsets=[4, 8])}, ONE * 2), "must begin at 0"),
        (raw({"a": entry(), "b": entry()}, ONE), "no gaps, no overlaps"),
        (raw({"a": entry()}, ONE * 2), "4 bytes after the last tensor"),
        (
            raw({"a": entry()}, np.array([np.nan], np.float32).tobytes()),
            "a: holds values that are not finite",
        ),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(AgentError, match=message):
        load_weights(path)


def test_no_prefix_of_a_file_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    save_weights(path, WEIGHTS, {"format": "x"})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(AgentError):
            load_weights(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"none\.safetensors: No such file"):
        load_weights(tmp_path / "none.safetensors")
