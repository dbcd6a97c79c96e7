from __future__ import annotations

from pathlib import Path

import pytest

from spiral_core.errors import ConfigError
from spiral_core.program import Color
from spiral_core.search.paints import Paints, parse_palette, read_palette

SHIPPED = sorted((Path(__file__).parents[3] / "configs" / "palettes").iterdir())


def test_a_number_or_a_list() -> None:
    assert parse_palette("12") == Paints(12, None)
    assert parse_palette("#ff0000, #00F,#ff0000") == Paints(None, (Color(1, 0, 0), Color(0, 0, 1)))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_palettes_can_be_read(path: Path) -> None:
    assert len(parse_palette(str(path)).colors or ()) == int(path.stem.rpartition("-")[2])


def test_gimp_palette(tmp_path: Path) -> None:
    path = tmp_path / "a.gpl"
    path.write_text(
        "GIMP Palette\nName: two\nColumns: 0\n#\n255   0   0\tRed\n  0 255 0\n\n", encoding="utf-8"
    )
    assert read_palette(path) == (Color(1, 0, 0), Color(0, 1, 0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "must be 1 to 256 paints"),
        ("257", "must be 1 to 256 paints"),
        ("#12", "must be written like #1f6fb2"),
        ("nowhere.gpl", "must be a number of paints, colours like"),
    ],
)
def test_bad_argument(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_palette(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds 0 paints"),
        (b"#ff0000\nred\n", "line 2: colour 'red'"),
        (b"GIMP Palette\n1 2 300\n", r"line 2: '1 2 300', must be three numbers in \[0, 255\]"),
        (b"\xff\xfe", "is no text file"),
    ],
)
def test_bad_file_is_named_with_its_line(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_palette(tmp_path / "p")
    assert str(tmp_path / "p") in str(caught.value)
