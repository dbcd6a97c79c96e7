from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from spiral_core.errors import CanvasError
from spiral_core.evaluation.metrics import score


def pair(height: int, width: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    random = np.random.default_rng(height * 1000 + width)
    y, x = np.mgrid[0:height, 0:width]
    smooth = 128 + 100 * np.sin(x / 7 + y / 11)[..., None] * np.array([1, 0.5, -0.7])
    noisy = smooth + random.normal(0, 25, smooth.shape)
    return tuple(np.clip(picture, 0, 255).astype(np.uint8) for picture in (smooth, noisy))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (37, 90), (11, 30)])
def test_scores_agree_with_an_independent_library(height: int, width: int) -> None:
    picture, target = pair(height, width)
    scores = score(picture, target)
    assert scores.mse == pytest.approx(mean_squared_error(picture / 255, target / 255))
    assert scores.psnr_db == pytest.approx(peak_signal_noise_ratio(target, picture, data_range=255))
    ssim = structural_similarity(
        picture,
        target,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert scores.ssim == pytest.approx(ssim, abs=1e-9)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 50), (64, 64)])
def test_equal_pictures_are_perfect_and_others_are_not(height: int, width: int) -> None:
    picture, target = pair(height, width)
    assert score(picture, picture)[:2] == (0.0, math.inf)
    assert score(picture, picture).ssim == pytest.approx(1.0)
    assert score(picture, target).ssim < 1
    assert score(picture, target).mse > 0


def test_shapes_must_agree() -> None:
    with pytest.raises(CanvasError, match=r"\(4, 5, 3\) and \(5, 4, 3\)"):
        score(np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4, 3), np.uint8))
