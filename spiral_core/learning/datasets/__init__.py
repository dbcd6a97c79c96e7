"""Real pictures to learn from and to be judged on, one module per data set.

`load` reads a split of a set into memory, all pictures of one size. Where files lie: `catalog`. Nothing here
needs torch, and nothing is unpickled.
"""

from __future__ import annotations

from pathlib import Path

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.image_set import ImageSet, data_folder
from spiral_core.learning.datasets.mnist import load_mnist

__all__ = ["ImageSet", "load"]

_LOADERS = {"mnist": load_mnist}


def load(
    name: str, split: str, *, side: int = 64, folder: Path | None = None, limit: int | None = None, seed: int = 0
) -> ImageSet:
    """Return the pictures of one split of a data set.

    Args:
        name: Which set: "mnist".
        split: Which part: "train" or "test".
        side: Side of the pictures in pixels, > 0.
        folder: The data folder; None takes the one that SPIRAL_DATA points at.
        limit: Load at most so many, > 0, drawn evenly.
        seed: Which ones are drawn.

    Raises:
        ConfigError: The name or the split is unknown, a number is out of range, or a file is missing or broken.
    """
    for what, number in (("side", side), ("limit", limit)):
        if number is not None and number <= 0:
            raise ConfigError(f"{what}: {number}, must be > 0")
    if name not in _LOADERS:
        raise ConfigError(f"data set {name!r}, must be one of {', '.join(_LOADERS)}")
    return _LOADERS[name](split, side=side, folder=data_folder(folder), limit=limit, seed=seed)
