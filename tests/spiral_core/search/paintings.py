"""What the tests of the painter share: a small target, a quick painter, errors worked out anew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from adapters.mypaint import MyPaintRenderer
from adapters.mypaint.planning import mypaint_planning
from spiral_core.program import Color, PaintingProgram, Point, Stroke, StrokeArray
from spiral_core.search import (
    HeuristicProposer,
    Painter,
    PaintEvent,
    PaintOptions,
    ProgramReplaced,
    Proposer,
    SearchEffort,
    StrokeAdded,
    StrokeRemoved,
    StrokeReplaced,
    View,
)

QUICK = SearchEffort(proposals=6, climb_steps=12, sweeps=2, sweep_steps=8, respend=0.2)
PALETTE = (Color(0.1, 0.1, 0.15), Color(0.9, 0.85, 0.7), Color(0.6, 0.2, 0.1))


def picture(height: int = 26, width: int = 34, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return blobs of colour on a slope."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    image = np.stack([rows, columns, 1 - rows], axis=2) * 0.5 + 0.2
    for _ in range(6):
        y, x, radius = rng.random() * height / width, rng.random(), rng.uniform(0.05, 0.3)
        image[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = rng.random(3)
    return (255 * image.clip(0, 1)).round().astype(np.uint8)


def painter(
    options: PaintOptions | None = None,
    target: npt.NDArray[np.uint8] | None = None,
    *,
    proposer: Proposer | None = None,
    program: PaintingProgram | None = None,
    importance: npt.NDArray[np.float32] | None = None,
    effort: SearchEffort = QUICK,
) -> Painter:
    return Painter(
        picture() if target is None else target,
        PaintOptions(strokes=20, seed=3, threads=1) if options is None else options,
        mypaint_planning,
        proposer=proposer,
        program=program,
        importance=importance,
        effort=effort,
    )


def painted(painter: Painter) -> PaintingProgram:
    for _ in painter.run():
        pass
    return painter.program()


def rendered(program: PaintingProgram, width: int) -> npt.NDArray[np.uint8]:
    renderer = MyPaintRenderer(1, program.height_px(width), width)
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    pixels: npt.NDArray[np.uint8] = renderer.pixels()[0]
    return pixels


def mse(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> float:
    return float(np.mean((a / 255.0 - b / 255.0) ** 2))


def judged_errors(
    program: PaintingProgram, target: npt.NDArray[np.uint8], weight: npt.NDArray[np.float32] | None = None
) -> tuple[float, float]:
    """Return the error at the target's size, and its mean with that of the picture painted twice as large."""
    height, width = target.shape[:2]
    errors = []
    for factor in (1, 2):
        fine = rendered(program, factor * width).reshape(height, factor, width, factor, 3) / 255.0
        squared = (fine.mean(axis=(1, 3)) - target / 255.0) ** 2
        errors.append(np.mean(squared if weight is None else weight[:, :, None] * squared))
    return float(errors[0]), float(np.mean(errors))


def random_program(count: int, seed: int) -> PaintingProgram:
    rng = np.random.default_rng(seed)
    strokes = tuple(
        Stroke(
            start=Point(*rng.uniform(0, 0.7, 2)),
            control=Point(*rng.uniform(0, 0.7, 2)),
            end=Point(*rng.uniform(0, 0.7, 2)),
            radius=rng.uniform(0.02, 0.1),
            color=Color(*rng.random(3)),
            opacity=rng.uniform(0.2, 1.0),
            seed=int(rng.integers(2**30)),
        )
        for _ in range(count)
    )
    return PaintingProgram(strokes=strokes, aspect=26 / 34, background=Color(0.3, 0.4, 0.5))


def replay(strokes: list[Stroke], event: PaintEvent, painter: Painter) -> None:
    if isinstance(event, StrokeAdded):
        strokes.insert(event.index, event.stroke)
    elif isinstance(event, StrokeReplaced):
        strokes[event.index] = event.stroke
    elif isinstance(event, StrokeRemoved):
        del strokes[event.index]
    elif isinstance(event, ProgramReplaced):
        strokes[:] = painter.program().strokes


class Clock:
    """A proposer that shows how long the painter goes on, in strokes."""

    def __init__(self) -> None:
        self.num_calls = 0

    def propose(self, view: View, count: int, rng: np.random.Generator) -> StrokeArray:
        self.num_calls += 1
        return HeuristicProposer().propose(view, count, rng)
