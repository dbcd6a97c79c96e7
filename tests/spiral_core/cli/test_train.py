from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from adapters.mypaint import MyPaintRenderer, mypaint_renderer
from spiral_core.cli import main
from spiral_core.cli.train import read_override

SMALL = """
[episode]
canvas_px = 32
num_steps = 3
brush = "round"
{episode}
[actions]
grayscale = true
grid = 8
radii_px = [6.0, 10.0]
[policy]
channels = [4, 8, 8]
map_channels = 4
hidden = 32
[data]
name = "scribbles"
limit = 200
held_out = 32
[engine]
batch = 16
[[phase]]
kind = "invert"
frames = 480
[[phase]]
kind = "reinforce"
frames = 480
[phase.reward]
{reward}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.format(episode="", reward="l2 = 1.0"))
    return path


def test_train_evaluate_sample_and_plot(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", str(config), "-o", str(run), "--seed", "3", "--set", "run.log_updates=1"]) == 0
    assert "agent.safetensors: 960 frames" in capsys.readouterr().out
    about = json.loads((run / "run.json").read_text())
    assert about["seed"] == 3
    card = json.loads((run / "card.json").read_text())
    assert card["frames"] == 960
    assert card["seed"] == 3
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(3):
        Image.new("RGB", (40, 40), (250, 80 * i, 0)).save(pictures / f"{i}.png")
    agent = str(run / "agent.safetensors")
    report = tmp_path / "report"
    data = ["evaluate", agent, f"folder:{pictures}", "--split", "all"]
    assert main([*data, "--attempts", "2", "-o", str(report)]) == 0
    scores = json.loads((report / "scores.json").read_text())
    assert scores["pictures"] == 3
    assert 0 < scores["error"] <= 1
    with Image.open(report / "drawings.png") as drawings:
        assert drawings.size == (3 * 34, 2 * 34)
    sheet = tmp_path / "sheet.png"
    assert main(["sample", agent, "--data", f"folder:{pictures}", "--split", "all", "-o", str(sheet)]) == 0
    assert sheet.exists()
    assert main(["sample", agent, "-o", str(sheet)]) == 2
    assert "needs pictures to draw: --data" in capsys.readouterr().err


def test_a_stop_that_comes_while_the_data_are_made_is_heeded(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def asked_to_stop_then_draws(num_canvases: int, height: int, width: int) -> MyPaintRenderer:
        if not asked:
            asked.append(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
        return mypaint_renderer(num_canvases, height, width)

    monkeypatch.setattr("spiral_core.cli.train.mypaint_renderer", asked_to_stop_then_draws)
    run = tmp_path / "run"
    assert main(["train", str(config), "-o", str(run)]) == 130
    assert asked
    assert "stopped after 0 frames" in capsys.readouterr().out
    assert main(["resume", str(run)]) == 0


def test_an_unconditional_agent_samples(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.format(episode="is_conditional = false", reward="blank_penalty = 1.0"))
    run = tmp_path / "run"
    assert main(["train", str(path), "-o", str(run), "--only", "reinforce"]) == 0
    sheet = tmp_path / "sheet.png"
    assert main(["sample", str(run / "agent.safetensors"), "--count", "20", "-o", str(sheet)]) == 0
    assert sheet.exists()


def test_mistakes_are_one_line(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["train", "nosuch"], "configuration 'nosuch', must be a .toml file or one of"),
        (["train", str(config), "--set", "frames"], "--set 'frames', must be KEY=VALUE"),
        (["train", str(config), "--only", "dance"], "--only 'dance', must be of"),
        (["train", str(config), "--set", "phase.0.frames=many"], "frames: 'many', must be a int"),
        (["train", str(config), "--set", "policy.kind=huge"], "kind: 'huge', must be one of light, paper"),
        (["resume", str(tmp_path)], "holds no run"),
        (["evaluate", "nosuch", "mnist"], "agent 'nosuch': no such agent"),
    ):
        assert main(arguments) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_run_is_not_overwritten(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert main(["train", str(config), "-o", str(run), "--only", "invert"]) == 0
    assert main(["train", str(config), "-o", str(run)]) == 2
    assert "spiral resume" in capsys.readouterr().err
    assert main(["resume", str(run)]) == 0


def test_the_papers_policy_on_few_cores_asks_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert main(["train", "paper_mnist_conditional"]) == 2
    assert "25,000,000 frames would take about 19 hours on 2 cores; --yes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a=0.5", 0.5),
        ("a=true", True),
        ("a=word", "word"),
        ('a="x y"', "x y"),
        ("a=[1, 2]", [1, 2]),
    ],
)
def test_values_are_read_as_in_toml(text: str, value: object) -> None:
    assert read_override(text) == ("a", value)
