from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import OutputError, ProgramError, ProgramFileError
from spiral_core.program import (
    COORDINATE_LIMIT,
    PRIMITIVE_KINDS,
    SEED_LIMIT,
    Color,
    Page,
    PaintingProgram,
    Point,
    Primitive,
    SceneProgram,
    Stroke,
    StrokeArray,
)
from spiral_core.program_file import (
    Program,
    json_schema,
    program_from_json,
    program_to_json,
    read_painting,
    read_program,
    write_program,
)

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "program.schema.json"

coordinates = st.floats(-COORDINATE_LIMIT, COORDINATE_LIMIT)
points = st.builds(Point, coordinates, coordinates)
units = st.floats(0, 1)
colors = st.builds(Color, units, units, units)
names = st.text(min_size=1, max_size=12).filter(str.isprintable)
strokes = st.builds(
    Stroke,
    start=points,
    control=points,
    end=points,
    start_pressure=units,
    end_pressure=units,
    radius=st.floats(0, COORDINATE_LIMIT, exclude_min=True),
    color=colors,
    opacity=st.floats(0, 1, exclude_min=True),
    brush=names,
    seed=st.integers(0, SEED_LIMIT - 1),
)
pages = st.builds(
    Page, width_mm=st.floats(30, 1e5), height_mm=st.floats(30, 1e5), margin_mm=st.floats(0, 10)
)  # any of these leaves room
paintings = st.builds(
    PaintingProgram,
    strokes=st.lists(strokes, max_size=5).map(tuple),
    aspect=st.floats(1e-5, 1e5),
    background=colors,
    page=pages,
    verified_width_px=st.none() | st.integers(1, 100_000),
)
primitives = st.builds(
    Primitive,
    kind=st.sampled_from(PRIMITIVE_KINDS),
    position=st.tuples(*[st.floats(-1e6, 1e6)] * 3),
    size=st.tuples(*[st.floats(1e-9, 1e9)] * 3),
    color=colors,
)
scenes = st.builds(SceneProgram, primitives=st.lists(primitives, max_size=5).map(tuple))
programs: st.SearchStrategy[Program] = paintings | scenes


def example() -> dict[str, Any]:
    stroke = {"start": [0, 0], "control": [0.5, 0.25], "end": [1, 1], "radius": 0.1}
    return {
        "format": "spiral-program",
        "version": 1,
        "kind": "painting",
        "strokes": [copy.deepcopy(stroke) for _ in range(20)],
    }


def bits(program: Program) -> str:
    """Return a text that tells even -0.0 from 0.0."""
    return repr(program)


@given(programs)
def test_round_trip_is_exact_to_the_bit(program: Program) -> None:
    assert bits(program_from_json(program_to_json(program))) == bits(program)


@given(programs)
def test_what_is_written_fits_the_published_schema(program: Program) -> None:
    document = json.loads(program_to_json(program))
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(document)) == []


@given(st.lists(strokes, max_size=5))
def test_arrays_hold_the_same_strokes(made: list[Stroke]) -> None:
    assert StrokeArray.from_strokes(made).to_strokes() == tuple(made)


def test_published_schema_is_the_one_of_the_code(request: pytest.FixtureRequest) -> None:
    text = json.dumps(json_schema(), indent=2) + "\n"
    if request.config.getoption("--update-golden"):
        SCHEMA_FILE.write_text(text, encoding="utf-8")
    assert SCHEMA_FILE.read_text(encoding="utf-8") == text
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_what_may_be_left_out_has_the_defaults_of_the_model() -> None:
    program = program_from_json(json.dumps(example()))
    assert isinstance(program, PaintingProgram)
    assert program.page == PaintingProgram().page
    assert program.strokes[0] == Stroke(
        start=Point(0, 0), control=Point(0.5, 0.25), end=Point(1, 1), radius=0.1
    )


def set_in(path: tuple[str | int, ...], value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("strokes", 17, "radius"), -0.2, r"strokes[17].radius: -0.2, must be > 0"),
        (("strokes", 3, "radius"), "thick", r"strokes[3].radius: 'thick', must be a number"),
        (("strokes", 3, "radius"), True, r"strokes[3].radius: True, must be a number"),
        (("strokes", 3, "radius"), 10**400, r"strokes[3].radius: inf, must be"),
        (("strokes", 2, "start"), [0.5], r"strokes[2].start: [0.5], must be a pair [x, y]"),
        (("strokes", 2, "start", 1), 17, r"strokes[2].start.y: 17, must be in [-16, 16]"),
        (("strokes", 2, "color"), [0, 0, 1.5], r"strokes[2].color.blue: 1.5, must be in [0, 1]"),
        (("strokes", 2, "seed"), 1.0, r"strokes[2].seed: 1.0, must be a whole number"),
        (("strokes", 2, "brush"), "a\nb", r"strokes[2].brush: 'a\nb', must be the name of a brush"),
        (("strokes", 4, "raduis"), 1, r"strokes[4].raduis: unknown key; did you mean 'radius'?"),
        (("strokes", 4), [1], r"strokes[4]: [1], must be an object"),
        (
            ("strokes", 4),
            {"start": [0, 0], "control": [0, 0], "end": [0, 0]},
            r"strokes[4].radius: is missing",
        ),
        (("strokes",), {}, r"strokes: {}, must be a list"),
        (("page",), {"width_mm": 10, "height_mm": -1}, r"page.height_mm: -1, must be in (0, 100000]"),
        (("page",), {"width_mm": 10, "height_mm": 10}, r"page.margin_mm: 10 leaves no room"),
        (("page",), {"width_mm": 10}, r"page.height_mm: is missing"),
        (("page",), 7, r"page: 7, must be an object"),
        (("aspect",), 0, r"aspect: 0, must be > 0"),
        (("background",), "red", r"background: 'red', must be three channels"),
        (("verified_width_px",), 0.5, r"verified_width_px: 0.5, must be a whole number > 0 or null"),
        (("author",), "me", r"author: unknown key; valid: format, version, kind, strokes"),
        (("version",), 2, r"version: 2, written by a newer Spiral Studio; this one reads up to 1"),
        (("version",), "1", r"version: '1', must be a whole number from 1 to 1"),
        (("kind",), "opera", r"kind: 'opera', must be one of painting, scene"),
        (("kind",), ["painting"], r"kind: ['painting'], must be one of"),
        (("format",), "gimp", r"is no Spiral Studio program"),
    ],
)
def test_error_names_the_place_and_what_is_valid(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    document = example()
    set_in(path, value)(document)
    with pytest.raises(ProgramFileError) as caught:
        program_from_json(json.dumps(document), source="a.json")
    assert str(caught.value).startswith(f"a.json: {message}")
    assert "\n" not in str(caught.value)


def test_error_in_a_scene_names_the_place() -> None:
    primitive = {"kind": "cone", "position": [0, 0, 0], "size": [1, 1, 1], "color": [0, 0, 0]}
    document = {"format": "spiral-program", "version": 1, "kind": "scene", "primitives": [primitive]}
    with pytest.raises(ProgramFileError, match=r"primitives\[0\]\.kind: 'cone', must be one of box"):
        program_from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": NaN}', "NaN is no number"),
        ('{"format": -Infinity}', "-Infinity is no number"),
        ('{"kind": 1, "kind": 2}', "key 'kind' stands twice"),
        ("[" * 200_000, "nested too deeply"),
        ('{"version": ' + "9" * 5000 + "}", "number that cannot be read"),
        ("", "line 1, column 1: is no valid JSON"),
        (b"\xff\xfe\x00", "is no UTF-8 text"),
        ("[]", "is no Spiral Studio program"),
    ],
)
def test_text_that_is_no_program(text: str | bytes, message: str) -> None:
    with pytest.raises(ProgramFileError, match=message):
        program_from_json(text)


def test_every_truncation_is_noticed() -> None:
    text = program_to_json(program_from_json(json.dumps(example()))).rstrip()
    for length in range(len(text)):
        with pytest.raises(ProgramFileError):
            program_from_json(text[:length])


@given(st.data())
def test_damaged_files_give_a_program_or_our_error_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(program_to_json(data.draw(programs)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["replace", "insert", "delete"]))
        junk = data.draw(
            st.binary(min_size=1, max_size=3) | st.sampled_from([b"9" * 30, b"-", b"e9", b'"', b"null"])
        )
        if kind == "delete":
            del content[place : place + len(junk)]
        else:
            content[place : place + (len(junk) if kind == "replace" else 0)] = junk
        if not content:
            return
    try:
        program = program_from_json(bytes(content))
    except ProgramFileError as error:
        message = str(error)
    else:
        message = ""
        assert bits(program_from_json(program_to_json(program))) == bits(program)
    assert "\n" not in message
    assert len(message) < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)


@given(st.data(), json_values)
def test_what_we_accept_the_schema_accepts(data: st.DataObject, value: object) -> None:
    document = json.loads(program_to_json(PaintingProgram(strokes=(data.draw(strokes),))))
    where = data.draw(st.sampled_from(["top", "page", "stroke"]))
    place = {"top": document, "page": document["page"], "stroke": document["strokes"][0]}[where]
    place[data.draw(st.sampled_from(sorted(place)))] = value
    try:
        program_from_json(json.dumps(document))
    except (ProgramFileError, ProgramError):
        return
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(document)) == []


def test_files_on_disk(tmp_path: Path) -> None:
    program = program_from_json(json.dumps(example()))
    write_program(program, tmp_path / "p.json")
    assert read_painting(tmp_path / "p.json") == read_program(tmp_path / "p.json") == program
    write_program(SceneProgram(), tmp_path / "s.json")
    with pytest.raises(ProgramFileError, match="holds a scene, must be a painting"):
        read_painting(tmp_path / "s.json")
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(ProgramFileError, match=f"{path}: cannot be read"):
            read_program(path)
    with pytest.raises(OutputError):
        write_program(program, tmp_path / "no" / "p.json")


def test_ten_thousand_strokes_take_well_under_a_second() -> None:
    random = np.random.default_rng(1)
    values = random.random((10_000, 13)) * 0.9 + 0.05
    array = StrokeArray(
        values, np.zeros(10_000, np.int32), random.integers(0, SEED_LIMIT, 10_000, np.int32), ("round",)
    )
    program = PaintingProgram(strokes=array.to_strokes())
    start = time.process_time()
    text = program_to_json(program)
    again = program_from_json(text)
    cpu_s = time.process_time() - start
    assert again == program
    assert cpu_s < 2.0  # 0.5 s on an idle core; the bound allows for a shared one
