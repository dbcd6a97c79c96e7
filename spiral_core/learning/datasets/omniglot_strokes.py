"""OMNIGLOT as pen strokes, drawn with a round pen as wide as that of the official images.

Two sources. The official zips of text files: one drawing each, lines "x,y,t" (pixels; y grows upwards from
-105 to 0; milliseconds), a stroke ends with "BREAK". And omniglot_strokes.npz: nearly the whole set,
background and evaluation mixed, lines simplified, position in the image lost.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, check_split, choose
from spiral_core.learning.datasets.npz_file import check_labels, rows_of_split
from spiral_core.learning.datasets.omniglot import (
    SOURCE_PX,
    background_members,
    characters_of,
    opened_zip,
    read_member,
)
from spiral_core.learning.datasets.stroke_drawings import Points, centred, read_stroke_file, render

_ZIPS: Final = tuple(f"omniglot/strokes_background_small{number}.zip" for number in (1, 2))
_STROKES: Final = "omniglot/omniglot_strokes.npz"
_LINE_WIDTH: Final = 5 / SOURCE_PX  # overlaps best with the official images: 0.93 in the median
_CENTRE: Final = 50.5 / SOURCE_PX  # where official drawings are, in the mean
_MORE: Final = {
    "units_per_pixel": ("iu", 0),
    "split": ("iu", 1),
    "splits": ("U", 1),
    "character": ("iu", 1),
    "characters": ("U", 1),
    "in_oneshot_runs": ("iu", 1),
}


def load_omniglot_strokes(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return drawn strokes.

    Args:
        split: "background": the official text files (4840 drawings, placed as in the official images,
            labelled);
            "train", "valid" or "test": those of omniglot_strokes.npz, centred, without the drawings of
            the one-shot runs; few of their labels are known.
        side: Side of the pictures in pixels.
        folder: The data folder.
        limit: How many at most.
        seed: Which ones.

    Raises:
        ConfigError: A file is missing or broken, or the split is unknown.
    """
    check_split("omniglot-strokes", split, ("background", "train", "valid", "test"))
    if split == "background":
        return _background(side, folder, limit, seed)
    path = locate("omniglot-strokes", _STROKES, folder)
    drawings, more = read_stroke_file(path, _MORE)
    rows = rows_of_split(path, more, "omniglot-strokes", split, len(drawings))
    check_labels(path, more, "character", "characters", len(drawings))
    if len(more["in_oneshot_runs"]) != len(drawings):
        raise ConfigError(f"{path}: in_oneshot_runs: must be {len(drawings)} values")
    rows = rows[more["in_oneshot_runs"][rows] == 0]
    rows = rows[choose(len(rows), limit, seed)]
    scale = 1 / (float(more["units_per_pixel"]) * SOURCE_PX)
    placed = [
        centred(drawings.drawing(row), scale=scale, margin=_LINE_WIDTH / 2, centre=_CENTRE)
        for row in rows.tolist()
    ]
    return ImageSet(
        name="omniglot-strokes",
        split=split,
        images=render(placed, side=side, line_width=_LINE_WIDTH),
        labels=more["character"][rows].astype(np.int64),
        label_names=tuple(str(name) for name in more["characters"]),
    )


def _background(side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    members = background_members([locate("omniglot-strokes", file, folder) for file in _ZIPS], "txt")
    labels, characters = characters_of(members)
    chosen = choose(len(members), limit, seed)
    placed: dict[int, list[Points]] = {}
    for path in {member.path for member in members}:
        with opened_zip(path) as archive:
            for index in chosen.tolist():
                member = members[index]
                if member.path == path:
                    text = read_member(archive, path, member.name).decode("utf-8", "replace")
                    strokes = strokes_of_text(text, f"{path}: {member.name}")
                    # The official images show a point half a pixel further right and down.
                    placed[index] = [(stroke + 0.5) / SOURCE_PX for stroke in strokes]
    return ImageSet(
        name="omniglot-strokes",
        split="background",
        images=render([placed[index] for index in chosen.tolist()], side=side, line_width=_LINE_WIDTH),
        labels=labels[chosen],
        label_names=characters,
    )


def strokes_of_text(text: str, where: str) -> list[Points]:
    """Return the strokes of an official text file, in pixels of the 105 x 105 image, y down.

    Args:
        text: What the file holds.
        where: What errors call it.

    Raises:
        ConfigError: A line is none of "START", "BREAK" and "x,y,t", or there is no stroke.
    """
    strokes: list[Points] = []
    points: list[tuple[float, float]] = []
    for number, line in enumerate(text.split(), 1):
        if line == "START":
            continue
        if line == "BREAK":
            if points:
                strokes.append(np.array(points, np.float64))
            points = []
            continue
        try:
            x, y, _ = (float(word) for word in line.split(","))
        except ValueError:
            raise ConfigError(f"{where}: line {number}: {line[:40]!r}, must be 'x,y,t'") from None
        if not (abs(x) < 1e4 and abs(y) < 1e4):
            raise ConfigError(f"{where}: line {number}: {line[:40]!r}, is outside of any image")
        points.append((x, -y))
    if points or not strokes:
        raise ConfigError(f"{where}: ends without BREAK" if points else f"{where}: holds no stroke")
    return strokes
