from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spiral_core.cli import main


@pytest.mark.parametrize("action", ["fetch", "show"])
def test_help_of_each_action_is_as_agreed(
    action: str,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit) as end:
        main(["data", action, "--help"])
    assert end.value.code == 0
    golden(f"help/spiral_data_{action}.txt", capsys.readouterr().out)


def test_the_list_tells_what_is_present_missing_and_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "celeba/img_align_celeba").mkdir(parents=True)
    (tmp_path / "mnist/t10k-labels-idx1-ubyte.gz").write_bytes(bytes(4542))
    (tmp_path / "mnist/t10k-images-idx3-ubyte.gz").write_bytes(b"x")
    assert main(["data", "--data-dir", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"data folder: {tmp_path}\n")
    assert "present  mnist/t10k-labels-idx1-ubyte.gz\n" in text
    assert "damaged  mnist/t10k-images-idx3-ubyte.gz\n" in text
    assert "missing  mnist/train-images-idx3-ubyte.gz\n" in text
    assert "`spiral data fetch mnist` downloads what is missing" in text
    assert "present  celeba/img_align_celeba\n" in text
    assert "train 60000, test 10000; CC BY-SA 3.0" in text


def test_without_a_folder_the_list_says_how_to_name_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPIRAL_DATA", raising=False)
    assert main(["data"]) == 0
    assert "data folder: none; set SPIRAL_DATA or give --data-dir" in capsys.readouterr().out
    assert main(["data", "fetch", "mnist"]) == 2
    assert "set the environment variable SPIRAL_DATA or give --data-dir" in capsys.readouterr().err


def test_show_writes_a_sheet_of_samples_and_names_what_it_skips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(12):
        Image.new("RGB", (30, 20), (20 * number, 0, 0)).save(pictures / f"{number:02}.png")
    (pictures / "x.png").write_bytes(b"x")
    sheet = tmp_path / "sheet.png"
    argv = ["data", "show", f"folder:{pictures}", "-o", str(sheet), "--split", "all", "--size", "16"]
    assert main(argv) == 0
    output = capsys.readouterr()
    assert f"wrote {sheet}, 12 pictures of folder:{pictures} all" in output.out
    assert output.err == f"skipped {pictures}/x.png: is no picture that can be read here\n"
    pixels = np.asarray(Image.open(sheet))
    assert pixels.shape == (3 * 18 + 2, 4 * 18 + 2, 3)
    assert {20 * number for number in range(12)} <= set(pixels[..., 0].ravel().tolist())


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv, message in (
        (["show", "mnist", "-o", str(tmp_path / "a.jpg"), "--data-dir", str(tmp_path)], "must end in .png"),
        (
            ["show", "mnist", "-o", str(tmp_path / "a.png"), "--data-dir", str(tmp_path)],
            "is missing; `spiral",
        ),
        (
            ["show", "mints", "-o", str(tmp_path / "a.png"), "--data-dir", str(tmp_path)],
            "must be one of mnist",
        ),
        (["fetch", "kanji", "--data-dir", str(tmp_path)], "kanji: cannot be fetched; it is a repacking"),
    ):
        assert main(["data", *argv]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
    assert main(["data", "--data-dir", str(tmp_path), "show", "kanji", "-o", str(tmp_path / "a.png")]) == 2
    assert str(tmp_path / "kanji") in capsys.readouterr().err


@pytest.mark.data
def test_files_that_are_there_are_not_fetched_again(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "fetch", "omniglot", "--data-dir", str(data_dir)]) == 0
    assert capsys.readouterr().out.count(": is there\n") == 3
