"""The painter keeps to its strokes and its time, and stops, pauses and goes on when told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spiral_core.program import Color, Page, PaintingProgram, Point, Stroke
from spiral_core.search import (
    PaintEvent,
    PaintOptions,
    PhaseChanged,
    StrokeAdded,
    StrokeReplaced,
)
from tests.spiral_core.search.paintings import (
    QUICK,
    Clock,
    mse,
    painted,
    painter,
    picture,
    random_program,
    rendered,
    replay,
)


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
