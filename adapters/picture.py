"""A program as a picture file, at any size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from spiral_core.errors import OutputError
from spiral_core.files import atomic_path
from spiral_core.program import PaintingProgram, StrokeArray
from spiral_core.rendering import RendererFactory

MAX_SIDE_PX: Final = 16384


def size_px(program: PaintingProgram, long_side_px: int) -> tuple[int, int]:
    """Return (height, width) in pixels of a canvas whose longer side has the given length."""
    width = max(1, round(long_side_px / max(1.0, program.aspect)))
    return max(1, round(long_side_px * min(1.0, program.aspect))), width


def render(
    program: PaintingProgram, height: int, width: int, renderer_factory: RendererFactory
) -> npt.NDArray[np.uint8]:
    """Return the painting at a size, shape (height, width, 3)."""
    renderer = renderer_factory(1, height, width)
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    return np.asarray(renderer.pixels()[0], np.uint8)


def write_picture(pixels: npt.NDArray[np.uint8], path: Path) -> None:
    """Write a picture in the format that its name asks for.

    Raises:
        OutputError: The format is unknown, or the place cannot be written to.
    """
    formats = {
        ".png": "PNG",
        ".jpg": "JPEG",
        ".jpeg": "JPEG",
        ".webp": "WEBP",
        ".tif": "TIFF",
        ".tiff": "TIFF",
    }
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path}: cannot tell the kind of picture; valid endings: {', '.join(formats)}")
    with atomic_path(path) as draft:
        Image.fromarray(pixels).save(draft, kind, quality=92)
