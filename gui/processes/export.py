"""Writes one file of a painting, beside the window, so that it may take long and can be cancelled.

    python -m gui.processes.export PROGRAM FILE SIZE

PROGRAM: a program file; FILE: where to, its ending says what; SIZE: longer side of pictures and films in
pixels. Lines on standard output say how much is done, in [0, 1]; an error is one line on standard error and
exit code 2. The file appears when it is whole: a cancelled export leaves what was there.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Final

from PyQt6.QtCore import QMarginsF, QRectF, QSizeF
from PyQt6.QtGui import QGuiApplication, QPageLayout, QPageSize, QPainter, QPdfWriter
from PyQt6.QtSvg import QSvgRenderer

from adapters.gcode import write_gcode
from adapters.mypaint import MyPaintRenderer, mean_width
from adapters.picture import render, size_px, write_picture
from adapters.svg import svg_text, write_svg
from adapters.timelapse import GIF, MP4, write_timelapse
from spiral_core.errors import SpiralError
from spiral_core.files import atomic_path
from spiral_core.program import PaintingProgram
from spiral_core.program_file import read_painting, write_program

_NICE: Final = 5


def export(program: PaintingProgram, path: Path, long_side_px: int) -> None:
    """Write a file of the kind that its name asks for.

    Args:
        program: The painting.
        path: .json, .svg, .pdf, .gcode, .mp4, .gif, or a picture's ending.
        long_side_px: Of pictures and films.

    Raises:
        SpiralError: It cannot be written, or there is no such kind.
    """
    match path.suffix.lower():
        case ".json":
            write_program(program, path)
        case ".svg":
            write_svg(program, path, mean_width)
        case ".pdf":
            write_pdf(program, path)
        case ".gcode":
            write_gcode(program, path)
        case ".mp4" | ".gif" as kind:
            settings = dataclasses.replace(MP4 if kind == ".mp4" else GIF, long_side_px=long_side_px)
            write_timelapse(program, path, MyPaintRenderer, settings, progress=_tell)
        case _:
            write_picture(render(program, *size_px(program, long_side_px), MyPaintRenderer), path)


def write_pdf(program: PaintingProgram, path: Path) -> None:
    """Write the painting as a page of its true size, in lines and curves.

    Raises:
        OutputError: The place cannot be written to.
    """
    drawing = QSvgRenderer(svg_text(program, mean_width).encode())
    page = program.page
    with atomic_path(path) as draft:
        writer = QPdfWriter(str(draft))
        size = QPageSize(
            QSizeF(page.width_mm, page.height_mm),
            QPageSize.Unit.Millimeter,
            "",
            QPageSize.SizeMatchPolicy.ExactMatch,
        )
        writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF()))
        painter = QPainter(writer)
        # Qt's SVG knows no clip paths: what lies over the picture's edge is cut off here.
        scale = writer.width() / page.width_mm
        left, top, width, height = page.picture_rectangle_mm(program.aspect)
        painter.setClipRect(QRectF(left * scale, top * scale, width * scale, height * scale))
        drawing.render(painter)
        painter.end()


def _tell(part: float) -> None:
    sys.stdout.write(f"{part:.3f}\n")
    sys.stdout.flush()


def main() -> int:
    """Write what the command line asks for; return the exit code."""
    os.nice(_NICE)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication(sys.argv[:1])  # what fonts and painting need; nothing is shown
    program, path, size = sys.argv[1:]
    try:
        export(read_painting(Path(program)), Path(path), int(size))
    except SpiralError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
