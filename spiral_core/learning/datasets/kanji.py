"""Japanese characters of KanjiVG, from the strokes in which they are written, drawn with a round pen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, choose
from spiral_core.learning.datasets.npz_file import rows_of_split
from spiral_core.learning.datasets.stroke_drawings import centred, read_stroke_file, render

_STROKES: Final = "kanji/kanjivg_strokes.npz"
_SQUARE_PX: Final = 109  # KanjiVG's own
_LINE_WIDTH: Final = 3 / _SQUARE_PX  # as KanjiVG draws them


def load_kanji(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return characters of a split ("train", "valid" or "test"), centred; without labels.

    Raises:
        ConfigError: The file is missing or broken, or has no such split.
    """
    path = locate("kanji", _STROKES, folder)
    drawings, more = read_stroke_file(
        path, {"units_per_pixel": ("iu", 0), "split": ("iu", 1), "splits": ("U", 1)}
    )
    rows = rows_of_split(path, more, "kanji", split, len(drawings))
    rows = rows[choose(len(rows), limit, seed)]
    scale = 1 / (float(more["units_per_pixel"]) * _SQUARE_PX)
    placed = [centred(drawings.drawing(row), scale=scale, margin=_LINE_WIDTH / 2) for row in rows.tolist()]
    return ImageSet(name="kanji", split=split, images=render(placed, side=side, line_width=_LINE_WIDTH))
