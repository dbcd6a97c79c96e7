"""OMNIGLOT's images: characters drawn by hand, 105 x 105 pixels, black on white, read from the official zips.

The background set in small comes in two zips of five alphabets each; Greek and Latin are in both, and are
read once. The one-shot zip holds 20 runs of 20 pairs of characters from alphabets of the evaluation set, so
none of its drawings is in the background set.

Source: Lake, Salakhutdinov, Tenenbaum 2015, Science 350, 1332-1338; resized bilinearly to 64 x 64 as in
Ganin et al. 2018 (arXiv:1804.01118).
"""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.catalog import locate
from spiral_core.learning.datasets.image_set import ImageSet, Labels, Pictures, check_split, choose

SOURCE_PX: Final = 105
ONESHOT: Final = "omniglot/one-shot-classification_all_runs.zip"

_BACKGROUND: Final = tuple(f"omniglot/images_background_small{number}.zip" for number in (1, 2))
_DRAWING: Final = re.compile(r"(?:images|strokes)_background[^/]*/([^/]+/character\d+)/(\d+_\d+)\.(png|txt)")
_ONESHOT_ITEM: Final = re.compile(r"(run\d+)/(training|test)/(?:class|item)\d+\.png")
_LARGEST_MEMBER: Final = 1 << 20


class Member(NamedTuple):
    """A drawing in a zip.

    Attributes:
        path: The zip.
        name: The member's.
        label: Which character it is.
    """

    path: Path
    name: str
    label: str


def load_omniglot(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return characters; arguments as `load` of this package.

    "train" is the background set (4840 drawings, labelled by character), "test" the one-shot zip (800).

    Raises:
        ConfigError: A file is missing or broken, or the split is unknown.
    """
    check_split("omniglot", split, ("train", "test"))
    if split == "test":
        oneshot = load_oneshot("all", side=side, folder=folder, limit=limit, seed=seed)
        return dataclasses.replace(oneshot, name="omniglot", split="test")
    members = background_members([locate("omniglot", file, folder) for file in _BACKGROUND], "png")
    labels, characters = characters_of(members)
    chosen = choose(len(members), limit, seed)
    return ImageSet(
        name="omniglot",
        split=split,
        images=_read_images([members[index] for index in chosen], side),
        labels=labels[chosen],
        label_names=characters,
    )


def load_oneshot(split: str, *, side: int, folder: Path, limit: int | None, seed: int) -> ImageSet:
    """Return the one-shot characters.

    Args:
        split: "train" (the one example of each of the 20 classes of the 20 runs, 400), "test" (one drawing of
            each by somebody else, 400), or "all".
        side: Side of the pictures in pixels.
        folder: The data folder.
        limit: How many at most.
        seed: Which ones.

    Returns:
        Labels are named "run01/class01"; a character may occur in two runs, under two names.

    Raises:
        ConfigError: The file is missing or broken, or the split is unknown.
    """
    check_split("omniglot-oneshot", split, ("train", "test", "all"))
    path = locate("omniglot-oneshot", ONESHOT, folder)
    classes: dict[str, str] = {}
    with opened_zip(path) as archive:
        names = sorted(name for name in archive.namelist() if _ONESHOT_ITEM.fullmatch(name))
        for run in sorted({name.partition("/")[0] for name in names}):
            classes.update(_oneshot_classes(archive, path, run))
    unnamed = [name for name in names if name not in classes]
    if unnamed or not names:
        raise ConfigError(
            f"{path}: class_labels.txt does not name {unnamed[0] if unnamed else 'any drawing'}"
        )
    members = [Member(path, name, classes[name]) for name in names]
    labels, label_names = characters_of(members)
    part = {"train": "/training/", "test": "/test/", "all": "/"}[split]
    rows = np.array([index for index, name in enumerate(names) if part in name], np.int64)
    chosen = rows[choose(len(rows), limit, seed)]
    return ImageSet(
        name="omniglot-oneshot",
        split=split,
        images=_read_images([members[index] for index in chosen], side),
        labels=labels[chosen],
        label_names=label_names,
    )


def background_members(paths: Sequence[Path], suffix: str) -> list[Member]:
    """Return the drawings of the background zips, each once, by alphabet, character and drawer.

    Args:
        paths: The zips; a drawing that is in several is taken from the first.
        suffix: "png" for the images, "txt" for the strokes.

    Raises:
        ConfigError: A zip is broken, or there is no drawing.
    """
    members: dict[tuple[str, str], Member] = {}
    for path in paths:
        with opened_zip(path) as archive:
            for name in archive.namelist():
                match = _DRAWING.fullmatch(name)
                if match and match[3] == suffix:
                    members.setdefault((match[1], match[2]), Member(path, name, match[1]))
    if not members:
        raise ConfigError(f"{paths[0]}: holds no drawing ALPHABET/characterNN/NNNN_NN.{suffix}")
    return [members[key] for key in sorted(members)]


def characters_of(members: Sequence[Member]) -> tuple[Labels, tuple[str, ...]]:
    """Return the label of each drawing and the names of the labels, "Greek/character01" and so on."""
    names = sorted({member.label for member in members})
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[member.label] for member in members], np.int64), tuple(names)


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; whatever is wrong with it becomes one line.

    Raises:
        ConfigError: It is no zip, or a member is broken.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; must be an official zip") from error


def read_member(archive: zipfile.ZipFile, path: Path, name: str) -> bytes:
    """Return one member of a zip.

    Raises:
        ConfigError: There is none of that name, or it is larger than any official one.
    """
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise ConfigError(f"{path}: holds no {name}") from None
    if entry.file_size > _LARGEST_MEMBER:
        raise ConfigError(f"{path}: {name}: {entry.file_size} bytes, must be at most {_LARGEST_MEMBER}")
    return archive.read(entry)


def _oneshot_classes(archive: zipfile.ZipFile, path: Path, run: str) -> dict[str, str]:
    """Return the class of each drawing of a run, as its list of labels gives it."""
    classes = {}
    text = read_member(archive, path, f"{run}/class_labels.txt").decode("utf-8", "replace")
    for line in text.splitlines():
        words = line.split()
        if len(words) != 2 or not all(_ONESHOT_ITEM.fullmatch(word) for word in words):
            raise ConfigError(f"{path}: {run}/class_labels.txt: {line!r}, must be two drawings of the run")
        item, example = words
        classes[item] = classes[example] = example.removesuffix(".png").replace("/training/", "/")
    return classes


def _read_images(members: Sequence[Member], side: int) -> Pictures:
    """Return drawings from zips, resized, (N, side, side)."""
    images = np.empty((len(members), side, side), np.uint8)
    for path in {member.path for member in members}:
        with opened_zip(path) as archive:
            for image, member in zip(images, members, strict=True):
                if member.path == path:
                    content = read_member(archive, path, member.name)
                    drawing = _decoded(content, f"{path}: {member.name}")
                    image[...] = np.asarray(drawing.resize((side, side), Image.Resampling.BILINEAR))
    return images


def _decoded(content: bytes, where: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.size != (SOURCE_PX, SOURCE_PX):
                raise ConfigError(f"{where}: {image.size}, must be {SOURCE_PX} x {SOURCE_PX} pixels")
            return image.convert("L")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{where}: is a broken picture: {error}") from error
