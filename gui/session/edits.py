"""Changes of a list of strokes: what the agent does, what a person does, what undo takes back.

All that happens to a painting is one of five edits. Applying one gives the edit that takes it back, so undo,
the journal and the painter beside the window all speak of the same few things.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from spiral_core.errors import ProgramFileError
from spiral_core.program import Stroke
from spiral_core.program_file import stroke_fields, stroke_from_fields


@dataclass(frozen=True, slots=True)
class Put:
    """Strokes come in; `items` hold the place that each has afterwards, lowest first."""

    items: tuple[tuple[int, Stroke], ...]


@dataclass(frozen=True, slots=True)
class Take:
    """The strokes at these places, lowest first, go out."""

    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The strokes at these places become others."""

    items: tuple[tuple[int, Stroke], ...]


@dataclass(frozen=True, slots=True)
class Move:
    """The stroke at `source` is taken out and put back so that it stands at `place`."""

    source: int
    place: int


@dataclass(frozen=True, slots=True)
class Replace:
    """All strokes go, these come."""

    strokes: tuple[Stroke, ...]


Edit = Put | Take | Change | Move | Replace


def apply(strokes: list[Stroke], edit: Edit) -> Edit:
    """Change strokes in place.

    Returns:
        The edit that takes this one back.

    Raises:
        IndexError: A place is not there, or places do not rise; nothing has changed.
    """
    count = len(strokes)
    match edit:
        case Put(items):
            _check_rising([place for place, _ in items])
            for done, (place, _) in enumerate(items):
                _check(place, count + done + 1)
            for place, stroke in items:
                strokes.insert(place, stroke)
            return Take(tuple(place for place, _ in items))
        case Take(places):
            _check_rising(places)
            for place in places:
                _check(place, count)
            taken = tuple((place, strokes[place]) for place in places)
            for place in reversed(places):
                del strokes[place]
            return Put(taken)
        case Change(items):
            for place, _ in items:
                _check(place, count)
            before = tuple((place, strokes[place]) for place, _ in items)
            for place, stroke in items:
                strokes[place] = stroke
            return Change(before)
        case Move(source, place):
            _check(source, count)
            _check(place, count)
            strokes.insert(place, strokes.pop(source))
            return Move(place, source)
        case Replace(new):
            old = tuple(strokes)
            strokes[:] = new
            return Replace(old)


def first_change(edit: Edit) -> int:
    """Return the lowest place that an edit may change; below it the painting stays as it is."""
    match edit:
        case Put(items) | Change(items):
            return min((place for place, _ in items), default=0)
        case Take(places):
            return min(places, default=0)
        case Move(source, place):
            return min(source, place)
        case Replace(_):
            return 0


def edit_fields(edit: Edit) -> dict[str, Any]:
    """Return an edit as `json.dumps` takes it."""
    match edit:
        case Put(items):
            return {"put": [[place, stroke_fields(stroke)] for place, stroke in items]}
        case Take(places):
            return {"take": list(places)}
        case Change(items):
            return {"change": [[place, stroke_fields(stroke)] for place, stroke in items]}
        case Move(source, place):
            return {"move": [source, place]}
        case Replace(strokes):
            return {"replace": [stroke_fields(stroke) for stroke in strokes]}


def edit_from_fields(fields: object, *, where: str) -> Edit:
    """Return the edit that `edit_fields` described.

    Raises:
        ProgramFileError: The fields are no edit's; the message begins with `where`.
    """
    if not isinstance(fields, dict) or len(fields) != 1:
        raise ProgramFileError(f"{where}: is no edit, must be an object with one key")
    ((kind, content),) = fields.items()
    if not isinstance(content, list):
        raise ProgramFileError(f"{where}.{kind}: must be a list")
    match kind:
        case "put":
            return Put(_items(content, f"{where}.put"))
        case "take":
            return Take(tuple(_place(place, f"{where}.take") for place in content))
        case "change":
            return Change(_items(content, f"{where}.change"))
        case "move" if len(content) == 2:
            return Move(_place(content[0], f"{where}.move"), _place(content[1], f"{where}.move"))
        case "replace":
            return Replace(
                tuple(
                    stroke_from_fields(item, where=f"{where}.replace[{i}].") for i, item in enumerate(content)
                )
            )
    raise ProgramFileError(f"{where}: {kind!r}, must be put, take, change, move or replace")


def _check(place: int, count: int) -> None:
    if not 0 <= place < count:
        raise IndexError(f"place {place}, must be in [0, {count})")


def _check_rising(places: Sequence[int]) -> None:
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise IndexError(f"places {list(places)}, must rise")


def _place(value: object, where: str) -> int:
    if type(value) is not int or value < 0:
        raise ProgramFileError(f"{where}: {value!r}, must be a whole number >= 0")
    return value


def _items(content: list[object], where: str) -> tuple[tuple[int, Stroke], ...]:
    items = []
    for i, item in enumerate(content):
        if not isinstance(item, list) or len(item) != 2:
            raise ProgramFileError(f"{where}[{i}]: must be a place and a stroke")
        items.append((_place(item[0], f"{where}[{i}]"), stroke_from_fields(item[1], where=f"{where}[{i}].")))
    return tuple(items)
