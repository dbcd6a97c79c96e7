"""Real pictures to learn from and to be judged on, one module per data set.

`load` reads a split of a set into memory, all pictures of one size. Which files it reads and where they lie:
`catalog`. Nothing here needs torch, and nothing is unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.celeba import load_celeba
from spiral_core.learning.datasets.faces import load_color_faces, load_gray_faces
from spiral_core.learning.datasets.image_folder import load_image_folder
from spiral_core.learning.datasets.image_set import ImageSet, data_folder
from spiral_core.learning.datasets.kanji import load_kanji
from spiral_core.learning.datasets.mnist import load_mnist
from spiral_core.learning.datasets.omniglot import load_omniglot, load_oneshot
from spiral_core.learning.datasets.omniglot_strokes import load_omniglot_strokes
from spiral_core.learning.datasets.quickdraw import load_quickdraw

__all__ = ["LOADERS", "ImageSet", "load"]

LARGEST_SIDE_PX: Final = 1024

LOADERS: Final[dict[str, Callable[..., ImageSet]]] = {
    "mnist": load_mnist,
    "omniglot": load_omniglot,
    "omniglot-oneshot": load_oneshot,
    "omniglot-strokes": load_omniglot_strokes,
    "faces": load_color_faces,
    "faces-gray": load_gray_faces,
    "celeba": load_celeba,
    "quickdraw": load_quickdraw,
    "kanji": load_kanji,
}
"""What reads each data set that has a name; the names are those of `catalog.CATALOG`."""


def load(
    name: str,
    split: str,
    *,
    side: int = 64,
    folder: Path | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> ImageSet:
    """Return the pictures of one split of a data set.

    Args:
        name: One of `LOADERS`; or a folder of pictures: "folder:PATH", or a path with a separator in it.
        split: Which part: "train" and "test" everywhere, more in places (`catalog.CATALOG` counts them).
        side: Side of the pictures in pixels, in [8, 1024].
        folder: The data folder; None takes the one that SPIRAL_DATA points at; not for a folder of pictures.
        limit: Load at most so many, > 0, drawn evenly.
        seed: Which ones are drawn, >= 0.

    Returns:
        The pictures in the order of the files, whatever the limit. The same arguments give the same bytes.

    Raises:
        ConfigError: The name or split is unknown, a number is out of range, or a file is missing or broken.
    """
    if not 8 <= side <= LARGEST_SIDE_PX:
        raise ConfigError(f"side: {side}, must be in [8, {LARGEST_SIDE_PX}]")
    if limit is not None and limit <= 0:
        raise ConfigError(f"limit: {limit}, must be > 0")
    if seed < 0:
        raise ConfigError(f"seed: {seed}, must be >= 0")
    if name.startswith("folder:") or os.sep in name:
        pictures = Path(name.removeprefix("folder:")).expanduser()
        return load_image_folder(pictures, split, side=side, limit=limit, seed=seed)
    if name not in LOADERS:
        raise ConfigError(f"data set {name!r}, must be one of {', '.join(LOADERS)} or folder:PATH")
    return LOADERS[name](split, side=side, folder=data_folder(folder), limit=limit, seed=seed)
