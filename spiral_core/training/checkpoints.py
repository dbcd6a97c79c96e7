"""Checkpoints: folders that are there whole or not at all.

checkpoints/000001280/
    NAME.safetensors    weights, one file for each network
    state.pt            everything else: optimisers, counters, states of random generators
    checkpoint.json     frames, the length of metrics.jsonl, and size and hash of the files above

A checkpoint is written into a folder with a hidden name, brought to the disk and renamed. Nothing in one is
ever executed: the state is made of tensors, numbers, texts, lists and tables alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.agent.weights import Weights, load_weights, save_weights
from spiral_core.errors import AgentError, RunError

MANIFEST: Final = "checkpoint.json"
STATE: Final = "state.pt"
FORMAT: Final = 1
_ARRAY: Final = "__array__"
_NAME: Final = re.compile(r"(\d{9,})(\.old)?")
_WEIGHTS_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a run something was.

    Attributes:
        frames: Environment steps so far.
        metrics_bytes: Length of metrics.jsonl.
    """

    frames: int = 0
    metrics_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as read.

    Attributes:
        path: Its folder.
        position: Where in the run it was taken.
        weights: The networks' weights by name.
        metadata: The string tables of the weights files by name.
        state: Everything else.
        is_best: It was the best of its run when it was taken.
        warnings: One line for every newer checkpoint that was passed over because it is broken, and why.
    """

    path: Path
    position: Position
    weights: dict[str, Weights]
    metadata: dict[str, dict[str, str]]
    state: dict[str, Any]
    is_best: bool
    warnings: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """Environment steps so far."""
        return self.position.frames


def write_checkpoint(
    folder: Path,
    position: Position,
    weights: Mapping[str, Mapping[str, npt.NDArray[np.floating[Any]]]],
    metadata: Mapping[str, Mapping[str, str]],
    state: Mapping[str, Any],
    *,
    is_best: bool = False,
) -> Path:
    """Write a checkpoint; whatever happens, the ones before it stay as they are until it is whole.

    Args:
        folder: Where the checkpoints of the run are.
        position: Where in the run it is taken.
        weights: The networks' weights by name, finite float32.
        metadata: String tables of the weights files by name; a name may be missing.
        state: Tensors, arrays, numbers, texts, None, and lists, tuples and tables of them.
        is_best: It is the best of its run so far.

    Raises:
        RunError: Something cannot be kept; the message says what and where.
        OSError: The disk is full or the place cannot be written to.
    """
    for name in (*weights, *metadata):
        if not _WEIGHTS_NAME.fullmatch(name) or name not in weights:
            raise RunError(
                f"checkpoint: {name!r}: must be the name of given weights, of small letters, digits and _"
            )
    for name, tensors in weights.items():
        for key, tensor in tensors.items():
            if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
                what = tensor.dtype if tensor.dtype != np.float32 else "holds values that are not finite"
                raise RunError(
                    f"checkpoint at {position.frames} frames: {name}: {key}: {what}, must be finite float32"
                )
    plain = plain_value(state, "state")
    final = folder / f"{position.frames:09}"
    draft = folder / f".{final.name}.part"
    remove_folder(draft)
    draft.mkdir()
    for name, tensors in weights.items():
        save_weights(draft / f"{name}.safetensors", dict(tensors), dict(metadata.get(name, {})))
    import torch

    with (draft / STATE).open("wb") as file:
        torch.save(plain, file)
    content = {
        "format": FORMAT,
        "frames": position.frames,
        "metrics_bytes": position.metrics_bytes,
        "is_best": is_best,
        "files": {path.name: _fingerprint(path) for path in sorted(draft.iterdir())},
    }
    (draft / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for path in draft.iterdir():
        sync(path)
    sync(draft)
    old = final.with_name(final.name + ".old")
    if final.exists():
        remove_folder(old)
        final.rename(old)
    draft.rename(final)
    sync(folder)
    remove_folder(old)
    return final


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def remove_folder(path: Path) -> None:
    """Remove a folder if it is there; one that stands under its own name is hidden first."""
    if not path.exists():
        return
    if not path.name.startswith("."):
        hidden = path.with_name(f".{path.name}.gone")
        shutil.rmtree(hidden, ignore_errors=True)
        path = path.rename(hidden)
    shutil.rmtree(path)


def checkpoint_folders(folder: Path) -> list[Path]:
    """Return the folders of checkpoints that are not in the making, the newest first."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match and path.is_dir():
            found.append((int(match[1]), match[2] is None, path))
    return [path for _, _, path in sorted(found, reverse=True)]


def read_newest(folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint that is whole, or None if there is none at all.

    Raises:
        RunError: There are some, and all are broken.
    """
    warnings: list[str] = []
    for path in checkpoint_folders(folder):
        try:
            return _read(path, tuple(warnings))
        except RunError as error:
            warnings.append(str(error))
    if warnings:
        raise RunError(f"{folder}: no checkpoint can be read: {'; '.join(warnings)}")
    return None


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints and the newest of those that were the best."""
    paths = checkpoint_folders(folder)
    best = next((path for path in paths if _is_best(path)), None)
    for path in paths[keep:]:
        if path != best:
            remove_folder(path)


def sweep(folder: Path) -> None:
    """Remove what an interrupted process has left half made or half removed."""
    for path in folder.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_best(path: Path) -> bool:
    try:
        return bool(json.loads((path / MANIFEST).read_text(encoding="utf-8"))["is_best"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _read(path: Path, warnings: tuple[str, ...]) -> Checkpoint:
    try:
        content = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise RunError(f"{path / MANIFEST}: format {content['format']!r}, must be {FORMAT}")
        position = Position(int(content["frames"]), int(content["metrics_bytes"]))
        is_best, files = bool(content["is_best"]), dict(content["files"])
        for name, fingerprint in files.items():
            if _fingerprint(path / name) != fingerprint:
                raise RunError(f"{path / name}: is not what was written: size or hash differ")
        weights, metadata = {}, {}
        for name in files:
            if name != STATE:
                stem = name.removesuffix(".safetensors")
                weights[stem], metadata[stem] = load_weights(path / name)
        state = _load_state(path / STATE)
    except OSError as error:
        raise RunError(f"{error.filename or path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path / MANIFEST}: is broken: {type(error).__name__}: {error}") from error
    except AgentError as error:
        raise RunError(str(error)) from error
    return Checkpoint(path, position, weights, metadata, state, is_best, warnings)


def _load_state(path: Path) -> dict[str, Any]:
    import torch

    try:
        state: dict[str, Any] = restored_value(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch.load raises whatever the broken bytes lead to
        raise RunError(f"{path}: cannot be read: {error}") from error
    return state


def plain_value(value: Any, where: str) -> Any:
    """Return a value in tensors, numbers, texts, lists, tuples and tables alone."""
    import torch

    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, torch.Tensor):
        tensor = value.detach().cpu()
        whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        return tensor if whole else tensor.clone()  # a view would be written with all that it looks into
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        try:
            return {_ARRAY: torch.from_numpy(np.array(value, order="C"))}
        except TypeError as error:
            raise RunError(f"checkpoint: {where}: {value.dtype} array, must be of numbers") from error
    if isinstance(value, Mapping):
        for key in value:
            if type(key) not in (str, int) or key == _ARRAY:
                raise RunError(f"checkpoint: {where}: key {key!r}, must be a text or a whole number")
        return {key: plain_value(entry, f"{where}.{key}") for key, entry in value.items()}
    if isinstance(value, list | tuple):
        entries = [plain_value(entry, f"{where}[{number}]") for number, entry in enumerate(value)]
        return entries if isinstance(value, list) else tuple(entries)
    raise RunError(
        f"checkpoint: {where}: {type(value).__name__}, must be a tensor, array, number, text, list or table"
    )


def restored_value(value: Any) -> Any:
    """Undo `plain_value`: arrays come back as arrays."""
    if isinstance(value, dict):
        if set(value) == {_ARRAY}:
            return value[_ARRAY].numpy()
        return {key: restored_value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        entries = [restored_value(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    return value
