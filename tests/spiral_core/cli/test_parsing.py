from __future__ import annotations

import argparse

import pytest

from spiral_core.cli.parsing import page_for, positive_number, whole_number
from spiral_core.errors import ConfigError
from spiral_core.program import Page


@pytest.mark.parametrize(
    ("text", "aspect", "page"),
    [
        ("A4", 1.5, Page(width_mm=210, height_mm=297)),
        ("A4", 0.7, Page(width_mm=297, height_mm=210)),
        ("A4", 1.0, Page(width_mm=210, height_mm=297)),
        ("A4-portrait", 0.7, Page(width_mm=210, height_mm=297)),
        ("210x297mm", 0.7, Page(width_mm=210, height_mm=297)),
        ("50x40mm", 0.7, Page(width_mm=50, height_mm=40, margin_mm=4)),
    ],
)
def test_sheet_lies_to_suit_the_picture(text: str, aspect: float, page: Page) -> None:
    assert page_for(text, aspect) == page


def test_a_sheet_beyond_reason_is_our_error() -> None:
    with pytest.raises(ConfigError, match="at most 100 m"):
        page_for("1x101m", 1.0)


@pytest.mark.parametrize("text", ["x", "1.5", "0", "11", ""])
def test_whole_number_in_range(text: str) -> None:
    assert whole_number(1, 10)("7") == 7
    with pytest.raises(argparse.ArgumentTypeError):
        whole_number(1, 10)(text)


@pytest.mark.parametrize("text", ["x", "0", "-1", "nan", "inf", ""])
def test_positive_number(text: str) -> None:
    assert positive_number("0.5") == 0.5
    with pytest.raises(argparse.ArgumentTypeError):
        positive_number(text)
