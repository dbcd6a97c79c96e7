"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, in the four official IDX files.

IDX: two zero bytes, a type code (8 is uint8), the number of dimensions, each dimension as a big-endian 32-bit
number, then the values row by row. Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, check_split, choose, resized

SPLITS: Final = ("train", "test")
DIGITS: Final = tuple("0123456789")

_STEMS: Final = {"train": "train", "test": "t10k"}
_UINT8: Final = 8
_LARGEST: Final = 1 << 30


def load_mnist(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return digits, resized bilinearly and inverted to dark ink on white, with their values as labels.

    A picture is exactly `255 - resize(digit, (side, side), BILINEAR)` of Pillow.

    Args:
        split: "train" (60,000) or "test" (10,000).
        side: Side of the pictures in pixels.
        folder: The data folder.
        limit: How many digits at most.
        seed: Which ones.

    Raises:
        ConfigError: A file is missing or broken.
    """
    check_split("mnist", split, SPLITS)
    images_path = locate("mnist", f"mnist/{_STEMS[split]}-images-idx3-ubyte.gz", folder)
    labels_path = locate("mnist", f"mnist/{_STEMS[split]}-labels-idx1-ubyte.gz", folder)
    digits = read_idx(images_path, num_dimensions=3)
    labels = read_idx(labels_path, num_dimensions=1)
    if digits.shape[1:] != (28, 28):
        height, width = digits.shape[1:]
        raise ConfigError(f"{images_path}: digits of {width} x {height} pixels, must be 28 x 28")
    if len(labels) != len(digits):
        raise ConfigError(f"{labels_path}: holds {len(labels)} labels, must be {len(digits)}, one a picture")
    if labels.max(initial=0) > 9:
        raise ConfigError(f"{labels_path}: holds a label {labels.max()}, must be at most 9")
    chosen = choose(len(digits), limit, seed)
    return ImageSet(
        name="mnist",
        split=split,
        images=255 - resized(digits[chosen], side),
        labels=labels[chosen].astype(np.int64),
        label_names=DIGITS,
    )


def read_idx(path: Path, *, num_dimensions: int) -> npt.NDArray[np.uint8]:
    """Read an IDX file of uint8 values, packed with gzip.

    Raises:
        ConfigError: The file cannot be read, is not packed so, or is not what its head says.
    """
    try:
        with gzip.open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be unpacked: {error}; must be an IDX file in gzip") from error
    head = 4 + 4 * num_dimensions
    if len(content) < head:
        raise ConfigError(f"{path}: {len(content)} bytes, an IDX head of {head} is wanted")
    if content[:4] != bytes((0, 0, _UINT8, num_dimensions)):
        wanted = bytes((0, 0, _UINT8, num_dimensions)).hex(" ")
        raise ConfigError(f"{path}: begins with {content[:4].hex(' ')}, must begin with {wanted}")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", num_dimensions, offset=4))
    wanted_bytes = head + math.prod(shape)
    if len(content) != wanted_bytes:
        raise ConfigError(f"{path}: {len(content)} bytes, must be {wanted_bytes} for a shape of {shape}")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
