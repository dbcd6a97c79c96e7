from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import load
from spiral_core.learning.datasets.catalog import CATALOG
from spiral_core.learning.datasets.npz_file import read_npz
from spiral_core.learning.datasets.stroke_drawings import centred, read_stroke_file, render

FILE = "quickdraw/quickdraw_strokes.npz"


def test_lines_are_as_wide_as_asked_with_round_ends_at_any_size() -> None:
    line = [[np.array([[0.25, 0.5], [0.75, 0.5]])]]
    for side in (32, 64, 128, 250):
        image = render(line, side=side, line_width=0.1)[0]
        ink = 1 - image / 255
        assert ink.sum() / side**2 == pytest.approx(0.5 * 0.1 + np.pi * 0.05**2, rel=0.06)
        rows, columns = np.mgrid[0:side, 0:side] + 0.5
        assert (ink * columns).sum() / ink.sum() / side == pytest.approx(0.5, abs=0.25 / side)
        assert (ink * rows).sum() / ink.sum() / side == pytest.approx(0.5, abs=0.25 / side)
        across = np.flatnonzero(ink.max(axis=0) > 0.5)
        assert across[0] / side == pytest.approx(0.2, abs=1 / side)


def test_edges_are_smooth_and_a_dot_is_a_disc() -> None:
    image = render([[np.array([[0.5, 0.5]])]], side=64, line_width=0.5)[0]
    assert len(np.unique(image)) > 8
    assert (255 - image).sum() / 255 == pytest.approx(np.pi * 16**2, rel=0.02)


def test_a_drawing_is_centred_and_never_leaves_the_margin() -> None:
    strokes = [np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([[0.0, 40.0]])]
    small = np.concatenate(centred(strokes, scale=0.005, margin=0.1))
    np.testing.assert_allclose((small.min(axis=0) + small.max(axis=0)) / 2, 0.5)
    np.testing.assert_allclose(np.ptp(small, axis=0), [0.5, 0.2])
    large = np.concatenate(centred(strokes, scale=1, margin=0.1))
    assert large.min() >= 0.1 - 1e-9
    assert large.max() <= 0.9 + 1e-9
    moved = np.concatenate(centred(strokes, scale=0.007, margin=0.1, centre=0.3))
    assert moved[:, 0].min() == pytest.approx(0.1)
    np.testing.assert_allclose(centred([np.array([[7.0, 7.0]])], scale=1, margin=0.1)[0], 0.5)


def test_quickdraw_holds_out_every_tenth_and_labels_all(folder: Path) -> None:
    train, test = (load("quickdraw", split, folder=folder) for split in ("train", "test"))
    assert (len(train), len(test)) == (19, 2)
    assert test.labels is not None
    assert test.labels.tolist() == [1, 1]
    assert test.label_names == ("a", "b")


def changed(folder: Path, **arrays: object) -> Path:
    path = folder / FILE
    with np.load(path) as old:
        np.savez(path, **{**{name: old[name] for name in old.files}, **arrays})
    return path


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"points": np.zeros((23, 3))}, r"points: shape \(23, 3\), must be \(P, 2\)"),
        ({"points": np.full((43, 2), np.nan)}, "must be .P, 2. and finite"),
        ({"points": np.array(["a", "b"])}, "points: <U1 of shape"),
        ({"points": np.array([["1", "2"]])}, "points: <U1 of shape .* dtype of kind i or u or f"),
        ({"points": np.zeros((3, 2))}, "stroke_offsets: must rise from 0 to 3"),
        ({"stroke_offsets": np.array([0, 5, 4, 43])}, "stroke_offsets: must rise from 0 to 43"),
        ({"drawing_offsets": np.array([0, -1, 22])}, "drawing_offsets: must rise from 0 to 22"),
        ({"drawing_offsets": np.array([1, 22])}, "drawing_offsets: must rise"),
        ({"label": np.zeros(3, np.int16)}, "label: 3 values, must be 21"),
        ({"label": np.full(21, 2)}, "label: holds 2, must be at most 1"),
    ],
)
def test_broken_stroke_files_are_refused(folder: Path, arrays: dict[str, object], message: str) -> None:
    path = changed(folder, **arrays)
    with pytest.raises(ConfigError, match=message) as caught:
        load("quickdraw", "train", folder=folder)
    assert str(path) in str(caught.value)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, points=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ConfigError, match=r"evil\.npz: cannot be read: .*allow_pickle"):
        read_npz(path, {"points": ("iuf", 2)})


def test_files_that_are_no_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with pytest.raises(ConfigError, match=r"a\.npz: cannot be read"):
        read_npz(path, {})
    path.write_bytes(b"x" * 99)
    with pytest.raises(ConfigError, match=r"must be an \.npz file"):
        read_npz(path, {})
    np.savez(path, a=np.arange(1000))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"must be an \.npz file"):
        read_npz(path, {"a": ("i", 1)})
    np.savez(path, a=np.arange(3))
    with pytest.raises(ConfigError, match="holds no array 'b', only a"):
        read_npz(path, {"b": ("i", 1)})


@pytest.mark.data
@pytest.mark.parametrize("name", ["faces", "faces-gray", "quickdraw", "kanji", "omniglot-strokes"])
def test_the_real_sets_hold_what_the_catalogue_says(data_dir: Path, name: str) -> None:
    for split, count in CATALOG[name].counts.items():
        pictures = load(name, split, side=16, folder=data_dir)
        assert len(pictures) == count
        assert (
            pictures.images.reshape(count, -1).max(axis=1) > pictures.images.reshape(count, -1).min(axis=1)
        ).all()


@pytest.mark.data
@pytest.mark.parametrize("file", ["quickdraw/quickdraw_strokes.npz", "kanji/kanjivg_strokes.npz"])
def test_real_stroke_files_are_read_whole(data_dir: Path, file: str) -> None:
    drawings, _ = read_stroke_file(data_dir / file, {})
    assert (
        sum(len(drawings.drawing(index)) for index in range(len(drawings)))
        == len(drawings.stroke_offsets) - 1
    )
