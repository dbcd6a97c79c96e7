"""What can be told apart: text from its ground, the focus from what has it not, a curve from the others."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from gui.theme.colors import DARK, LIGHT, Colors
from spiral_core.color import from_hex

GROUNDS = ("window", "base", "alternate", "raised", "hover")
# WCAG 2.2: 4.5 for text (1.4.3), 3 for what one must see to find and use a control (1.4.11).
TEXTS = [
    (text, ground) for text in ("text", "muted", "error", "warning", "success", "link") for ground in GROUNDS
]
TEXTS += [
    ("text", "pressed"),
    ("text", "progress"),
    ("accent_text", "accent"),
    ("accent_text", "accent_hover"),
    ("danger_text", "danger"),
    ("danger_text", "danger_hover"),
    ("tooltip_text", "tooltip"),
    ("surround_text", "surround"),
]
MARKS = [("focus", ground) for ground in (*GROUNDS, "pressed")]
MARKS += [("outline", ground) for ground in ("window", "base", "alternate", "raised")]
MARKS += [
    ("muted", "pressed"),
    ("link", "pressed"),
    ("accent", "window"),
    ("accent", "base"),
    ("progress", "base"),
]

# Machado, Oliveira and Fernandes 2009, full severity, on linear sRGB.
EYES = {
    "usual": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}

both = pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])


def linear(color: str) -> NDArray[np.float64]:
    channels = np.array(from_hex(color))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def seen(color: str, eyes: str) -> NDArray[np.float64]:
    light = np.clip(np.asarray(EYES[eyes]) @ linear(color), 0, 1)
    display = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    lab: NDArray[np.float64] = rgb2lab(display)
    return lab


def test_contrast_is_measured_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@both
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(colors: Colors, text: str, ground: str) -> None:
    assert contrast(getattr(colors, text), getattr(colors, ground)) >= 4.5


@both
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_seen(colors: Colors, mark: str, ground: str) -> None:
    assert contrast(getattr(colors, mark), getattr(colors, ground)) >= 3


@both
def test_what_is_off_is_fainter_than_all_that_is_on(colors: Colors) -> None:
    assert 2 <= contrast(colors.disabled, colors.window) < contrast(colors.muted, colors.window)


@both
def test_grounds_have_no_hue_so_that_paintings_are_judged_by_gray(colors: Colors) -> None:
    for name in (*GROUNDS, "pressed", "surround"):
        assert len(set(from_hex(getattr(colors, name)))) == 1, name
    assert seen(colors.surround, "usual")[0] == pytest.approx(50, abs=1)


@both
def test_curves_stand_out_from_their_ground(colors: Colors) -> None:
    assert min(contrast(curve, colors.base) for curve in colors.curves) >= 3


@both
@pytest.mark.parametrize("eyes", EYES)
def test_no_two_curves_look_alike_to_any_eyes(colors: Colors, eyes: str) -> None:
    labs = [seen(curve, eyes) for curve in colors.curves]
    assert min(float(deltaE_ciede2000(*pair)) for pair in combinations(labs, 2)) >= 10


def test_okabe_and_itos_own_colours_would_not_do_on_white() -> None:
    assert contrast("#f0e442", LIGHT.base) < 3


@both
def test_every_colour_is_written_in_full(colors: Colors) -> None:
    for name, value in dataclasses.asdict(colors).items():
        for color in value if isinstance(value, tuple) else (value,):
            assert isinstance(color, bool) or (len(color) == 7 and from_hex(color)), name
