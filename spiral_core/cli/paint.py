"""`spiral paint`: a photo, or a folder of photos, as paintings."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from adapters.mypaint import find_brush, mypaint_planning
from spiral_core.cli.agents import agent_file
from spiral_core.cli.interrupts import Interrupts
from spiral_core.cli.outputs import PaintingRun, write_outputs
from spiral_core.cli.parsing import Verbs, page_for, positive_number, whole_number
from spiral_core.cli.progress import PaintingProgress
from spiral_core.color import from_hex
from spiral_core.errors import ConfigError, PhotoError, SpiralError
from spiral_core.files import make_folder
from spiral_core.photo import photo_size, read_mask, read_photo
from spiral_core.program import SEED_LIMIT, Color, Page, PaintingProgram
from spiral_core.program_file import read_painting
from spiral_core.search import (
    HeuristicProposer,
    Painter,
    PaintOptions,
    PhaseChanged,
    Proposer,
    StrokeAdded,
    StrokeRemoved,
)
from spiral_core.search.agent_proposer import DEFAULT_AGENT, load_proposer
from spiral_core.search.paints import Paints, parse_palette

_SMALLEST_DEFAULT_PX = 512
_LARGEST_DEFAULT_PX = 1024
_LARGEST_PX = 8192
_PEN_PX = 1.2  # width that a pen's line gets at least, unless a size is asked for
_DEFAULT_PAGE = "A4"
_LEAST_IMPORTANCE = np.float32(
    0.1
)  # of the black places of a mask; those at 0 would be painted with anything


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "paint",
        help="paint a photo, or every photo of a folder",
        description="Paint a photo, or every photo of a folder, with real brush strokes. Writes\n"
        "painting.png, program.json, painting.svg, painting.gcode, timelapse.mp4 and report.json.\n"
        "Ctrl-C ends the painting early and writes what is there.",
        epilog="examples:\n"
        "  spiral paint cat.jpg\n"
        "  spiral paint cat.jpg -o cat --strokes 1000 --size 1200\n"
        "  spiral paint cat.jpg --palette 12 --opaque --page A3\n"
        "  spiral paint cat.jpg --palette '#1d3557,#e63946,#f1faee' --brush pen --pen 0.8\n"
        "  spiral paint cat.jpg --from painting/program.json --strokes 800\n"
        "  spiral paint holiday/ -o paintings --seconds 20",
    )
    parser.add_argument(
        "photo", metavar="PHOTO|FOLDER", type=Path, help="a picture file, or a folder of them"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("painting"),
        help="folder to write to; a FOLDER's photos get one folder each in it (default: painting)",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="FILE",
        type=Path,
        help="go on from this program file instead of nothing",
    )
    parser.add_argument(
        "--page",
        metavar="PAGE",
        help="sheet: A4, A3-landscape, letter, 210x297mm (default: A4, turned to suit)",
    )
    parser.add_argument(
        "--strokes", metavar="N", type=whole_number(1, 100_000), default=500, help="how many (default: 500)"
    )
    parser.add_argument("--seconds", metavar="S", type=positive_number, help="stop searching after so long")
    parser.add_argument(
        "--size",
        metavar="PX",
        type=whole_number(16, _LARGEST_PX),
        help=f"longer side of the picture (default: the photo's, within {_SMALLEST_DEFAULT_PX} to "
        f"{_LARGEST_DEFAULT_PX})",
    )
    parser.add_argument(
        "--brush",
        metavar="NAMES",
        default="round",
        help="round, pen, soft, dry, any of MyPaint's such as classic/dry_brush, or several with commas "
        "(default: round)",
    )
    parser.add_argument(
        "--palette",
        metavar="PAINTS",
        help="12 (so many, found for the photo), '#1d3557,#e63946' or a palette file (default: any colour)",
    )
    parser.add_argument(
        "--background",
        metavar="COLOUR",
        type=_background,
        help="colour of the bare canvas, such as '#ffffff' (default: the photo's mean; white for a pen)",
    )
    parser.add_argument("--opaque", action="store_true", help="paint covers: no translucent strokes")
    parser.add_argument(
        "--pen", metavar="MM", type=positive_number, help="one width for all strokes, on the page, in mm"
    )
    parser.add_argument(
        "--mask",
        metavar="FILE",
        type=Path,
        help="picture of the photo's shape: where it is white, errors count ten times as much as where black",
    )
    parser.add_argument(
        "--agent",
        metavar="NAME",
        default=DEFAULT_AGENT,
        help="who proposes strokes: a shipped agent, a weights file, or none for a plain heuristic "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=whole_number(0, SEED_LIMIT - 1),
        default=0,
        help="same seed, same painting",
    )
    parser.add_argument(
        "--timelapse", choices=("mp4", "gif", "none"), default="mp4", help="kind of film (default: mp4)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paint what the arguments name."""
    paints = parse_palette(arguments.palette) if arguments.palette else Paints(None, None)
    for brush in _brushes(arguments):
        find_brush(brush)
    with Interrupts() as interrupts:
        if not arguments.photo.is_dir():
            _paint(arguments.photo, arguments.output, arguments, paints, interrupts)
            return 130 if interrupts.requested else 0
        return _paint_folder(arguments, paints, interrupts)


def _paint_folder(arguments: argparse.Namespace, paints: Paints, interrupts: Interrupts) -> int:
    photos = photos_in(arguments.photo)
    stems = Counter(photo.stem for photo in photos)
    failures = []
    num_painted = 0
    for photo in photos:
        folder = arguments.output / (photo.stem if stems[photo.stem] == 1 else photo.name)
        try:
            _paint(photo, folder, arguments, paints, interrupts)
            num_painted += 1
        except SpiralError as error:
            print(f"spiral: {error}", file=sys.stderr)
            failures.append(photo.name)
        if interrupts.requested:
            return 130
    print(f"painted {num_painted} of {len(photos)} photos of {arguments.photo}")
    if failures:
        print(f"spiral: not painted: {', '.join(failures)}", file=sys.stderr)
    return 2 if failures else 0


def photos_in(folder: Path) -> list[Path]:
    """Return the files of a folder that are named like pictures, by name.

    Raises:
        PhotoError: There are none, or the folder cannot be read.
    """
    kinds = set(Image.registered_extensions())
    try:
        photos = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in kinds and path.is_file() and path.name[0] != "."
        )
    except OSError as error:
        raise PhotoError(f"{folder}: cannot be read: {error.strerror}") from error
    if not photos:
        raise PhotoError(f"{folder}: holds no photos")
    return photos


def _proposer(name: str) -> Proposer:
    """Return who proposes strokes: a shipped agent, one from a weights file, or with "none" the heuristic.

    Raises:
        AgentError: There is no such agent, or its file is broken.
    """
    if name == "none":
        return HeuristicProposer()
    return load_proposer(agent_file(name, "none", use=load_proposer))


def _background(text: str) -> Color:
    try:
        return Color(*from_hex(text))
    except SpiralError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _brushes(arguments: argparse.Namespace) -> tuple[str, ...]:
    return tuple(name.strip() for name in arguments.brush.split(","))


def _paint(
    photo: Path, folder: Path, arguments: argparse.Namespace, paints: Paints, interrupts: Interrupts
) -> None:
    start = read_painting(arguments.start) if arguments.start else None
    size = arguments.size or _default_size(photo, arguments, start)
    target = read_photo(photo, long_side_px=size)
    height, width, _ = target.shape
    if start is not None and abs(start.aspect * width - height) > 0.01 * height + 1:
        raise ConfigError(
            f"{arguments.start}: is a painting of another shape than {photo} (height / width "
            f"{start.aspect:.3f}, must be {height / width:.3f})"
        )
    importance = None
    if arguments.mask:
        mask = read_mask(arguments.mask, height=height, width=width)
        importance = _LEAST_IMPORTANCE + (1 - _LEAST_IMPORTANCE) * mask
    page = _page(arguments, start, height / width)
    picture_width_mm = page.picture_rectangle_mm(height / width)[2]
    options = PaintOptions(
        strokes=arguments.strokes,
        seconds=arguments.seconds,
        brushes=_brushes(arguments),
        palette=paints.colors,
        palette_size=paints.size,
        opaque=arguments.opaque,
        background=arguments.background,
        pen_width=arguments.pen / picture_width_mm if arguments.pen else None,
        seed=arguments.seed,
    )
    proposer = _proposer(arguments.agent)
    wall_start, cpu_start = time.perf_counter(), time.process_time()
    painter = Painter(
        target, options, mypaint_planning, proposer=proposer, program=start, importance=importance, page=page
    )
    make_folder(folder)  # before the work, so that none is lost
    interrupts.on_request = painter.stop
    # The agent's matrices are too small to share out: BLAS threads would only wait for one another.
    with PaintingProgress(photo.name) as progress, threadpool_limits(1, user_api="blas"):
        if not interrupts.requested:
            _follow(painter, progress, interrupts, arguments, len(start.strokes) if start else 0)
        outcome = PaintingRun(
            photo=photo,
            seed=arguments.seed,
            options=_told(arguments),
            agent=None if arguments.agent == "none" else arguments.agent,
            cpu_s=time.process_time() - cpu_start,
            wall_s=time.perf_counter() - wall_start,
            is_complete=not interrupts.requested,
        )
        timelapse = None if arguments.timelapse == "none" else arguments.timelapse
        program = dataclasses.replace(painter.program(), page=page)
        scores, names = write_outputs(
            program, target, outcome, folder, timelapse=timelapse, progress=progress.phase
        )
    print(
        f"{photo.name}: {len(program.strokes)} strokes at {width} x {height} px in {outcome.wall_s:.1f} s "
        f"({outcome.cpu_s:.1f} CPU s)\n"
        f"  MSE {scores.mse:.5f}, PSNR {scores.psnr_db:.2f} dB, SSIM {scores.ssim:.3f}\n"
        f"  in {folder}: {', '.join(names)}"
    )


def _default_size(photo: Path, arguments: argparse.Namespace, start: PaintingProgram | None) -> int:
    """Return the longer side in pixels: the photo's, within bounds, and enough to show a pen's line."""
    width, height = photo_size(photo)
    size = min(_LARGEST_DEFAULT_PX, max(_SMALLEST_DEFAULT_PX, width, height))
    if arguments.pen:
        aspect = height / width
        picture_mm = _page(arguments, start, aspect).picture_rectangle_mm(aspect)[2:]
        size = max(size, min(_LARGEST_PX, math.ceil(_PEN_PX * max(picture_mm) / arguments.pen)))
    return size


def _follow(
    painter: Painter,
    progress: PaintingProgress,
    interrupts: Interrupts,
    arguments: argparse.Namespace,
    num_strokes: int,
) -> None:
    """Run a painter to its end and show how far it is."""
    start_s = time.monotonic()
    told = 0.0  # what the painter says itself at the beginning of each phase
    for event in painter.run():
        if interrupts.requested:
            painter.stop()
        if isinstance(event, PhaseChanged):
            told = event.progress
            progress.phase(event.name, told)
            continue
        num_strokes += isinstance(event, StrokeAdded) - isinstance(event, StrokeRemoved)
        if arguments.seconds is None:
            part = max(told, 0.5 * num_strokes / arguments.strokes)  # the other half is revision
        else:
            part = (time.monotonic() - start_s) / arguments.seconds
        progress.show(min(1.0, part), num_strokes, event.error)


def _page(arguments: argparse.Namespace, start: PaintingProgram | None, aspect: float) -> Page:
    if arguments.page is None and start is not None:
        return start.page
    return page_for(arguments.page or _DEFAULT_PAGE, aspect)


def _told(arguments: argparse.Namespace) -> dict[str, object]:
    """Return what was asked for as JSON values, in the words of the command line."""
    words = ("strokes", "seconds", "size", "brush", "palette", "background", "opaque", "pen", "page", "agent")
    told: dict[str, object] = {word: getattr(arguments, word) for word in words}
    told["from"] = str(arguments.start) if arguments.start else None
    told["mask"] = str(arguments.mask) if arguments.mask else None
    return told
