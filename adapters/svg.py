"""Programs as SVG drawings: one path per stroke, true size in millimetres, layers by colour.

A path has one width, so a stroke that swells with its pressure gets the width that it has on average; who
knows the brush says which. By default it is that of full pressure.
Layers are groups that Inkscape and plotter tools understand. A new one begins wherever the colour changes, so
that what overlaps stays in painting order. Everything is cut at the edge of the picture when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import svgwrite
from svgwrite.extensions import Inkscape

from spiral_core.color import to_hex
from spiral_core.files import write_atomic
from spiral_core.program import PaintingProgram, Stroke

_DECIMALS = 4  # of a millimetre


StrokeWidth = Callable[[Stroke], float]
"""Returns the width of a stroke in canvas widths."""


def full_width(stroke: Stroke) -> float:
    """Return the width that a stroke has at full pressure."""
    return 2 * stroke.radius


def svg_text(program: PaintingProgram, width_of: StrokeWidth = full_width) -> str:
    """Return a painting as the text of an SVG file."""
    page = program.page
    left, top, width, height = program.page.picture_rectangle_mm(program.aspect)
    drawing = svgwrite.Drawing(
        size=(f"{_number(page.width_mm)}mm", f"{_number(page.height_mm)}mm"),
        viewBox=f"0 0 {_number(page.width_mm)} {_number(page.height_mm)}",
        debug=False,  # svgwrite's own checks cost more than all the rest
    )
    inkscape = Inkscape(drawing)
    drawing.set_desc(title="Painting", desc=f"{len(program.strokes)} strokes, painted by Spiral Studio")
    picture = {"insert": (_number(left), _number(top)), "size": (_number(width), _number(height))}
    edge = drawing.defs.add(drawing.clipPath(id="picture"))
    edge.add(drawing.rect(**picture))

    paper = drawing.add(inkscape.layer(label="paper", locked=True))
    paper.add(
        drawing.rect(insert=(0, 0), size=(_number(page.width_mm), _number(page.height_mm)), fill="#ffffff")
    )
    paper.add(drawing.rect(**picture, fill=to_hex(program.background)))

    painting = drawing.add(
        drawing.g(
            id="painting",
            clip_path="url(#picture)",
            fill="none",
            stroke_linecap="round",
            stroke_linejoin="round",
        )
    )
    layers = groupby(program.strokes, key=lambda stroke: to_hex(stroke.color))
    for number, (color, strokes) in enumerate(layers, start=1):
        layer = painting.add(inkscape.layer(label=f"{number} {color}", stroke=color))
        for stroke in strokes:
            x0, y0, x1, y1, x2, y2 = (
                _number(origin + value * width)
                for point in (stroke.start, stroke.control, stroke.end)
                for origin, value in zip((left, top), point, strict=True)
            )
            path = drawing.path(
                d=f"M{x0},{y0} Q{x1},{y1} {x2},{y2}", stroke_width=_number(width_of(stroke) * width)
            )
            if stroke.opacity < 1:
                path["stroke-opacity"] = _number(stroke.opacity)
            layer.add(path)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_one_element_per_line(drawing.tostring())}\n'


def write_svg(program: PaintingProgram, path: Path | str, width_of: StrokeWidth = full_width) -> None:
    """Write a painting as an SVG file.

    Raises:
        OutputError: The place cannot be written to.
    """
    write_atomic(path, svg_text(program, width_of))


def _number(value: float) -> float:
    """Round to what a plotter can tell apart; whole numbers stay without a decimal point."""
    rounded = round(value, _DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded


def _one_element_per_line(text: str) -> str:
    return text.replace("><", ">\n<")
