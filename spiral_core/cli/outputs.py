"""What a finished painting leaves in its folder."""

from __future__ import annotations

import json
import math
import platform
import resource
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from adapters.gcode import write_gcode
from adapters.mypaint import MyPaintRenderer, mean_width
from adapters.picture import render, write_picture
from adapters.svg import write_svg
from adapters.timelapse import write_timelapse
from spiral_core import __version__
from spiral_core.evaluation.metrics import Scores, score
from spiral_core.files import write_atomic
from spiral_core.program import PaintingProgram
from spiral_core.program_file import read_painting, write_program


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintingRun:
    """How a painting came about, for its report.

    Attributes:
        photo: The photo's file.
        seed: Seed of the search.
        options: What was asked for, as JSON values.
        agent: Name of the agent that proposed strokes, or None.
        cpu_s: Processor seconds of the search, all threads together.
        wall_s: Seconds that it took.
        is_complete: Nobody stopped it.
    """

    photo: Path
    seed: int
    options: dict[str, Any]
    agent: str | None
    cpu_s: float
    wall_s: float
    is_complete: bool


def write_outputs(
    program: PaintingProgram,
    target: npt.NDArray[np.uint8],
    run: PaintingRun,
    folder: Path,
    *,
    timelapse: str | None,
    progress: Callable[[str, float], None] = lambda name, part: None,
) -> tuple[Scores, list[str]]:
    """Write picture, program, SVG, G-code, timelapse and report.

    The program comes first and is read back: picture and scores are those of the written file.

    Args:
        program: The painting.
        target: The photo at the size that the picture gets, shape (height, width, 3).
        run: How it came about.
        folder: Where to; must be there.
        timelapse: "mp4", "gif" or None for no film.
        progress: Told what is written and how far it is.

    Returns:
        The scores, and the names of the files.

    Raises:
        OutputError: Something cannot be written.
    """
    write_program(program, folder / "program.json")
    program = read_painting(folder / "program.json")
    progress("picture", 0.0)
    height, width = target.shape[:2]
    picture = render(program, height, width, MyPaintRenderer)
    scores = score(picture, target)
    write_picture(picture, folder / "painting.png")
    progress("vectors", 0.0)
    write_svg(program, folder / "painting.svg", mean_width)
    write_gcode(program, folder / "painting.gcode")
    names = ["painting.png", "program.json", "painting.svg", "painting.gcode"]
    if timelapse is not None:
        name = f"timelapse.{timelapse}"
        write_timelapse(
            program, folder / name, MyPaintRenderer, progress=lambda part: progress("timelapse", part)
        )
        names.append(name)
    report = _report(program, picture.shape[:2], scores, run)
    write_atomic(folder / "report.json", json.dumps(report, indent=2, allow_nan=False) + "\n")
    return scores, [*names, "report.json"]


def _report(
    program: PaintingProgram, shape: tuple[int, ...], scores: Scores, run: PaintingRun
) -> dict[str, Any]:
    return {
        "photo": run.photo.name,
        "width_px": shape[1],
        "height_px": shape[0],
        "strokes": len(program.strokes),
        "scores": {
            "mse": scores.mse,
            "psnr_db": scores.psnr_db if math.isfinite(scores.psnr_db) else None,
            "ssim": scores.ssim,
        },
        "cpu_s": round(run.cpu_s, 3),
        "wall_s": round(run.wall_s, 3),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "is_complete": run.is_complete,
        "seed": run.seed,
        "agent": run.agent,
        "options": run.options,
        "versions": {
            "spiral-studio": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("numpy", "pillow", "av", "svgwrite")},
        },
    }
