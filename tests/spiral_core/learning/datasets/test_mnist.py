from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import load

IMAGES = "mnist/t10k-images-idx3-ubyte.gz"
NUMBERS = "mnist/t10k-labels-idx1-ubyte.gz"
HEAD = bytes((0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28))


def inverted(digit: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return what a digit must look like, as the paper's authors resize it."""
    return 255 - np.asarray(Image.fromarray(digit).resize((64, 64), Image.Resampling.BILINEAR))


def test_digits_are_pillows_bilinear_ones_dark_on_white(folder: Path, digits: npt.NDArray[np.uint8]) -> None:
    for split, rows in (("train", range(20)), ("test", range(20, 30))):
        pictures = load("mnist", split, folder=folder)
        assert pictures.labels is not None
        assert pictures.labels.tolist() == [row % 10 for row in rows]
        assert pictures.label_names == tuple("0123456789")
        for image, row in zip(pictures.images, rows, strict=True):
            np.testing.assert_array_equal(image, inverted(digits[row]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (IMAGES, b"no gzip at all", "images-idx3-ubyte.gz: cannot be unpacked"),
        (IMAGES, gzip.compress(HEAD + bytes(2 * 784))[:-9], "cannot be unpacked"),
        (IMAGES, gzip.compress(HEAD[:9]), "9 bytes, an IDX head of 16 is wanted"),
        (
            IMAGES,
            gzip.compress(b"\0\0\x0d\x03" + HEAD[4:]),
            "begins with 00 00 0d 03, must begin with 00 00 08 03",
        ),
        (IMAGES, gzip.compress(HEAD + bytes(784)), "800 bytes, must be 1584"),
        (IMAGES, gzip.compress(HEAD + bytes(3 * 784)), "2368 bytes, must be 1584"),
        (IMAGES, gzip.compress(HEAD + bytes(2 * 784)), "10 labels, must be 2, one a picture"),
        (IMAGES, gzip.compress(bytes((0, 0, 8, 3, 0, 0, 0, 10, *bytes(8)))), "must be 28 x 28"),
        (
            NUMBERS,
            gzip.compress(bytes((0, 0, 8, 1, 0, 0, 0, 10, *range(1, 11)))),
            "a label 10, must be at most 9",
        ),
    ],
)
def test_broken_files_are_named_with_what_was_found(
    folder: Path, name: str, content: bytes, message: str
) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load("mnist", "test", folder=folder)
    assert str(folder / "mnist") in str(caught.value)


@pytest.mark.data
def test_the_real_digits_are_all_there(data_dir: Path) -> None:
    # How often each digit occurs is printed wherever MNIST is described.
    wanted = {
        "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    }
    for split, counts in wanted.items():
        pictures = load("mnist", split, side=28, folder=data_dir)
        assert pictures.labels is not None
        assert [Counter(pictures.labels.tolist())[digit] for digit in range(10)] == counts
        assert len(pictures) == sum(counts)
        # 0.1307 of the light is MNIST's well known mean of its training digits.
        assert 1 - pictures.images.mean() / 255 == pytest.approx(
            0.1307 if split == "train" else 0.1325, abs=1e-4
        )
