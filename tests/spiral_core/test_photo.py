from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from spiral_core.errors import PhotoError
from spiral_core.photo import photo_size, read_mask, read_photo


def quadrants(height: int = 40, width: int = 60) -> npt.NDArray[np.uint8]:
    """Return a picture with red, green, blue and gray corners."""
    picture = np.zeros((height, width, 3), np.uint8)
    half_y, half_x = height // 2, width // 2
    picture[:half_y, :half_x] = (200, 30, 20)
    picture[:half_y, half_x:] = (20, 180, 40)
    picture[half_y:, :half_x] = (30, 50, 190)
    picture[half_y:, half_x:] = (128, 128, 128)
    return picture


def corners(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the middles of the four quadrants, row by row."""
    height, width, _ = picture.shape
    y, x = (height // 4, height - 1 - height // 4), (width // 4, width - 1 - width // 4)
    return picture[np.ix_(y, x)].reshape(4, 3).astype(np.int64)


def assert_looks_like_quadrants(picture: npt.NDArray[np.uint8], tolerance: int) -> None:
    np.testing.assert_allclose(corners(picture), corners(quadrants()), atol=tolerance)


@pytest.mark.parametrize(
    ("name", "mode", "tolerance"),
    [
        ("a.png", "RGB", 1),
        ("a.png", "RGBA", 1),
        ("a.png", "P", 1),
        ("a.jpg", "RGB", 6),
        ("a.jpg", "CMYK", 6),
        ("a.tif", "CMYK", 2),
        ("a.tif", "RGB", 1),
        ("a.tif", "LAB", 12),
        ("a.webp", "RGB", 25),
        ("a.gif", "P", 2),
        ("a.bmp", "RGB", 1),
        ("a.ppm", "RGB", 1),
        ("a.tga", "RGB", 1),
    ],
)
def test_formats_and_modes(tmp_path: Path, name: str, mode: str, tolerance: int) -> None:
    image = Image.fromarray(quadrants())
    if mode == "LAB":
        to_lab = ImageCms.buildTransform(
            ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
        )
        converted = ImageCms.applyTransform(image, to_lab)
        assert converted is not None
        image = converted
    else:
        image = image.quantize(16) if mode == "P" else image.convert(mode)
    image.save(tmp_path / name)
    assert photo_size(tmp_path / name) == (60, 40)
    for long_side_px in (60, 30, 240):
        picture = read_photo(tmp_path / name, long_side_px=long_side_px)
        assert picture.dtype == np.uint8
        assert picture.shape == (round(long_side_px * 40 / 60), long_side_px, 3)
        assert_looks_like_quadrants(picture, tolerance)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_photo_is_turned_as_the_camera_says(tmp_path: Path, suffix: str, orientation: int) -> None:
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = Image.fromarray(quadrants())
    if undo is not None:
        image = image.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    image.save(path, exif=exif)
    assert photo_size(path) == (60, 40)
    assert_looks_like_quadrants(read_photo(path, long_side_px=60), 12)


def test_transparent_places_are_white(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (255, 0, 0, 128)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = read_photo(tmp_path / "a.png", long_side_px=8)
    np.testing.assert_allclose(picture[4, 1], (255, 127, 127), atol=4)
    np.testing.assert_allclose(picture[4, 6], (255, 255, 255), atol=4)


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_is_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (6, 6), (10, 10, 10))
    image = image.quantize(16) if mode == "P" else image.convert(mode)
    transparency = image.getpixel((0, 0))
    image.save(tmp_path / "a.png", transparency=transparency)
    assert (read_photo(tmp_path / "a.png", long_side_px=6) == 255).all()


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    levels = np.array([0, 1, 128, 254, 255], np.uint16)
    picture = np.repeat(levels[None] * 257, 5, 0)
    for name in ("a.png", "a.tif"):
        Image.fromarray(picture).save(tmp_path / name)
        assert read_photo(tmp_path / name, long_side_px=5)[2, :, 1].tolist() == levels.tolist()


@pytest.mark.parametrize(("scale", "dtype"), [(1.0, np.float32), (255.0, np.float32), (65535, np.int32)])
def test_floats_and_long_numbers_span_their_usual_range(tmp_path: Path, scale: float, dtype: type) -> None:
    ramp: npt.NDArray[Any] = (np.linspace(0, 1, 5) * scale).astype(dtype)
    Image.fromarray(np.repeat(ramp[None], 5, 0)).save(tmp_path / "a.tif")
    picture = read_photo(tmp_path / "a.tif", long_side_px=5)
    np.testing.assert_allclose(picture[2, :, 0], [0, 64, 128, 191, 255], atol=1)


def test_floats_that_are_no_numbers_are_an_error(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(PhotoError, match="no numbers"):
        read_photo(tmp_path / "a.tif", long_side_px=4)


def test_embedded_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    # A profile whose primaries for red and blue have changed places: its red is our blue.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"?XYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"?XYZ", b"bXYZ", 1)
    image = Image.fromarray(quadrants()[:, :, ::-1])
    image.save(tmp_path / "swapped.png", icc_profile=swapped)
    assert_looks_like_quadrants(read_photo(tmp_path / "swapped.png", long_side_px=60), 3)
    image.convert("RGBA").save(tmp_path / "swapped_alpha.png", icc_profile=swapped)
    assert_looks_like_quadrants(read_photo(tmp_path / "swapped_alpha.png", long_side_px=60), 3)


def test_broken_profile_is_taken_for_srgb(tmp_path: Path) -> None:
    Image.fromarray(quadrants()).save(tmp_path / "broken.png", icc_profile=b"no profile at all")
    assert_looks_like_quadrants(read_photo(tmp_path / "broken.png", long_side_px=60), 1)


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_photo(tmp_path / "a.gif", long_side_px=9)[4, 4].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("size", "long_side_px", "shape"),
    [((1, 1), 64, (64, 64)), ((1, 500), 100, (100, 1)), ((3000, 2), 64, (1, 64)), ((7, 5), 1, (1, 1))],
)
def test_odd_shapes(tmp_path: Path, size: tuple[int, int], long_side_px: int, shape: tuple[int, int]) -> None:
    Image.new("RGB", size, (10, 200, 30)).save(tmp_path / "a.png")
    picture = read_photo(tmp_path / "a.png", long_side_px=long_side_px)
    assert picture.shape == (*shape, 3)
    assert (picture == (10, 200, 30)).all()


def test_shrinking_by_strips_shifts_nothing(tmp_path: Path) -> None:
    y, x = np.mgrid[0:1500, 0:1100]
    pixels = np.stack([y * 255 / 1500, x * 255 / 1100, (x + y) % 2 * 0 + 90], -1).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "a.png")
    direct = np.asarray(image.resize((73, 100), Image.Resampling.LANCZOS))
    np.testing.assert_allclose(read_photo(tmp_path / "a.png", long_side_px=100), direct, atol=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_huge_photo_is_read_in_sane_memory(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (12_000, 9_000), (90, 120, 30)).save(tmp_path / name, compress_level=1)
    code = (
        "import sys\n"
        "from spiral_core.photo import photo_size, read_photo\n"
        "assert photo_size(sys.argv[1]) == (12000, 9000)\n"
        "assert read_photo(sys.argv[1], long_side_px=1024).shape == (768, 1024, 3)\n"
        "status = open('/proc/self/status').read()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) // 1024)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / name)], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    assert int(run.stdout) < (150 if name == "a.jpg" else 700)  # MiB; the PNG's own pixels are 309 or 412


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    Image.fromarray(quadrants(400, 400)).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:2000])
    (tmp_path / "drawing.eps").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    )
    for name in ("empty.jpg", "text.jpg", "folder", "cut.jpg", "drawing.eps", "missing.jpg"):
        with pytest.raises(PhotoError) as caught:
            read_photo(tmp_path / name, long_side_px=16)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
        assert "\n" not in str(caught.value)


def test_a_decompression_bomb_is_refused_unread(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(PhotoError, match="larger than 178 million pixels"):
        read_photo(tmp_path / "bomb.png", long_side_px=16)


@pytest.mark.parametrize("suffix", ["png", "jpeg", "tiff", "gif", "webp", "bmp"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_damaged_pictures_give_a_picture_or_our_error(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    file = io.BytesIO()
    Image.fromarray(quadrants()).save(file, suffix)
    content = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        picture = read_photo(path, long_side_px=16)
    except PhotoError as error:
        message = str(error)
    else:
        message = ""
        assert max(picture.shape[:2]) == 16
    assert "\n" not in message


def test_mask_is_the_lightness_at_the_photos_size(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 255], [0, 255]], np.uint8)).resize((120, 80), 0).save(tmp_path / "m.png")
    mask = read_mask(tmp_path / "m.png", height=40, width=60)
    assert mask.shape == (40, 60)
    assert mask.dtype == np.float32
    assert (mask[20, 5], mask[20, 55]) == (0, 1)
    with pytest.raises(PhotoError, match="must have the shape of the photo, 60 x 60"):
        read_mask(tmp_path / "m.png", height=60, width=60)
