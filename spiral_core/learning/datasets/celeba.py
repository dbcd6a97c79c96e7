"""CelebA's aligned portraits, from the user's own copy; its terms forbid to pass it on.

The folder celeba/img_align_celeba holds 000001.jpg to 202599.jpg, 178 x 218 pixels. A portrait is cut to the
148 x 148 pixels in its middle and reduced bilinearly.

Source: Liu, Luo, Wang, Tang 2015, "Deep learning face attributes in the wild".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, check_split, choose

SPLITS: Final = ("train", "valid", "test")
WIDTH_PX, HEIGHT_PX, CROP_PX = 178, 218, 148

_FOLDER: Final = "celeba/img_align_celeba"
_PARTITION: Final = "list_eval_partition.txt"
_LAST: Final = {"train": 162_770, "valid": 182_637, "test": 202_599}
_PORTRAIT: Final = re.compile(r"(\d{6})\.jpg")
_CORNER: Final = ((WIDTH_PX - CROP_PX) // 2, (HEIGHT_PX - CROP_PX) // 2)


def load_celeba(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return portraits; all 162,770 training ones take 2 GB at 64 pixels, so mind `limit`.

    Args:
        split: "train", "valid" or "test", after list_eval_partition.txt where it lies in celeba/ or among the
            portraits, else after the ranges of numbers in the official one (to 162770, to 182637, above).
        side: Side of the pictures in pixels.
        folder: The data folder.
        limit: How many at most.
        seed: Which ones.

    Raises:
        ConfigError: The folder is missing or has no portrait of the split, or a portrait is broken or not of
            178 x 218 pixels.
    """
    check_split("celeba", split, SPLITS)
    portraits = locate("celeba", _FOLDER, folder)
    names = sorted(path.name for path in portraits.iterdir() if _PORTRAIT.fullmatch(path.name))
    lists = [place / _PARTITION for place in (portraits.parent, portraits)]
    partition = next((read_partition(path) for path in lists if path.is_file()), None)
    names = [name for name in names if split_of(name, partition) == split]
    if not names:
        raise ConfigError(f"{portraits}: holds no portrait 000001.jpg to 202599.jpg of the split {split!r}")
    names = [names[index] for index in choose(len(names), limit, seed)]
    images = np.empty((len(names), side, side, 3), np.uint8)
    box = (*_CORNER, _CORNER[0] + CROP_PX, _CORNER[1] + CROP_PX)
    for image, name in zip(images, names, strict=True):
        path = portraits / name
        try:
            with Image.open(path, formats=["JPEG"]) as portrait:
                if portrait.size != (WIDTH_PX, HEIGHT_PX):
                    raise ConfigError(f"{path}: {portrait.size}, must be {WIDTH_PX} x {HEIGHT_PX} pixels")
                cut = portrait.convert("RGB").crop(box)
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"{path}: is a broken picture: {error}") from error
        image[...] = np.asarray(cut.resize((side, side), Image.Resampling.BILINEAR))
    return ImageSet(name="celeba", split=split, images=images)


def read_partition(path: Path) -> dict[str, str]:
    """Return the split of each portrait, from lines like "000001.jpg 0".

    Raises:
        ConfigError: A line is not like that.
    """
    partition = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not _PORTRAIT.fullmatch(words[0]) or words[1] not in ("0", "1", "2"):
            raise ConfigError(f"{path}: line {number}: {line[:40]!r}, must be like '000001.jpg 0', 0 to 2")
        partition[words[0]] = SPLITS[int(words[1])]
    return partition


def split_of(name: str, partition: dict[str, str] | None) -> str | None:
    """Return the split of a portrait; None where it is in none."""
    if partition is not None:
        return partition.get(name)
    number = int(name.partition(".")[0])
    return next((split for split, last in _LAST.items() if 1 <= number <= last), None)
