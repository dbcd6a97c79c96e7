"""`spiral paint` on small pictures, with the real painter."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adapters.mypaint import MyPaintRenderer
from spiral_core.cli import main
from spiral_core.color import to_hex
from spiral_core.evaluation.metrics import score
from spiral_core.photo import read_photo
from spiral_core.program import PaintingProgram, StrokeArray
from spiral_core.program_file import read_painting, write_program

FILES = {"painting.png", "program.json", "painting.svg", "painting.gcode", "timelapse.mp4", "report.json"}
SAMPLE = Path(__file__).parents[3] / "configs" / "samples" / "chelsea.jpg"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    with Image.open(SAMPLE) as image:
        image.resize((96, 64)).save(tmp_path / "cat.png")
    return tmp_path / "cat.png"


def paint(photo: Path, output: Path, *options: str) -> PaintingProgram:
    arguments = [
        "paint",
        str(photo),
        "-o",
        str(output),
        "--size",
        "48",
        "--strokes",
        "12",
        "--timelapse",
        "none",
    ]
    assert main([*arguments, *options]) == 0
    return read_painting(output / "program.json")


def report_of(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def test_paints_a_photo_and_writes_everything(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["paint", str(photo), "-o", str(out), "--size", "90", "--strokes", "40", "--seed", "3"]
    assert main(arguments) == 0
    assert {path.name for path in out.iterdir()} == FILES
    program = read_painting(out / "program.json")
    target = read_photo(photo, long_side_px=90)
    assert program.verified_width_px == 90
    assert 0 < len(program.strokes) <= 40
    assert program.page.width_mm == 297  # A4 lies to suit the photo
    renderer = MyPaintRenderer(1, *target.shape[:2])
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    with Image.open(out / "painting.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), renderer.pixels()[0])
    report = report_of(out)
    scores = score(np.asarray(renderer.pixels()[0], np.uint8), target)
    assert report["scores"] == {"mse": scores.mse, "psnr_db": scores.psnr_db, "ssim": scores.ssim}
    plain = np.full_like(target, target.mean(axis=(0, 1)).round())
    assert scores.mse < 0.3 * score(plain, target).mse
    assert (report["strokes"], report["seed"], report["is_complete"]) == (len(program.strokes), 3, True)
    assert report["cpu_s"] > 0
    output = capsys.readouterr()
    assert f"MSE {scores.mse:.5f}" in output.out
    assert output.err == ""  # no terminal, no progress


def test_same_seed_same_painting_and_files_are_replaced(photo: Path, tmp_path: Path) -> None:
    first = paint(photo, tmp_path / "a", "--seed", "5")
    picture = (tmp_path / "a" / "painting.png").read_bytes()
    assert paint(photo, tmp_path / "a", "--seed", "5") == first
    assert (tmp_path / "a" / "painting.png").read_bytes() == picture
    assert paint(photo, tmp_path / "b", "--seed", "6") != first
    assert {path.name for path in (tmp_path / "a").iterdir()} == FILES - {"timelapse.mp4"}


def test_goes_on_from_a_program_on_its_page(photo: Path, tmp_path: Path) -> None:
    first = paint(photo, tmp_path / "a", "--page", "A5")
    more = paint(photo, tmp_path / "b", "--from", str(tmp_path / "a" / "program.json"), "--strokes", "20")
    assert len(more.strokes) > len(first.strokes)
    assert more.page == first.page
    assert more.background == first.background
    assert report_of(tmp_path / "b")["scores"]["mse"] < report_of(tmp_path / "a")["scores"]["mse"]


def test_palette_and_opaque_and_pen_and_brush(photo: Path, tmp_path: Path) -> None:
    paints = ["#1d3557", "#e6d5c0", "#8a5a33"]
    given = paint(photo, tmp_path / "a", "--palette", ",".join(paints), "--opaque")
    assert {to_hex(stroke.color) for stroke in given.strokes} <= set(paints)
    assert {stroke.opacity for stroke in given.strokes} == {1.0}
    found = paint(photo, tmp_path / "b", "--palette", "4")
    assert 1 < len({stroke.color for stroke in found.strokes}) <= 4
    pen = paint(photo, tmp_path / "c", "--pen", "5.54", "--brush", "pen,round")
    assert {stroke.brush for stroke in pen.strokes} <= {"pen", "round"}
    for stroke in pen.strokes:
        assert 2 * stroke.radius * 277 == pytest.approx(5.54)


def test_agent_and_heuristic_paint_differently_and_say_who_painted(photo: Path, tmp_path: Path) -> None:
    shipped = paint(photo, tmp_path / "a")
    weights = SAMPLE.parents[1] / "agents" / "field" / "agent.safetensors"
    assert paint(photo, tmp_path / "b", "--agent", str(weights)) == shipped
    assert paint(photo, tmp_path / "c", "--agent", "none") != shipped
    assert [report_of(tmp_path / name)["agent"] for name in "abc"] == ["field", str(weights), None]


def test_mask_moves_the_care(photo: Path, tmp_path: Path) -> None:
    errors = {}
    target = read_photo(photo, long_side_px=48).astype(float)
    for side, columns in (("left", np.s_[:24]), ("right", np.s_[24:])):
        mask = np.zeros((32, 48), np.uint8)
        mask[:, columns] = 255
        Image.fromarray(mask).save(tmp_path / f"{side}.png")
        paint(photo, tmp_path / side, "--mask", str(tmp_path / f"{side}.png"))
        with Image.open(tmp_path / side / "painting.png") as picture:
            errors[side] = float(((np.asarray(picture) - target)[:, :24] ** 2).mean())
    assert errors["left"] < errors["right"]


def test_a_flat_photo_of_one_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (200, 30, 40)).save(tmp_path / "dot.png")
    paint(tmp_path / "dot.png", tmp_path / "out")
    report = report_of(tmp_path / "out")
    assert (report["width_px"], report["height_px"]) == (48, 48)
    assert report["scores"]["mse"] < 1e-4


def test_a_folder_is_painted_in_spite_of_a_bad_file(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "a.jpg", "c.png"):
        with Image.open(photo) as image:
            image.save(folder / name)
    (folder / "b.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture, and not named like one", encoding="utf-8")
    out = tmp_path / "out"
    arguments = [
        "paint",
        str(folder),
        "-o",
        str(out),
        "--size",
        "32",
        "--strokes",
        "3",
        "--timelapse",
        "none",
    ]
    assert main(arguments) == 2
    assert {path.name for path in out.iterdir()} == {"a.png", "a.jpg", "c"}
    output = capsys.readouterr()
    assert output.out.endswith(f"painted 3 of 4 photos of {folder}\n")
    assert output.err.splitlines() == [
        f"spiral: {folder}/b.png: is no picture that can be read here",
        "spiral: not painted: b.png",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--palette", "#12"], "must be written like #1f6fb2"),
        (["--page", "A99"], "no such sheet"),
        (["--brush", "rownd"], "did you mean"),
        (
            ["--agent", "nobody"],
            "agent 'nobody': no such agent; valid: field, painter, none, or a weights file",
        ),
        (["--agent", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--from", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--mask", "nowhere.png"], "nowhere.png: cannot be read"),
    ],
)
def test_mistakes_are_one_line_before_anything_is_painted(
    photo: Path, tmp_path: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["paint", str(photo), "-o", str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_program_of_another_shape_is_refused(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_program(PaintingProgram(aspect=2.0), tmp_path / "tall.json")
    assert main(["paint", str(photo), "--from", str(tmp_path / "tall.json")]) == 2
    assert "is a painting of another shape" in capsys.readouterr().err


def test_no_photo_and_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paint", str(tmp_path / "none.png"), "-o", str(tmp_path / "out")]) == 2
    assert "none.png: cannot be read" in capsys.readouterr().err
    assert main(["paint", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert f"{tmp_path}: holds no photos" in capsys.readouterr().err


def test_ctrl_c_once_writes_what_is_painted(photo: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def press() -> None:
        while signal.getsignal(signal.SIGINT) is before:
            time.sleep(0.01)
        time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    arguments = [
        "paint",
        str(photo),
        "-o",
        str(tmp_path),
        "--size",
        "96",
        "--strokes",
        "50000",
        "--timelapse",
        "gif",
    ]
    code = main(arguments)
    thread.join()
    assert code == 130
    assert signal.getsignal(signal.SIGINT) is before
    report = report_of(tmp_path)
    assert report["is_complete"] is False
    assert 0 < report["strokes"] < 50000
    assert report["strokes"] == len(read_painting(tmp_path / "program.json").strokes)
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"timelapse.mp4"} | {
        "timelapse.gif",
        "cat.png",
    }


def test_a_terminal_sees_strokes_and_error(photo: Path, tmp_path: Path) -> None:
    reader, writer = pty.openpty()
    spiral = str(Path(sys.executable).with_name("spiral"))
    command = [spiral, "paint", str(photo), "-o", str(tmp_path), "--size", "96"]
    process = subprocess.Popen(
        [*command, "--strokes", "80", "--timelapse", "none"],
        stderr=writer,
        stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(writer)
    shown = b""
    try:
        while part := os.read(reader, 65536):
            shown += part
    except OSError:  # the other end of a pseudo-terminal is gone
        pass
    os.close(reader)
    out, _ = process.communicate()
    assert process.returncode == 0
    assert b"cat.png" in shown
    assert b" strokes, error 0.0" in shown
    assert b"MSE" in out


def test_an_output_that_cannot_be_is_told_before_the_work(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    start_s = time.monotonic()
    assert (
        main(["paint", str(photo), "-o", str(tmp_path / "file"), "--seconds", "60", "--strokes", "90000"])
        == 2
    )
    assert time.monotonic() - start_s < 30
    assert "cannot make this folder" in capsys.readouterr().err


def test_a_budget_of_seconds_ends_the_search(photo: Path, tmp_path: Path) -> None:
    paint(photo, tmp_path / "out", "--seconds", "0.5", "--strokes", "90000")
    report = report_of(tmp_path / "out")
    assert 0.4 < report["wall_s"] < 10
    assert 0 < report["strokes"] < 90000
