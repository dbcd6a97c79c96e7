"""The real painter process at the other end of a real socket."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pytestqt.qtbot import QtBot

from adapters.mypaint import MyPaintRenderer
from gui.processes.painter_link import PainterLink
from gui.processes.shared_picture import SharedPicture
from gui.session.edits import Take, apply
from gui.session.messages import (
    Amend,
    Began,
    Drawn,
    Ended,
    Failed,
    FromPainter,
    GoOn,
    Held,
    Open,
    Painted,
    Pause,
    PhotoRead,
    ReadPhoto,
    SetBudget,
    ShowUpTo,
    Start,
    Stop,
    ToPainter,
)
from spiral_core.program import Color, PaintingProgram, Stroke, StrokeArray
from spiral_core.search import PaintOptions

PHOTO = Path(__file__).parents[3] / "configs" / "samples" / "chelsea.jpg"
HEIGHT, WIDTH = 85, 128


class Conversation:
    """Keeps what the painter says, and the strokes that follow from it."""

    def __init__(self, qtbot: QtBot, link: PainterLink) -> None:
        self.qtbot, self.link = qtbot, link
        self.said: list[FromPainter] = []
        self.strokes: list[Stroke] = []
        self.pictures: list[SharedPicture] = []
        self.deaths: list[str] = []
        self.background = Color(1, 1, 1)
        link.heard.connect(self._hear)
        link.died.connect(self.deaths.append)

    def _hear(self, message: FromPainter, picture: SharedPicture | None) -> None:
        self.said.append(message)
        if picture is not None:
            self.pictures.append(picture)
        if isinstance(message, Began):
            self.background = message.background
        if isinstance(message, Painted):
            for edit in message.edits:
                apply(self.strokes, edit)

    def wait(self, kind: type[FromPainter], timeout_s: float = 30) -> FromPainter:
        """Wait until the painter says something of this kind, and forget what it said before."""
        self.qtbot.waitUntil(
            lambda: any(isinstance(m, kind) for m in self.said), timeout=int(1000 * timeout_s)
        )
        at = next(i for i, message in enumerate(self.said) if isinstance(message, kind))
        message = self.said[at]
        del self.said[: at + 1]
        return message

    def open(self, program: PaintingProgram | None = None) -> SharedPicture:
        self.said.clear()
        picture = SharedPicture(HEIGHT, WIDTH)
        self.link.send(Open(program or PaintingProgram(aspect=HEIGHT / WIDTH), HEIGHT, WIDTH), picture)
        self.wait(Drawn)
        return picture

    def start(self, strokes: int = 30, **more: object) -> None:
        options = PaintOptions(strokes=strokes, effort=0.1, threads=1, **more)  # type: ignore[arg-type]
        self.link.send(Start(PHOTO, WIDTH, options, None))

    def expected(self, count: int | None = None) -> npt.NDArray[np.uint8]:
        renderer = MyPaintRenderer(1, HEIGHT, WIDTH)
        renderer.clear(self.background)
        renderer.draw(StrokeArray.from_strokes(self.strokes[:count]))
        pixels: npt.NDArray[np.uint8] = renderer.pixels()[0]
        return pixels


@pytest.fixture
def talk(qtbot: QtBot, tmp_path: Path) -> Iterator[Conversation]:
    link = PainterLink(tmp_path / "painter.log")
    yield Conversation(qtbot, link)
    link.close()
    with pytest.raises(ProcessLookupError):
        os.kill(link.pid, 0)


def test_it_paints_and_the_shared_picture_shows_what_it_said(talk: Conversation) -> None:
    picture = talk.open()
    talk.start(12)
    ended = talk.wait(Ended)
    assert ended == Ended(0, is_complete=True)
    assert len(talk.strokes) == 12
    np.testing.assert_array_equal(picture.pixels()[..., 2::-1], talk.expected())
    assert (picture.pixels()[..., 3] == 255).all()


def test_pause_step_edit_and_go_on(talk: Conversation) -> None:
    picture = talk.open()
    talk.start(200)
    talk.wait(Painted)
    talk.link.send(Pause())
    talk.wait(Held)
    count = len(talk.strokes)
    np.testing.assert_array_equal(picture.pixels()[..., 2::-1], talk.expected())
    talk.link.send(GoOn(edits=1))
    talk.wait(Held)
    assert len(talk.strokes) == count + 1
    talk.link.send(Amend(Take((0,))))
    del talk.strokes[0]
    talk.wait(Drawn)
    np.testing.assert_array_equal(picture.pixels()[..., 2::-1], talk.expected())
    talk.link.send(ShowUpTo(3))
    assert talk.wait(Drawn).count == 3  # type: ignore[union-attr]
    np.testing.assert_array_equal(picture.pixels()[..., 2::-1], talk.expected(3))
    talk.link.send(ShowUpTo(None))
    kept = talk.strokes[:5]
    talk.link.send(GoOn(edits=1))
    talk.wait(Held)
    assert talk.strokes[:5] == kept, "it goes on from the strokes as they were left"
    assert len(talk.strokes) == count + 1
    talk.link.send(Stop())
    assert talk.wait(Ended) == Ended(0, is_complete=False)
    np.testing.assert_array_equal(picture.pixels()[..., 2::-1], talk.expected())


def test_the_budget_can_be_changed_while_it_paints(talk: Conversation) -> None:
    talk.open()
    talk.start(100_000)
    talk.wait(Painted)
    talk.link.send(SetBudget(strokes=40))
    talk.wait(Ended)
    assert len(talk.strokes) == 40


def test_time_does_not_run_while_it_is_paused(talk: Conversation) -> None:
    talk.open()
    talk.start(100_000, seconds=3.0)
    talk.wait(Painted)
    talk.link.send(Pause())
    talk.wait(Held)
    count = len(talk.strokes)
    time.sleep(3.5)
    talk.link.send(GoOn())
    talk.wait(Ended)
    assert len(talk.strokes) > count + 5


def test_a_photo_is_read_and_a_broken_one_told(talk: Conversation, tmp_path: Path) -> None:
    broken = tmp_path / "no.jpg"
    broken.write_bytes(b"no photo")
    talk.link.send(ReadPhoto(broken, WIDTH))
    failed = talk.wait(Failed)
    assert str(broken) in failed.message  # type: ignore[union-attr]
    talk.link.send(ReadPhoto(PHOTO, WIDTH))
    read = talk.wait(PhotoRead)
    assert isinstance(read, PhotoRead)
    assert (read.height, read.width) == (HEIGHT, WIDTH)
    pixels = talk.pictures[0].pixels()
    np.testing.assert_allclose(pixels[..., 2::-1].mean(axis=(0, 1)) / 255, read.mean, atol=1e-6)
    assert not any(isinstance(m, Ended) for m in talk.said)


@pytest.mark.parametrize(
    "message",
    [
        Start(Path("/nowhere.jpg"), WIDTH, PaintOptions(strokes=3), None),
        Start(PHOTO, WIDTH, PaintOptions(strokes=3, brushes=("no such brush",)), None),
        Start(PHOTO, WIDTH, PaintOptions(strokes=3), Path("/nowhere.safetensors")),
    ],
)
def test_what_cannot_be_painted_is_told_and_the_next_can(talk: Conversation, message: ToPainter) -> None:
    talk.open()
    talk.link.send(message)
    assert isinstance(talk.wait(Failed), Failed)
    assert talk.wait(Ended) == Ended(0, is_complete=False)
    talk.start(3)
    assert talk.wait(Ended) == Ended(0, is_complete=True)


def test_a_killed_painter_is_noticed_and_another_takes_its_place(talk: Conversation) -> None:
    talk.open()
    talk.start(100_000)
    talk.wait(Painted)
    os.kill(talk.link.pid, signal.SIGKILL)
    talk.qtbot.waitUntil(lambda: talk.deaths == ["signal 9"], timeout=5000)
    picture = talk.open(
        PaintingProgram(strokes=tuple(talk.strokes), aspect=HEIGHT / WIDTH, background=talk.background)
    )
    np.testing.assert_array_equal(picture.pixels()[..., 2::-1], talk.expected())


def test_when_the_window_is_gone_so_is_the_painter(talk: Conversation) -> None:
    talk.open()
    talk.start(100_000)
    talk.wait(Painted)
    os.close(talk.link._connection.fileno())  # as the kernel does when the window is killed
    talk.qtbot.waitUntil(lambda: talk.link._process.poll() is not None, timeout=5000)
    talk.link._connection._handle = None  # type: ignore[attr-defined]
