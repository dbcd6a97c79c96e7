from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import load
from spiral_core.learning.datasets.omniglot_strokes import strokes_of_text

FIRST = "omniglot/images_background_small1.zip"
ONESHOT = "omniglot/one-shot-classification_all_runs.zip"
STROKES = "omniglot/strokes_background_small1.zip"
DRAWING = "images_background_small1/Greek/character01/0001_01.png"


def rewrite(path: Path, name: str, content: bytes | str) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for entry, old in {**members, name: content}.items():
            archive.writestr(entry, old)


def picture(width: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, 105), 1).save(file, "PNG")
    return file.getvalue()


def left_edge(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    return int(np.flatnonzero((image < 128).any(axis=0))[0])


def test_drawings_of_both_zips_are_read_once_and_labelled_by_character(folder: Path) -> None:
    pictures = load("omniglot", "train", side=105, folder=folder)
    assert pictures.label_names == ("Balinese/character01", "Greek/character01", "Greek/character02")
    assert pictures.labels is not None
    assert pictures.labels.tolist() == [0, 1, 2]
    # The drawing that is in both zips comes from the first.
    assert [left_edge(image) for image in pictures.images] == [30, 10, 20]
    assert np.unique(pictures.images).tolist() == [0, 255]


def test_the_one_shot_runs_pair_drawings_by_their_list(folder: Path) -> None:
    training, test, both = (
        load("omniglot-oneshot", split, side=105, folder=folder) for split in ("train", "test", "all")
    )
    assert training.labels is not None
    assert test.labels is not None
    assert training.label_names == ("run01/class01", "run01/class02", "run02/class01", "run02/class02")
    assert training.labels.tolist() == [0, 1, 2, 3]
    assert test.labels.tolist() == [1, 0, 3, 2]
    assert [left_edge(image) for image in test.images] == [41, 42, 41, 42]
    assert len(both) == 8
    np.testing.assert_array_equal(load("omniglot", "test", side=105, folder=folder).images, both.images)


@pytest.mark.parametrize(
    ("file", "name", "content", "message"),
    [
        (FIRST, DRAWING, b"no picture", f"{DRAWING}: is a broken picture"),
        (FIRST, DRAWING, picture(105)[:60], f"{DRAWING}: is a broken picture"),
        (FIRST, DRAWING, picture(104), r"\(104, 105\), must be 105 x 105"),
        (FIRST, DRAWING, bytes((1 << 20) + 1), "1048577 bytes, must be at most"),
        (ONESHOT, "run01/class_labels.txt", "run01/test/item01.png\n", "must be two drawings of the run"),
        (ONESHOT, "run01/class_labels.txt", "", "class_labels.txt does not name run01/"),
        (ONESHOT, "run03/test/item01.png", picture(105), "holds no run03/class_labels.txt"),
    ],
)
def test_broken_members_are_named(
    folder: Path, file: str, name: str, content: bytes | str, message: str
) -> None:
    rewrite(folder / file, name, content)
    with pytest.raises(ConfigError, match=message) as caught:
        load("omniglot" if file == FIRST else "omniglot-oneshot", "train", folder=folder)
    assert str(folder / file) in str(caught.value)


@pytest.mark.parametrize("file", [FIRST, ONESHOT, STROKES])
def test_cut_zips_are_named(folder: Path, file: str) -> None:
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: len(whole) // 2])
    name, split = {FIRST: ("omniglot", "train"), ONESHOT: ("omniglot", "test")}.get(
        file, ("omniglot-strokes", "background")
    )
    with pytest.raises(ConfigError, match="must be an official zip") as caught:
        load(name, split, folder=folder)
    assert str(folder / file) in str(caught.value)


def test_a_member_whose_bytes_were_changed_is_refused(folder: Path) -> None:
    raw = bytearray((folder / STROKES).read_bytes())
    place = raw.index(b"0001_01.txt") + len("0001_01.txt")
    raw[place + 2] ^= 0xFF
    (folder / STROKES).write_bytes(raw)
    with pytest.raises(ConfigError, match="must be an official zip"):
        load("omniglot-strokes", "background", folder=folder)


def test_zips_without_drawings_are_refused(folder: Path) -> None:
    for number in (1, 2):
        with zipfile.ZipFile(folder / f"omniglot/images_background_small{number}.zip", "w"):
            pass
    with pytest.raises(ConfigError, match=r"holds no drawing ALPHABET/characterNN/NNNN_NN\.png"):
        load("omniglot", "train", folder=folder)


def test_strokes_of_the_text_files_lie_where_the_images_have_them(folder: Path) -> None:
    pictures = load("omniglot-strokes", "background", side=105, folder=folder)
    assert pictures.label_names == ("Greek/character01", "Latin/character01")
    dark = pictures.images[0] < 128
    assert dark[50, 18:23].all()
    assert dark[40, 58:63].all()  # a dot
    assert not dark[:, 26:55].any()
    rows = np.flatnonzero(dark[:, 20])
    assert (rows[0], rows[-1]) == (18, 82)  # round ends


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("START\n1,2\nBREAK", "line 2: '1,2', must be 'x,y,t'"),
        ("START\n1,x,3\nBREAK", "line 2"),
        ("START\nnan,2,3\nBREAK", "line 2: .*outside of any image"),
        ("START\n1,2,3\n", "ends without BREAK"),
        ("START\nBREAK\n", "holds no stroke"),
    ],
)
def test_malformed_stroke_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"here: {message}"):
        strokes_of_text(text, "here")


def test_the_drawings_of_the_one_shot_runs_are_left_out(folder: Path) -> None:
    numbers = [
        number
        for split in ("train", "valid", "test")
        for number in load("omniglot-strokes", split, folder=folder).labels.tolist()  # type: ignore[union-attr]
    ]
    assert sorted(numbers) == [number for number in range(-1, 20) if number != 2]


@pytest.mark.data
def test_the_real_drawings_are_all_there_and_different(data_dir: Path) -> None:
    train = load("omniglot", "train", side=105, folder=data_dir)
    test = load("omniglot", "test", side=105, folder=data_dir)
    assert train.labels is not None
    assert (len(train), len(train.label_names)) == (4840, 242)
    assert np.bincount(train.labels).tolist() == [20] * 242
    assert (len(test), len(test.label_names)) == (800, 400)
    assert len({image.tobytes() for image in np.concatenate([train.images, test.images])}) == 5640
    assert len({name.split("/")[0] for name in train.label_names}) == 8


@pytest.mark.data
def test_strokes_drawn_look_like_the_official_images(data_dir: Path) -> None:
    images = load("omniglot", "train", side=105, folder=data_dir, limit=200)
    strokes = load("omniglot-strokes", "background", side=105, folder=data_dir, limit=200)
    np.testing.assert_array_equal(images.labels, strokes.labels)
    a, b = images.images < 128, strokes.images < 128
    overlap = (a & b).sum(axis=(1, 2)) / (a | b).sum(axis=(1, 2))
    assert np.median(overlap) > 0.9
