"""The painter on the real brush: same seed, same painting; events say all that changes; odd targets."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spiral_core import program_file
from spiral_core.errors import CanvasError
from spiral_core.program import Color
from spiral_core.search import (
    PaintEvent,
    PaintOptions,
    PhaseChanged,
    ProgramReplaced,
    StrokeAdded,
    StrokeRemoved,
    StrokeReplaced,
)
from tests.spiral_core.search.paintings import (
    PALETTE,
    QUICK,
    Clock,
    judged_errors,
    mse,
    painted,
    painter,
    picture,
    random_program,
    rendered,
    replay,
)

# ---- same seed, same painting ----


def fingerprint(threads: int, seed: int = 3, **options: Any) -> str:
    chosen = PaintOptions(strokes=25, seed=seed, threads=threads, **options)
    text = program_file.program_to_json(painted(painter(chosen)))
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("options", [{}, {"palette_size": 5, "opaque": True, "brushes": ("round", "dry")}])
def test_same_seed_same_program_with_any_number_of_threads(options: dict[str, Any]) -> None:
    expected = fingerprint(1, **options)
    assert fingerprint(1, **options) == expected
    assert fingerprint(2, **options) == expected
    assert fingerprint(1, seed=4, **options) != expected


def test_another_process_paints_the_same() -> None:
    code = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('same', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(module.fingerprint(2))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, __file__], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == fingerprint(1)


# ---- events ----


@pytest.mark.parametrize(
    ("shape", "options", "start"),
    [
        ((26, 34), PaintOptions(strokes=25, threads=1), None),
        ((26, 34), PaintOptions(strokes=25, threads=1), 12),
        ((26, 34), PaintOptions(strokes=9, threads=1, palette=PALETTE), 14),
        ((200, 310), PaintOptions(strokes=40, threads=2), None),  # planned on pictures of several sizes
        ((301, 203), PaintOptions(strokes=12, threads=2, max_radius=0.02), None),
    ],
)
def test_events_say_all_that_changes(
    shape: tuple[int, int], options: PaintOptions, start: int | None
) -> None:
    program = None if start is None else random_program(start, 1)
    artist = painter(options, picture(*shape), program=program)
    strokes = list(program.strokes) if program else []
    kinds = set()
    last: PaintEvent | None = None
    for event in artist.run():
        kinds.add(type(event))
        replay(strokes, event, artist)
        assert tuple(strokes) == artist.program().strokes
        if not isinstance(event, PhaseChanged):
            assert event.error == pytest.approx(artist.error, rel=1e-12)
        last = event
    assert last == PhaseChanged("done", 1.0)
    assert kinds == {StrokeAdded, StrokeReplaced, StrokeRemoved, ProgramReplaced, PhaseChanged}


@pytest.mark.parametrize("importance", [False, True])
def test_errors_told_are_those_of_the_picture(importance: bool) -> None:
    target = picture()
    weight = np.random.default_rng(1).uniform(0, 2, target.shape[:2]).astype(np.float32)
    artist = painter(PaintOptions(strokes=25, threads=1), importance=weight if importance else None)
    share = weight / weight.mean() if importance else None
    for event in artist.run():
        if isinstance(event, PhaseChanged):
            continue
        picture_errors = judged_errors(artist.program(), target, share)
        assert min(abs(event.error - told) for told in picture_errors) < 5e-5


@pytest.mark.parametrize("shape", [(26, 34), (150, 309), (401, 203)])
def test_rectangles_hold_what_changed_at_the_size_of_the_target(shape: tuple[int, int]) -> None:
    artist = painter(PaintOptions(strokes=15, threads=2), picture(*shape))
    before = rendered(artist.program(), shape[1])
    for event in artist.run():
        if isinstance(event, (StrokeAdded, StrokeReplaced, StrokeRemoved)):
            after = rendered(artist.program(), shape[1])
            changed = (after != before).any(axis=2)
            r = event.rectangle
            assert 0 <= r.left <= r.right
            assert 0 <= r.top <= r.bottom
            changed[r.top : r.bottom, r.left : r.right] = False
            assert not changed.any(), event
            before = after
        elif isinstance(event, ProgramReplaced):
            before = rendered(artist.program(), shape[1])


def test_painting_gets_better_and_is_worth_its_strokes() -> None:
    target = picture(40, 40)
    artist = painter(PaintOptions(strokes=60, threads=1), target)
    bare = artist.error
    errors = [event.error for event in artist.run() if isinstance(event, StrokeAdded)]
    assert errors[0] < bare
    assert artist.error < 0.05 * bare
    assert judged_errors(artist.program(), target)[1] == pytest.approx(artist.error, abs=5e-5)


def test_progress_runs_from_nothing_to_one() -> None:
    told = [e.progress for e in painter().run() if isinstance(e, PhaseChanged)]
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert all(0 <= p <= 1 for p in told)


def test_the_first_stroke_takes_one_round_of_proposals_and_one_climb() -> None:
    artist = painter(target=picture(300, 500))
    for event in artist.run():
        if isinstance(event, StrokeAdded):
            break
    assert artist.num_evaluations <= QUICK.proposals + QUICK.climb_steps + 1


# ---- odd targets ----


@pytest.mark.parametrize("seconds", [None, 3600.0])
@pytest.mark.parametrize("shape", [(1, 1), (20, 30)])
def test_a_flat_target_ends_early(shape: tuple[int, int], seconds: float | None) -> None:
    clock = Clock()
    target = np.full((*shape, 3), 90, np.uint8)
    artist = painter(PaintOptions(strokes=500, threads=1, seconds=seconds), target, proposer=clock)
    program = painted(artist)
    assert program.strokes == ()
    assert clock.num_calls <= 50
    assert mse(rendered(program, shape[1]), target) == 0.0


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (10, 1), (40, 1), (1, 2), (3, 400), (400, 3)])
def test_targets_of_any_shape_are_painted(height: int, width: int) -> None:
    background = Color(0, 0, 1)  # far from the target, so that there is something to do
    target = picture(height, width)
    artist = painter(PaintOptions(strokes=6, threads=1, background=background), target)
    bare = artist.error
    program = painted(artist)
    assert 1 <= len(program.strokes) <= 6
    assert artist.error < bare
    assert program.height_px(width) == height


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.zeros((5, 5), np.uint8), "target"),
        (np.zeros((5, 5, 4), np.uint8), "target"),
        (np.zeros((0, 5, 3), np.uint8), "target"),
        (np.zeros((5, 5, 3), np.float32), "target: float32"),
    ],
)
def test_impossible_targets_are_named(target: npt.NDArray[np.uint8], message: str) -> None:
    with pytest.raises(CanvasError, match=message):
        painter(target=target)


@pytest.mark.parametrize(
    ("importance", "message"),
    [
        (np.ones((3, 3), np.float32), "importance: shape"),
        (np.zeros((26, 34), np.float32), "importance: zero everywhere"),
        (np.full((26, 34), -1, np.float32), "importance: .* >= 0"),
        (np.full((26, 34), np.nan, np.float32), "importance: .*finite"),
    ],
)
def test_impossible_importance_is_named(importance: npt.NDArray[np.float32], message: str) -> None:
    with pytest.raises(CanvasError, match=message):
        painter(importance=importance)


def test_the_written_program_is_the_painting() -> None:
    artist = painter()
    program = painted(artist)
    again = program_file.program_from_json(program_file.program_to_json(program))
    assert again == program
    assert json.loads(program_file.program_to_json(program))["verified_width_px"] == 34
    assert judged_errors(again, picture())[1] == pytest.approx(artist.error, abs=5e-5)


def test_the_agent_is_asked_for_what_fills_the_canvas_and_not_for_what_is_spent_anew() -> None:
    asked = Clock()
    events = list(painter(proposer=asked).run())
    revised = next(i for i, event in enumerate(events) if isinstance(event, StrokeReplaced))
    assert any(isinstance(event, StrokeAdded) for event in events[revised:])
    assert asked.num_calls == sum(isinstance(event, StrokeAdded) for event in events[:revised])
