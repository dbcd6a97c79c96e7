from __future__ import annotations

import numpy as np
import pytest

from spiral_core.errors import CanvasError
from spiral_core.training.samples import sample_sheet


def test_pictures_stand_in_rows_in_their_order() -> None:
    images = np.stack([np.full((6, 8, 3), value, np.uint8) for value in (10, 20, 30, 40, 50)])
    sheet = sample_sheet(images)
    # two columns of 8 + 4 pixels, three rows of 6 + 4, and the paper's edge
    assert sheet.shape == (3 * 10 + 4, 2 * 12 + 4, 3)
    assert sheet[4:, 4:][::10, ::12, 0].tolist() == [[10, 20], [30, 40], [50, 128]]


def test_each_target_stands_left_of_its_picture() -> None:
    images = np.full((1, 6, 8, 3), 10, np.uint8)
    sheet = sample_sheet(images, 2 * images)
    assert sheet.shape == (14, 8 + 17, 3)
    assert sheet[7, [4, 11, 12, 13, 20], 0].tolist() == [20, 20, 128, 10, 10]


def test_arrays_that_are_no_pictures_are_refused() -> None:
    images = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(CanvasError, match=r"images: float64 \(2, 4, 4, 3\), must be uint8"):
        sample_sheet(images.astype(np.float64))
    with pytest.raises(CanvasError, match=r"images: uint8 \(0, 4, 4, 3\)"):
        sample_sheet(images[:0])
    with pytest.raises(CanvasError, match="targets: shape"):
        sample_sheet(images, images[:1])
