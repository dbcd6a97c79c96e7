"""Any folder of pictures: every JPEG, PNG and WebP file in it and below, its middle cut out square."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from spiral_core.errors import ConfigError, PhotoError
from spiral_core.learning.datasets.image_set import ImageSet, check_split, choose
from spiral_core.photo import photo_size, read_photo

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")

_TEST_EVERY: Final = 10
_LONGEST: Final = 50  # times as long as wide


def load_image_folder(folder: Path, split: str, *, side: int, limit: int | None, seed: int) -> ImageSet:
    """Return pictures of a folder in colour, upright as their EXIF says, in the order of their paths.

    Args:
        folder: Where they are; hidden files and folders are passed over.
        split: "all"; or "test", every tenth of them from the first on; or "train", the others.
        side: Side of the pictures in pixels.
        limit: How many at most.
        seed: Which ones.

    Returns:
        The pictures; `skipped` names those that could not be read.

    Raises:
        ConfigError: The folder is missing, or no picture in it can be read.
    """
    check_split(f"folder {folder}", split, ("train", "test", "all"))
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder of pictures")
    paths = [path for path in sorted(folder.rglob("*")) if _is_picture(path.relative_to(folder), path)]
    if not paths:
        raise ConfigError(f"{folder}: holds no picture ({', '.join(SUFFIXES)})")
    if split != "all":
        paths = [p for index, p in enumerate(paths) if (index % _TEST_EVERY == 0) == (split == "test")]
    images, skipped = [], []
    for index in choose(len(paths), limit, seed):
        try:
            images.append(read_square(paths[index], side))
        except PhotoError as error:
            skipped.append(str(error))
    if not images:
        reason = skipped[0] if skipped else f"{folder}: holds a single picture, which is the test picture"
        raise ConfigError(f"{folder}: no picture of the split {split!r} can be read; {reason}")
    return ImageSet(name=f"folder:{folder}", split=split, images=np.stack(images), skipped=tuple(skipped))


def read_square(path: Path, side: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the square in the middle of a picture, shape (side, side, 3), sRGB.

    Raises:
        PhotoError: It cannot be read, or is more than 50 times as long as wide.
    """
    size = photo_size(path)
    short, long = min(size), max(size)
    if long > _LONGEST * short:
        raise PhotoError(f"{path}: {size[0]} x {size[1]} pixels, is too long for a square")
    picture = read_photo(path, long_side_px=-(-side * long // short))
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def _is_picture(below: Path, path: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in below.parts)
    return not is_hidden and path.suffix.lower() in SUFFIXES and path.is_file()
