"""`spiral render`: a program as a picture of any size."""

from __future__ import annotations

import argparse
from pathlib import Path

from adapters.mypaint import MyPaintRenderer
from adapters.picture import MAX_SIDE_PX, render, size_px, write_picture
from spiral_core.cli.parsing import Verbs, whole_number
from spiral_core.program_file import read_painting


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
    pixels = render(program, *size_px(program, arguments.size), MyPaintRenderer)
    write_picture(pixels, output)
    print(f"wrote {output}, {pixels.shape[1]} x {pixels.shape[0]} px, {len(program.strokes)} strokes")
    return 0
