"""The making of a painting as a short film: MP4 (H.264) or GIF, rendered from the program.

The first strokes are few and large and get time to be seen; towards the end many small ones come at once. The
finished painting stays for a moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from spiral_core.errors import ConfigError, OutputError
from spiral_core.files import atomic_path
from spiral_core.program import PaintingProgram, StrokeArray
from spiral_core.rendering import RendererFactory

Progress = Callable[[float], None]
"""Called with the finished part, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelapseSettings:
    """How long and how large.

    Attributes:
        seconds: Length of the painting part, > 0.
        hold_s: How long the finished painting stays, >= 0.
        frames_per_second: Frames each second, in [1, 100].
        long_side_px: Longer side of the picture; for MP4 both sides are made even.
    """

    seconds: float = 10.0
    hold_s: float = 2.0
    frames_per_second: int = 30
    long_side_px: int = 720

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ConfigError(f"seconds: {self.seconds:g}, must be > 0")
        if not (math.isfinite(self.hold_s) and self.hold_s >= 0):
            raise ConfigError(f"hold_s: {self.hold_s:g}, must be >= 0")
        if not 1 <= self.frames_per_second <= 100:
            raise ConfigError(f"frames_per_second: {self.frames_per_second}, must be in [1, 100]")
        if not 16 <= self.long_side_px <= 4096:
            raise ConfigError(f"long_side_px: {self.long_side_px}, must be in [16, 4096]")


MP4 = TimelapseSettings()
GIF = TimelapseSettings(frames_per_second=10, long_side_px=400)


def write_timelapse(
    program: PaintingProgram,
    path: Path | str,
    renderer_factory: RendererFactory,
    settings: TimelapseSettings | None = None,
    *,
    progress: Progress = lambda part: None,
) -> None:
    """Write the making of a painting as a film; the kind follows from the file name, .mp4 or .gif.

    Args:
        program: What is painted.
        path: Where to; ends in .mp4 or .gif.
        renderer_factory: Makes the canvas.
        settings: Length and size; by default what suits the kind of file.
        progress: Told how far it is.

    Raises:
        OutputError: The name ends in something else, or the place cannot be written to.
    """
    kind = Path(path).suffix.lower()
    if kind not in (".mp4", ".gif"):
        raise OutputError(f"{path}: a timelapse is .mp4 or .gif, not {kind or 'without a kind'}")
    settings = settings or (MP4 if kind == ".mp4" else GIF)
    with atomic_path(path) as draft:
        if kind == ".mp4":
            _write_mp4(program, draft, renderer_factory, settings, progress)
        else:
            _write_gif(program, draft, renderer_factory, settings, progress)


def strokes_by_frame(num_strokes: int, num_frames: int) -> list[int]:
    """Return how many strokes each frame shows: from none to all, faster and faster.

    Half of the strokes come in the last three tenths of the film; no frame shows fewer than the one before.
    """
    if num_frames < 2:
        return [num_strokes] * num_frames
    return [round(num_strokes * (frame / (num_frames - 1)) ** 2) for frame in range(num_frames)]


def _frames(
    program: PaintingProgram,
    renderer_factory: RendererFactory,
    settings: TimelapseSettings,
    progress: Progress,
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pictures of the painting part, the finished one last; the same array until it changes."""
    scale = settings.long_side_px / max(1.0, program.aspect)
    width = max(1, round(scale))
    renderer = renderer_factory(1, max(1, round(scale * program.aspect)), width)
    renderer.clear(program.background)
    num_frames = max(2, round(settings.seconds * settings.frames_per_second))
    shown = 0
    picture = renderer.pixels()[0]
    for frame, count in enumerate(strokes_by_frame(len(program.strokes), num_frames)):
        if count > shown:
            renderer.draw(StrokeArray.from_strokes(program.strokes[shown:count]))
            picture = renderer.pixels()[0]
            shown = count
        yield picture
        progress((frame + 1) / num_frames)


def _write_mp4(
    program: PaintingProgram,
    path: Path,
    renderer_factory: RendererFactory,
    settings: TimelapseSettings,
    progress: Progress,
) -> None:
    rate = settings.frames_per_second
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = None
        for picture in _film(program, renderer_factory, settings, progress):
            frame = av.VideoFrame.from_ndarray(_even(picture), format="rgb24")
            if stream is None:
                stream = file.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
            file.mux(stream.encode(frame))
        assert stream is not None
        file.mux(stream.encode(None))


def _film(
    program: PaintingProgram,
    renderer_factory: RendererFactory,
    settings: TimelapseSettings,
    progress: Progress,
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield every frame, the held ones at the end included."""
    picture = None
    for picture in _frames(program, renderer_factory, settings, progress):
        yield picture
    assert picture is not None
    yield from repeat(picture, round(settings.hold_s * settings.frames_per_second))


def _even(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the picture with both sides even, the last row or column doubled where needed."""
    height, width, _ = picture.shape
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _write_gif(
    program: PaintingProgram,
    path: Path,
    renderer_factory: RendererFactory,
    settings: TimelapseSettings,
    progress: Progress,
) -> None:
    frame_ms = round(1000 / settings.frames_per_second)
    pictures: list[Image.Image] = []
    durations_ms: list[int] = []
    last: npt.NDArray[np.uint8] | None = None
    for picture in _frames(program, renderer_factory, settings, progress):
        if picture is last:
            durations_ms[-1] += frame_ms
            continue
        last = picture
        pictures.append(Image.fromarray(picture).quantize(255, dither=Image.Dither.NONE))
        durations_ms.append(frame_ms)
    durations_ms[-1] += round(settings.hold_s * 1000)
    pictures[0].save(
        path, "GIF", save_all=True, append_images=pictures[1:], duration=durations_ms, loop=0, optimize=False
    )
