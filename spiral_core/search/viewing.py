"""From how far a painting is looked at while it is planned.

Big strokes are planned on a coarse picture, small ones on finer ones, up to the size of the target: the same
strokes for a fraction of the pixels.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from spiral_core.search.options import PaintOptions

FIRST_RADIUS: Final = 0.3
"""Radius to expect of the first stroke in canvas widths; of the n-th: this over sqrt(n)."""

_COARSE_WIDTH = 128  # no picture is halved below about this width
_FINE_RADIUS_PX = 3.5  # a stroke is put down on the coarsest picture that shows it so wide
# Below this radius a brush looks different at twice the size, so plans are judged at both.
_SAME_LOOK_RADIUS_PX = 4.5
_PEN_BLUR = 4
_FINAL_SWEEPS = 3  # that a plan of large strokes gets at the full size


class Look(NamedTuple):
    """A picture's width in pixels, and the multiples of it that a plan is judged at."""

    width: int
    sizes: tuple[int, ...]


class Viewing:
    """Which look each stroke and each sweep gets.

    Args:
        width: Width of the target in pixels.
        aspect: Height over width of the target.
        options: What is asked for.
    """

    def __init__(self, width: int, aspect: float, options: PaintOptions) -> None:
        self._width = width
        self._aspect = aspect
        self._options = options

    @property
    def final(self) -> Look:
        """The look that the finished plan is judged by."""
        if self._options.pen_width is not None:
            # A pen makes tones of lines and gaps: judged from so far that they blend, and from nowhere else.
            return Look(-(-self._width // _PEN_BLUR), (_PEN_BLUR,))
        small = self._typical_radius(self._options.strokes) * self._width < _SAME_LOOK_RADIUS_PX
        return Look(self._width, (1, 2) if small else (1,))

    def for_stroke(self, num_strokes: int) -> Look:
        """Return the look for putting down the next stroke after so many."""
        return self._coarsest(self._typical_radius(num_strokes), _FINE_RADIUS_PX)

    def for_sweep(self, sweep: int, num_sweeps: int) -> Look:
        """Return the look for a sweep; the later ones get the final look, which costs most."""
        radius = self._typical_radius(self._options.strokes)
        if len(self.final.sizes) == 1:
            first_final = num_sweeps - _FINAL_SWEEPS
        elif radius * self._width < _SAME_LOOK_RADIUS_PX / 2:
            # The smaller the strokes, the more there is to mend for them to look the same at twice the size.
            first_final = num_sweeps // 5
        else:
            first_final = num_sweeps * 3 // 5
        return self.final if sweep >= first_final else self._coarsest(radius, _SAME_LOOK_RADIUS_PX)

    def _coarsest(self, radius: float, least_px: float) -> Look:
        """Return the coarsest look at which a radius still has so many pixels."""
        if self._options.pen_width is not None:
            return self.final
        width = self._width
        while width > 1.5 * _COARSE_WIDTH and radius * width / 2 >= least_px:
            width = -(-width // 2)
        return Look(width, (1,))

    def _typical_radius(self, num_strokes: int) -> float:
        """Radius to expect of the next stroke after so many, in canvas widths."""
        return float(FIRST_RADIUS * np.sqrt(self._aspect / (num_strokes + 1.0)))
