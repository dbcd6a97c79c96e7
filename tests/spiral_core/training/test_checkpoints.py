from __future__ import annotations

import random
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spiral_core.errors import RunError
from spiral_core.training.checkpoints import Position, prune, read_newest, write_checkpoint

torch = pytest.importorskip("torch")

Weights = dict[str, dict[str, np.ndarray[Any, Any]]]


def test_a_state_of_all_kinds_comes_back(tmp_path: Path, weights: Weights) -> None:
    state = {
        "tensor": torch.arange(3),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "arrays": [
            np.arange(4, dtype=np.uint8),
            np.array(2.5),
            np.zeros((0, 3), np.float64),
            np.ones(2, bool),
        ],
        "numpy": np.random.default_rng(1).bit_generator.state,
        "python": random.Random(1).getstate(),
        "torch": torch.get_rng_state(),
        "numbers": (1, 2.5, True, None, float("inf"), np.float64(0.5)),
        "ordered": OrderedDict(a=1),
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"betas": (0.9, 0.99)}]},
    }
    write_checkpoint(tmp_path, Position(5, 7), weights, {}, state)
    checkpoint = read_newest(tmp_path)
    assert checkpoint is not None
    back = checkpoint.state
    assert torch.equal(back["tensor"], state["tensor"])
    assert back["half"].dtype == torch.bfloat16
    for array, before in zip(back["arrays"], state["arrays"], strict=True):
        assert isinstance(array, np.ndarray)
        assert (array.dtype, array.shape) == (before.dtype, before.shape)
        assert np.array_equal(array, before)
    for name in ("numpy", "python", "numbers", "ordered"):
        assert back[name] == state[name]
    assert type(back["numbers"][5]) is float
    assert back["optimizer"]["param_groups"] == [{"betas": (0.9, 0.99)}]
    generator = random.Random()
    generator.setstate(back["python"])
    assert generator.random() == random.Random(1).random()


def test_a_view_is_kept_without_what_it_looks_into(tmp_path: Path, weights: Weights) -> None:
    path = write_checkpoint(tmp_path, Position(), weights, {}, {"row": torch.zeros(1000, 1000)[3]})
    assert (path / "state.pt").stat().st_size < 20_000


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a": [1, {"b": object()}]}, r"state.a\[1\].b: object, must be a tensor"),
        ({"a": np.array(["x"])}, "state.a: <U1 array, must be of numbers"),
        ({"a": {1.5: 2}}, "state.a: key 1.5, must be a text or a whole number"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    tmp_path: Path, weights: Weights, state: dict[str, Any], message: str
) -> None:
    with pytest.raises(RunError, match=message):
        write_checkpoint(tmp_path, Position(), weights, {}, state)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_would_not_come_back_are_refused(tmp_path: Path) -> None:
    for array, what in ((np.array([np.nan], np.float32), "not finite"), (np.ones(2), "float64, must be")):
        with pytest.raises(RunError, match=f"checkpoint at 7 frames: policy: w: .*{what}"):
            write_checkpoint(tmp_path, Position(7), {"policy": {"w": array}}, {}, {})
    with pytest.raises(RunError, match=r"'\.\./policy': must be the name"):
        write_checkpoint(tmp_path, Position(7), {"../policy": {}}, {}, {})


@pytest.mark.parametrize("torn", ["state.pt", "policy.safetensors", "checkpoint.json"])
@pytest.mark.parametrize("how", ["cut", "changed", "missing"])
def test_a_broken_checkpoint_is_passed_over_and_named(
    tmp_path: Path, weights: Weights, torn: str, how: str
) -> None:
    for frames in (10, 20):
        write_checkpoint(tmp_path, Position(frames), weights, {}, {"frames": frames})
    path = tmp_path / "000000020" / torn
    raw = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(raw[: len(raw) // 2] + (b"" if how == "cut" else b"?" + raw[len(raw) // 2 + 1 :]))
    checkpoint = read_newest(tmp_path)
    assert checkpoint is not None
    assert checkpoint.state == {"frames": 10}
    assert len(checkpoint.warnings) == 1
    assert str(path) in checkpoint.warnings[0]


def test_only_broken_checkpoints_are_an_error(tmp_path: Path, weights: Weights) -> None:
    write_checkpoint(tmp_path, Position(10), weights, {}, {})
    (tmp_path / "000000010" / "state.pt").write_bytes(b"")
    with pytest.raises(RunError, match=r"no checkpoint can be read: .*state\.pt"):
        read_newest(tmp_path)


def test_a_checkpoint_of_the_same_frames_takes_the_place_of_the_older(
    tmp_path: Path, weights: Weights
) -> None:
    for number in (1, 2):
        write_checkpoint(tmp_path, Position(10), weights, {}, {"number": number})
    assert [path.name for path in tmp_path.iterdir()] == ["000000010"]
    checkpoint = read_newest(tmp_path)
    assert checkpoint is not None
    assert checkpoint.state == {"number": 2}
    (tmp_path / "000000010").rename(tmp_path / "000000010.old")  # killed between the two renames
    old = read_newest(tmp_path)
    assert old is not None
    assert old.state == {"number": 2}


def test_nothing_but_plain_data_is_read(tmp_path: Path, weights: Weights) -> None:
    import hashlib
    import json

    class Evil:
        def __reduce__(self) -> Any:
            return print, ("executed",)

    path = write_checkpoint(tmp_path, Position(10), weights, {}, {})
    torch.save({"evil": Evil()}, path / "state.pt")
    manifest = json.loads((path / "checkpoint.json").read_text())
    raw = (path / "state.pt").read_bytes()
    manifest["files"]["state.pt"] = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    (path / "checkpoint.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="no checkpoint can be read"):
        read_newest(tmp_path)


def test_frames_beyond_nine_digits_sort_as_numbers(tmp_path: Path, weights: Weights) -> None:
    for frames in (999_999_999, 1_000_000_000):
        write_checkpoint(tmp_path, Position(frames), weights, {}, {})
    prune(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["1000000000"]
