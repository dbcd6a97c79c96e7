"""The painter beside the window: a process that searches, draws what is to be seen, and answers at once.

It is alone in knowing libmypaint. Its window tells it what to do (`gui.session.messages`) and may do so in
the middle of a painting: between two strokes everything is heard. When the window is gone, so is the painter.

    python -m gui.processes.painter HANDLE      HANDLE: the open socket to the window
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from adapters.mypaint.planning import mypaint_planning
from gui.processes.easel import Easel
from gui.processes.painting_run import PaintingRun
from gui.processes.shared_picture import SharedPicture
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
from spiral_core.errors import SpiralError
from spiral_core.photo import read_photo
from spiral_core.program import Color, PaintingProgram
from spiral_core.search import HeuristicProposer
from spiral_core.search.agent_proposer import load_proposer

_FRAME_S: Final = 1 / 60
_SHARE_OF_DRAWING: Final = 0.15  # of this process' time: what is left is for painting
_LEAST_IMPORTANCE: Final = 0.1
_EDITS_AT_ONCE: Final = 32  # in one message: the window must never be busy with one for long
_NICE: Final = 10  # the window comes first


class PainterProcess:
    """The painter's side of the conversation.

    Args:
        window: The connection to the window.
    """

    def __init__(self, window: Connection) -> None:
        self._window = window
        # Heard in a thread of its own, so that the window can say what it likes without ever waiting.
        self._heard: queue.SimpleQueue[tuple[ToPainter, int | None]] = queue.SimpleQueue()
        self._easel: Easel | None = None
        self._program = PaintingProgram()
        self._run: PaintingRun | None = None
        self._start: tuple[Start, npt.NDArray[np.float32] | None] | None = None
        self._number = 0  # of the newest start
        self._is_held = False
        self._held_s = 0.0
        self._left: int | None = None  # edits until the next pause
        self._next_frame_s = 0.0

    def work(self) -> None:
        """Paint, draw and listen; does not return."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            is_painting = self._run is not None and not self._is_held
            if not is_painting:
                self._draw()
            try:
                message, handle = self._heard.get(block=not is_painting)
            except queue.Empty:
                self._paint()
            else:
                self._guarded(partial(self._obey, message, handle), isinstance(message, Start | GoOn))

    def _listen(self) -> None:
        try:
            while True:
                message: ToPainter = self._window.recv()
                has_handle = isinstance(message, Open) or (
                    isinstance(message, Start) and message.mask is not None
                )
                self._heard.put((message, reduction.recv_handle(self._window) if has_handle else None))
        except (EOFError, OSError):
            os._exit(0)  # the window is gone, and with it everybody who could look

    def _say(self, message: FromPainter, picture: SharedPicture | None = None) -> None:
        try:
            self._window.send(message)
            if picture is not None:
                reduction.send_handle(self._window, picture.handle, 0)
        except OSError:
            os._exit(0)

    def _guarded(self, act: Callable[[], None], is_painting: bool) -> None:
        """Do something; if it fails, say so, and that painting is over if it was that."""
        try:
            act()
        except SpiralError as error:
            self._say(Failed(str(error)))
        except Exception as error:  # noqa: BLE001  a person must hear of it; the painting as it is stays
            traceback.print_exc()
            self._say(Failed(f"the painter failed: {type(error).__name__}: {error}"))
        else:
            return
        if is_painting:
            self._end(is_complete=False)

    # ---- what the window says ----

    def _obey(self, message: ToPainter, handle: int | None) -> None:
        match message:
            case ReadPhoto():
                self._read_photo(message)
            case Open(program, height, width):
                self._open(program, SharedPicture(height, width, handle))
            case Amend(edit):
                assert self._easel is not None
                self._easel.apply(edit)
                self._run = None
            case ShowUpTo(count):
                if self._easel is not None:
                    self._easel.show_up_to(count)
            case Start():
                mask = None
                if message.mask is not None:
                    shown = SharedPicture(*message.mask, handle).pixels()[..., 0]
                    mask = _LEAST_IMPORTANCE + (1 - _LEAST_IMPORTANCE) / np.float32(255) * shown
                self._start, self._number = (message, mask), message.run
                self._is_held, self._left = False, None
                self._begin()
            case Pause():
                if self._run is None or self._is_held:
                    return
                self._hold()
            case GoOn(edits):
                self._go_on(edits)
            case Stop():
                self._end(is_complete=False)
            case SetBudget(strokes, seconds):
                if self._run is not None:
                    self._run.set_budget(strokes=strokes, seconds=seconds)

    def _read_photo(self, message: ReadPhoto) -> None:
        target = read_photo(message.path, long_side_px=message.size_px)
        height, width, _ = target.shape
        picture = SharedPicture(height, width)
        picture.pixels()[..., :3] = target[..., ::-1]
        picture.pixels()[..., 3] = 255
        mean = (target.reshape(-1, 3).mean(axis=0) / 255).tolist()
        self._say(PhotoRead(message.path, height, width, Color(*mean)), picture)
        picture.close()

    def _open(self, program: PaintingProgram, picture: SharedPicture) -> None:
        self._run = None
        self._program = program.with_strokes(())
        self._easel = Easel(program, picture.pixels())
        picture.close()

    # ---- painting ----

    def _begin(self) -> None:
        assert self._easel is not None
        assert self._start is not None
        start, mask = self._start
        target = read_photo(start.photo, long_side_px=start.size_px)
        proposer = HeuristicProposer() if start.agent is None else load_proposer(start.agent)
        strokes = self._easel.strokes()
        run = PaintingRun(
            target,
            start.options,
            mypaint_planning,
            proposer=proposer,
            program=self._program.with_strokes(strokes) if strokes else None,
            importance=mask,
            page=self._program.page,
        )
        if not strokes:
            self._program = run.painter.program()
            self._easel.set_background(self._program.background)
            self._say(Began(self._program.background))
        self._run = run

    def _paint(self) -> None:
        assert self._run is not None
        run = self._run

        def advance() -> None:
            is_over = run.advance()
            if self._left is not None and run.num_waiting >= self._left:
                self._left = None
                self._hold()
            elif is_over:
                self._end(is_complete=True)
            elif time.monotonic() >= self._next_frame_s:
                self._draw()

        self._guarded(advance, is_painting=True)

    def _tell(self) -> None:
        """Say what was painted since the last time, before anybody can see it."""
        if self._run is not None and self._run.num_waiting:
            run, edits = self._run, self._run.take_edits()
            for first in range(0, len(edits), _EDITS_AT_ONCE):
                some = edits[first : first + _EDITS_AT_ONCE]
                self._say(Painted(some, run.painter.error, run.progress, run.phase))
            assert self._easel is not None
            for edit in edits:
                self._easel.apply(edit)

    def _draw(self) -> None:
        started_s = time.monotonic()
        self._tell()
        if self._easel is not None and self._easel.is_stale:
            self._say(Drawn(*self._easel.draw()))
        cost_s = time.monotonic() - started_s
        self._next_frame_s = started_s + max(_FRAME_S, cost_s / _SHARE_OF_DRAWING)

    def _hold(self) -> None:
        self._draw()
        self._is_held, self._held_s = True, time.monotonic()
        self._say(Held(self._number))

    def _go_on(self, edits: int | None) -> None:
        if not self._is_held:
            return
        self._left, self._is_held = edits, False
        if self._run is None:  # strokes were changed: the painter looks at them anew
            self._begin()
        else:
            self._run.add_seconds(time.monotonic() - self._held_s)

    def _end(self, *, is_complete: bool) -> None:
        if self._run is not None and not is_complete:
            self._run.painter.stop()
        self._draw()
        self._run, self._is_held = None, False
        self._say(Ended(self._number, is_complete))


def main() -> None:
    """Serve the window at the other end of the socket that the command line names."""
    os.nice(_NICE)
    # The agent's matrices are too small to share out.
    with threadpool_limits(1, user_api="blas"):
        PainterProcess(Connection(int(sys.argv[1]))).work()


if __name__ == "__main__":
    main()
