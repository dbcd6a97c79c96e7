from __future__ import annotations

import json
from pathlib import Path

import pytest

from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.cli import main
from spiral_core.cli.pretrain import read_pretrain_file

SMALL = """
source = "{source}"
[actions]
grid = 16
radii_px = [2, 5.5]
[policy]
canvas_px = 64
channels = [8, 12, 16]
hidden = 32
[training]
batch_size = 16
learning_rate = 1e-3
[programs]
num_episodes = 8
num_steps = 4
[search]
num_pictures = 8
num_steps = 2
bank_size = 64
num_exact = 8
num_labels = 2
"""


def configured(folder: Path, text: str) -> str:
    path = folder / "small.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("options", [["programs"], ["programs", "--grayscale"], ["search"]])
def test_it_trains_and_resumes(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, *flags = options
    config = configured(tmp_path, SMALL.format(source=source))
    run = tmp_path / "run"
    command = ["pretrain", config, "-o", str(run), "--minutes", "0.005", "--seed", "3", *flags]
    assert main(command) == 0
    first = json.loads((run / "card.json").read_text())
    assert main([*command, "--resume"]) == 0
    card = json.loads((run / "card.json").read_text())
    assert card["rounds"] > first["rounds"] >= 1
    assert card["seed"] == 3
    assert card["configuration"]["training"] == {"batch_size": 16, "learning_rate": 0.001}
    assert len((run / "metrics.jsonl").read_text().splitlines()) == card["rounds"]
    policy = NumpyPolicy.load(run / "agent.safetensors")
    assert policy.config.channels == (8, 12, 16)
    assert policy.config.painting.radii == (2 / 64, 5.5 / 64)
    assert policy.config.action_space.grayscale == ("--grayscale" in flags)
    assert "examples" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sauce = 'search'", "unknown key 'sauce'; did you mean 'source'?"),
        ("source = 'dreams'", "source: 'dreams', must be "),
        ("faces = 1", "faces: 1, must be a bool"),
        ("[training]\nbatchsize = 3", "[training]: unknown key 'batchsize'; did you mean 'batch_size'?"),
        ("[training]\nbatch_size = 0", "[training]: pretraining.batch_size: 0, must be >= 1"),
        ("[training]\nseed = 1", "[training]: unknown key 'seed'; must be one of batch_size"),
        ("[policy]\nhidden = 1.5", "[policy]: hidden: 1.5, must be a int"),
        ("[actions]\nradii_px = 3", "[actions]: radii_px: 3, must be a list of numbers"),
        ("[actions]\ncompat = 'deepmind'", "[actions]: unknown key 'compat'"),
        ("[actions", "small.toml: "),
        ("source = 'search'\nfaces = true", "SPIRAL_DATA must point at the data folder"),
    ],
)
def test_wrong_files_are_one_line(
    tmp_path: Path,
    text: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SPIRAL_DATA", raising=False)
    assert main(["pretrain", configured(tmp_path, text), "-o", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_finished_folder_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configured(tmp_path, SMALL.format(source="programs"))
    command = ["pretrain", config, "-o", str(tmp_path / "run"), "--minutes", "0.001"]
    assert main(command) == 0
    capsys.readouterr()
    assert main(command) == 2
    assert "exists; resume the run" in capsys.readouterr().err


def test_the_shipped_configuration_reads() -> None:
    path = Path(__file__).parents[3] / "configs" / "train" / "painter.toml"
    content = read_pretrain_file(path)
    assert content.source == "search"
    assert content.faces
