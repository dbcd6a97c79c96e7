from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import ConfigError
from spiral_core.units import MM_PER_UNIT, PageSize, parse_length_mm, parse_page


@pytest.mark.parametrize(
    ("text", "length_mm"),
    [
        ("210mm", 210),
        (" 8.5 in ", 215.9),
        ('1"', 25.4),
        ("2.1e1 CM", 210),
        (".5m", 500),
        ("-3mm", -3),
        ("72pt", 25.4),
    ],
)
def test_length_with_unit(text: str, length_mm: float) -> None:
    assert parse_length_mm(text) == pytest.approx(length_mm)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("210", "write for example 210mm"),
        ("3 furlongs", "unknown unit 'furlongs'; valid: mm"),
        ("nanmm", "must be a number with a unit"),
        ("1e999mm", "must be finite"),
        ("", "must be a number with a unit"),
        ("١mm", "must be a number with a unit"),
    ],
)
def test_bad_length_says_what_is_valid(text: str, part: str) -> None:
    with pytest.raises(ConfigError, match=part):
        parse_length_mm(text)


@given(st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from(sorted(MM_PER_UNIT)))
def test_any_number_with_any_unit_is_understood(value: float, unit: str) -> None:
    assert parse_length_mm(f"{value!r}{unit}") == pytest.approx(value * MM_PER_UNIT[unit])


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("A4", PageSize(210, 297, may_turn=True)),
        ("a3-landscape", PageSize(420, 297, may_turn=False)),
        ("Letter-portrait", PageSize(215.9, 279.4, may_turn=False)),
        ("30x40cm", PageSize(300, 400, may_turn=False)),
        ("8.5in × 280mm", PageSize(215.9, 280, may_turn=False)),
    ],
)
def test_page(text: str, page: PageSize) -> None:
    parsed = parse_page(text)
    assert parsed[:2] == pytest.approx(page[:2])
    assert parsed.may_turn == page.may_turn


@pytest.mark.parametrize("text", ["A99", "A4-sideways", "210x297", "0x10mm", "10x-5mm", "x", "", "1x2x3mm"])
def test_bad_page_gives_examples_or_the_rule(text: str) -> None:
    with pytest.raises(ConfigError, match=r"A3-landscape|must be > 0"):
        parse_page(text)
