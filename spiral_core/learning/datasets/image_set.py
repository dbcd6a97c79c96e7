"""Pictures in memory, and how a reader of a data set cuts, chooses and names them. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from spiral_core.errors import ConfigError

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]

ENVIRONMENT: Final = "SPIRAL_DATA"
"""The environment variable that points at the data folder."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """The pictures of one split of a data set, all of one size.

    Attributes:
        name: Name of the data set, as `load` takes it.
        split: Which part of it.
        images: 8-bit sRGB: shape (N, side, side, 3), or (N, side, side) where every picture is gray, which
            takes a third of the memory; `batch` gives colour of both. Line art is dark ink on white.
        labels: Shape (N,), index into `label_names`, -1 where it is unknown; None where the set has none.
        label_names: Names of the labels.
        skipped: Files that could not be read, each with the reason.
    """

    name: str
    split: str
    images: Pictures
    labels: Labels | None = None
    label_names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.images.shape
        assert self.images.dtype == np.uint8
        assert len(shape) in (3, 4)
        assert shape[1] == shape[2]
        assert shape[3:] in ((), (3,))
        assert self.labels is None or self.labels.shape == shape[:1]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def side(self) -> int:
        """Side of a picture in pixels."""
        return int(self.images.shape[1])

    @property
    def is_gray(self) -> bool:
        """Whether `images` holds one channel."""
        return self.images.ndim == 3

    def batch(self, indices: npt.ArrayLike) -> Pictures:
        """Return a copy of some pictures in colour.

        Args:
            indices: Shape (B,), whole numbers in [0, N).

        Returns:
            Shape (B, side, side, 3); the three channels are equal where the set is gray.
        """
        chosen = self.images[np.asarray(indices, np.int64)]
        if self.is_gray:
            chosen = np.repeat(chosen[..., None], 3, axis=3)
        return chosen


def data_folder(folder: Path | None) -> Path:
    """Return the data folder: the one given, else the one that SPIRAL_DATA points at.

    Raises:
        ConfigError: Neither is given, or it is no folder.
    """
    if folder is None:
        named = os.environ.get(ENVIRONMENT)
        if not named:
            raise ConfigError(
                f"the environment variable {ENVIRONMENT} must point at the data folder; "
                "`spiral data` tells what belongs there"
            )
        folder = Path(named)
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder; {ENVIRONMENT} must point at the data folder")
    return folder


def check_split(name: str, split: str, splits: tuple[str, ...]) -> None:
    """Refuse a split that the data set does not have.

    Raises:
        ConfigError: `split` is none of `splits`.
    """
    if split not in splits:
        raise ConfigError(f"{name}: split {split!r}, must be one of {', '.join(splits)}")


def choose(num: int, limit: int | None, seed: int) -> Indices:
    """Return which of `num` pictures to load, in rising order.

    Args:
        num: How many there are.
        limit: How many are wanted, > 0; None or too large a number gives all.
        seed: Which ones: an even draw without replacement.
    """
    if limit is None or limit >= num:
        return np.arange(num, dtype=np.int64)
    chosen = np.random.default_rng(seed).choice(num, limit, replace=False)
    return np.sort(chosen).astype(np.int64)


def resized(images: Pictures, side: int) -> Pictures:
    """Return pictures at another size: Pillow's bilinear filter, which averages where it shrinks.

    Args:
        images: Shape (N, height, width) or (N, height, width, 3).
        side: Wanted side in pixels.

    Returns:
        Shape (N, side, side) or (N, side, side, 3); `images` itself where that is its size.
    """
    if images.shape[1:3] == (side, side):
        return images
    result = np.empty((len(images), side, side, *images.shape[3:]), np.uint8)
    for small, image in zip(result, images, strict=True):
        small[...] = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
    return result
