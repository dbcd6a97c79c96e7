from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spiral_core import __version__, cli
from spiral_core.cli import main

VERBS = [verb.__name__.rpartition(".")[2] for verb in cli.VERBS]


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_as_agreed(
    verb: str,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"] if verb else ["--help"])
    assert end.value.code == 0
    golden(f"help/spiral{'_' * bool(verb)}{verb}.txt", capsys.readouterr().out)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_gives_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    assert f"\n  spiral {verb} " in capsys.readouterr().out.split("example")[-1]


@pytest.mark.parametrize(
    "argv",
    [[], ["dance"], ["render"], ["render", "a.json", "--size", "0"], ["render", "a.json", "--siz", "9"]],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("spiral")


def test_our_errors_are_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(tmp_path / "no.json")]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"spiral: {tmp_path}/no.json: cannot be read: No such file or directory\n"


def test_the_installed_command_says_its_version() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("spiral"), "--version"], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout) == (0, f"Spiral Studio {__version__}\n")
