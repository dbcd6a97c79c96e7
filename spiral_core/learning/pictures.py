"""Pictures to learn from: synthetic ones, and crops of photographs.

Synthetic pictures are smooth colour fields with occluding shapes of all sizes ("dead leaves", which share the
statistics of natural images: Lee, Mumford, Huang 2001), blurred or textured here and there. Colours are
correlated between channels as in photographs: mostly lightness, little hue.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from spiral_core.errors import ConfigError
from spiral_core.learning.datasets.faces import load_color_faces

Floats = npt.NDArray[np.float32]
Pictures = npt.NDArray[np.uint8]
PictureSource = Callable[[np.random.Generator, int, int], Pictures]
"""(random generator, how many, side in pixels) -> uint8 pictures of shape (how many, side, side, 3)."""

_PHOTO_SIZE = (512, 384)
_PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

# Columns: lightness, then two weak chroma directions.
_COLOR_AXES = np.array([[0.58, 0.60, -0.40], [0.58, 0.0, 0.82], [0.58, -0.60, -0.40]], np.float32)
_COLOR_SPREAD = np.array([0.38, 0.10, 0.06], np.float32)


def random_colors(rng: np.random.Generator, num: int) -> Floats:
    """Return colours (num, 3) in [0, 1], correlated between channels as in photographs."""
    colors = 0.5 + (rng.standard_normal((num, 3), np.float32) * _COLOR_SPREAD) @ _COLOR_AXES.T
    return np.asarray(np.clip(colors, 0, 1), np.float32)


def _field(rng: np.random.Generator, side: int, roughness: float) -> Floats:
    """Return a random field (side, side), of mean 0 and deviation 1, amplitude falling as 1/f**roughness."""
    across = np.fft.rfftfreq(side, 1 / side)
    down = np.fft.fftfreq(side, 1 / side)[:, None]
    frequency = np.hypot(across, down)
    frequency[0, 0] = np.inf
    spectrum = (
        rng.standard_normal(frequency.shape) + 1j * rng.standard_normal(frequency.shape)
    ) / frequency**roughness
    field = np.fft.irfft2(spectrum, (side, side))
    return np.asarray(field / (field.std() + 1e-9), np.float32)


def synthetic_picture(rng: np.random.Generator, side: int) -> Floats:
    """Return one synthetic picture, shape (side, side, 3), values in [0, 1]."""
    down, across = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
    picture = np.broadcast_to(random_colors(rng, 1)[0], (side, side, 3)).copy()
    picture += rng.uniform(0, 0.3) * _field(rng, side, rng.uniform(1.3, 2.5))[..., None] * _COLOR_AXES[:, 0]
    spread = rng.uniform(0.3, 1.0)
    base = random_colors(rng, 1)[0]
    for radius in np.sort(np.exp(rng.uniform(np.log(0.03), np.log(0.6), rng.integers(0, 40))))[::-1]:
        x, y = rng.uniform(-0.1, 1.1, 2)
        angle = rng.uniform(0, np.pi)
        u = (across - x) * np.cos(angle) + (down - y) * np.sin(angle)
        v = (down - y) * np.cos(angle) - (across - x) * np.sin(angle)
        stretch = np.exp(rng.uniform(0, 1.0))
        power = 2.0 if rng.random() < 0.6 else 8.0
        distance = (np.abs(u) / (radius * stretch)) ** power + (np.abs(v) * stretch / radius) ** power
        softness = rng.choice([0.02, 0.05, 0.3])
        cover = np.clip((1 - distance) / softness, 0, 1)[..., None]
        color = base + spread * (random_colors(rng, 1)[0] - base)
        shade = rng.uniform(-0.4, 0.4) * (u / radius)[..., None] * 0.3
        picture += cover * (np.clip(color + shade, 0, 1) - picture)
    if rng.random() < 0.4:
        texture = _field(rng, side, rng.uniform(0.3, 1.2))[..., None]
        picture += rng.uniform(0.01, 0.1) * texture * _COLOR_AXES[:, 0] * 1.7
    return np.asarray(np.clip(picture, 0, 1), np.float32)


def synthetic_pictures(rng: np.random.Generator, num: int, side: int) -> Pictures:
    """Return synthetic pictures; a PictureSource."""
    pictures = np.empty((num, side, side, 3), np.uint8)
    for picture in pictures:
        picture[...] = np.round(255 * synthetic_picture(rng, side))
    return pictures


def photo_crops(
    images: Pictures, rng: np.random.Generator, num: int, side: int, *, least_span: float = 0.25
) -> Pictures:
    """Return random square crops of images, flipped, turned and tinted at random.

    Args:
        images: Shape (N, height, width, 3), uint8.
        rng: Source of randomness.
        num: How many crops.
        side: Side of each crop in pixels.
        least_span: Least side of what is cut out, as a share of the image's shorter side.
    """
    crops = np.empty((num, side, side, 3), np.uint8)
    for crop in crops:
        image = images[rng.integers(len(images))]
        shortest = min(image.shape[:2])
        span = int(np.ceil(shortest * np.exp(rng.uniform(np.log(least_span), 0))))
        top, left = (rng.integers(0, size - span + 1) for size in image.shape[:2])
        part = Image.fromarray(image[top : top + span, left : left + span])
        resized = np.asarray(part.resize((side, side), Image.Resampling.BICUBIC))
        turned = np.rot90(resized, int(rng.integers(4)))
        if rng.random() < 0.5:
            turned = turned[:, ::-1]
        gain, shift = rng.uniform(0.7, 1.2, 3), rng.uniform(-30, 30)
        crop[...] = np.clip(turned * gain + shift, 0, 255)
    return crops


def mixed_pictures(images: Pictures, rng: np.random.Generator, num: int, side: int) -> Pictures:
    """Return half crops of images, half synthetic pictures, in random order."""
    crops = photo_crops(images, rng, num // 2, side)
    return np.concatenate([crops, synthetic_pictures(rng, num - num // 2, side)])[rng.permutation(num)]


def load_photos(folder: Path) -> Pictures:
    """Return the middle of every photograph below a folder, (N, 384, 512, 3), uint8, in the order of names.

    Small pictures and plain ones are left out.

    Raises:
        ConfigError: The folder holds no photographs.
    """
    width, height = _PHOTO_SIZE
    photos = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PHOTO_SUFFIXES):
        with Image.open(path) as image:
            if min(image.size) < max(_PHOTO_SIZE):
                continue
            image.draft("RGB", (2 * width, 2 * height))
            whole = image.convert("RGB")
        part = ImageOps.fit(whole, _PHOTO_SIZE, Image.Resampling.BOX)
        pixels = np.asarray(part)
        if np.abs(np.diff(pixels.astype(np.float32), axis=0)).mean() >= 1.0:
            photos.append(pixels)
    if not photos:
        raise ConfigError(f"photos: {folder}: holds no photographs of at least {max(_PHOTO_SIZE)} pixels")
    return np.stack(photos)


def load_faces(folder: Path, split: str) -> Pictures:
    """Return the face photographs of a split ("train" or "test") of the data folder, (N, 64, 64, 3), uint8.

    Raises:
        ConfigError: The data folder has no such file or split, or the file is broken.
    """
    return load_color_faces(split, side=64, folder=folder, limit=None, seed=0).images


def mosaics(images: Pictures, rng: np.random.Generator, num: int, side: int, across: int) -> Pictures:
    """Return pictures of whole images side by side, rich in detail.

    Args:
        images: Shape (N, height, width, 3), uint8.
        rng: Source of randomness.
        num: How many pictures.
        side: Side of each picture in pixels.
        across: Images along each side of a picture.
    """
    tile = -(-side // across)
    pictures = np.empty((num, side, side, 3), np.uint8)
    for picture in pictures:
        tiles = photo_crops(images, rng, across * across, tile, least_span=0.7)
        tiles = tiles.reshape(across, across, tile, tile, 3)
        whole = tiles.transpose(0, 2, 1, 3, 4).reshape(across * tile, across * tile, 3)
        picture[...] = whole[:side, :side]
    return pictures


def varied_pictures(
    faces: Pictures | None, photos: Pictures | None, rng: np.random.Generator, num: int, side: int
) -> Pictures:
    """Return crops and mosaics of photographs and of faces, and synthetic pictures, as far as there are any.

    Args:
        faces: Shape (N, size, size, 3), uint8, or None.
        photos: Shape (N, height, width, 3), uint8, or None.
        rng: Source of randomness.
        num: How many pictures.
        side: Side of each picture in pixels.
    """
    pictures = np.empty((num, side, side, 3), np.uint8)
    for picture in pictures:
        kind = rng.random()
        if photos is not None and kind < 0.35:
            picture[...] = photo_crops(photos, rng, 1, side, least_span=0.4)[0]
        elif photos is not None and kind < 0.55:
            picture[...] = mosaics(photos, rng, 1, side, 2)[0]
        elif faces is not None and kind < 0.8:
            across = max(1, side // faces.shape[1])
            picture[...] = mosaics(faces, rng, 1, side, across)[0]
        else:
            picture[...] = synthetic_pictures(rng, 1, side)[0]
    return pictures
