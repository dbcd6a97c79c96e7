"""The studio in a real window, from the first photo to the last key, by keys and mouse alone."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gui.session.picking import Picker
from gui.theme.colors import LIGHT
from gui.timeline.panel import PICK_SLACK
from spiral_core.program_file import read_painting
from tests.gui.realscreen.screen import Pixels, Screen

SAMPLE = Path(__file__).parents[3] / "configs" / "samples" / "chelsea.jpg"
WITHIN = (600, 350)
"""A place of the screen where the canvas is, however its window is laid out."""
QUIET_S = 2.0
"""A painter that has written nothing for so long has stopped: it writes many times a second."""

pytestmark = pytest.mark.slow


def opens_a_photo(screen: Screen) -> Path:
    photo = screen.folder / "cat.png"
    with Image.open(SAMPLE) as picture:
        picture.resize((300, 200)).save(photo)
    screen.key("ctrl+o")
    screen.answer("Open a photo", str(photo))
    screen.until(lambda: screen.title().startswith("cat"), "the photo")
    return photo


def paints(screen: Screen, count: int) -> None:
    """Let the agent paint on until there are so many strokes."""
    screen.key("ctrl+Return")
    screen.until(lambda: len(screen.strokes()) >= count, f"{count} strokes", 180)


def canvas_box(shot: Pixels) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the canvas on the screen: it lies in a plain surround."""
    surround = np.array([int(LIGHT.surround[i : i + 2], 16) for i in (1, 3, 5)])
    is_surround = (shot == surround).all(axis=2)
    x, y = WITHIN
    columns, rows = np.flatnonzero(is_surround[y]), np.flatnonzero(is_surround[:, x])
    left, right = columns[columns < x].max() + 1, columns[columns > x].min()
    top, bottom = rows[rows < y].max() + 1, rows[rows > y].min()
    return int(left), int(top), int(right), int(bottom)


def canvas(screen: Screen) -> Pixels:
    """Return the canvas as it is seen, once it keeps still."""
    before = screen.look()
    while True:
        after = screen.look()
        if (before == after).all():
            left, top, right, bottom = canvas_box(after)
            return after[top + 2 : bottom - 2, left + 2 : right - 2]  # its edges blend into the surround
        before = after


def deletes_one(screen: Screen, at: tuple[int, int]) -> None:
    """Click on a stroke and delete it: it must be the one that lies topmost there, and no other."""
    before = screen.strokes()
    left, top, right, _ = canvas_box(screen.look())
    x, y = ((at[0] - left + 0.5) / (right - left), (at[1] - top + 0.5) / (right - left))
    place = Picker(before).at(x, y, count=len(before), slack=PICK_SLACK)
    assert place is not None
    plain = canvas(screen)
    screen.click(*at)
    screen.until(lambda: (canvas(screen) != plain).any(), "the outline of the chosen stroke")
    screen.key("Delete")
    screen.until(lambda: screen.strokes() != before, "the deletion")
    assert screen.strokes() == before[:place] + before[place + 1 :]


def exports(screen: Screen, kind: str, file: Path) -> None:
    screen.insist("ctrl+e", "Export")  # the menu's line is dead until the export before is over
    screen.write(kind)  # chooses in the list of kinds, which has the focus
    screen.key("alt+f")
    screen.answer("Export", str(file))
    screen.until(file.exists, file.name)


def test_from_the_first_photo_to_the_curve_of_a_training(screen: Screen, tmp_path: Path) -> None:
    photo = opens_a_photo(screen)
    paints(screen, 100)
    screen.key("ctrl+space")
    screen.until(lambda: screen.is_quiet(QUIET_S), "the pause")
    painted = screen.strokes()
    assert len(painted) >= 100

    deletes_one(screen, WITHIN)
    screen.key("ctrl+z")
    screen.until(lambda: screen.strokes() == painted, "the undone deletion")

    exports(screen, "Drawing", tmp_path / "cat.svg")
    assert (tmp_path / "cat.svg").read_text().count("<path") >= 100
    exports(screen, "Plotter", tmp_path / "cat.gcode")
    moves = [line for line in (tmp_path / "cat.gcode").read_text().splitlines() if line.startswith("G1")]
    assert len(moves) >= 100

    saved = tmp_path / "saved.json"
    screen.key("ctrl+s")
    screen.answer("Save the painting", str(saved))
    screen.until(lambda: screen.title() == "saved.json — Spiral Studio", "the saved file's name")
    assert list(read_painting(saved).strokes) == painted
    held = screen.journal()
    screen.key("ctrl+shift+o")
    screen.answer("Open a painting", str(saved))
    screen.until(lambda: screen.journal() not in (held, None), "the painting, opened again")
    assert screen.strokes() == painted
    opened = screen.document()
    assert opened is not None
    assert opened.photo is None, "a program knows no photo"

    screen.until(lambda: canvas(screen).size and np.ptp(canvas(screen)) > 0, "the picture, drawn anew")
    left, top, _, _ = canvas_box(screen.look())
    screen.click(left - 5, top - 5)  # beside the canvas: chooses nothing, but takes the keyboard there
    whole = canvas(screen)
    screen.key("Home")
    screen.until(lambda: np.ptp(canvas(screen), axis=(0, 1)).max() == 0, "the bare canvas")
    bare = canvas(screen)
    screen.key("Right")
    screen.until(lambda: (canvas(screen) != bare).any(), "the first stroke")
    first = canvas(screen)
    screen.key("Right")
    screen.until(lambda: (canvas(screen) != first).any(), "the second stroke")
    screen.key("Left")
    screen.until(lambda: (canvas(screen) == first).all(), "the first stroke alone")
    screen.key("End")
    screen.until(lambda: (canvas(screen) == whole).all(), "the whole painting")
    assert screen.strokes() == painted, "looking changes nothing"

    deletes_one(screen, (WITHIN[0] + 60, WITHIN[1] + 40))
    edited = screen.strokes()
    screen.key("ctrl+alt+o")
    screen.answer("Paint after a photo", str(photo))
    screen.until(lambda: (found := screen.document()) is not None and found.photo == photo, "the photo")
    assert screen.strokes() == edited
    paints(screen, len(edited) + 10)
    screen.key("ctrl+period")
    screen.until(lambda: screen.is_quiet(QUIET_S), "the stop")
    more = screen.strokes()
    kept = sum(stroke in edited for stroke in more)
    assert kept > len(edited) // 2, "it goes on from what there was"
    screen.key("ctrl+s")
    screen.until(lambda: list(read_painting(saved).strokes) == more, "the saved painting")

    sees_a_training_learn(screen)

    screen.key("ctrl+q")
    assert screen.studio is not None
    assert screen.studio.wait(30) == 0
    assert list(screen.journals.iterdir()) == [], "all was saved, so nothing is offered at the next start"
    assert not (tmp_path / "state" / "spiral-studio" / "studio.log").read_text().strip()


def sees_a_training_learn(screen: Screen) -> None:
    """Start the smallest training; its curve must be drawn on as its file grows."""
    screen.key("alt+2", "alt+y")

    def updates() -> int:
        (*_, metrics) = [None, *screen.folder.glob("runs/tiny*/metrics.jsonl")]
        return 0 if metrics is None else len(metrics.read_bytes().splitlines())

    color = np.array([int(LIGHT.curves[0][i : i + 2], 16) for i in (1, 3, 5)])

    def curve() -> Pixels:
        shot = screen.look()[:, SIZE_OF_LEFT:]
        is_curve: Pixels = (np.abs(shot.astype(np.int16) - color).max(axis=2) < 12).astype(np.uint8)
        return is_curve

    screen.until(lambda: updates() >= 3, "the first updates", 120)
    screen.until(lambda: curve().sum() > 20, "the first piece of the curve")
    count, before = updates(), curve()
    screen.until(lambda: updates() >= count + 3, "more updates")
    screen.until(lambda: (curve() != before).sum() > 20, "the curve's next piece")
    (metrics,) = screen.folder.glob("runs/tiny*/metrics.jsonl")
    for line in metrics.read_text().splitlines()[:count]:
        json.loads(line)


SIZE_OF_LEFT = 560
"""Right of here there are only plots and samples on the page for training."""


def test_stop_is_heard_wherever_the_keyboard_is(screen: Screen) -> None:
    opens_a_photo(screen)
    main = screen.title()
    screen.key("alt+r", "ctrl+a")
    screen.write("90000")  # more than it can paint while we try all this
    for where, goes_there, title in (
        ("a spin box", ["alt+r"], None),
        ("an open menu", ["alt+f"], None),
        ("a sheet of this window", ["ctrl+e"], "Export"),
        ("a file dialog", ["ctrl+o"], "Open a photo"),
        ("a message box", ["alt+h", "a"], "About Spiral Studio"),
    ):
        for key in ("ctrl+period", "Pause"):
            paints(screen, len(screen.strokes()) + 5)
            screen.key(*goes_there)
            if title is not None:
                screen.until(partial(screen.has_title, title), where)
            assert not screen.is_quiet(QUIET_S), f"the painter goes on while {where} has the keyboard"
            screen.key(key)
            screen.until(lambda: screen.is_quiet(QUIET_S), f"the stop by {key} in {where}", 15)
            if title is not None:
                assert screen.title() == title, "nothing else happened"
            screen.key("Escape")
            screen.until(lambda: screen.title().replace("*", "") == main, "the window")
