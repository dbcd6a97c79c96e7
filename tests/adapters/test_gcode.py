from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gcodeparser import parse_gcode_lines
from hypothesis import given
from hypothesis import strategies as st

from adapters.gcode import GcodeSettings, gcode_text, write_gcode, writer
from spiral_core.errors import ConfigError, OutputError
from spiral_core.program import Color, Page, PaintingProgram, Point, Stroke
from spiral_core.toolpath import PenPath, pen_paths

Move = tuple[float, float, bool]
"""Where to, in mm, and whether the pen was down on the way."""


def replay(text: str) -> list[Move]:
    """Follow the program as a machine would, read by an independent parser."""
    x = y = 0.0
    is_down = False
    moves: list[Move] = []
    for line in parse_gcode_lines(text):
        if line.command in (("G", 0), ("G", 1)):
            if "Z" in line.params:
                is_down = line.params["Z"] <= 0
            if "X" in line.params or "Y" in line.params:
                x, y = line.params.get("X", x), line.params.get("Y", y)
                moves.append((x, y, is_down))
    assert not is_down
    return moves


def test_golden(small_painting: PaintingProgram, golden: Callable[[str, str], None]) -> None:
    golden("small_painting.gcode", gcode_text(small_painting, GcodeSettings(tolerance_mm=0.5)))


def test_golden_for_a_servo(small_painting: PaintingProgram, golden: Callable[[str, str], None]) -> None:
    servo = GcodeSettings(
        pen_down=("M3 S90", "G4 P0.2"),
        pen_up=("M5", "G4 P0.2"),
        draw_feed_mm_per_min=1234.5,
        tolerance_mm=2,
        pause_for_colors=False,
    )
    golden("small_painting_servo.gcode", gcode_text(small_painting, servo))


def test_the_machine_draws_the_pen_paths_upside_up(small_painting: PaintingProgram) -> None:
    drawn: list[list[tuple[float, float]]] = []
    place = (0.0, 0.0)
    was_down = False
    for x, y, is_down in replay(gcode_text(small_painting)):
        if is_down and not was_down:
            drawn.append([place])
        if is_down:
            drawn[-1].append((x, y))
        place, was_down = (x, y), is_down
    paths = [path for path in pen_paths(small_painting) if len(path.points_mm) > 1]
    assert len(drawn) == len(paths)
    for chain, path in zip(drawn, paths, strict=True):
        np.testing.assert_allclose(np.array(chain), path.points_mm * (1, -1) + (0, 105), atol=1e-3)


def test_a_dot_lowers_the_pen_in_place(small_painting: PaintingProgram) -> None:
    dot = small_painting.with_strokes(small_painting.strokes[1:2])
    lines = gcode_text(dot).splitlines()
    down = lines.index("G1 Z0 F1000")
    assert lines[down - 1].startswith("G0 X")
    assert lines[down + 1] == "G0 Z5"


places = st.floats(-16, 16)
points = st.builds(Point, places, places)
strokes = st.builds(
    Stroke,
    start=points,
    control=points,
    end=points,
    radius=st.floats(1e-4, 5),
    color=st.builds(Color, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
programs = st.builds(
    PaintingProgram,
    strokes=st.lists(strokes, max_size=6).map(tuple),
    aspect=st.floats(1e-3, 1e3),
    page=st.builds(
        Page, width_mm=st.floats(1, 1000), height_mm=st.floats(1, 1000), margin_mm=st.floats(0, 0.49)
    ),
)


@given(programs)
def test_no_program_leaves_the_page(program: PaintingProgram) -> None:
    for x, y, _ in replay(gcode_text(program, GcodeSettings(tolerance_mm=0.5))):
        assert 0 <= x <= program.page.width_mm
        assert 0 <= y <= program.page.height_mm


def test_pauses_between_colours_and_not_before_the_first(small_painting: PaintingProgram) -> None:
    lines = gcode_text(small_painting).splitlines()
    inserts = [i for i, line in enumerate(lines) if line.startswith("; insert colour")]
    assert [lines[i].split()[-1] for i in inserts] == ["#cc1a1a", "#1a33b3", "#cc1a1a"]
    assert [lines[i + 1] == "M0" for i in inserts] == [False, True, True]


def test_a_path_off_the_page_is_refused_before_anything_is_written(
    small_painting: PaintingProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Clipping never lets this happen; a fault in it must still not reach a machine.
    def runaway(program: PaintingProgram, *, tolerance_mm: float) -> list[PenPath]:
        return [PenPath(4, np.array([[10.0, 10.0], [10.0, 105.2]]))]

    monkeypatch.setattr(writer, "pen_paths", runaway)
    with pytest.raises(
        OutputError, match=r"strokes\[4\]: y -0.200 mm leaves the page, must be in \[0, 105\]"
    ):
        write_gcode(small_painting, tmp_path / "a.gcode")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draw_feed_mm_per_min": 0.0}, "draw_feed_mm_per_min: 0, must be > 0"),
        ({"tolerance_mm": float("nan")}, "tolerance_mm: nan"),
        ({"pen_up": ("M5\nG0 X999",)}, "must be one line of G-code"),
    ],
)
def test_settings_are_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GcodeSettings(**changes)  # type: ignore[arg-type]
