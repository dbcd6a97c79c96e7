from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import svgelements

from adapters.svg import svg_text, write_svg
from spiral_core.errors import OutputError
from spiral_core.program import PaintingProgram

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def test_golden(small_painting: PaintingProgram, golden: Callable[[str, str], None]) -> None:
    golden("small_painting.svg", svg_text(small_painting))


def test_an_independent_reader_finds_every_stroke_at_its_place(small_painting: PaintingProgram) -> None:
    px_per_mm = 96 / 25.4
    read = svgelements.SVG.parse(io.StringIO(svg_text(small_painting)), reify=True)
    paths = [element for element in read.elements() if isinstance(element, svgelements.Path)]
    assert len(paths) == len(small_painting.strokes)
    left, top, width, _ = small_painting.page.picture_rectangle_mm(small_painting.aspect)
    for path, stroke in zip(paths, small_painting.strokes, strict=True):
        curve = path[1]
        assert isinstance(curve, svgelements.QuadraticBezier)
        for point, expected in zip(
            (curve.start, curve.control, curve.end), (stroke.start, stroke.control, stroke.end), strict=True
        ):
            assert point.x / px_per_mm == pytest.approx(left + expected.x * width, abs=1e-3)
            assert point.y / px_per_mm == pytest.approx(top + expected.y * width, abs=1e-3)
        assert path.stroke_width / px_per_mm == pytest.approx(2 * stroke.radius * width, abs=1e-3)
        assert path.stroke.red == round(stroke.color.red * 255)
        assert path.stroke.opacity == pytest.approx(stroke.opacity, abs=0.01)
    assert read.width / px_per_mm == pytest.approx(148)


def test_layers_follow_the_colour_without_changing_the_order(small_painting: PaintingProgram) -> None:
    root = ElementTree.fromstring(svg_text(small_painting))  # noqa: S314  our own text
    layers = [g for g in root.iter(f"{SVG}g") if g.get(f"{INKSCAPE}groupmode") == "layer"]
    assert [layer.get(f"{INKSCAPE}label") for layer in layers] == [
        "paper",
        "1 #cc1a1a",
        "2 #1a33b3",
        "3 #cc1a1a",
    ]
    assert [len(layer.findall(f"{SVG}path")) for layer in layers[1:]] == [2, 2, 1]


def test_an_empty_painting_is_a_sheet(tmp_path: Path) -> None:
    write_svg(PaintingProgram(), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<path" not in text
    assert 'width="210mm"' in text
    with pytest.raises(OutputError):
        write_svg(PaintingProgram(), tmp_path / "missing" / "a.svg")
