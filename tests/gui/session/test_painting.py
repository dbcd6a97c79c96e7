"""What may be done when, what is sent, and what is in the journal by then."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.session.document import Document
from gui.session.edits import Put, Take
from gui.session.journal import find_leftovers
from gui.session.messages import (
    Amend,
    Began,
    Drawn,
    Ended,
    GoOn,
    Held,
    Open,
    Painted,
    Pause,
    ShowUpTo,
    Start,
    Stop,
    ToPainter,
)
from gui.session.painting import CANVAS_PX, PaintingSession, State, StateError
from spiral_core.errors import OutputError
from spiral_core.program import Color
from spiral_core.rendering import Rectangle
from spiral_core.search import PaintOptions
from tests.gui.session.strokes import stroke, strokes

ORDER = Start(Path("a.jpg"), 512, PaintOptions(), None)


class Desk:
    """A session, what it sent, and the journal as a crash would find it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sent: list[ToPainter] = []
        self.session = PaintingSession(self.sent.append, folder)

    def opened(self, count: int = 3, **more: object) -> PaintingSession:
        self.session.open(Document(aspect=0.5, strokes=strokes(count)), **more)  # type: ignore[arg-type]
        self.sent.clear()
        return self.session

    def painting(self) -> int:
        self.opened().start(ORDER)
        started = self.sent[-1]
        assert isinstance(started, Start)
        self.sent.clear()
        return started.run

    def journaled(self) -> list[object]:
        (file,) = self.folder.glob("*.journal")
        copy = self.folder / "copy"
        copy.mkdir(exist_ok=True)
        (copy / file.name).write_bytes(file.read_bytes())
        (leftover,) = find_leftovers(copy)
        assert leftover.document is not None
        return list(leftover.document.strokes)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def state_of(session: PaintingSession) -> State:
    return session.state


def painted(place: int) -> Painted:
    return Painted((Put(((place, stroke(90 + place)),)),), 0.01, 0.5, "paint")


@pytest.mark.parametrize(("aspect", "size"), [(0.5, (512, 1024)), (1.0, (1024, 1024)), (2.0, (1024, 512))])
def test_opening_shows_the_painting_on_a_canvas_of_its_shape(
    desk: Desk, aspect: float, size: tuple[int, int]
) -> None:
    desk.session.open(Document(aspect=aspect, strokes=strokes(2)))
    (message,) = desk.sent
    assert isinstance(message, Open)
    assert (message.height, message.width) == size
    assert max(size) == CANVAS_PX
    assert message.program.strokes == tuple(strokes(2))
    assert desk.session.state is State.IDLE


def test_a_stroke_is_in_the_journal_before_it_can_be_seen(desk: Desk) -> None:
    desk.painting()
    desk.session.hear(painted(3))
    assert desk.journaled() == [*strokes(3), stroke(93)], "before Drawn was heard"
    desk.session.hear(Drawn(Rectangle(0, 0, 1, 1), 4))
    assert desk.session.shown == 4
    assert desk.session.errors == [(1, 0.01)]


def test_pause_hold_step_go_on_stop(desk: Desk) -> None:
    run = desk.painting()
    session = desk.session
    session.pause()
    assert (session.state, desk.sent) == (State.PAUSING, [Pause()])
    session.go_on()
    session.pause()
    assert desk.sent == [Pause()], "it is pausing already"
    session.hear(Held(run))
    assert session.state is State.HELD
    session.go_on(edits=1)
    assert (session.state, desk.sent[-1]) == (State.PAINTING, GoOn(1))
    session.stop()
    assert (session.state, desk.sent[-1]) == (State.STOPPING, Stop())
    session.hear(Ended(run, is_complete=False))
    assert (session.state, session.phase) == (State.IDLE, "")


def test_news_of_an_earlier_run_is_old(desk: Desk) -> None:
    run = desk.painting()
    session = desk.session
    session.hear(Ended(run, is_complete=True))
    assert (session.phase, session.progress) == ("done", 1.0)
    session.start(ORDER)
    session.hear(Ended(run, is_complete=False))  # the answer to a stop that came too late
    session.hear(Held(run))
    assert session.state is State.PAINTING


def test_strokes_are_edited_when_the_painter_is_still(desk: Desk) -> None:
    run = desk.painting()
    session = desk.session
    with pytest.raises(StateError):
        session.edit(Take((0,)))
    session.when_still(lambda: session.edit(Take((0,))))
    session.hear(painted(3))
    assert desk.sent == [Pause()]
    session.hear(Held(run))
    assert desk.sent[-1] == Amend(Take((0,)))
    expected = [stroke(1), stroke(2), stroke(93)]
    assert session.document is not None
    assert session.document.strokes == expected == desk.journaled()
    inverse = session.edit(Take((1,)))
    session.edit(inverse)
    assert session.document.strokes == expected == desk.journaled()


def test_an_edit_that_does_not_fit_changes_nothing(desk: Desk) -> None:
    session = desk.opened()
    with pytest.raises(IndexError):
        session.edit(Take((7,)))
    assert desk.sent == []
    assert not session.has_changed()


def test_an_edit_that_the_journal_does_not_take_is_taken_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = desk.opened()

    def full(handle: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gui.session.journal.os.write", full)
    with pytest.raises(OutputError, match="No space left"):
        session.edit(Take((0,)))
    assert session.document is not None
    assert session.document.strokes == strokes(3)
    assert desk.sent == []
    session.start(ORDER)
    with pytest.raises(OutputError):
        session.hear(painted(3))
    assert len(session.document.strokes) == 4, "what was painted stays"


def test_nothing_is_opened_over_a_painter_at_work(desk: Desk) -> None:
    desk.painting()
    with pytest.raises(StateError, match="stop the painter"):
        desk.session.open(Document())


def test_scrubbing_ends_where_painting_begins(desk: Desk) -> None:
    session = desk.opened()
    session.show_up_to(2)
    session.show_up_to(2)
    session.show_up_to(3)
    assert desk.sent == [ShowUpTo(2), ShowUpTo(None)], "all that there are is all"
    session.show_up_to(1)
    session.start(ORDER)
    assert desk.sent[-2] == ShowUpTo(None)


def test_a_new_painter_is_shown_what_the_dead_one_knew(desk: Desk) -> None:
    run = desk.painting()
    session = desk.session
    session.hear(Began(Color(0.1, 0.2, 0.3)))
    session.hear(painted(3))
    session.when_still(lambda: session.edit(Take((0,))))
    session.painter_died()
    opened, amended = desk.sent[-2:]
    assert isinstance(opened, Open)
    assert opened.program.background == Color(0.1, 0.2, 0.3)
    assert opened.program.strokes == (*strokes(3), stroke(93))
    assert amended == Amend(Take((0,)))
    assert state_of(session) is State.IDLE
    session.start(ORDER)
    session.hear(Ended(run, is_complete=False))
    assert state_of(session) is State.PAINTING


def test_saved_and_changed(desk: Desk) -> None:
    session = desk.opened()
    assert not session.has_changed()
    session.edit(Take((0,)))
    assert session.has_changed()
    session.saved()
    assert not session.has_changed()
    session.close()
    assert list(desk.folder.glob("*.journal")) == []
    desk.opened(is_saved=False)
    assert session.has_changed()
    session.close()
    (leftover,) = find_leftovers(desk.folder)
    assert leftover.problem == ""


def test_without_a_painting_there_is_nothing_to_do(desk: Desk) -> None:
    session = desk.session
    with pytest.raises(StateError, match="open a photo"):
        session.start(ORDER)
    session.pause()
    session.go_on()
    session.stop()
    session.hear(painted(0))
    session.painter_died()
    assert desk.sent == []
    assert session.state is State.EMPTY
