from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import LOADERS, load
from spiral_core.learning.datasets.catalog import CATALOG
from spiral_core.learning.datasets.contact_sheet import contact_sheet
from spiral_core.learning.datasets.image_set import ImageSet
from spiral_core.learning.pictures import load_faces


def test_every_loader_is_in_the_catalogue() -> None:
    assert list(LOADERS) == list(CATALOG)


@pytest.mark.parametrize("name", LOADERS)
def test_every_set_has_train_and_test_of_any_size_and_the_same_bytes_each_time(
    folder: Path, name: str
) -> None:
    for split in ("train", "test"):
        pictures = load(name, split, side=32, folder=folder)
        assert len(pictures) > 0
        assert pictures.side == 32
        assert pictures.images.std() > 0
        again = load(name, split, side=32, folder=folder)
        np.testing.assert_array_equal(pictures.images, again.images)
        if pictures.labels is not None:
            assert pictures.labels.min() >= -1
            assert pictures.labels.max() < len(pictures.label_names)


@pytest.mark.parametrize("name", LOADERS)
def test_a_limit_draws_some_of_the_same_pictures_in_the_same_order(folder: Path, name: str) -> None:
    whole = load(name, "train", side=16, folder=folder)
    some = load(name, "train", side=16, folder=folder, limit=max(1, len(whole) - 1), seed=3)
    places = [
        next(i for i, image in enumerate(whole.images) if np.array_equal(image, part)) for part in some.images
    ]
    assert places == sorted(places)
    assert len(some) == max(1, len(whole) - 1)
    if whole.labels is not None and len(set(map(bytes, whole.images))) == len(whole):
        assert some.labels is not None
        np.testing.assert_array_equal(some.labels, whole.labels[places])
    assert len(load(name, "train", side=16, folder=folder, limit=10**6)) == len(whole)


@pytest.mark.parametrize("name", LOADERS)
def test_an_unknown_split_is_refused_with_the_known_ones(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"'dev', must be one of .*test"):
        load(name, "dev", folder=folder)


@pytest.mark.parametrize("name", LOADERS)
def test_missing_data_says_where_it_was_looked_for_and_how_to_come_by_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(name, "train", folder=tmp_path)
    message = str(caught.value)
    assert str(tmp_path / CATALOG[name].files[0].path) in message or "omniglot_strokes.npz" in message
    assert "is missing; " in message
    assert "SPIRAL_DATA" in message
    if name in ("mnist", "omniglot", "omniglot-oneshot"):
        assert f"`spiral data fetch {name} --data-dir {tmp_path}` downloads https://" in message


def test_the_environment_names_the_data_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIRAL_DATA", str(folder))
    assert len(load("mnist", "test")) == 10
    monkeypatch.setenv("SPIRAL_DATA", str(folder / "none"))
    with pytest.raises(ConfigError, match="none: is no folder; SPIRAL_DATA"):
        load("mnist", "test")
    monkeypatch.delenv("SPIRAL_DATA")
    with pytest.raises(ConfigError, match="SPIRAL_DATA must point at the data folder"):
        load("mnist", "test")


def test_numbers_out_of_range_and_unknown_names_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="side: 7, must be in"):
        load("mnist", "test", side=7, folder=folder)
    with pytest.raises(ConfigError, match="limit: 0, must be > 0"):
        load("mnist", "test", limit=0, folder=folder)
    with pytest.raises(ConfigError, match=r"seed: -1, must be >= 0"):
        load("mnist", "test", seed=-1, folder=folder)
    with pytest.raises(ConfigError, match=r"data set 'nmist', must be one of mnist, .*folder:PATH"):
        load("nmist", "test", folder=folder)


def test_a_batch_is_in_colour_and_a_copy() -> None:
    gray = ImageSet("x", "train", np.arange(3 * 16, dtype=np.uint8).reshape(3, 4, 4))
    batch = gray.batch([2, 0])
    assert batch.shape == (2, 4, 4, 3)
    for channel in range(3):
        np.testing.assert_array_equal(batch[..., channel], gray.images[[2, 0]])
    color = ImageSet("x", "train", np.zeros((3, 4, 4, 3), np.uint8))
    color.batch([1])[:] = 9
    assert not color.images.any()


def test_faces_of_pretraining_are_those_of_the_data_set(folder: Path) -> None:
    np.testing.assert_array_equal(load_faces(folder, "train"), load("faces", "train", folder=folder).images)
    assert load_faces(folder, "test").shape == (1, 64, 64, 3)


def test_a_contact_sheet_shows_every_picture_once() -> None:
    images = np.stack([np.full((8, 8), 10 * n, np.uint8) for n in range(1, 6)])
    sheet = contact_sheet(ImageSet("x", "train", images))
    assert sheet.shape == (2 * 10 + 2, 3 * 10 + 2, 3)
    for n in range(1, 6):
        assert (sheet == 10 * n).all(axis=2).sum() == 64
