from __future__ import annotations

from pathlib import Path

import pytest

from spiral_core.cli import main
from spiral_core.training.run_folder import RunFolder

pytest.importorskip("matplotlib")
pytest.importorskip("tensorboardX")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return two seeds of one configuration and one run of another; work beside them."""
    names = {"far_seed1": "kind = 1\nseed = 1\n", "far_seed2": "kind = 1\nseed = 2\n", "near": "kind = 2\n"}
    for number, (name, text) in enumerate(names.items()):
        with RunFolder.create(tmp_path / name, config_text=text, seed=number, command=[]) as run:
            for step in range(20):
                run.log(10 * step, {"score": step * number, "minutes": step / 2, "odd": None, "phase": "a"})
            if name == "near":
                run.log(200, {"evaluation.score": 1.0})
    monkeypatch.chdir(tmp_path)
    return list(names)


def test_both_formats_are_written_unless_a_suffix_says_which(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", *runs]) == 0
    assert capsys.readouterr().out == "wrote curves.png\nwrote curves.svg\n"
    assert main(["plot", *runs, "-o", "only.svg", "--x", "minutes", "--smooth", "3", "--keys", "score"]) == 0
    assert capsys.readouterr().out == "wrote only.svg\n"
    assert Path("only.svg").stat().st_size > 0


def test_seeds_are_grouped_and_lines_named(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", *runs, "--group", "--labels", "one", "-o", "a.png"]) == 2
    assert capsys.readouterr().err == ("spiral: --labels: 1 given, must be 2, for far (2 seeds), near\n")
    assert main(["plot", *runs, "--group", "--labels", "one,two", "-o", "a.png"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["."], "spiral: .: holds no run: run.json is missing"),
        (
            ["near", "--keys", "loss"],
            "near: has no numbers called 'loss'; it has score, minutes, evaluation.score",
        ),
        (["near", "--keys", "odd"], "near: has no numbers called 'odd'"),
        (["near", "--keys", "evaluation.score", "--x", "minutes"], "no line of its metrics has both"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    runs: list[str], capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    del runs
    assert main(["plot", *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path("curves.png").exists()
