"""Portraits of members of two parliaments, 64 x 64, framed as CelebA's: in colour, and old ones in gray."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, choose, resized
from spiral_core.learning.datasets.npz_file import read_npz, rows_of_split


def load_color_faces(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return portraits in colour, split "train" or "test"; arguments as `load` of this package.

    Raises:
        ConfigError: The file is missing or broken, or has no such split.
    """
    return _load("faces", "faces/faces_color_64.npz", 4, split, side, folder, limit, seed)


def load_gray_faces(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return old portraits in gray, split "train" or "test"; arguments as `load` of this package.

    Raises:
        ConfigError: The file is missing or broken, or has no such split.
    """
    return _load("faces-gray", "faces/faces_gray_64.npz", 3, split, side, folder, limit, seed)


def _load(
    name: str,
    file: str,
    num_dimensions: int,
    split: str,
    side: int,
    folder: Path,
    limit: int | None,
    seed: int,
) -> ImageSet:
    path = locate(name, file, folder)
    arrays = read_npz(path, {"images": ("u", num_dimensions), "split": ("iu", 1), "splits": ("U", 1)})
    images = arrays["images"]
    if images.dtype != np.uint8 or images.shape[1] != images.shape[2] or images.shape[3:] not in ((), (3,)):
        raise ConfigError(f"{path}: images: {images.dtype} of shape {images.shape}, must be square and uint8")
    rows = rows_of_split(path, arrays, name, split, len(images))
    rows = rows[choose(len(rows), limit, seed)]
    return ImageSet(name=name, split=split, images=resized(images[rows], side))
