"""Many pictures on one sheet, to be looked at."""

from __future__ import annotations

import math

import numpy as np

from spiral_core.learning.datasets.image_set import ImageSet, Pictures

_GAP_PX = 2
_PAPER = 160


def contact_sheet(pictures: ImageSet) -> Pictures:
    """Return all pictures of a set in rows, on gray paper; shape (height, width, 3)."""
    num, side = len(pictures), pictures.side
    num_across = math.ceil(math.sqrt(num))
    num_down = math.ceil(num / num_across)
    step = side + _GAP_PX
    sheet = np.full((num_down * step + _GAP_PX, num_across * step + _GAP_PX, 3), _PAPER, np.uint8)
    for index, picture in enumerate(pictures.batch(np.arange(num))):
        top, left = (_GAP_PX + step * place for place in divmod(index, num_across))
        sheet[top : top + side, left : left + side] = picture
    return sheet
