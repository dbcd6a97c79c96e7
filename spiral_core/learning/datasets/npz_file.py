"""Strict reading of .npz files: named arrays of known kinds, never pickled objects."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import ConfigError

LARGEST: Final = 4 << 30
"""An archive that unpacks to more bytes is refused."""

Arrays = dict[str, npt.NDArray[Any]]


def read_npz(path: Path, wanted: Mapping[str, tuple[str, int]]) -> Arrays:
    """Return arrays of an .npz file.

    Args:
        path: The file.
        wanted: By name, the kinds of dtype that are fit (letters of `numpy.dtype.kind`) and the dimensions.

    Raises:
        ConfigError: The file is missing or broken, or an array is missing, of another kind or shape.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST:
            raise ConfigError(f"{path}: unpacks to {unpacked} bytes, must be at most {LARGEST}")
        with np.load(path, allow_pickle=False) as archive_of_arrays:
            missing = sorted(set(wanted) - set(archive_of_arrays.files))
            if missing:
                found = ", ".join(sorted(archive_of_arrays.files))
                raise ConfigError(f"{path}: holds no array {missing[0]!r}, only {found}")
            arrays: Arrays = {name: archive_of_arrays[name] for name in wanted}
    except ConfigError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; must be an .npz file") from error
    for name, (kinds, num_dimensions) in wanted.items():
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != num_dimensions:
            raise ConfigError(
                f"{path}: {name}: {array.dtype} of shape {array.shape}, "
                f"must have {num_dimensions} dimensions and a dtype of kind {' or '.join(kinds)}"
            )
    return arrays


def rows_of_split(path: Path, arrays: Arrays, name: str, split: str, num: int) -> npt.NDArray[np.int64]:
    """Return which of `num` rows belong to a split; `arrays` holds `split`, an index into `splits`.

    Raises:
        ConfigError: The file does not know the split, or does not say of each row where it belongs.
    """
    splits = [str(known) for known in arrays["splits"]]
    if split not in splits:
        raise ConfigError(f"{name}: split: {split!r}, must be one of {', '.join(splits)}")
    if len(arrays["split"]) != num:
        raise ConfigError(f"{path}: split: {len(arrays['split'])} values, must be {num}")
    rows = np.flatnonzero(arrays["split"] == splits.index(split)).astype(np.int64)
    if not len(rows):
        raise ConfigError(f"{path}: holds no picture of the split {split!r}")
    return rows


def check_labels(path: Path, arrays: Arrays, label: str, names: str, num: int) -> None:
    """Refuse labels that are not one each for `num` pictures, or have no name; -1 stands for unknown.

    Raises:
        ConfigError: So it is.
    """
    labels = arrays[label]
    if len(labels) != num:
        raise ConfigError(f"{path}: {label}: {len(labels)} values, must be {num}")
    for extreme in (labels.min(initial=0), labels.max(initial=0)):
        if not -1 <= extreme < max(1, len(arrays[names])):
            raise ConfigError(f"{path}: {label}: holds {extreme}, must be at most {len(arrays[names]) - 1}")
