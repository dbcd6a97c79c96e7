"""Reading photos of any kind that Pillow knows into 8-bit sRGB arrays of the size that is wanted.

The picture is what a person would see: turned as the camera says (EXIF), transparent places over white
paper, the first frame of an animation, embedded colour profiles (also CMYK ones) converted to sRGB, 16 bits
scaled to 8. A large photo is shrunk strip by strip, so that it is never held twice.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from spiral_core.errors import PhotoError

MAX_PIXELS: Final = 2 * 89_478_485
"""Larger photos are refused; Pillow calls them decompression bombs."""

_STRIP_ROWS: Final = 256
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What to do to a picture with this EXIF orientation."""
_SWAPPING: Final = (5, 6, 7, 8)


def photo_size(path: Path | str) -> tuple[int, int]:
    """Return (width, height) in pixels of a photo as it is seen, reading little more than its head.

    Raises:
        PhotoError: The file is missing or no picture.
    """
    with _opened(path) as image:
        width, height = image.size
        # Pillow gives the size of a TIFF as it is seen, that of every other format as it is stored.
        lies = image.format != "TIFF" and _orientation(image) in _SWAPPING
        return (height, width) if lies else (width, height)


def read_photo(path: Path | str, *, long_side_px: int) -> npt.NDArray[np.uint8]:
    """Return a photo, shrunk or enlarged so that its longer side has the given length.

    Args:
        path: A file that Pillow can read.
        long_side_px: Length of the longer side, > 0; the shorter one follows and is at least 1.

    Returns:
        Shape (height, width, 3), sRGB.

    Raises:
        PhotoError: The file is missing, broken, no picture or too large.
    """
    with _opened(path) as image:
        picture = _upright(image, long_side_px)
        scale = long_side_px / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        return np.array(picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def read_mask(path: Path | str, *, height: int, width: int) -> npt.NDArray[np.float32]:
    """Return the lightness of a picture, white 1 and black 0, at the size of the photo that it belongs to.

    Returns:
        Shape (height, width), in [0, 1].

    Raises:
        PhotoError: It cannot be read, or is not of the photo's shape.
    """
    with _opened(path) as image:
        picture = _upright(image, max(height, width))
        if abs(math.log((picture.height / picture.width) / (height / width))) > math.log(1.02) + 1 / min(
            height, width
        ):
            raise PhotoError(
                f"{path}: is {picture.width} x {picture.height}, "
                f"must have the shape of the photo, {width} x {height}"
            )
        gray = picture.convert("L").resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0)
        return np.asarray(gray, np.float32) / np.float32(255)


@contextmanager
def _opened(path: Path | str) -> Iterator[Image.Image]:
    """Open a picture; whatever goes wrong while it is read becomes one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large files and odd metadata
            with Image.open(path) as image:
                if image.format in ("EPS", "WMF"):
                    raise PhotoError(f"{path}: is a drawing ({image.format}), must be a photo")
                yield image
    except PhotoError:
        raise
    except UnidentifiedImageError:
        raise PhotoError(f"{path}: is no picture that can be read here") from None
    except Image.DecompressionBombError as error:
        raise PhotoError(f"{path}: is larger than {MAX_PIXELS // 1_000_000} million pixels") from error
    except MemoryError as error:
        raise PhotoError(f"{path}: does not fit into memory") from error
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read: {_one_line(error.strerror or error)}") from error
    except Exception as error:  # Pillow's decoders raise almost anything for a broken file
        raise PhotoError(f"{path}: is a broken picture: {_one_line(error)}") from error


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001  a photo with unreadable metadata is still a photo
        return 1


def _upright(image: Image.Image, long_side_px: int) -> Image.Image:
    """Return the photo as RGB, upright, at most about twice as long as wanted."""
    image.draft(None, (2 * long_side_px, 2 * long_side_px))  # lets the JPEG decoder skip what nobody will see
    image.load()
    turn = _TURNS.get(_orientation(image))
    flatten = _flattener(image)
    factor = max(1, max(image.size) // (2 * long_side_px))
    width, height = image.size
    picture = Image.new("RGB", (math.ceil(width / factor), math.ceil(height / factor)))
    rows = factor * max(1, _STRIP_ROWS // factor)
    for top in range(0, height, rows):
        strip = flatten(image.crop((0, top, width, min(height, top + rows))))
        picture.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return picture if turn is None else picture.transpose(turn)


def _flattener(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return what turns a strip of this picture into opaque RGB."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _deep_gray_flattener(image)
    if image.mode == "LAB":
        lab = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        return lambda strip: _applied(lab, strip)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    transform = _profile_transform(image)

    def flatten(strip: Image.Image) -> Image.Image:
        alpha = None
        if has_alpha:
            strip = strip.convert("RGBA")
            alpha = strip.getchannel("A")
        color = strip if strip.mode in ("RGB", "L", "CMYK") else strip.convert("RGB")
        if transform is not None and color.mode == transform.input_mode:
            color = _applied(transform, color)
        color = color.convert("RGB")
        if alpha is not None:
            color = Image.composite(color, Image.new("RGB", color.size, "white"), alpha)
        return color

    return flatten


def _applied(transform: ImageCms.ImageCmsTransform, strip: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(strip, transform)
    assert converted is not None  # only the in-place form returns None
    return converted


def _profile_transform(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """Return what takes the picture's own colours to sRGB; None if it names none that can be understood."""
    content = image.info.get("icc_profile")
    if not content:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[profile.profile.xcolor_space.strip()]
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, KeyError, OSError, ValueError, TypeError):
        return None  # most pictures with a broken profile are sRGB


def _deep_gray_flattener(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return what turns gray of 16 or 32 bits or floats into RGB.

    16 bits span black to white. Other whole numbers and floats do so over the smallest of 1, 255, 65535 that
    holds them, or over their own range when none does.
    """
    white = 65535.0
    black = 0.0
    if not image.mode.startswith("I;16") and image.format != "PNG":
        values = image.getextrema()
        low, high = float(values[0]), float(values[1])  # type: ignore[arg-type]
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError("it holds values that are no numbers")
        tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        white = next((top for top in tops if high <= top), high)
        black = low if low < 0 or high > 65535 else 0.0

    def flatten(strip: Image.Image) -> Image.Image:
        values = np.asarray(strip, np.float64)
        gray = np.clip((values - black) / max(white - black, 1e-9), 0, 1) * 255 + 0.5
        return Image.fromarray(gray.astype(np.uint8)).convert("RGB")

    return flatten
