"""Weights files: a strict reader and writer of the safetensors format, free of torch.

Layout: 8 bytes little-endian length of the header; the header, JSON; the tensors' bytes, row-major
little-endian, without gaps. Nothing in a file is ever executed.

Source: the safetensors format as its authors publish it; a test compares with their library.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import AgentError

SHIPPED_FOLDER: Final = Path(__file__).resolve().parents[2] / "configs" / "agents"
"""The agents that come with the program, a folder each."""

_TYPES: Final = {"F32": "<f4", "F16": "<f2"}
_LARGEST_HEADER: Final = 10_000_000

Weights = dict[str, npt.NDArray[np.float32]]


def load_weights(path: Path) -> tuple[Weights, dict[str, str]]:
    """Read a weights file.

    Args:
        path: A safetensors file of float32 or float16 tensors.

    Returns:
        The tensors by name, as float32, and the file's string table.

    Raises:
        AgentError: The file is missing or malformed; the message says where.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise AgentError(f"{path}: {error.strerror or error}") from error
    if len(raw) < 8:
        raise AgentError(f"{path}: {len(raw)} bytes, too short for a weights file")
    length = int.from_bytes(raw[:8], "little")
    if length > min(_LARGEST_HEADER, len(raw) - 8):
        raise AgentError(f"{path}: header of {length} bytes, must fit into the file ({len(raw)} bytes)")
    header = _header(raw[8 : 8 + length], path)
    data = memoryview(raw)[8 + length :]
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise AgentError(f"{path}: __metadata__, must be a table of strings")
    weights: Weights = {}
    spans = []
    for name, entry in header.items():
        dtype, shape, begin, end = _entry(entry, name, path)
        count = math.prod(shape)
        size = count * dtype.itemsize
        if not 0 <= begin <= end <= len(data) or end - begin != size:
            raise AgentError(f"{path}: {name}: bytes {begin} to {end} of {len(data)}, must be {size} of them")
        spans.append((begin, end, name))
        tensor = np.frombuffer(data[begin:end], dtype).reshape(shape).astype(np.float32)
        if not np.isfinite(tensor).all():
            raise AgentError(f"{path}: {name}: holds values that are not finite")
        weights[name] = tensor
    at = 0
    for begin, end, name in sorted(spans):
        if begin != at:
            raise AgentError(
                f"{path}: {name}: begins at byte {begin}, must begin at {at}: no gaps, no overlaps"
            )
        at = end
    if at != len(data):
        raise AgentError(f"{path}: {len(data) - at} bytes after the last tensor, must be none")
    return weights, metadata


def _header(raw: bytes, path: Path) -> dict[str, Any]:
    def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            raise AgentError(f"{path}: header: a name stands twice")
        return table

    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=no_twins)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise AgentError(f"{path}: header: {error}") from error
    if not isinstance(header, dict):
        raise AgentError(f"{path}: header: must be a table")
    return header


def _entry(entry: object, name: str, path: Path) -> tuple[np.dtype[Any], list[int], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise AgentError(f"{path}: {name}: must be a table of dtype, shape and data_offsets")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in _TYPES:
        raise AgentError(f"{path}: {name}.dtype: {entry['dtype']!r}, must be one of {', '.join(_TYPES)}")
    for key, length in (("shape", None), ("data_offsets", 2)):
        numbers = entry[key]
        whole = isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers)
        if not whole or (length is not None and len(numbers) != length):
            raise AgentError(f"{path}: {name}.{key}: {numbers!r}, must be whole numbers >= 0")
    return np.dtype(_TYPES[entry["dtype"]]), entry["shape"], *entry["data_offsets"]


def save_weights(
    path: Path,
    weights: dict[str, npt.NDArray[np.floating[Any]]],
    metadata: dict[str, str],
    *,
    half: bool = False,
) -> None:
    """Write a weights file, whole or not at all.

    Args:
        path: Where to.
        weights: The tensors by name.
        metadata: The file's string table.
        half: Store float16, at half the size, instead of float32.
    """
    kind = "F16" if half else "F32"
    header: dict[str, Any] = {"__metadata__": metadata}
    blocks, at = [], 0
    for name in sorted(weights):
        block = np.ascontiguousarray(weights[name], _TYPES[kind]).tobytes()
        header[name] = {
            "dtype": kind,
            "shape": list(weights[name].shape),
            "data_offsets": [at, at + len(block)],
        }
        blocks.append(block)
        at += len(block)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(blocks))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
