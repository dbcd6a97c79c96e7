from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spiral_core.action_space import ActionSpace
from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.policy_file import policy_from_config, save_policy
from spiral_core.cli import main

INFO = ["agent", "info", "--seconds", "0.01"]


def test_the_help_of_info_is_as_agreed(
    golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit):
        main(["agent", "info", "--help"])
    golden("help/spiral_agent_info.txt", capsys.readouterr().out)


def test_the_shipped_agent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INFO, "painter"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for start in (
        "kind light",
        "sees canvas and target",
        "says flag 2,",
        "parameters 509,921",
        "heads 109,392",
        "operations 4.8",
        "speed ",
        "scores",
    ):
        assert sum(line.startswith(start) for line in lines) == 1, start


def test_a_stroke_field_is_no_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INFO, "field"]) == 0
    output = capsys.readouterr().out
    assert "stroke field" in output
    assert "412,552" in output


def test_a_file_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "agent.safetensors"
    gray = ActionSpace(grayscale=True, grid=16)
    config = PaperConfig(action_space=gray, canvas_px=32, is_conditional=False)
    save_policy(path, policy_from_config(config))
    assert main([*INFO, str(path)]) == 0
    output = capsys.readouterr().out
    assert "paper" in output
    assert "end 16 x 16" in output
    assert "card" not in output
    path.with_name("card.json").write_text("{")
    assert main([*INFO, str(path)]) == 2
    assert "card.json: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [("picasso", "no such agent; valid: field, "), ("no.safetensors", "No such file")],
)
def test_no_such_agent(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INFO, name]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
