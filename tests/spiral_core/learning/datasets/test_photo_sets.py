from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets import load

PORTRAITS = "celeba/img_align_celeba"


def test_portraits_are_cut_to_the_middle_and_split_by_their_numbers(folder: Path) -> None:
    tones = {
        split: load("celeba", split, folder=folder).images.mean(axis=(1, 2, 3)).round().tolist()
        for split in ("train", "valid", "test")
    }
    assert tones == {"train": [1, 2, 162_770 % 200], "valid": [171, 37], "test": [38, 199]}


def test_the_official_list_comes_before_the_numbers(folder: Path) -> None:
    for place in ("celeba/img_align_celeba", "celeba"):
        (folder / place / "list_eval_partition.txt").write_text("000001.jpg 2\n000002.jpg 0\n\n")
        assert len(load("celeba", "train", folder=folder)) == 1
        assert len(load("celeba", "test", folder=folder)) == 1
        with pytest.raises(ConfigError, match=r"holds no portrait .* of the split 'valid'"):
            load("celeba", "valid", folder=folder)
    (folder / "celeba/list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 3\n")
    with pytest.raises(ConfigError, match=r"list_eval_partition.txt: line 2: '000002.jpg 3'"):
        load("celeba", "train", folder=folder)


def test_broken_portraits_are_named(folder: Path) -> None:
    path = folder / PORTRAITS / "000002.jpg"
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ConfigError, match=r"000002\.jpg: is a broken picture"):
        load("celeba", "train", folder=folder)
    Image.new("RGB", (218, 178)).save(path)
    with pytest.raises(ConfigError, match=r"000002\.jpg: \(218, 178\), must be 178 x 218"):
        load("celeba", "train", folder=folder)


def test_faces_of_another_shape_are_refused(folder: Path) -> None:
    path = folder / "faces/faces_color_64.npz"
    parts: dict[str, Any] = {"split": np.zeros(2, np.uint8), "splits": np.array(["train", "test"])}
    np.savez(path, images=np.zeros((2, 64, 32, 3), np.uint8), **parts)
    with pytest.raises(ConfigError, match="must be square and uint8"):
        load("faces", "train", folder=folder)
    np.savez(path, images=np.zeros((3, 64, 64, 3), np.uint8), **parts)
    with pytest.raises(ConfigError, match="split: 2 values, must be 3"):
        load("faces", "train", folder=folder)
    np.savez(path, images=np.zeros((2, 64, 64, 3), np.uint8), **parts)
    with pytest.raises(ConfigError, match="no picture of the split 'test'"):
        load("faces", "test", folder=folder)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of pictures: a wide, a tall, a turned and a small one, and what is none."""
    folder = tmp_path / "pictures"
    (folder / "below/.hidden").mkdir(parents=True)
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = (250, 20, 20)
    Image.fromarray(wide).save(folder / "a.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(folder / "below/b.JPG", quality=95)
    half = np.zeros((40, 40, 3), np.uint8)
    half[:20] = 255
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    Image.fromarray(half).save(folder / "c.webp", lossless=True, exif=upside_down)
    (folder / "d.jpeg").write_bytes(b"no picture")
    Image.new("RGB", (9, 900)).save(folder / "e.png")
    for name in (".hidden.png", "below/.hidden/f.png", "notes.txt"):
        (folder / name).write_bytes(b"")
    return folder


def test_a_folder_gives_the_middles_of_its_pictures_upright_and_names_what_it_skips(pictures: Path) -> None:
    found = load(f"folder:{pictures}", "all", side=20)
    assert found.images.shape == (3, 20, 20, 3)
    for red in found.images[:2]:  # a.png, below/b.JPG
        assert np.abs(red[3:-3, 3:-3].astype(int) - (250, 20, 20)).max() < 12
    turned = found.images[2].mean(axis=(1, 2))
    assert turned[0] < 10
    assert turned[-1] > 245
    assert [reason.split(": ")[0] for reason in found.skipped] == [
        str(pictures / "d.jpeg"),
        str(pictures / "e.png"),
    ]
    same = load(str(pictures), "all", side=20)
    np.testing.assert_array_equal(same.images, found.images)


def test_a_folder_holds_out_every_tenth(tmp_path: Path) -> None:
    for number in range(21):
        Image.new("L", (8, 8), 10 * number).save(tmp_path / f"{number:02}.png")
    tones = {
        split: load(f"folder:{tmp_path}", split, side=8).images[:, 0, 0, 0].tolist()
        for split in ("train", "test")
    }
    assert tones["test"] == [0, 100, 200]
    assert tones["train"] == [10 * number for number in range(21) if number % 10]


def test_a_folder_without_readable_pictures_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none: is no folder of pictures"):
        load(f"folder:{tmp_path}/none", "all")
    with pytest.raises(ConfigError, match=r"holds no picture \(.jpg"):
        load(f"folder:{tmp_path}", "all")
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"can be read; .*a\.png"):
        load(f"folder:{tmp_path}", "all")
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="a single picture"):
        load(f"folder:{tmp_path}", "train")


def test_an_image_set_cannot_be_changed_by_name(pictures: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load(f"folder:{pictures}", "all").name = "x"  # type: ignore[misc]
