"""The canvas that a person sees: any first so many strokes of a painting, drawn on the real brush.

Drawings of the first strokes are kept at places that lie about equally much work apart, so that any point of
a long painting is a short way from one, and a change in its middle draws anew only what lies above.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import Final

import numpy as np
import numpy.typing as npt

from adapters.mypaint import MyPaintRenderer
from gui.session.edits import Change, Edit, Move, Put, Replace, Take, first_change
from spiral_core.program import Color, PaintingProgram, Stroke, StrokeArray
from spiral_core.rendering import Rectangle

_APART_S: Final = 0.012  # of drawing between two kept drawings: half of what a scrub may cost
_MOST_KEPT: Final = 64  # drawings of 8 bytes a pixel; when there are more, every other one goes
_AT_ONCE: Final = 64  # strokes drawn in one call, after which the clock is looked at
_NOTHING: Final = Rectangle(0, 0, 0, 0)


class Easel:
    """Draws a painting into a picture.

    Args:
        program: The painting.
        picture: Shape (height, width, 4), uint8: where it is drawn to, blue, green, red, alpha.
    """

    def __init__(self, program: PaintingProgram, picture: npt.NDArray[np.uint8]) -> None:
        self._picture = picture
        height, width = picture.shape[:2]
        self._renderer = MyPaintRenderer(1, height, width)
        self._renderer.clear(program.background)
        self._kept = {0: self._renderer.snapshot()}
        self._strokes = _Strokes(program.strokes)
        self._drawn = 0  # strokes that lie on the renderer's canvas
        self._since_kept_s = 0.0
        self._apart_s = _APART_S
        self._upto: int | None = None
        self._changed = self._whole  # where the canvas differs from the picture

    def __len__(self) -> int:
        return len(self._strokes)

    def strokes(self) -> tuple[Stroke, ...]:
        """Return the whole painting's strokes."""
        return self._strokes.array(0, len(self)).to_strokes()

    def set_background(self, background: Color) -> None:
        """Give the bare canvas another colour."""
        self._renderer.clear(background)
        self._kept = {0: self._renderer.snapshot()}
        self._restore(0)

    @property
    def is_stale(self) -> bool:
        """The picture does not show yet what it should."""
        return self._drawn != self._shown or not _is_empty(self._changed)

    def show_up_to(self, count: int | None) -> None:
        """Show the first so many strokes from the next `draw` on; None: all that there are then."""
        self._upto = count

    def apply(self, edit: Edit) -> None:
        """Change the strokes; the picture follows with the next `draw`.

        Raises:
            IndexError: A place is not there.
        """
        self._strokes.apply(edit)
        first = first_change(edit)
        for count in [count for count in self._kept if count > first]:
            del self._kept[count]
        if first < self._drawn:
            self._restore(first)

    def draw(self) -> tuple[Rectangle, int]:
        """Bring the picture up to date.

        Returns:
            What changed, and how many strokes are shown.
        """
        count = self._shown
        if self._drawn > count or any(self._drawn < place <= count for place in self._kept):
            self._restore(count)
        self._advance(count)
        changed, self._changed = self._changed, _NOTHING
        if not _is_empty(changed):
            part = self._renderer.region(0, changed)
            shown = self._picture[changed.top : changed.bottom, changed.left : changed.right]
            shown[..., :3] = part[..., ::-1]
            shown[..., 3] = 255
        return changed, count

    @property
    def _whole(self) -> Rectangle:
        return Rectangle(0, 0, self._renderer.width, self._renderer.height)

    @property
    def _shown(self) -> int:
        return len(self) if self._upto is None else min(self._upto, len(self))

    def _restore(self, count: int) -> None:
        """Take the kept drawing nearest below so many strokes."""
        places = sorted(self._kept)
        self._drawn = places[bisect_right(places, count) - 1]
        self._renderer.restore(self._kept[self._drawn])
        self._since_kept_s = 0.0
        self._changed = self._whole

    def _advance(self, count: int) -> None:
        """Draw on until so many strokes lie on the canvas."""
        while self._drawn < count:
            upto = min(self._drawn + _AT_ONCE, count)
            started_s = time.perf_counter()
            rectangles = self._renderer.draw(self._strokes.array(self._drawn, upto))
            self._since_kept_s += time.perf_counter() - started_s
            self._changed = _union(self._changed, rectangles)
            self._drawn = upto
            if self._since_kept_s >= self._apart_s:
                self._keep()

    def _keep(self) -> None:
        self._kept[self._drawn] = self._renderer.snapshot()
        self._since_kept_s = 0.0
        if len(self._kept) > _MOST_KEPT:
            self._apart_s *= 2
            for place in sorted(self._kept)[1::2]:
                del self._kept[place]


class _Strokes:
    """Strokes as arrays that can be edited: packing thousands anew for each edit would be felt."""

    def __init__(self, strokes: tuple[Stroke, ...]) -> None:
        packed = StrokeArray.from_strokes(strokes)
        self._values, self._brush, self._seed = packed.values, packed.brush, packed.seed
        self._brushes = packed.brushes

    def __len__(self) -> int:
        return len(self._values)

    def array(self, start: int, end: int) -> StrokeArray:
        return StrokeArray(
            self._values[start:end], self._brush[start:end], self._seed[start:end], self._brushes
        )

    def apply(self, edit: Edit) -> None:
        match edit:
            case Put(items):
                places = np.array([place for place, _ in items], np.int64)
                # numpy counts places before the insertion.
                self._insert(places - np.arange(len(places)), self._packed([s for _, s in items]))
            case Take(places):
                for name in ("_values", "_brush", "_seed"):
                    setattr(self, name, np.delete(getattr(self, name), list(places), axis=0))
            case Change(items):
                packed = self._packed([stroke for _, stroke in items])
                at = [place for place, _ in items]
                self._values[at], self._brush[at], self._seed[at] = packed.values, packed.brush, packed.seed
            case Move(source, place):
                order = np.delete(np.arange(len(self)), source)
                order = np.insert(order, place, source)
                self._values, self._brush = self._values[order], self._brush[order]
                self._seed = self._seed[order]
            case Replace(strokes):
                packed = self._packed(list(strokes))
                self._values, self._brush, self._seed = packed.values, packed.brush, packed.seed

    def _insert(self, places: npt.NDArray[np.int64], packed: StrokeArray) -> None:
        self._values = np.insert(self._values, places, packed.values, axis=0)
        self._brush = np.insert(self._brush, places, packed.brush)
        self._seed = np.insert(self._seed, places, packed.seed)

    def _packed(self, strokes: list[Stroke]) -> StrokeArray:
        """Return strokes as arrays whose brushes are numbered as here."""
        packed = StrokeArray.from_strokes(strokes)
        self._brushes = tuple(dict.fromkeys((*self._brushes, *packed.brushes)))
        numbers = np.array([self._brushes.index(name) for name in packed.brushes], np.int32)
        brush = numbers[packed.brush] if len(packed) else packed.brush
        return StrokeArray(packed.values, brush, packed.seed, self._brushes)


def _is_empty(rectangle: Rectangle) -> bool:
    return rectangle.right <= rectangle.left or rectangle.bottom <= rectangle.top


def _union(whole: Rectangle, parts: npt.NDArray[np.int32]) -> Rectangle:
    parts = parts[(parts[:, 2] > parts[:, 0]) & (parts[:, 3] > parts[:, 1])]
    if not _is_empty(whole):
        parts = np.concatenate([parts, np.array([whole], np.int32)])
    if not len(parts):
        return whole
    left, top = parts[:, :2].min(axis=0).tolist()
    right, bottom = parts[:, 2:].max(axis=0).tolist()
    return Rectangle(left, top, right, bottom)
