"""Line drawings as pen strokes, and their rendering: round ends, anti-aliased, dark ink on white.

Layout of a stroke file (.npz): `points` (P, 2), x right, y down; stroke j is the points from
`stroke_offsets[j]` up to `stroke_offsets[j + 1]`, drawing i the strokes from `drawing_offsets[i]` up to
`drawing_offsets[i + 1]`. A stroke may be a single point, a dot.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.image_set import Pictures
from spiral_core.learning.datasets.npz_file import Arrays, read_npz

Points = npt.NDArray[np.float64]
"""Shape (P, 2): x to the right, y down."""
Drawing = Sequence[Points]
"""Strokes, in the order of drawing."""

_LARGER: Final = 4  # drawn so much larger, then averaged
_OFFSETS: Final = {"points": ("iuf", 2), "stroke_offsets": ("iu", 1), "drawing_offsets": ("iu", 1)}


@dataclass(frozen=True, slots=True, eq=False)
class StrokeDrawings:
    """Many drawings in three arrays, as the module's text lays them out."""

    points: Points
    stroke_offsets: npt.NDArray[np.int64]
    drawing_offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.drawing_offsets) - 1

    def drawing(self, index: int) -> list[Points]:
        """Return the strokes of one drawing, each (P, 2) with P >= 1, in the file's units."""
        first, last = self.drawing_offsets[index : index + 2].tolist()
        bounds = self.stroke_offsets[first : last + 1].tolist()
        return [self.points[begin:end] for begin, end in itertools.pairwise(bounds)]


def read_stroke_file(path: Path, more: Mapping[str, tuple[str, int]]) -> tuple[StrokeDrawings, Arrays]:
    """Read a stroke file.

    Args:
        path: The file.
        more: Further arrays that are wanted, as for `read_npz`.

    Returns:
        The drawings, and the further arrays by name.

    Raises:
        ConfigError: The file is missing or broken, or its offsets do not lead through all points.
    """
    arrays = read_npz(path, {**_OFFSETS, **more})
    points = arrays["points"].astype(np.float64)
    if points.shape[1] != 2 or not np.isfinite(points).all():
        raise ConfigError(f"{path}: points: shape {points.shape}, must be (P, 2) and finite")
    strokes, drawings = (arrays[name].astype(np.int64) for name in ("stroke_offsets", "drawing_offsets"))
    for name, offsets, total in (
        ("stroke_offsets", strokes, len(points)),
        ("drawing_offsets", drawings, len(strokes) - 1),
    ):
        if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) <= 0).any():
            raise ConfigError(f"{path}: {name}: must rise from 0 to {total}")
    return StrokeDrawings(points, strokes, drawings), arrays


def centred(drawing: Drawing, *, scale: float, margin: float, centre: float = 0.5) -> list[Points]:
    """Return a drawing in canvas units, the middle of its bounding box at one place of the canvas.

    Args:
        drawing: Its strokes, in any units.
        scale: Canvas widths per unit; smaller where the drawing would leave less than the margin.
        margin: Kept free at each edge, in canvas widths, in [0, 0.5).
        centre: Where the middle comes, x and y alike, in canvas widths; moved as far as the margin asks.
    """
    points = np.concatenate(list(drawing))
    low, high = points.min(axis=0), points.max(axis=0)
    free = 1 - 2 * margin
    scale = min(scale, free / max(float((high - low).max()), 1e-9))
    half = scale * (high - low) / 2
    middle = np.clip(centre, margin + half, 1 - margin - half)
    return [middle + scale * (stroke - (low + high) / 2) for stroke in drawing]


def render(drawings: Sequence[Drawing], *, side: int, line_width: float) -> Pictures:
    """Draw line drawings in black on white, with round ends and joins.

    Args:
        drawings: Strokes in canvas units: fractions of the side, x right, y down.
        side: Side of the pictures in pixels.
        line_width: Width of the line in canvas units, > 0.

    Returns:
        Shape (N, side, side), uint8.
    """
    images = np.empty((len(drawings), side, side), np.uint8)
    large = side * _LARGER
    width_px = max(1, round(line_width * large))
    before = (width_px - 1) // 2  # Pillow puts so much of a line's width above and left of its coordinates
    for image, drawing in zip(images, drawings, strict=True):
        sheet = Image.new("L", (large, large), 255)
        pen = ImageDraw.Draw(sheet)
        for stroke in drawing:
            # Coordinates are whole pixels to Pillow, which would cut fractions off, so they are rounded here.
            middle = np.floor(stroke * large + (0 if width_px % 2 else -0.5)).astype(np.int64)
            points = [(x, y) for x, y in middle.tolist()]
            pen.line(points, fill=0, width=width_px)
            for x, y in points:
                left, top = x - before, y - before
                pen.ellipse((left, top, left + width_px - 1, top + width_px - 1), fill=0)
        image[...] = np.asarray(sheet.reduce(_LARGER))
    return images
