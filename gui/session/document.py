"""The painting that is open: a program whose strokes can be edited, and the photo that it is after."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gui.session.edits import Edit, apply
from spiral_core.program import A4, WHITE, Color, Page, PaintingProgram, Stroke


@dataclass(slots=True, kw_only=True)
class Document:
    """A painting being edited.

    Attributes:
        photo: What it is painted after, or None.
        aspect: Height over width.
        background: Colour of the bare canvas.
        page: The sheet that it is meant for.
        verified_width_px: Canvas width at which the agent planned it, or None.
        strokes: Bottom first; changed by `apply` alone.
        num_edits: Edits applied so far: tells whether something has changed since.
    """

    photo: Path | None = None
    aspect: float = 1.0
    background: Color = WHITE
    page: Page = A4
    verified_width_px: int | None = None
    strokes: list[Stroke] = field(default_factory=list)
    num_edits: int = 0

    @classmethod
    def of(cls, program: PaintingProgram, photo: Path | None = None) -> Document:
        """Open a program."""
        return cls(
            photo=photo,
            aspect=program.aspect,
            background=program.background,
            page=program.page,
            verified_width_px=program.verified_width_px,
            strokes=list(program.strokes),
        )

    def apply(self, edit: Edit) -> Edit:
        """Change the strokes and return the edit that takes it back.

        Raises:
            IndexError: A place is not there; nothing has changed.
        """
        inverse = apply(self.strokes, edit)
        self.num_edits += 1
        return inverse

    def program(self) -> PaintingProgram:
        """Return the painting as it is now."""
        return PaintingProgram(
            strokes=tuple(self.strokes),
            aspect=self.aspect,
            background=self.background,
            page=self.page,
            verified_width_px=self.verified_width_px,
        )
