from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiral_core.program import Color
from spiral_core.search import find_palette, nearest_paint


def picture_of(*colors: tuple[int, int, int], noise: float = 0.0, seed: int = 0) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    pixels = np.array(colors)[rng.integers(0, len(colors), (40, 50))] + rng.normal(0, noise, (40, 50, 3))
    return pixels.clip(0, 255).round().astype(np.uint8)


def error(picture: npt.NDArray[np.uint8], palette: tuple[Color, ...]) -> float:
    distances = (((picture / 255.0).reshape(-1, 1, 3) - np.array(palette)) ** 2).sum(axis=2)
    return float(distances.min(axis=1).mean())


CLEAR = ((250, 240, 10), (10, 20, 200), (30, 160, 40), (200, 30, 20))


def test_the_colours_of_a_picture_are_found() -> None:
    palette = find_palette(picture_of(*CLEAR, noise=3), 4, np.random.default_rng(1))
    found = sorted(tuple(round(255 * channel) for channel in paint) for paint in palette)
    np.testing.assert_allclose(found, sorted(CLEAR), atol=3)


def test_paints_go_from_dark_to_light() -> None:
    palette = find_palette(picture_of(*CLEAR, noise=30), 6, np.random.default_rng(1))
    lightness = [0.2126 * p.red + 0.7152 * p.green + 0.0722 * p.blue for p in palette]
    assert lightness == sorted(lightness)
    assert lightness[0] < lightness[-1]


def test_more_paints_stand_for_a_picture_better() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    errors = [error(picture, find_palette(picture, n, np.random.default_rng(2))) for n in (1, 2, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True)
    mean = (picture.reshape(-1, 3) / 255.0).mean(axis=0)
    np.testing.assert_allclose(find_palette(picture, 1, np.random.default_rng(2))[0], mean, atol=1e-6)


def test_no_paint_can_be_moved_to_advantage() -> None:
    picture = picture_of(*CLEAR, noise=25)
    palette = np.array(find_palette(picture, 5, np.random.default_rng(3)))
    pixels = (picture / 255.0).reshape(-1, 3)
    owner = ((pixels[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1)
    means = np.array([pixels[owner == i].mean(axis=0) for i in range(5)])
    np.testing.assert_allclose(palette, means, atol=0.02)


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_any_picture_has_a_palette(size: int, height: int, width: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    palette = find_palette(picture, size, np.random.default_rng(seed))
    assert len(palette) == min(size, len(np.unique(picture.reshape(-1, 3), axis=0)))
    assert np.array(palette).min() >= 0.0
    assert np.array(palette).max() <= 1.0
    assert palette == find_palette(picture, size, np.random.default_rng(seed))


def test_a_picture_of_one_colour_has_one_paint() -> None:
    picture = picture_of((10, 20, 30))
    (paint,) = find_palette(picture, 12, np.random.default_rng(1))
    assert paint == pytest.approx((10 / 255, 20 / 255, 30 / 255))


channel = st.floats(0, 1)
colors = st.builds(Color, channel, channel, channel)


@given(colors, st.lists(colors, min_size=1, max_size=9))
def test_the_nearest_paint_is_the_nearest(color: Color, palette: list[Color]) -> None:
    def distance(paint: Color) -> float:
        return sum((a - b) ** 2 for a, b in zip(color, paint, strict=True))

    nearest = nearest_paint(color, tuple(palette))
    assert nearest in palette
    assert distance(nearest) == pytest.approx(min(map(distance, palette)), abs=1e-15)
