"""The verbs that work on a program file: render, info, export."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapters.gcode import gcode_text
from adapters.mypaint import MyPaintRenderer, mean_width
from adapters.svg import svg_text
from spiral_core.cli import main
from spiral_core.program import Color, PaintingProgram, Primitive, SceneProgram, StrokeArray
from spiral_core.program_file import write_program


@pytest.fixture
def file(small_painting: PaintingProgram, tmp_path: Path) -> Path:
    write_program(small_painting, tmp_path / "small.json")
    return tmp_path / "small.json"


def test_render_paints_what_the_renderer_paints(file: Path, small_painting: PaintingProgram) -> None:
    assert main(["render", str(file), "--size", "100"]) == 0
    renderer = MyPaintRenderer(1, 75, 100)
    renderer.clear(small_painting.background)
    renderer.draw(StrokeArray.from_strokes(small_painting.strokes))
    with Image.open(file.with_suffix(".png")) as picture:
        np.testing.assert_array_equal(np.asarray(picture), renderer.pixels()[0])


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tiff"])
def test_render_writes_other_kinds_of_pictures(file: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"out{suffix}"
    assert main(["render", str(file), "--size", "64", "-o", str(output)]) == 0
    with Image.open(output) as picture:
        assert picture.size == (64, 48)


def test_render_of_an_upright_painting_has_the_size_on_its_height(tmp_path: Path) -> None:
    write_program(PaintingProgram(aspect=2.0), tmp_path / "tall.json")
    assert main(["render", str(tmp_path / "tall.json"), "--size", "90"]) == 0
    with Image.open(tmp_path / "tall.png") as picture:
        assert picture.size == (45, 90)


def test_render_refuses_an_unknown_kind_and_an_unknown_brush(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(file), "-o", str(tmp_path / "a.docx")]) == 2
    assert "valid endings: .png" in capsys.readouterr().err
    text = file.read_text(encoding="utf-8").replace('"round"', '"rownd"', 1)
    (tmp_path / "odd.json").write_text(text, encoding="utf-8")
    assert main(["render", str(tmp_path / "odd.json"), "--size", "64"]) == 2
    assert "rownd" in capsys.readouterr().err
    assert not (tmp_path / "odd.png").exists()


def test_info_tells_what_is_in_a_painting(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(file)]) == 0
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows == {
        "kind": "painting",
        "strokes": "5",
        "picture": "126.7 x 95.0 mm on a page of 148 x 105 mm",
        "background": "#fffae6",
        "planned at": "256 x 192 px",
        "brushes": "round (5)",
        "colours": "2",
        "radius": "1.27 to 12.67 mm, median 5.07 mm",
    }


def test_info_tells_what_is_in_a_scene_and_in_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ball = Primitive(kind="sphere", position=(0, 0, 1), size=(1, 1, 1), color=Color(1, 0, 0))
    write_program(SceneProgram(primitives=(ball, ball)), tmp_path / "scene.json")
    assert main(["info", str(tmp_path / "scene.json")]) == 0
    assert "primitives  2" in capsys.readouterr().out
    write_program(PaintingProgram(), tmp_path / "empty.json")
    assert main(["info", str(tmp_path / "empty.json")]) == 0
    assert "strokes     0" in capsys.readouterr().out


def test_export_writes_what_the_adapters_write(
    file: Path, small_painting: PaintingProgram, tmp_path: Path
) -> None:
    svg, gcode, film = (tmp_path / name for name in ("a.svg", "a.gcode", "a.gif"))
    assert (
        main(["export", str(file), "--svg", str(svg), "--gcode", str(gcode), "--timelapse", str(film)]) == 0
    )
    assert svg.read_text(encoding="utf-8") == svg_text(small_painting, mean_width)
    assert gcode.read_text(encoding="utf-8") == gcode_text(small_painting)
    with Image.open(film) as opened:
        assert opened.size == (400, 300)


def test_export_onto_another_page_for_a_servo(file: Path, tmp_path: Path) -> None:
    gcode = tmp_path / "a.gcode"
    options = ["--page", "A3", "--feed", "900", "--pen-down", "M3 S90; G4 P0.2", "--pen-up", "M5"]
    assert main(["export", str(file), "--gcode", str(gcode), *options]) == 0
    lines = gcode.read_text(encoding="utf-8").splitlines()
    assert "; page 420 x 297 mm, origin at its bottom left corner, y up" in lines
    assert lines[lines.index("M3 S90") + 1] == "G4 P0.2"
    assert any(line.endswith(" F900") for line in lines)
    assert "G0 Z5" not in lines


def test_export_of_nothing_or_of_a_scene_is_an_error(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(file)]) == 2
    assert "at least one of --svg" in capsys.readouterr().err
    write_program(SceneProgram(), tmp_path / "scene.json")
    assert main(["export", str(tmp_path / "scene.json"), "--svg", str(tmp_path / "s.svg")]) == 2
    assert "must be a painting" in capsys.readouterr().err
