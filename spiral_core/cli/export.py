"""`spiral export`: a program as SVG, G-code or a timelapse."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from adapters.gcode import GcodeSettings, write_gcode
from adapters.mypaint import MyPaintRenderer, mean_width
from adapters.svg import write_svg
from adapters.timelapse import write_timelapse
from spiral_core.cli.parsing import Verbs, page_for, positive_number
from spiral_core.errors import ConfigError
from spiral_core.program_file import read_painting


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    defaults = GcodeSettings()
    parser = verbs.add_parser(
        "export",
        help="write a program as SVG, G-code or timelapse",
        description="Write a program as SVG, G-code or timelapse; any of them in one go.",
        epilog="examples:\n"
        "  spiral export painting/program.json --svg poster.svg --page A2\n"
        "  spiral export painting/program.json --timelapse film.gif\n"
        '  spiral export painting/program.json --gcode plot.gcode --pen-down "M3 S90;G4 P0.2" '
        '--pen-up "M5;G4 P0.2"',
    )
    parser.add_argument("program", metavar="PROGRAM", type=Path, help="a program file (.json)")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="SVG drawing to write")
    parser.add_argument("--gcode", metavar="FILE", type=Path, help="G-code to write")
    parser.add_argument("--timelapse", metavar="FILE", type=Path, help="film to write, .mp4 or .gif")
    parser.add_argument(
        "--page",
        metavar="PAGE",
        help="another sheet: A4, A3-landscape, letter, 210x297mm (default: the program's own)",
    )
    parser.add_argument(
        "--feed",
        metavar="MM_PER_MIN",
        type=positive_number,
        default=defaults.draw_feed_mm_per_min,
        help=f"G-code: speed of drawing (default: {defaults.draw_feed_mm_per_min:g})",
    )
    parser.add_argument(
        "--pen-down",
        metavar="LINES",
        default=";".join(defaults.pen_down),
        help='G-code: what lowers the pen, lines parted by ";" (default: "%(default)s")',
    )
    parser.add_argument(
        "--pen-up",
        metavar="LINES",
        default=";".join(defaults.pen_up),
        help='G-code: what lifts the pen (default: "%(default)s")',
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export a program file."""
    if not (arguments.svg or arguments.gcode or arguments.timelapse):
        raise ConfigError("nothing to write: name at least one of --svg FILE, --gcode FILE, --timelapse FILE")
    settings = GcodeSettings(
        draw_feed_mm_per_min=arguments.feed,
        pen_down=tuple(line.strip() for line in arguments.pen_down.split(";")),
        pen_up=tuple(line.strip() for line in arguments.pen_up.split(";")),
    )
    program = read_painting(arguments.program)
    if arguments.page:
        program = dataclasses.replace(program, page=page_for(arguments.page, program.aspect))
    if arguments.svg:
        write_svg(program, arguments.svg, mean_width)
        print(f"wrote {arguments.svg}")
    if arguments.gcode:
        write_gcode(program, arguments.gcode, settings)
        print(f"wrote {arguments.gcode}")
    if arguments.timelapse:
        write_timelapse(program, arguments.timelapse, MyPaintRenderer)
        print(f"wrote {arguments.timelapse}")
    return 0
