"""The painter on the real brush: small targets, little effort, every promise looked at stroke by stroke."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mypaint import MyPaintRenderer
from adapters.mypaint.planning import mypaint_planning
from spiral_core import program_file
from spiral_core.errors import CanvasError
from spiral_core.program import Color, Page, PaintingProgram, Point, Stroke, StrokeArray
from spiral_core.search import (
    HeuristicProposer,
    Painter,
    PaintEvent,
    PaintOptions,
    PhaseChanged,
    ProgramReplaced,
    Proposer,
    RandomProposer,
    SearchEffort,
    StrokeAdded,
    StrokeRemoved,
    StrokeReplaced,
    View,
)

QUICK = SearchEffort(proposals=6, climb_steps=12, sweeps=2, sweep_steps=8, respend=0.2)
PALETTE = (Color(0.1, 0.1, 0.15), Color(0.9, 0.85, 0.7), Color(0.6, 0.2, 0.1))


def picture(height: int = 26, width: int = 34, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return blobs of colour on a slope."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    image = np.stack([rows, columns, 1 - rows], axis=2) * 0.5 + 0.2
    for _ in range(6):
        y, x, radius = rng.random() * height / width, rng.random(), rng.uniform(0.05, 0.3)
        image[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = rng.random(3)
    return (255 * image.clip(0, 1)).round().astype(np.uint8)


def painter(
    options: PaintOptions | None = None,
    target: npt.NDArray[np.uint8] | None = None,
    *,
    proposer: Proposer | None = None,
    program: PaintingProgram | None = None,
    importance: npt.NDArray[np.float32] | None = None,
    effort: SearchEffort = QUICK,
) -> Painter:
    return Painter(
        picture() if target is None else target,
        PaintOptions(strokes=20, seed=3, threads=1) if options is None else options,
        mypaint_planning,
        proposer=proposer,
        program=program,
        importance=importance,
        effort=effort,
    )


def painted(painter: Painter) -> PaintingProgram:
    for _ in painter.run():
        pass
    return painter.program()


def rendered(program: PaintingProgram, width: int) -> npt.NDArray[np.uint8]:
    renderer = MyPaintRenderer(1, program.height_px(width), width)
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    pixels: npt.NDArray[np.uint8] = renderer.pixels()[0]
    return pixels


def mse(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> float:
    return float(np.mean((a / 255.0 - b / 255.0) ** 2))


def judged_errors(
    program: PaintingProgram, target: npt.NDArray[np.uint8], weight: npt.NDArray[np.float32] | None = None
) -> tuple[float, float]:
    """Return the error at the target's size, and its mean with that of the picture painted twice as large."""
    height, width = target.shape[:2]
    errors = []
    for factor in (1, 2):
        fine = rendered(program, factor * width).reshape(height, factor, width, factor, 3) / 255.0
        squared = (fine.mean(axis=(1, 3)) - target / 255.0) ** 2
        errors.append(np.mean(squared if weight is None else weight[:, :, None] * squared))
    return float(errors[0]), float(np.mean(errors))


def random_program(count: int, seed: int) -> PaintingProgram:
    rng = np.random.default_rng(seed)
    strokes = tuple(
        Stroke(
            start=Point(*rng.uniform(0, 0.7, 2)),
            control=Point(*rng.uniform(0, 0.7, 2)),
            end=Point(*rng.uniform(0, 0.7, 2)),
            radius=rng.uniform(0.02, 0.1),
            color=Color(*rng.random(3)),
            opacity=rng.uniform(0.2, 1.0),
            seed=int(rng.integers(2**30)),
        )
        for _ in range(count)
    )
    return PaintingProgram(strokes=strokes, aspect=26 / 34, background=Color(0.3, 0.4, 0.5))


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


def replay(strokes: list[Stroke], event: PaintEvent, painter: Painter) -> None:
    if isinstance(event, StrokeAdded):
        strokes.insert(event.index, event.stroke)
    elif isinstance(event, StrokeReplaced):
        strokes[event.index] = event.stroke
    elif isinstance(event, StrokeRemoved):
        del strokes[event.index]
    elif isinstance(event, ProgramReplaced):
        strokes[:] = painter.program().strokes


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


# ---- budgets ----


@pytest.mark.parametrize("count", [1, 2, 13, 40])
def test_exactly_as_many_strokes_as_asked_for(count: int) -> None:
    assert len(painted(painter(PaintOptions(strokes=count, threads=1))).strokes) == count


@pytest.mark.parametrize("count", [1, 5, 12, 20])
def test_a_painting_begun_is_brought_to_the_budget(count: int) -> None:
    begun = random_program(12, 2)
    program = painted(painter(PaintOptions(strokes=count, threads=1), program=begun))
    assert len(program.strokes) == count
    assert program.background == begun.background
    assert mse(rendered(program, 34), picture()) < mse(rendered(begun, 34), picture())


def test_a_painting_begun_keeps_its_page_and_brushes() -> None:
    page = Page(width_mm=100, height_mm=80)
    pen = Stroke(start=Point(0, 0), control=Point(0.5, 0.1), end=Point(1, 0.3), radius=0.01, brush="pen")
    begun = PaintingProgram(strokes=(pen,), aspect=26 / 34, background=Color(0.3, 0.4, 0.5), page=page)
    artist = painter(PaintOptions(strokes=3, threads=1), program=begun)
    assert artist.program().strokes == (pen,)
    program = painted(artist)
    assert program.page == page
    assert program.verified_width_px == 34
    assert program.strokes[0].brush == "pen"
    assert {stroke.brush for stroke in program.strokes[1:]} == {"round"}


def test_a_budget_can_be_raised_and_lowered_between_events() -> None:
    artist = painter(PaintOptions(strokes=10, threads=1))
    run = artist.run()
    for event in run:
        if isinstance(event, StrokeAdded) and event.index == 4:
            artist.set_budget(strokes=16)
    assert len(artist.program().strokes) == 16
    artist.set_budget(strokes=7)
    assert len(painted(artist).strokes) == 7
    artist.set_budget(strokes=11)
    error = artist.error
    assert len(painted(artist).strokes) == 11
    assert artist.error < error


@pytest.mark.parametrize("phase", ["paint", "revise"])
def test_a_budget_lowered_in_the_middle_is_kept(phase: str) -> None:
    artist = painter(PaintOptions(strokes=20, threads=1))
    for event in artist.run():
        if (phase == "paint" and isinstance(event, StrokeAdded) and event.index == 15) or (
            phase == "revise" and event == PhaseChanged("revise", 0.5)
        ):
            artist.set_budget(strokes=8)
    assert len(artist.program().strokes) == 8


def test_a_budget_raised_in_the_last_sweep_is_kept() -> None:
    artist = painter(PaintOptions(strokes=10, threads=1))
    num_sweeps = 0
    for event in artist.run():
        num_sweeps += isinstance(event, PhaseChanged) and event.name == "revise"
        if num_sweeps == QUICK.sweeps and isinstance(event, StrokeReplaced):
            artist.set_budget(strokes=14)
    assert len(artist.program().strokes) == 14


def test_painting_pauses_between_events() -> None:
    artist = painter()
    run = artist.run()
    events = [next(run) for _ in range(8)]
    program, evaluations = artist.program(), artist.num_evaluations
    assert artist.program() == program
    assert artist.num_evaluations == evaluations
    assert sum(isinstance(event, StrokeAdded) for event in events) == len(program.strokes)
    for _ in run:
        pass
    assert artist.program() == painted(painter())


@pytest.mark.parametrize("after", [1, 5, 24, 40])
def test_stop_ends_at_the_next_event_and_a_run_goes_on(after: int) -> None:
    artist = painter()
    strokes: list[Stroke] = []
    num_left = None
    for number, event in enumerate(artist.run()):
        replay(strokes, event, artist)
        if number == after:
            artist.stop()
            num_left = 0
        elif num_left is not None:
            num_left += 1
    assert num_left is not None
    assert num_left <= 3  # at most the colours, the other size and "done"
    assert tuple(strokes) == artist.program().strokes
    assert len(painted(artist).strokes) == 20


class Clock:
    """A proposer that shows how long the painter goes on, in strokes."""

    def __init__(self) -> None:
        self.num_calls = 0

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        self.num_calls += 1
        return HeuristicProposer().propose(view, count, rng)


def test_time_ends_painting_with_what_there_is() -> None:
    clock = Clock()
    options = PaintOptions(strokes=100_000, seconds=0.3, threads=1)
    artist = painter(options, picture(60, 60), proposer=clock)
    program = painted(artist)
    assert 1 <= len(program.strokes) < 20_000
    assert clock.num_calls < 20_000
    events: Iterator[PaintEvent] = artist.run()
    assert isinstance(next(events), PhaseChanged)
    artist.stop()
    assert isinstance(list(events)[-1], PhaseChanged)


def test_with_time_to_spare_all_strokes_are_there_at_the_end() -> None:
    options = PaintOptions(strokes=15, seconds=1.0, threads=1)
    assert len(painted(painter(options)).strokes) >= 15 - int(0.08 * 15)


# ---- options hold for every stroke ----


def curve_length(stroke: Stroke) -> float:
    t = np.linspace(0, 1, 2001)[:, None]
    start, control, end = (np.array(point) for point in (stroke.start, stroke.control, stroke.end))
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def assert_options_hold(program: PaintingProgram, options: PaintOptions, width: int) -> None:
    limits = options.limits(width, program.aspect)
    slack = 1e-6
    for stroke in program.strokes:
        assert limits.radius[0] - slack <= stroke.radius <= limits.radius[1] + slack
        assert limits.length[0] - slack <= curve_length(stroke) <= limits.length[1] + slack
        assert limits.opacity[0] <= stroke.opacity <= limits.opacity[1]
        assert limits.min_pressure <= min(stroke.start_pressure, stroke.end_pressure)
        assert stroke.brush in options.brushes
        if options.pen_width is not None:
            assert stroke.radius == pytest.approx(options.pen_width / 2)
            assert (stroke.start_pressure, stroke.end_pressure, stroke.opacity) == (1, 1, 1)
        if options.opaque:
            assert stroke.opacity == 1.0
        if options.palette is not None:
            assert stroke.color in options.palette
    if options.background is not None:
        assert program.background == options.background


class Garbage:
    """Proposes what no limit allows: far out, huge, tiny, endless, dots."""

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        values = np.zeros((count, 13))
        values[:, 0:6] = rng.uniform(-1.5, 1.5, (count, 6))
        values[::3, 2:6] = np.tile(values[::3, 0:2], 2)
        values[:, 6:8] = rng.uniform(0, 1, (count, 2))
        values[:, 8] = np.exp(rng.uniform(np.log(1e-5), np.log(8.0), count))
        values[:, 12] = rng.uniform(0.01, 1, count)
        return StrokeArray(values, np.zeros(count, np.int32), np.arange(count, dtype=np.int32), view.brushes)


PROPOSERS: list[Callable[[], Proposer]] = [
    HeuristicProposer,
    functools.partial(HeuristicProposer, uniform_places=True),
    RandomProposer,
    Garbage,
]


@pytest.mark.parametrize("proposer", PROPOSERS)
@pytest.mark.parametrize(
    "options",
    [
        PaintOptions(strokes=15, threads=1, palette=PALETTE),
        PaintOptions(strokes=15, threads=1, palette=PALETTE, opaque=True, brushes=("round", "soft")),
        PaintOptions(strokes=15, threads=1, opaque=True, background=Color(1, 1, 1)),
        PaintOptions(strokes=15, threads=1, pen_width=0.06, brushes=("pen",)),
        PaintOptions(strokes=15, threads=1, min_radius=0.05, max_radius=0.06),
        PaintOptions(strokes=15, threads=1, min_length=0.2, max_length=0.25),
        PaintOptions(strokes=15, threads=1, min_length=0.3, max_radius=0.02, brushes=("dry",)),
        PaintOptions(strokes=15, threads=1, max_length=0.05),
    ],
)
def test_options_hold_for_every_stroke(proposer: Callable[[], Proposer], options: PaintOptions) -> None:
    program = painted(painter(options, proposer=proposer()))
    assert len(program.strokes) == 15
    assert_options_hold(program, options, 34)


@settings(max_examples=25)
@given(
    least=st.floats(0.01, 0.1),
    radii=st.floats(1, 3),
    shortest=st.floats(0, 0.3),
    more=st.floats(0, 0.3),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    seed=st.integers(0, 2**63 - 1),
)
def test_limits_hold_whatever_they_are(
    least: float, radii: float, shortest: float, more: float, height: int, width: int, seed: int
) -> None:
    options = PaintOptions(
        strokes=4,
        threads=1,
        min_radius=least,
        max_radius=least * radii,
        min_length=shortest,
        max_length=shortest + more + 1e-3,
        seed=seed,
    )
    program = painted(painter(options, picture(height, width)))
    assert_options_hold(program, options, width)
    assert program.aspect == height / width


def test_found_palettes_are_used_and_told() -> None:
    artist = painter(PaintOptions(strokes=20, threads=1, palette_size=4))
    palette = artist.palette
    assert palette is not None
    assert len(palette) == 4
    program = painted(artist)
    assert {stroke.color for stroke in program.strokes} <= set(palette)
    assert program.background in palette
    assert painter().palette is None


def test_importance_draws_the_effort() -> None:
    rng = np.random.default_rng(1)
    target = np.kron(rng.integers(0, 255, (10, 10, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    mask = np.full((40, 40), 0.02, np.float32)
    mask[:, :20] = 1.0

    def halves(importance: npt.NDArray[np.float32] | None) -> tuple[float, float]:
        options = PaintOptions(strokes=50, threads=1)
        result = rendered(painted(painter(options, target, importance=importance)), 40)
        return mse(result[:, :20], target[:, :20]), mse(result[:, 20:], target[:, 20:])

    even, left = halves(None), halves(mask)
    assert left[0] < 0.8 * even[0]
    assert left[1] > 1.2 * even[1]


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
