from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adapters.mypaint import MyPaintRenderer
from adapters.timelapse import TimelapseSettings, strokes_by_frame, write_timelapse
from spiral_core.errors import ConfigError, OutputError
from spiral_core.program import PaintingProgram, StrokeArray

SHORT = TimelapseSettings(seconds=1, hold_s=0.5, frames_per_second=10, long_side_px=97)


def final_picture(program: PaintingProgram, height: int, width: int) -> npt.NDArray[np.uint8]:
    renderer = MyPaintRenderer(1, height, width)
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    return np.asarray(renderer.pixels()[0], np.uint8)


def mean_difference(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def test_mp4_plays_from_the_bare_canvas_to_the_painting(
    small_painting: PaintingProgram, tmp_path: Path
) -> None:
    parts: list[float] = []
    write_timelapse(small_painting, tmp_path / "a.mp4", MyPaintRenderer, SHORT, progress=parts.append)
    with av.open(str(tmp_path / "a.mp4")) as file:
        stream = file.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (98, 74)
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in file.decode(video=0)]
        assert file.duration == pytest.approx(1.5e6, rel=0.1)
    assert len(frames) == 15
    assert mean_difference(frames[0], np.full_like(frames[0], (255, 250, 230))) < 3
    final = final_picture(small_painting, 73, 97)
    for frame in frames[10:]:
        assert mean_difference(frame[:73, :97], final) < 4
    assert mean_difference(frames[5][:73, :97], final) > 4
    assert parts == sorted(parts)
    assert parts[-1] == 1


def test_gif_plays_from_the_bare_canvas_to_the_painting(
    small_painting: PaintingProgram, tmp_path: Path
) -> None:
    write_timelapse(small_painting, tmp_path / "a.gif", MyPaintRenderer, SHORT)
    with Image.open(tmp_path / "a.gif") as film:
        durations_ms: list[Any] = []
        for index in range(getattr(film, "n_frames", 1)):
            film.seek(index)
            durations_ms.append(film.info["duration"])
        last = np.asarray(film.convert("RGB"))
    assert sum(durations_ms) == 1500
    assert durations_ms[-1] >= 500
    assert mean_difference(last, final_picture(small_painting, 73, 97)) < 3


@pytest.mark.parametrize("aspect", [0.01, 100.0])
def test_thin_and_empty_paintings_have_a_film_too(aspect: float, tmp_path: Path) -> None:
    for name in ("a.mp4", "a.gif"):
        write_timelapse(PaintingProgram(aspect=aspect), tmp_path / name, MyPaintRenderer, SHORT)
        with av.open(str(tmp_path / name)) as file:
            stream = file.streams.video[0]
            assert max(stream.width, stream.height) in (97, 98)


@given(st.integers(0, 20_000), st.integers(10, 400))
def test_every_stroke_appears_once_and_the_early_ones_slowly(num_strokes: int, num_frames: int) -> None:
    counts = strokes_by_frame(num_strokes, num_frames)
    assert len(counts) == num_frames
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == num_strokes
    assert counts[num_frames // 2] <= 0.5 * num_strokes + 1


def test_a_name_of_another_kind_is_refused(small_painting: PaintingProgram, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a timelapse is \.mp4 or \.gif, not \.avi"):
        write_timelapse(small_painting, tmp_path / "a.avi", MyPaintRenderer)


def test_an_error_while_rendering_leaves_no_film(small_painting: PaintingProgram, tmp_path: Path) -> None:
    def no_canvas(num_canvases: int, height: int, width: int) -> MyPaintRenderer:
        return MyPaintRenderer(num_canvases, 10**6, width)

    for name in ("a.mp4", "a.gif"):
        with pytest.raises(ValueError, match="height"):
            write_timelapse(small_painting, tmp_path / name, no_canvas, SHORT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes", [{"seconds": 0}, {"hold_s": -1}, {"frames_per_second": 0}, {"long_side_px": 5}]
)
def test_settings_are_checked(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(changes))):
        TimelapseSettings(**changes)
