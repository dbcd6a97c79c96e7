"""Sheets of drawings: a picture of many, for people to look at."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

_GAP_PX = 2
_LINE = (200, 200, 200)


def drawing_sheet(
    drawings: npt.NDArray[np.uint8], targets: npt.NDArray[np.uint8] | None = None, *, columns: int = 16
) -> bytes:
    """Return a PNG of drawings in rows; where targets are given, each row of drawings under its targets.

    Args:
        drawings: Shape (N, height, width, 1 or 3), uint8.
        targets: Shape (N, height, width, 3), uint8.
        columns: Drawings in a row.
    """
    num, height, width, _ = drawings.shape
    columns = min(columns, num)
    sets = [drawings] if targets is None else [targets, drawings]
    rows = -(-num // columns)
    sheet = np.empty((rows * len(sets) * (height + _GAP_PX), columns * (width + _GAP_PX), 3), np.uint8)
    sheet[...] = _LINE
    for i in range(num):
        row, column = divmod(i, columns)
        left = column * (width + _GAP_PX)
        for k, pictures in enumerate(sets):
            top = (row * len(sets) + k) * (height + _GAP_PX)
            sheet[top : top + height, left : left + width] = pictures[i]
    content = io.BytesIO()
    Image.fromarray(sheet).save(content, "PNG")
    return content.getvalue()
