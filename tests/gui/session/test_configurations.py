from __future__ import annotations

from pathlib import Path

import pytest

from gui.session.configurations import read_configuration, shipped_configurations, total_frames
from spiral_core.errors import ConfigError


def test_those_that_come_along_can_be_trained_and_are_described() -> None:
    found = {configuration.name: configuration for configuration in shipped_configurations()}
    assert "tiny" in found
    assert not [name for name in found if name.startswith("painter")], "those are for another verb"
    assert all(configuration.description for configuration in found.values())
    assert found["tiny"].description.startswith("One thick line")
    assert found["tiny"].phases == (60_000,)


def test_a_file_without_phases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# Mine.\n[run]\nseed = 1\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: no \[\[phase\]\]"):
        read_configuration(path)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("[[phase]]\nframes = 10\n[[phase]]\nframes = 5\n", 15),
        ("[[phase]]\nframes = 10\n[[phase]]\n", None),
        ("[run]\npopulation = 4\n[[phase]]\nframes = 10\n", None),
        ("phase = 3\n", None),
        ("not toml", None),
    ],
)
def test_how_far_a_run_goes(text: str, frames: int | None) -> None:
    assert total_frames(text) == frames
