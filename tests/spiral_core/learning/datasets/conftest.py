"""Tiny files in the layouts of the real data sets, and what they hold."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image


def idx(array: npt.NDArray[np.uint8]) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.tobytes()


def png(pixels: npt.NDArray[np.uint8], mode: str = "1") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


def write_zip(path: Path, members: Mapping[str, bytes | str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def stroke_arrays(drawings: list[list[list[tuple[int, int]]]]) -> dict[str, Any]:
    strokes = [stroke for drawing in drawings for stroke in drawing]
    return {
        "points": np.array([point for stroke in strokes for point in stroke], np.int16),
        "stroke_offsets": np.cumsum([0, *map(len, strokes)]),
        "drawing_offsets": np.cumsum([0, *map(len, drawings)]),
    }


def character(column: int) -> npt.NDArray[np.uint8]:
    """Return a white sheet of OMNIGLOT's size with a black bar."""
    pixels = np.full((105, 105), 255, np.uint8)
    pixels[20:80, column : column + 10] = 0
    return pixels


DIGITS = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
LABELS = (np.arange(30) % 10).astype(np.uint8)
DRAWINGS: list[list[list[tuple[int, int]]]] = [
    [[(0, 0), (255, 0)], [(128, 100)]],
    *[[[(0, 0), (0, 10 * n)]] for n in range(1, 21)],
]
"""A line with a dot below it, then rising lines."""


@pytest.fixture
def digits() -> npt.NDArray[np.uint8]:
    """Return the digits of the tiny MNIST, light on black: 20 to train with, 10 to test."""
    return DIGITS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder with a little of everything."""
    for name in ("mnist", "omniglot", "faces", "quickdraw", "kanji", "celeba/img_align_celeba"):
        (tmp_path / name).mkdir(parents=True)
    for stem, rows in (("train", slice(0, 20)), ("t10k", slice(20, 30))):
        place = tmp_path / "mnist"
        (place / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(DIGITS[rows])))
        (place / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[rows])))
    _write_omniglot(tmp_path / "omniglot")
    rng = np.random.default_rng(1)
    split, splits = np.array([0, 1, 0, 0], np.uint8), np.array(["train", "test"])
    color, gray = rng.integers(0, 256, (4, 64, 64, 3), np.uint8), rng.integers(0, 256, (4, 64, 64), np.uint8)
    np.savez(tmp_path / "faces/faces_color_64.npz", images=color, split=split, splits=splits)
    np.savez(tmp_path / "faces/faces_gray_64.npz", images=gray, split=split, splits=splits)
    arrays = stroke_arrays(DRAWINGS)
    num = len(DRAWINGS)
    np.savez(
        tmp_path / "quickdraw/quickdraw_strokes.npz", **arrays, label=np.arange(num) % 2, labels=["a", "b"]
    )
    parts: dict[str, Any] = {"split": np.arange(num) % 3, "splits": ["train", "valid", "test"]}
    np.savez(tmp_path / "kanji/kanjivg_strokes.npz", **arrays, **parts, units_per_pixel=10)
    np.savez(
        tmp_path / "omniglot/omniglot_strokes.npz",
        **arrays,
        **parts,
        units_per_pixel=6,
        character=np.arange(num) - 1,
        characters=[f"A/character{n:02}" for n in range(num)],
        in_oneshot_runs=(np.arange(num) == 3).astype(np.uint8),
    )
    for number in (1, 2, 162_770, 162_771, 182_637, 182_638, 202_599):
        pixels = np.full((218, 178, 3), 255, np.uint8)
        pixels[35:183, 15:163] = number % 200
        Image.fromarray(pixels).save(tmp_path / f"celeba/img_align_celeba/{number:06}.jpg", quality=95)
    return tmp_path


def _write_omniglot(folder: Path) -> None:
    first: dict[str, bytes | str] = {
        "images_background_small1/": "",
        "images_background_small1/Greek/character01/0001_01.png": png(character(10)),
        "images_background_small1/Greek/character02/0002_01.png": png(character(20)),
    }
    second: dict[str, bytes | str] = {
        "images_background_small2/Balinese/character01/0100_01.png": png(character(30)),
        "images_background_small2/Greek/character01/0001_01.png": png(character(90)),
    }
    write_zip(folder / "images_background_small1.zip", first)
    write_zip(folder / "images_background_small2.zip", second)
    lines = "START\n20,-20,0\n20,-80,50\nBREAK\n60,-40,90\nBREAK\n"
    strokes: dict[str, bytes | str] = {
        "strokes_background_small1/Greek/character01/0001_01.txt": lines,
        "__MACOSX/strokes_background_small1/Greek/character01/._0001_01.txt": b"\0\1",
        "strokes_background_small1/.DS_Store": b"\0\1",
    }
    write_zip(folder / "strokes_background_small1.zip", strokes)
    write_zip(
        folder / "strokes_background_small2.zip",
        {"strokes_background_small2/Latin/character01/0200_01.txt": lines.replace("20,", "50,")},
    )
    oneshot: dict[str, bytes | str] = {}
    for run in ("run01", "run02"):
        oneshot[f"{run}/class_labels.txt"] = (
            f"{run}/test/item01.png {run}/training/class02.png\n"
            f"{run}/test/item02.png {run}/training/class01.png\n"
        )
        for item in (1, 2):
            oneshot[f"{run}/test/item0{item}.png"] = png(character(40 + item))
            oneshot[f"{run}/training/class0{item}.png"] = png(character(50 + item))
    write_zip(folder / "one-shot-classification_all_runs.zip", oneshot)
