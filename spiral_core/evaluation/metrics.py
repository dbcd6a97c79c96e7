"""How near a painting comes to its photo: mean squared error, PSNR, SSIM. Pixels are 8-bit sRGB."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spiral_core.errors import CanvasError

_SIGMA = 1.5
_REACH = 5  # the window is 2 * 5 + 1 = 11 wide
_STABLE_MEAN = 0.01**2
_STABLE_CONTRAST = 0.03**2


class Scores(NamedTuple):
    """How near two pictures are.

    Attributes:
        mse: Mean squared error over pixels and channels of values in [0, 1]; 0 for equal pictures.
        psnr_db: Peak signal to noise ratio; infinite for equal pictures.
        ssim: Structural similarity in [-1, 1], mean over the channels; 1 for equal pictures.
    """

    mse: float
    psnr_db: float
    ssim: float


def score(picture: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8]) -> Scores:
    """Compare a picture with its target.

    Args:
        picture: Shape (height, width, 3).
        target: The same shape.

    Raises:
        CanvasError: The shapes differ, or are not those of pictures.
    """
    if picture.shape != target.shape or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise CanvasError(
            f"pictures of shape {picture.shape} and {target.shape}, must both be (height, width, 3)"
        )
    difference = picture.astype(np.float64) - target
    mse = float(np.mean(difference**2)) / 255**2
    psnr_db = -10 * math.log10(mse) if mse > 0 else math.inf
    return Scores(mse, psnr_db, _ssim(picture, target))


def _ssim(picture: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8]) -> float:
    """Return the structural similarity with a Gaussian window of width 1.5 that fits into the picture.

    Only places whose whole window lies inside count, as long as there are any.

    Source: Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861.
    """
    height, width, _ = picture.shape
    trim_y, trim_x = (_REACH if side > 2 * _REACH else 0 for side in (height, width))
    means = []
    for channel in range(3):
        x = picture[:, :, channel] / 255.0
        y = target[:, :, channel] / 255.0
        mean_x, mean_y = _blurred(x), _blurred(y)
        variance_x = _blurred(x * x) - mean_x**2
        variance_y = _blurred(y * y) - mean_y**2
        covariance = _blurred(x * y) - mean_x * mean_y
        similarity = ((2 * mean_x * mean_y + _STABLE_MEAN) * (2 * covariance + _STABLE_CONTRAST)) / (
            (mean_x**2 + mean_y**2 + _STABLE_MEAN) * (variance_x + variance_y + _STABLE_CONTRAST)
        )
        means.append(similarity[trim_y : height - trim_y, trim_x : width - trim_x].mean())
    return float(np.mean(means))


def _blurred(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    offsets = np.arange(-_REACH, _REACH + 1)
    weights = np.exp(-0.5 * (offsets / _SIGMA) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        size = values.shape[axis]
        padding = [(0, 0), (0, 0)]
        padding[axis] = (_REACH, _REACH)
        padded = np.pad(values, padding, mode="symmetric")
        total = np.zeros_like(values)
        for weight, first in zip(weights.tolist(), range(len(offsets)), strict=True):
            total += weight * (padded[first : first + size] if axis == 0 else padded[:, first : first + size])
        values = total
    return values
