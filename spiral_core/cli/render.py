"""`spiral render`: a program as a picture of any size."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from adapters.mypaint import MyPaintRenderer
from spiral_core.cli.parsing import Verbs, whole_number
from spiral_core.errors import OutputError
from spiral_core.files import atomic_path
from spiral_core.program import PaintingProgram, StrokeArray
from spiral_core.program_file import read_painting

MAX_SIDE_PX = 16384


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "render",
        help="paint a program again, at any size",
        description="Paint a program again, at any size. The same program and size give the same pixels.",
        epilog="examples:\n"
        "  spiral render painting/program.json --size 4096\n"
        "  spiral render painting/program.json --size 800 -o small.webp",
    )
    parser.add_argument("program", metavar="PROGRAM", type=Path, help="a program file (.json)")
    parser.add_argument(
        "--size",
        metavar="PX",
        type=whole_number(1, MAX_SIDE_PX),
        default=2048,
        help="length of the longer side in pixels (default: 2048)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="picture to write, .png, .jpg, .webp or .tif (default: the program's name with .png)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Render a program file."""
    program = read_painting(arguments.program)
    output: Path = arguments.output or arguments.program.with_suffix(".png")
    pixels = render(program, *size_px(program, arguments.size))
    write_picture(pixels, output)
    print(f"wrote {output}, {pixels.shape[1]} x {pixels.shape[0]} px, {len(program.strokes)} strokes")
    return 0


def size_px(program: PaintingProgram, long_side_px: int) -> tuple[int, int]:
    """Return (height, width) in pixels of a canvas whose longer side has the given length."""
    width = max(1, round(long_side_px / max(1.0, program.aspect)))
    return max(1, round(long_side_px * min(1.0, program.aspect))), width


def render(program: PaintingProgram, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return the painting at a size, shape (height, width, 3)."""
    renderer = MyPaintRenderer(1, height, width)
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
