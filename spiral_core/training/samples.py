"""Sheets of samples: what the agent paints, beside what it was asked to paint."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError

_GAP_PX: Final = 4
_PAIR_GAP_PX: Final = 1
_PAPER: Final = 128


def sample_sheet(
    images: npt.NDArray[np.uint8], targets: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """Return pictures in rows on grey, about as wide as high; with targets each has its own on the left.

    Args:
        images: Shape (N, height, width, 3), uint8, N >= 1.
        targets: The same shape, or None.

    Raises:
        CanvasError: An array has another shape or type.
    """
    _check("images", images)
    if targets is not None:
        _check("targets", targets)
        if targets.shape != images.shape:
            raise CanvasError(f"targets: shape {targets.shape}, must be that of the images, {images.shape}")
        gap = np.full((*images.shape[:2], _PAIR_GAP_PX, 3), _PAPER, np.uint8)
        images = np.concatenate([targets, gap, images], axis=2)
    num, height, width, _ = images.shape
    columns = max(1, min(num, round(math.sqrt(num * height / width))))
    rows = -(-num // columns)
    sheet = np.full(
        (rows * (height + _GAP_PX) + _GAP_PX, columns * (width + _GAP_PX) + _GAP_PX, 3), _PAPER, np.uint8
    )
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        y, x = _GAP_PX + row * (height + _GAP_PX), _GAP_PX + column * (width + _GAP_PX)
        sheet[y : y + height, x : x + width] = image
    return sheet


def _check(name: str, images: npt.NDArray[Any]) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
        raise CanvasError(f"{name}: {images.dtype} {images.shape}, must be uint8 (N, height, width, 3)")
