"""Quick, Draw!: sketches by the public of 345 things, from pen strokes, drawn with a round pen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, check_split, choose
from spiral_core.learning.datasets.npz_file import check_labels
from spiral_core.learning.datasets.stroke_drawings import centred, read_stroke_file, render

_STROKES: Final = "quickdraw/quickdraw_strokes.npz"
_LINE_WIDTH: Final = 2.5 / 64
_MARGIN: Final = 3 / 64
_UNITS: Final = 255  # the longer side of a sketch
_TEST_EVERY: Final = 10


def load_quickdraw(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return sketches with their things as labels.

    Args:
        split: "test" is every tenth sketch, from the tenth on; "train" the others.
        side: Side of the pictures in pixels.
        folder: The data folder.
        limit: How many at most.
        seed: Which ones.

    Raises:
        ConfigError: The file is missing or broken, or the split is unknown.
    """
    check_split("quickdraw", split, ("train", "test"))
    path = locate("quickdraw", _STROKES, folder)
    drawings, more = read_stroke_file(path, {"label": ("iu", 1), "labels": ("U", 1)})
    check_labels(path, more, "label", "labels", len(drawings))
    rows = np.arange(len(drawings))
    rows = rows[(rows % _TEST_EVERY == _TEST_EVERY - 1) == (split == "test")]
    rows = rows[choose(len(rows), limit, seed)]
    placed = [
        centred(drawings.drawing(row), scale=(1 - 2 * _MARGIN) / _UNITS, margin=_MARGIN)
        for row in rows.tolist()
    ]
    return ImageSet(
        name="quickdraw",
        split=split,
        images=render(placed, side=side, line_width=_LINE_WIDTH),
        labels=more["label"][rows].astype(np.int64),
        label_names=tuple(str(name) for name in more["labels"]),
    )
