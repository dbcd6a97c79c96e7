"""Pen paths as G-code: millimetres, absolute, origin at the bottom left corner of the page, y up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from pathlib import Path

from spiral_core.color import to_hex
from spiral_core.errors import OutputError
from spiral_core.files import write_atomic
from spiral_core.program import Page, PaintingProgram
from spiral_core.toolpath import PenPath, pen_paths

from .settings import GcodeSettings

_DECIMALS = 3  # of a millimetre


def gcode_text(program: PaintingProgram, settings: GcodeSettings | None = None) -> str:
    """Return a painting as G-code.

    Strokes are drawn in painting order. Consecutive strokes of one colour form a group; between groups the
    machine stops with `M0`, and the comment before it names the colour to insert.

    Raises:
        OutputError: A coordinate would leave the page.
    """
    settings = settings or GcodeSettings()
    page = program.page
    groups = [
        (color, list(paths))
        for color, paths in groupby(
            pen_paths(program, tolerance_mm=settings.tolerance_mm),
            key=lambda path: to_hex(program.strokes[path.stroke_index].color),
        )
    ]
    lines = [
        "; painted by Spiral Studio",
        f"; page {_mm(page.width_mm)} x {_mm(page.height_mm)} mm, origin at its bottom left corner, y up",
        f"; {len(program.strokes)} strokes, {sum(len(paths) for _, paths in groups)} pen paths, "
        f"{max(0, len(groups) - 1)} colour changes",
        "G21 ; millimetres",
        "G90 ; absolute",
        "G17 ; arcs, if any, in the plane of the page",
        "G94 ; feed per minute",
        *settings.pen_up,
    ]
    for number, (color, paths) in enumerate(groups):
        lines.append(f"; insert colour {color}")
        if settings.pause_for_colors and number > 0:
            lines.append("M0")
        for path in paths:
            lines.extend(_path_lines(path, page, settings))
    lines += ["; done", "G0 X0 Y0", "M2"]
    return "\n".join(lines) + "\n"


def write_gcode(program: PaintingProgram, path: Path | str, settings: GcodeSettings | None = None) -> None:
    """Write a painting as G-code; nothing is written unless all of it stays inside the page.

    Raises:
        OutputError: A coordinate would leave the page, or the place cannot be written to.
    """
    write_atomic(path, gcode_text(program, settings))


def _path_lines(path: PenPath, page: Page, settings: GcodeSettings) -> Iterator[str]:
    places = list(_places(path.points_mm.tolist(), page, path.stroke_index))
    yield f"G0 {places[0]}"
    yield from settings.pen_down
    feed = f" F{_mm(settings.draw_feed_mm_per_min)}"
    for previous, place in pairwise(places):
        if place != previous:
            yield f"G1 {place}{feed}"
            feed = ""
    yield from settings.pen_up


def _places(points_mm: Iterable[list[float]], page: Page, stroke_index: int) -> Iterator[str]:
    """Yield the words for points of the page, checked to be on it."""
    for x_mm, y_mm in points_mm:
        machine_x, machine_y = x_mm, page.height_mm - y_mm
        for axis, value, limit in (("x", machine_x, page.width_mm), ("y", machine_y, page.height_mm)):
            if not -1e-6 <= value <= limit + 1e-6:
                raise OutputError(
                    f"strokes[{stroke_index}]: {axis} {value:.3f} mm leaves the page, "
                    f"must be in [0, {limit:g}]; nothing was written"
                )
        yield f"X{_mm_within(machine_x, page.width_mm)} Y{_mm_within(machine_y, page.height_mm)}"


def _mm_within(value: float, limit: float) -> str:
    """Round, but never past the limit."""
    step = 10**-_DECIMALS
    rounded = round(value, _DECIMALS)
    return _mm(max(0.0, rounded - step if rounded > limit else rounded))


def _mm(value: float) -> str:
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
