from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.color import from_hex, to_hex
from spiral_core.errors import ConfigError


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_displayable_colour_survives_as_text(channels: tuple[int, int, int]) -> None:
    red, green, blue = (channel / 255 for channel in channels)
    assert from_hex(to_hex((red, green, blue))) == (red, green, blue)


def test_short_and_bare_forms() -> None:
    assert from_hex("#f00") == from_hex("FF0000") == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("text", ["red", "#12345", "", "#gggggg"])
def test_no_colour(text: str) -> None:
    with pytest.raises(ConfigError, match="like #1f6fb2"):
        from_hex(text)
