"""What the panels share: the open painting, the painter beside the window, the undo stack.

`gui.session` decides, this says it in Qt's signals. Panels know the studio and not one another.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtGui import QUndoCommand, QUndoStack

from gui.processes.painter_link import PainterLink
from gui.processes.shared_picture import SharedPicture
from gui.session.document import Document
from gui.session.edits import Edit, Replace
from gui.session.journal import journals_folder
from gui.session.messages import (
    Began,
    Drawn,
    Ended,
    Failed,
    FromPainter,
    Held,
    Open,
    Painted,
    PhotoRead,
    ReadPhoto,
    Start,
    ToPainter,
)
from gui.session.painting import AT_WORK, PaintingSession, State
from spiral_core.errors import SpiralError
from spiral_core.program import Stroke
from spiral_core.program_file import read_painting
from spiral_core.search import PaintOptions

_SYNC_MS: Final = 1000


class Studio(QObject):
    """The open painting and everybody who works on it.

    Signals:
        opened: Another painting is open; `picture` is a new one.
        photo_changed: `target` and `mask` are those of another photo, or None.
        picture_changed: The shared picture changed within this `Rectangle`.
        edited: These edits were applied to the strokes.
        state_changed: The painter does something else, or has come further.
        said: A line for the status bar.
        failed: What went wrong, in one line.

    Args:
        log: File for what the painter prints when it fails.
        journals: Folder of the journals; by default where this person keeps state.
        parent: Who owns this.
    """

    opened = pyqtSignal()
    photo_changed = pyqtSignal()
    picture_changed = pyqtSignal(object)
    edited = pyqtSignal(object)
    state_changed = pyqtSignal()
    said = pyqtSignal(str)
    failed = pyqtSignal(str)

    def __init__(self, log: Path, journals: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture: SharedPicture | None = None
        self.target: SharedPicture | None = None
        self.mask: SharedPicture | None = None
        self.undo_stack = QUndoStack(self)
        self.link = PainterLink(log, self)
        self.journals = journals if journals is not None else journals_folder()
        self.session = PaintingSession(self._send, self.journals)
        self._reading_for: Document | None = None  # whose photo is being read, unless it is a new painting's
        self._asked_to_read: ReadPhoto | None = None  # until there is an answer
        self._asked_twice = False
        self._strokes_before: tuple[Stroke, ...] | None = None  # what undoing the agent's work brings back
        self.link.heard.connect(self._hear)
        self.link.died.connect(self._painter_died)
        self._sync_timer = QTimer(self)
        self._sync_timer.timeout.connect(self._sync)
        self._sync_timer.start(_SYNC_MS)

    @property
    def document(self) -> Document | None:
        """The open painting."""
        return self.session.document

    @property
    def is_at_work(self) -> bool:
        """The painter paints, or is about to hold or stop."""
        return self.session.state in AT_WORK

    # ---- files ----

    def open_photo(self, photo: Path, size_px: int) -> None:
        """Begin a painting of a photo, which is read beside the window: `opened` or `failed` follows."""
        self._reading_for = None
        self._read(ReadPhoto(photo, size_px))
        self.said.emit(self.tr("Reading {}…").format(photo.name))

    def attach_photo(self, photo: Path) -> None:
        """Let the open painting go on after a photo of its shape; `photo_changed` or `failed` follows."""
        if self.document is None or self.session.state is not State.IDLE:
            self.failed.emit(self.tr("Open a painting first, and let the painter come to an end."))
            return
        self._reading_for = self.document
        self.link.send(ReadPhoto(photo, max(self._size())))
        self.said.emit(self.tr("Reading {}…").format(photo.name))

    def open_program(self, path: Path) -> None:
        """Open a program file; `opened` or `failed` follows."""
        try:
            self.open_document(Document.of(read_painting(path)))
        except SpiralError as error:
            self.failed.emit(str(error))

    def open_document(self, document: Document, *, is_saved: bool = True) -> None:
        """Open a painting that is in memory.

        Raises:
            SpiralError: The painter is at work, or the journal cannot be written.
        """
        self.session.open(document, is_saved=is_saved)
        self.undo_stack.clear()
        self.target = self.mask = None
        self.opened.emit()
        self.photo_changed.emit()
        self.state_changed.emit()
        if document.photo is not None:
            self._reading_for = document
            self._read(ReadPhoto(document.photo, max(self._size())))

    def close(self) -> None:
        """Leave the painting and send the painter home."""
        self._sync_timer.stop()
        self.link.close()
        self.session.close()

    # ---- painting ----

    def start(self, options: PaintOptions, size_px: int, agent: Path | None) -> None:
        """Let the agent paint on; `failed` says why not."""
        document = self.document
        if document is None or document.photo is None:
            self.failed.emit(self.tr("Open a photo first: the agent paints after one."))
            return
        mask = self.mask
        has_mask = mask is not None and bool(mask.pixels()[..., 0].any())
        shape = (mask.height, mask.width) if mask is not None and has_mask else None
        try:
            self.session.start(Start(document.photo, size_px, options, agent, shape))
        except SpiralError as error:
            self.failed.emit(str(error))
            return
        self._strokes_before = tuple(document.strokes)
        self.state_changed.emit()

    def pause(self) -> None:
        """Hold at the stroke's end."""
        self.session.pause()
        self.state_changed.emit()

    def go_on(self, edits: int | None = None) -> None:
        """Go on after a pause."""
        if self.session.state is State.HELD and self.document is not None:
            self._strokes_before = tuple(self.document.strokes)
            self.session.go_on(edits)
            self.state_changed.emit()

    def stop(self) -> None:
        """End painting. Never asks."""
        self.session.stop()
        self.state_changed.emit()

    def show_up_to(self, count: int | None) -> None:
        """Show the first so many strokes, or all."""
        self.session.show_up_to(count)

    # ---- editing ----

    def edit(self, edit: Edit, text: str) -> None:
        """Change the strokes so that it can be undone; the painter is still."""
        if self.is_at_work:
            self.failed.emit(self.tr("The painter is at work; pause it first."))
            return
        try:
            inverse = self._apply(edit)
        except (SpiralError, IndexError) as error:
            self.failed.emit(str(error))
            return
        self.undo_stack.push(_Done(self, edit, inverse, text))

    def _apply(self, edit: Edit) -> Edit:
        inverse = self.session.edit(edit)
        self.edited.emit((edit,))
        self.state_changed.emit()
        return inverse

    # ---- the painter ----

    def _send(self, message: ToPainter) -> None:
        if isinstance(message, Open):
            self.picture = SharedPicture(message.height, message.width)
            self.link.send(message, self.picture)
        elif isinstance(message, Start) and message.mask is not None:
            self.link.send(message, self.mask)
        else:
            self.link.send(message)

    def _hear(self, message: FromPainter, picture: SharedPicture | None) -> None:
        if isinstance(message, PhotoRead):
            assert picture is not None
            self._take_photo(message, picture)
            return
        if isinstance(message, Failed):
            self._asked_to_read = None
            self.failed.emit(message.message)
            return
        try:
            self.session.hear(message)
        except SpiralError as error:
            self.failed.emit(str(error))
        match message:
            case Began():
                self.photo_changed.emit()
            case Painted(edits):
                self.edited.emit(edits)
                self.state_changed.emit()
            case Drawn(rectangle):
                self.picture_changed.emit(rectangle)
            case Held() | Ended():
                self._note_painted()
                self.state_changed.emit()

    def _read(self, message: ReadPhoto) -> None:
        self._asked_to_read, self._asked_twice = message, False
        self.link.send(message)

    def _take_photo(self, read: PhotoRead, picture: SharedPicture) -> None:
        self._asked_to_read = None
        if self._reading_for is None:
            document = Document(photo=read.path, aspect=read.height / read.width, background=read.mean)
            try:
                self.session.open(document)
            except SpiralError as error:
                self.failed.emit(str(error))
                return
            self.undo_stack.clear()
            self.target = self.mask = None
            self.opened.emit()
        elif self._reading_for is not self.document:
            return  # another painting was opened meanwhile
        else:
            try:
                self.session.set_photo(read.path, read.height / read.width)
            except SpiralError as error:
                self.failed.emit(str(error))
                return
        self.target = picture
        self.mask = SharedPicture(read.height, read.width)
        self.photo_changed.emit()
        self.state_changed.emit()

    def _painter_died(self, how: str) -> None:
        self._note_painted()
        self.session.painter_died()
        self.state_changed.emit()
        if self.document is not None:
            self.opened.emit()  # the picture is a new one
        if self._asked_to_read is not None and not self._asked_twice:
            self._asked_twice = True  # once more and no more: it may be the photo that kills it
            self.link.send(self._asked_to_read)
        self.failed.emit(
            self.tr("The painter ended unexpectedly ({}). Nothing is lost, and another is ready.").format(how)
        )

    def _note_painted(self) -> None:
        """Make one step of undo of what the agent has done since it was let go."""
        before, self._strokes_before = self._strokes_before, None
        if before is None or self.document is None:
            return
        after = tuple(self.document.strokes)
        if after != before:
            text = self.tr("Paint %Ln strokes", "", max(len(after) - len(before), 0))
            self.undo_stack.push(_Done(self, Replace(after), Replace(before), text))

    def _size(self) -> tuple[int, int]:
        assert self.picture is not None
        return self.picture.height, self.picture.width

    def _sync(self) -> None:
        threading.Thread(target=self.session.sync, daemon=True).start()


class _Done(QUndoCommand):
    """Something that was done already when it is pushed."""

    def __init__(self, studio: Studio, edit: Edit, inverse: Edit, text: str) -> None:
        super().__init__(text)
        self._studio = studio
        self._edit, self._inverse = edit, inverse
        self._is_first = True

    def redo(self) -> None:
        if self._is_first:
            self._is_first = False
        else:
            self._studio._apply(self._edit)

    def undo(self) -> None:
        self._studio._apply(self._inverse)
