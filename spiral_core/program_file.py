"""Programs as versioned JSON files.

A file holds one object: `format` ("spiral-program"), `version`, `kind` ("painting" or "scene"), then the
fields of `PaintingProgram` or `SceneProgram` under their own names; points and colours are lists. One stroke
stands on one line. Numbers are written so that reading gives the same number to the bit. What may be left out
has the default of the data model; what is not known is an error, so that a slip of the pen is noticed.
`docs/program.schema.json` is the same as a JSON Schema.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

from spiral_core.errors import ProgramError, ProgramFileError
from spiral_core.files import write_atomic
from spiral_core.program import (
    COORDINATE_LIMIT,
    PRIMITIVE_KINDS,
    SEED_LIMIT,
    Page,
    PaintingProgram,
    Primitive,
    SceneProgram,
    Stroke,
)

FORMAT: Final = "spiral-program"
VERSION: Final = 1
"""Version that is written; every version up to it is read."""

Program = PaintingProgram | SceneProgram

_STROKE_KEYS: Final = tuple(Stroke.__dataclass_fields__)
_STROKE_REQUIRED: Final = ("start", "control", "end", "radius")
_PRIMITIVE_KEYS: Final = tuple(Primitive.__dataclass_fields__)
_PAGE_KEYS: Final = tuple(Page.__dataclass_fields__)
_PAGE_REQUIRED: Final = ("width_mm", "height_mm")
_HEAD_KEYS: Final = ("format", "version", "kind")
_PAINTING_KEYS: Final = tuple(PaintingProgram.__dataclass_fields__)
_SCENE_KEYS: Final = tuple(SceneProgram.__dataclass_fields__)
_KINDS: Final = {"painting": _PAINTING_KEYS, "scene": _SCENE_KEYS}

Made = TypeVar("Made")


def program_to_json(program: Program) -> str:
    """Return a program as the text of a program file."""
    if isinstance(program, PaintingProgram):
        page = {key: getattr(program.page, key) for key in _PAGE_KEYS}
        head = {
            "kind": "painting",
            "aspect": program.aspect,
            "background": program.background,
            "page": page,
            "verified_width_px": program.verified_width_px,
        }
        items, keys = program.strokes, _STROKE_KEYS
    else:
        head = {"kind": "scene"}
        items, keys = program.primitives, _PRIMITIVE_KEYS  # type: ignore[assignment]
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in head.items()]
    rows = ",\n".join("  " + json.dumps(_fields(item, keys), allow_nan=False) for item in items)
    name = "strokes" if isinstance(program, PaintingProgram) else "primitives"
    lines.append(f'"{name}": [\n{rows}\n]' if rows else f'"{name}": []')
    return "{\n" + ",\n".join([f'"format": "{FORMAT}"', f'"version": {VERSION}', *lines]) + "\n}\n"


def stroke_fields(stroke: Stroke) -> dict[str, Any]:
    """Return a stroke as a program file holds it: what `json.dumps` takes and `stroke_from_fields` reads."""
    return _fields(stroke, _STROKE_KEYS)


def stroke_from_fields(fields: object, *, where: str) -> Stroke:
    """Return the stroke that `stroke_fields` described.

    Raises:
        ProgramFileError: They are no stroke's; the message begins with `where`.
    """
    return _make(where, Stroke, _object(where, fields, _STROKE_KEYS, _STROKE_REQUIRED))


def program_from_json(text: str | bytes, *, source: str = "program") -> Program:
    """Return the program that a text describes.

    Args:
        text: Content of a program file; bytes are taken as UTF-8.
        source: Where the text comes from, for the messages.

    Raises:
        ProgramFileError: The text is no program; the message names the place in it.
    """
    try:
        document = _parse(text)
        return _program(document)
    except (ProgramError, ProgramFileError) as error:
        raise ProgramFileError(f"{source}: {_shorten(str(error))}") from error


def read_program(path: Path | str) -> Program:
    """Read a program file.

    Raises:
        ProgramFileError: The file cannot be read or holds no program; names file and place.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ProgramFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    return program_from_json(text, source=str(path))


def read_painting(path: Path | str) -> PaintingProgram:
    """Read a program file that must hold a painting.

    Raises:
        ProgramFileError: The file cannot be read, or holds something else.
    """
    program = read_program(path)
    if not isinstance(program, PaintingProgram):
        raise ProgramFileError(f"{path}: holds a scene, must be a painting")
    return program


def write_program(program: Program, path: Path | str) -> None:
    """Write a program file; the old file stays until the new one is complete.

    Raises:
        OutputError: The place cannot be written to.
    """
    write_atomic(path, program_to_json(program))


def _fields(item: object, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: getattr(item, key) for key in keys}


def _shorten(message: str) -> str:
    return message if len(message) <= 400 else f"{message[:200]} ... {message[-150:]}"


def _parse(text: str | bytes) -> object:
    def refuse_constant(name: str) -> object:
        raise ProgramFileError(f"{name} is no number that a program may hold")

    def refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ProgramFileError(f"key {twice!r} stands twice in one object")
        return made

    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_duplicates)
    except UnicodeDecodeError as error:
        raise ProgramFileError(f"is no UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ProgramFileError(
            f"line {error.lineno}, column {error.colno}: is no valid JSON: {error.msg}"
        ) from error
    except RecursionError as error:
        raise ProgramFileError("is nested too deeply for a program") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise ProgramFileError(f"holds a number that cannot be read: {error}") from error


def _object(where: str, value: object, valid: Iterable[str], required: Iterable[str]) -> dict[str, Any]:
    """Check that `value` is an object with known keys; `where` is "" or ends in a dot."""
    if not isinstance(value, dict):
        raise ProgramFileError(f"{where.rstrip('.') or 'top level'}: {value!r}, must be an object")
    valid = tuple(valid)
    for key in value:
        if key not in valid:
            near = difflib.get_close_matches(key, valid, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(valid)}"
            raise ProgramFileError(f"{where}{key}: unknown key; {hint}")
    for key in required:
        if key not in value:
            raise ProgramFileError(f"{where}{key}: is missing")
    return value


def _list(where: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ProgramFileError(f"{where}: {value!r}, must be a list")
    return value


def _make(where: str, make: Callable[..., Made], fields: dict[str, Any]) -> Made:
    try:
        return make(**fields)
    except ProgramError as error:
        raise ProgramFileError(f"{where}{error}") from error


def _program(document: object) -> Program:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ProgramFileError(f'is no Spiral Studio program: it must be an object with "format": "{FORMAT}"')
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ProgramFileError(f"version: {version!r}, must be a whole number from 1 to {VERSION}")
    if version > VERSION:
        raise ProgramFileError(
            f"version: {version}, written by a newer Spiral Studio; this one reads up to {VERSION}"
        )
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ProgramFileError(f"kind: {kind!r}, must be one of {', '.join(_KINDS)}")
    content = "strokes" if kind == "painting" else "primitives"
    fields = dict(_object("", document, (*_HEAD_KEYS, *_KINDS[kind]), (content,)))
    for key in _HEAD_KEYS:
        del fields[key]
    items = _list(content, fields[content])
    if kind == "scene":
        fields[content] = tuple(
            _make(
                f"{content}[{i}].",
                Primitive,
                _object(f"{content}[{i}].", item, _PRIMITIVE_KEYS, _PRIMITIVE_KEYS),
            )
            for i, item in enumerate(items)
        )
        return _make("", SceneProgram, fields)
    fields[content] = tuple(
        stroke_from_fields(item, where=f"{content}[{i}].") for i, item in enumerate(items)
    )
    if "page" in fields:
        fields["page"] = _make("", Page, _object("page.", fields["page"], _PAGE_KEYS, _PAGE_REQUIRED))
    return _make("", PaintingProgram, fields)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of program files, the content of `docs/program.schema.json`."""

    def number(low: float | None, high: float | None, *, open_low: bool = False) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "number"}
        if low is not None:
            schema["exclusiveMinimum" if open_low else "minimum"] = low
        if high is not None:
            schema["maximum"] = high
        return schema

    def items(count: int, item: dict[str, Any], description: str) -> dict[str, Any]:
        return {
            "type": "array",
            "items": item,
            "minItems": count,
            "maxItems": count,
            "description": description,
        }

    def record(description: str, properties: dict[str, Any], required: Iterable[str]) -> dict[str, Any]:
        return {
            "type": "object",
            "description": description,
            "properties": properties,
            "required": list(required),
            "additionalProperties": False,
        }

    head = {"format": {"const": FORMAT}, "version": {"type": "integer", "minimum": 1, "maximum": VERSION}}
    color = items(3, number(0, 1), "Display-referred sRGB [red, green, blue].")
    point = items(
        2, number(-COORDINATE_LIMIT, COORDINATE_LIMIT), "[x, y] in canvas widths from the top left, y down."
    )
    pressure = number(0, 1)
    stroke = record(
        "One contact of the brush: a quadratic Bezier.",
        {
            "start": point,
            "control": point,
            "end": point,
            "start_pressure": pressure,
            "end_pressure": pressure,
            "radius": number(0, COORDINATE_LIMIT, open_low=True)
            | {"description": "Brush radius at full size in canvas widths."},
            "color": color,
            "opacity": number(0, 1, open_low=True),
            "brush": {"type": "string", "minLength": 1, "description": "Name of the brush."},
            "seed": {"type": "integer", "minimum": 0, "exclusiveMaximum": SEED_LIMIT},
        },
        _STROKE_REQUIRED,
    )
    page = record(
        "The sheet in millimetres.",
        {
            "width_mm": number(0, 1e5, open_low=True),
            "height_mm": number(0, 1e5, open_low=True),
            "margin_mm": number(0, 1e5),
        },
        _PAGE_REQUIRED,
    )
    painting = {
        **head,
        "kind": {"const": "painting"},
        "aspect": number(1e-5, 1e5) | {"description": "Height over width of the canvas."},
        "background": color,
        "page": page,
        "verified_width_px": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "Canvas width at which the painting was planned and its error measured.",
        },
        "strokes": {
            "type": "array",
            "items": stroke,
            "description": "In painting order, first at the bottom.",
        },
    }
    primitive = record(
        "One solid of a scene.",
        {
            "kind": {"enum": list(PRIMITIVE_KINDS)},
            "position": items(3, number(-1e6, 1e6), "Centre [x, y, z] in metres, z up."),
            "size": items(3, number(0, None, open_low=True), "Half extents in metres."),
            "color": color,
        },
        _PRIMITIVE_KEYS,
    )
    scene = {
        **head,
        "kind": {"const": "scene"},
        "primitives": {"type": "array", "items": primitive},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Spiral Studio program",
        "oneOf": [
            record("A painting: strokes on a canvas.", painting, (*_HEAD_KEYS, "strokes")),
            record("A scene: solids on a floor.", scene, (*_HEAD_KEYS, "primitives")),
        ],
    }
