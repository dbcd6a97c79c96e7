"""Candidates from a stroke field, which sees the whole picture and says what each of its strokes would gain.

One look yields some thousand strokes with their worths. The best are proposed, those that lie where the
picture has changed since are dropped, and only when what is left is worth clearly less than the best was, is
there another look. Where a proposal was not painted, the field is believed less until the place changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spiral_core.agent.field_config import CELL
from spiral_core.agent.stroke_field import BLOCK, StrokeField, gain_of, planes_of, stroke_values
from spiral_core.program import StrokeArray
from spiral_core.rendering import PlanningCanvas
from spiral_core.search.proposals import HeuristicProposer, View, make_strokes

_SUITS_RADIUS_PX = 3.0  # of the stroke to be expected: it is looked for at the size that shows it so
_LEVELS_ABOUT = 2.1  # levels further from that one are not looked at
_FEW = 2  # candidates: nobody searches on from them, so the field looks at all, and often
_WINDOW_PX = 256  # otherwise no more is looked at of the picture shown: where the most is left to do
# Another look is due when the best candidate left is worth less than this share of what the best was.
_PATIENCE, _PATIENCE_OF_FEW = 0.3, 0.7
_MOST_KEPT = 2000  # candidates of a look
_ENOUGH = 8  # candidates: of fewer all are the field's
_HEURISTIC_SHARE = 0.25  # of more, against blind spots
_DOUBT = 0.5  # what is left of a gain where a stroke of the field was of no use
_VISIBLE = 1e-3  # a smaller change of a pixel leaves what was seen there as it is


@dataclass(slots=True, eq=False)
class _Seen:
    """What one look found; N strokes, the best first.

    Attributes:
        canvas: Whose painting was looked at.
        picture: Shape (height, width, 3): how it was when candidates were dropped last.
        values: Shape (N, 13): strokes in canvas units.
        boxes: Shape (4, N): left, right, top, bottom of all that they may touch, in canvas units.
        gain: Shape (N,): what the field says that they gain.
        alive: Shape (N,): not proposed yet, and nothing has changed there.
        best: The largest gain of all.
        is_stale: The picture has changed since the look.
        proposed: The best of what was proposed last.
    """

    canvas: PlanningCanvas
    picture: npt.NDArray[np.float32]
    values: npt.NDArray[np.float64]
    boxes: npt.NDArray[np.float64]
    gain: npt.NDArray[np.float64]
    alive: npt.NDArray[np.bool_]
    best: float
    is_stale: bool = False
    proposed: int | None = None


class FieldProposer:
    """A `Proposer` that asks a stroke field.

    Args:
        field: Who is asked.
    """

    def __init__(self, field: StrokeField) -> None:
        self._field = field
        self._heuristic = HeuristicProposer()
        self._seen: _Seen | None = None
        self._trust: npt.NDArray[np.float64] = np.ones((0, 0))
        self.looks = 0

    @classmethod
    def load(cls, path: Path) -> FieldProposer:
        """Read a field's weights.

        Raises:
            AgentError: The file is missing or no stroke field.
        """
        return cls(StrokeField.load(path))

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        """Return the candidates of most worth by the field's own judgement."""
        seen = self._seen
        if seen is not None and seen.canvas is view.canvas:
            self._drop_changed(seen, view)
        else:
            self._trust = np.ones(view.target.shape[:2])
        is_searched = count > _FEW
        patience = _PATIENCE if is_searched else _PATIENCE_OF_FEW
        if seen is None or seen.canvas is not view.canvas or _is_used_up(seen, patience):
            seen = self._seen = self._look(view, _WINDOW_PX if is_searched else None)
        share = count - int(_HEURISTIC_SHARE * count) if count >= _ENOUGH else count
        chosen = np.flatnonzero(seen.alive)[:share]
        seen.alive[chosen[:1]] = False
        seen.proposed = int(chosen[0]) if len(chosen) else None
        values = seen.values[chosen]
        if len(chosen) < count:
            rest = self._heuristic.propose(view, count - len(chosen), rng)
            values = np.concatenate([values, rest.values])
        return make_strokes(values, view, rng)

    def _look(self, view: View, window_px: int | None) -> _Seen:
        self.looks += 1
        picture = view.canvas.canvas()
        error = view.error_map * self._trust
        height, width = picture.shape[:2]
        radius_px = self._heuristic.typical_radius(view) * width
        suited = max(np.log2(radius_px / _SUITS_RADIUS_PX), -1.0)
        values, gains, windows = [], [], []
        level = -1
        while level <= 0 or min(height, width) >= BLOCK * 2**level:
            if abs(level - suited) <= _LEVELS_ABOUT:
                window = None if window_px is None else _worst(error, int(window_px * 2.0**level))
                windows.append(window)
                strokes, gain = self._look_at(picture, view.target, level, window)
                values.append(strokes)
                gains.append(gain)
            level += 1
        if not values:  # the picture is too small for the level that would suit
            strokes, gain = self._look_at(picture, view.target, level - 1, None)
            values, gains = [strokes], [gain]
        strokes, gain = np.concatenate(values), np.concatenate(gains)
        row, column = _pixels(strokes, self._trust.shape)
        gain *= self._trust[row, column]
        order = np.argsort(-gain, kind="stable")[:_MOST_KEPT]
        if not len(order):  # the next look is for other windows
            for window in windows:
                if window is not None:
                    self._trust[window] *= _DOUBT
        best = float(gain[order[0]]) if len(order) else 0.0
        return _Seen(
            view.canvas,
            picture,
            strokes[order],
            _boxes(strokes[order]),
            gain[order],
            np.ones(len(order), np.bool_),
            best,
        )

    def _look_at(
        self,
        picture: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        level: int,
        window: tuple[slice, slice] | None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the strokes (N, 13) that help, in canvas units, and their gains (N,), at one size."""
        size, width = 2.0**level, picture.shape[1]
        top = left = 0
        if window is not None:
            picture, target = picture[window], target[window]
            top, left = window[0].start, window[1].start
        planes, error = planes_of(picture, target, level)
        numbers, worth = self._field.look(planes)
        rows, columns, anchors = worth.shape
        gain = gain_of(worth.reshape(-1), error) * 4.0**level
        y, x = np.divmod(np.arange(rows * columns), columns)
        middle = (np.stack([x, y], axis=1) + 0.5) * CELL
        # Cells beyond the edge, where the picture was filled up, are out; so is what only does harm.
        inside = (middle * size < (picture.shape[1], picture.shape[0])).all(axis=1)
        useful = np.flatnonzero((gain > 0) & inside.repeat(anchors))
        radii = np.array(self._field.config.anchor_radii_px)
        values = stroke_values(
            numbers.reshape(-1, numbers.shape[3])[useful],
            middle[useful // anchors],
            radii[useful % anchors],
        )
        values[:, :6] *= size
        values[:, 0:6:2] += left
        values[:, 1:6:2] += top
        values[:, :6] /= width
        values[:, 8] *= size / width
        return values, gain[useful]

    def _drop_changed(self, seen: _Seen, view: View) -> None:
        """Drop the candidates that reach into what has changed since the last time."""
        picture = view.canvas.canvas()
        changed = np.abs(picture - seen.picture) > _VISIBLE
        seen.picture = picture
        height, width = changed.shape[:2]
        rows = np.flatnonzero(changed.reshape(height, -1).any(axis=1))
        if not len(rows):
            self._distrust(seen)
            return
        high = slice(rows[0], rows[-1] + 1)
        columns = np.flatnonzero(changed[high].any(axis=0).any(axis=1))
        wide = slice(columns[0], columns[-1] + 1)
        self._trust[high, wide][changed[high, wide].any(axis=2)] = 1.0
        seen.is_stale = True
        left, right = wide.start / width, wide.stop / width
        top, bottom = high.start / width, high.stop / width
        seen.alive &= (
            (seen.boxes[1] < left)
            | (seen.boxes[0] > right)
            | (seen.boxes[3] < top)
            | (seen.boxes[2] > bottom)
        )

    def _distrust(self, seen: _Seen) -> None:
        """Believe less about the place of a proposal that was not painted, until it changes."""
        if seen.proposed is None:
            return
        width = self._trust.shape[1]
        stroke = seen.values[seen.proposed]
        x, y, radius = stroke[0:6:2], stroke[1:6:2], stroke[8]
        left, right = (x.min() - radius) * width, (x.max() + radius) * width
        top, bottom = (y.min() - radius) * width, (y.max() + radius) * width
        self._trust[max(int(top), 0) : int(bottom) + 1, max(int(left), 0) : int(right) + 1] *= _DOUBT
        row, column = _pixels(seen.values, self._trust.shape)
        seen.alive &= (row < top) | (row > bottom) | (column < left) | (column > right)


def _is_used_up(seen: _Seen, patience: float) -> bool:
    if not seen.is_stale:  # another look would show the same
        return False
    alive = np.flatnonzero(seen.alive)
    return len(alive) == 0 or bool(seen.gain[alive[0]] < patience * seen.best)


def _boxes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return left, right, top and bottom of all that strokes may touch, (4, N)."""
    margin, x, y = values[:, 8], values[:, 0:6:2], values[:, 1:6:2]
    return np.stack(
        [x.min(axis=1) - margin, x.max(axis=1) + margin, y.min(axis=1) - margin, y.max(axis=1) + margin]
    )


def _worst(error: npt.NDArray[np.float64], side: int) -> tuple[slice, slice]:
    """Return the window of so many pixels, or of the whole picture, that holds the most error."""
    height, width = error.shape
    upto = np.zeros((height + 1, width + 1))
    upto[1:, 1:] = error.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    high, wide = min(side, height), min(side, width)
    rows, columns = (_starts(whole, part) for whole, part in ((height, high), (width, wide)))
    inside = (
        upto[np.ix_(rows + high, columns + wide)]
        - upto[np.ix_(rows, columns + wide)]
        - upto[np.ix_(rows + high, columns)]
        + upto[np.ix_(rows, columns)]
    )
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    top, left = int(rows[row]), int(columns[column])
    return slice(top, top + high), slice(left, left + wide)


def _starts(whole: int, part: int) -> npt.NDArray[np.int64]:
    """Return where windows may start: a quarter of their side apart, the last at the edge."""
    return np.unique(np.append(np.arange(0, whole - part + 1, max(part // 4, 1)), whole - part))


def _pixels(
    values: npt.NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return row and column of the pixels in the middle of strokes."""
    middle = (values[:, 0:2] + values[:, 4:6]) * (0.5 * shape[1])
    row, column = middle[:, 1].astype(np.int64), middle[:, 0].astype(np.int64)
    return row.clip(0, shape[0] - 1), column.clip(0, shape[1] - 1)
