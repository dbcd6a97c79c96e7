from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spiral_core.errors import OutputError
from spiral_core.evaluation.curves import Course, Curve, draw_curves, smoothed

pytest.importorskip("matplotlib")


def curve(label: str, *slopes: float) -> Curve:
    x = np.arange(50.0)
    return Curve(
        label, tuple({"score": Course(x[: 50 - 5 * n], a * x[: 50 - 5 * n])} for n, a in enumerate(slopes))
    )


def test_smoothing_is_a_plain_mean_around_each_value() -> None:
    values = np.array([0.0, 3.0, 6.0, 3.0, 9.0])
    assert smoothed(values, 1).tolist() == values.tolist()
    assert smoothed(values, 3).tolist() == pytest.approx([1.5, 3, 4, 6, 6])
    assert smoothed(values, 99).tolist() == pytest.approx([4.2] * 5)
    assert smoothed(values[:1], 5).tolist() == [0]


@pytest.mark.parametrize("num", [1, 3, 9])
def test_pictures_are_drawn_in_both_formats(tmp_path: Path, num: int) -> None:
    curves = [curve(f"run {number}", number) for number in range(num)]
    draw_curves(curves, ["score"], [tmp_path / "a.png", tmp_path / "a.svg"])
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 800
        colors = picture.convert("RGB").getcolors(picture.width * picture.height)
    assert colors is not None
    assert ((0, 0x72, 0xB2) in {color for _, color in colors}) is True
    assert "<svg" in (tmp_path / "a.svg").read_text()


def test_the_same_curves_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        draw_curves([curve("one", 1, 2), curve("two", 3)], ["score"], [tmp_path / name])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_unknown_suffix_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.gif: unknown suffix '\.gif', must be one of \.png, \.svg"):
        draw_curves([curve("one", 1)], ["score"], [tmp_path / "a.png", tmp_path / "a.gif"])
    assert list(tmp_path.iterdir()) == []
