"""Painting a picture by search on the real brush: propose, climb, put down, revise under what came later.

Strokes are put down one by one where they help most, big ones first and on a coarse picture, finer ones on
finer pictures up to the size of the target. Then sweeps go over all strokes, each of which is climbed again
under the strokes above it; strokes that hardly help are taken out and spent elsewhere; colours are solved
together. Source of the scheme: greedy hill climbing as in primitive (M. Fogleman, 2016), with closed-form
colour, and backfitting (Friedman and Stuetzle 1981) over strokes as layers.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from spiral_core.errors import CanvasError, ConfigError
from spiral_core.program import A4, WHITE, Color, Page, PaintingProgram, Stroke, StrokeArray
from spiral_core.rendering import PlanningCanvas, PlanningCanvasFactory, Rectangle
from spiral_core.search.events import (
    PaintEvent,
    PhaseChanged,
    ProgramReplaced,
    StrokeAdded,
    StrokeRemoved,
    StrokeReplaced,
)
from spiral_core.search.options import PaintOptions
from spiral_core.search.palette import find_palette, nearest_paint
from spiral_core.search.proposals import HeuristicProposer, Proposer, View, fit_to_limits
from spiral_core.search.viewing import Look, Viewing

# Share of the error below which a stroke is not worth putting down: its gain may be rounding.
_LEAST_GAIN = 1e-6

_THINNEST_PEN_PX = 0.6
_PAINTED_ERROR = 1e-9  # a mean error far below what rounding to 8 bits makes


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEffort:
    """How much is tried for each stroke.

    Attributes:
        proposals: Candidates rendered before the best is climbed.
        climb_steps: Changes tried on it.
        sweeps: Times that all strokes are revised.
        sweep_steps: Changes tried on each stroke in a sweep.
        respend: Share of the strokes that a sweep may take out and spend elsewhere.
    """

    proposals: int
    climb_steps: int
    sweeps: int
    sweep_steps: int
    respend: float = 0.08

    @classmethod
    def for_strokes(cls, num_strokes: int, factor: float = 1.0) -> SearchEffort:
        """Return what the benchmarks measured as a good trade: each of few strokes is worth more search.

        Args:
            num_strokes: Strokes of the whole painting.
            factor: 2 takes about twice the time.
        """
        return cls(
            proposals=max(1, round(factor * (40 + 6_000 / num_strokes))),
            climb_steps=round(factor * (160 + 24_000 / num_strokes)),
            sweeps=round(8 + min(8.0, 800 / num_strokes)),
            sweep_steps=round(factor * (120 + 12_000 / num_strokes)),
        )


@dataclass(slots=True)
class _Level:
    """The painting on a picture of one size."""

    view: View
    canvas: PlanningCanvas
    look: Look
    error: float  # of `canvas`, kept up to date by adding gains
    scale: float  # pixels of the target per pixel of this level
    error_map: npt.NDArray[np.float32]
    map_age: int = 0  # strokes put down since the map was made

    @property
    def mean_error(self) -> float:
        return self.error / self.view.target.size

    def to_target(self, r: Rectangle) -> Rectangle:
        s = self.scale
        return Rectangle(
            int(r.left * s), int(r.top * s), int(np.ceil(r.right * s)), int(np.ceil(r.bottom * s))
        )


class Painter:
    """Paints a target; drive it by iterating over `run`.

    Between two events the painting can be read with `program`, the budget changed, painting paused by not
    asking for the next event, and stopped. After a run the next call of `run` goes on from where it ended.

    Args:
        target: Shape (height, width, 3), uint8: the picture at the size it is planned and verified at.
        options: What is asked for.
        planning: Makes planning canvases on the real brush.
        proposer: Where candidates come from; the heuristic by default, and always for strokes spent anew.
        program: Start from these strokes instead of a bare canvas; they count towards the budget.
        importance: Shape (height, width), >= 0: how much each pixel's error counts, relative to each other.
        page: The sheet the program is meant for.
        effort: How much is tried for each stroke; by default what suits their number.

    Raises:
        CanvasError: Target or importance have an impossible shape.
        ConfigError: The pen is too thin for the target's size.
        BrushError: A brush cannot be planned with.
    """

    def __init__(
        self,
        target: npt.NDArray[np.uint8],
        options: PaintOptions,
        planning: PlanningCanvasFactory,
        *,
        proposer: Proposer | None = None,
        program: PaintingProgram | None = None,
        importance: npt.NDArray[np.float32] | None = None,
        page: Page = A4,
        effort: SearchEffort | None = None,
    ) -> None:
        if target.ndim != 3 or target.shape[2] != 3 or target.dtype != np.uint8 or not target.size:
            raise CanvasError(
                f"target: {target.dtype} of shape {target.shape}, must be uint8 (height, width, 3)"
            )
        if importance is not None and importance.shape != target.shape[:2]:
            raise CanvasError(f"importance: shape {importance.shape}, must be {target.shape[:2]}")
        if importance is not None and not (np.isfinite(importance).all() and importance.min() >= 0):
            raise CanvasError("importance: values must be finite and >= 0")
        if importance is not None and not importance.any():
            raise CanvasError("importance: zero everywhere, must be above zero somewhere")
        pen_px = (options.pen_width or np.inf) * target.shape[1]
        if pen_px < _THINNEST_PEN_PX:
            raise ConfigError(
                f"pen_width: {pen_px:.2f} pixels of a picture {target.shape[1]} px wide, must be at least "
                f"{_THINNEST_PEN_PX:g}: a brush leaves no mark so thin; plan a larger picture"
            )
        self._target = target
        self._options = options
        self._planning = planning
        self._proposer: Proposer = proposer if proposer is not None else HeuristicProposer()
        if effort is None:
            effort = SearchEffort.for_strokes(options.strokes, options.effort)
            if options.pen_width is not None:  # thin lines take a hundred times the dabs of a brush stroke
                effort = dataclasses.replace(
                    effort,
                    proposals=max(1, effort.proposals // 3),
                    climb_steps=effort.climb_steps // 3,
                    sweeps=min(effort.sweeps, 3),
                    sweep_steps=effort.sweep_steps // 3,
                )
        self._effort = effort
        self._importance = None if importance is None else (importance / importance.mean()).astype(np.float32)
        self._rng = np.random.default_rng(options.seed)
        self._height, self._width = target.shape[:2]
        self._aspect = self._height / self._width
        self._viewing = Viewing(self._width, self._aspect, options)
        self._page = page if program is None else program.page
        palette = options.palette
        if options.palette_size is not None:
            palette = find_palette(target, options.palette_size, self._rng)
        self._palette = palette
        if program is not None:
            background = program.background
        elif options.background is not None:
            background = options.background
        elif options.pen_width is not None:
            background = WHITE  # paper
        else:
            mean = (target.reshape(-1, 3).mean(axis=0, dtype=np.float64) / 255.0).tolist()
            background = Color(*mean) if palette is None else nearest_paint(Color(*mean), palette)
        self._background = background
        self._brushes = tuple(
            dict.fromkeys((*options.brushes, *(s.brush for s in program.strokes)))
            if program
            else options.brushes
        )
        self._budget = options.strokes
        self._deadline_s = options.seconds
        self._started_s = 0.0
        self._stopped = False
        self._sweeps_done = 0
        self._past_evaluations = 0
        self._level = self._open_level(self._viewing.for_stroke(len(program.strokes) if program else 0))
        if program is not None and program.strokes:
            self._level.canvas.extend(StrokeArray.from_strokes(program.strokes))
            self._level.error = self._level.canvas.error()
            self._level.error_map = self._level.canvas.error_map()

    # ---- what a person can do between two events ----

    @property
    def error(self) -> float:
        """Mean (weighted) squared error over pixels and channels, as planned so far."""
        return self._level.mean_error

    @property
    def num_evaluations(self) -> int:
        """Candidate strokes rendered so far, on all sizes together."""
        return self._past_evaluations + self._level.canvas.num_evaluations

    @property
    def palette(self) -> tuple[Color, ...] | None:
        """The paints in use, or None if every colour may be mixed."""
        return self._palette

    def program(self) -> PaintingProgram:
        """Return the painting so far."""
        return PaintingProgram(
            strokes=self._level.canvas.strokes().to_strokes(),
            aspect=self._aspect,
            background=self._background,
            page=self._page,
            verified_width_px=self._width,
        )

    def set_budget(self, *, strokes: int | None = None, seconds: float | None = None) -> None:
        """Change how many strokes to paint in all, or the seconds that a run may take."""
        if strokes is not None:
            self._options = dataclasses.replace(self._options, strokes=strokes)
            self._viewing = Viewing(self._width, self._aspect, self._options)
            self._budget = strokes
        if seconds is not None:
            self._options = dataclasses.replace(self._options, seconds=seconds)
            self._deadline_s = seconds

    def stop(self) -> None:
        """End the run at the next event; the painting stays as it is."""
        self._stopped = True

    # ---- the search ----

    def run(self) -> Iterator[PaintEvent]:
        """Paint, telling every change as it happens."""
        self._started_s = time.monotonic()
        self._stopped = False
        yield PhaseChanged("paint", self._progress())
        yield from self._remove_strokes(len(self._level.canvas) - self._budget)
        yield from self._add_strokes(0.6, self._proposer)
        yield from self._revise()
        yield from self._look_from(self._viewing.final)  # a change if stopped early, or without sweeps
        if not self._stopped:
            self._level.canvas.solve_colors(10)
            self._level.error = self._level.canvas.error()
            yield ProgramReplaced(self.error)
        yield PhaseChanged("done", 1.0)

    def _out_of_time(self, share: float = 1.0) -> bool:
        if self._stopped:
            return True
        return self._deadline_s is not None and time.monotonic() - self._started_s >= share * self._deadline_s

    def _progress(self) -> float:
        placed = min(1.0, len(self._level.canvas) / self._budget)
        swept = self._sweeps_done / max(self._effort.sweeps, 1)
        return 0.5 * placed + 0.5 * min(1.0, swept)

    def _open_level(self, look: Look) -> _Level:
        width = look.width
        height = self._height if width == self._width else max(1, round(width * self._aspect))
        target = self._target
        weight = self._importance
        if width != self._width:
            target = np.asarray(Image.fromarray(target).resize((width, height), Image.Resampling.BOX))
            if weight is not None:
                weight = np.asarray(Image.fromarray(weight).resize((width, height), Image.Resampling.BOX))
        picture = target.astype(np.float32) / np.float32(255.0)
        canvas = self._planning(
            picture,
            background=self._background,
            brushes=self._brushes,
            weight=weight,
            palette=self._palette,
            num_threads=self._options.threads,
            sizes=look.sizes,
        )
        error_map = canvas.error_map()
        view = View(
            target=picture,
            canvas=canvas,
            error_map=error_map,
            num_strokes=0,
            limits=self._options.limits(self._width, self._aspect),
            brushes=self._options.brushes,
        )
        return _Level(view, canvas, look, canvas.error(), self._width / width, error_map)

    def _look_from(self, look: Look) -> Iterator[ProgramReplaced]:
        """Go on from another distance, if it is another."""
        if look == self._level.look:
            return
        strokes = self._level.canvas.strokes()
        self._past_evaluations += self._level.canvas.num_evaluations
        self._level = self._open_level(look)
        self._level.canvas.extend(strokes)
        self._level.canvas.solve_colors(4)
        self._level.error = self._level.canvas.error()
        self._level.error_map = self._level.canvas.error_map()
        yield ProgramReplaced(self.error)

    def _add_strokes(self, share_of_time: float, proposer: Proposer) -> Iterator[PaintEvent]:
        failures = 0
        while len(self._level.canvas) < self._budget and self.error > _PAINTED_ERROR:
            if self._out_of_time(share_of_time):
                return
            look = self._viewing.for_stroke(len(self._level.canvas))
            if look.width > self._level.look.width:
                yield from self._look_from(look)
            event = self._add_one(proposer)
            if event is None:
                failures += 1
                if failures >= 20:  # nothing helps any more: the target is painted
                    return
                continue
            failures = 0
            yield event

    def _add_one(self, proposer: Proposer) -> StrokeAdded | None:
        level = self._level
        index = len(level.canvas)
        view = self._look(index)
        candidates = proposer.propose(view, self._effort.proposals, self._rng)
        fit_to_limits(candidates.values, view.limits, view.aspect)  # whatever the proposer did
        worth = level.canvas.evaluate(candidates)
        best = int(np.argmax(worth.gain))
        climbed, value = level.canvas.climb(
            _select(candidates, best),
            steps=self._effort.climb_steps,
            scale=0.6,
            limits=view.limits,
            seed=int(self._rng.integers(2**62)),
        )
        if not value.gain[0] > _LEAST_GAIN * level.error:
            return None
        changed = level.canvas.insert(index, climbed)
        level.error -= float(value.gain[0])
        return StrokeAdded(index, climbed.to_strokes()[0], level.to_target(changed), level.mean_error)

    def _look(self, num_strokes: int) -> View:
        """Return what proposers may see, with an error map that on large pictures is a few strokes old."""
        level = self._level
        if level.map_age >= np.clip(num_strokes // 32, 1, 8):
            level.error_map = level.canvas.error_map()
            level.map_age = 0
        level.map_age += 1
        return dataclasses.replace(level.view, num_strokes=num_strokes, error_map=level.error_map)

    def _revise(self) -> Iterator[PaintEvent]:
        self._sweeps_done = 0
        effort = self._effort
        while not self._out_of_time() and len(self._level.canvas) > 0 and self.error > _PAINTED_ERROR:
            if self._deadline_s is None and self._sweeps_done >= effort.sweeps:
                return
            yield PhaseChanged("revise", self._progress())
            sweep = self._sweeps_done if not self._out_of_time(0.75) else effort.sweeps
            if self._level.look != self._viewing.final:
                yield from self._look_from(self._viewing.for_sweep(sweep, effort.sweeps))
            last = self._deadline_s is None and self._sweeps_done == effort.sweeps - 1
            scale = max(0.5 * 0.75**self._sweeps_done, 0.1)
            yield from self._sweep(scale)
            self._level.canvas.solve_colors(4)
            self._level.error = self._level.canvas.error()
            yield ProgramReplaced(self.error)
            if not last and not self._out_of_time(0.8):
                yield from self._respend()
            elif last:  # the budget may have been raised on the way
                yield from self._add_strokes(1.0, self._proposer)
            self._sweeps_done += 1

    def _sweep(self, scale: float) -> Iterator[PaintEvent]:
        level = self._level
        for index in range(len(level.canvas)):
            if self._out_of_time():
                return
            gain, changed = level.canvas.revise(
                index,
                steps=self._effort.sweep_steps,
                scale=scale,
                limits=level.view.limits,
                seed=int(self._rng.integers(2**62)),
            )
            if gain > 0.0:
                level.error -= gain
                yield StrokeReplaced(index, self._stroke(index), level.to_target(changed), level.mean_error)

    def _respend(self) -> Iterator[PaintEvent]:
        """Take out the strokes that help least and put new ones where they help more."""
        num_strokes = len(self._level.canvas)
        yield from self._remove_strokes(
            max(int(self._effort.respend * num_strokes), num_strokes - self._budget)
        )
        # What is left to do is spread thin: there the agent's candidates were no better than the heuristic's.
        yield from self._add_strokes(1.0, HeuristicProposer())

    def _remove_strokes(self, count: int) -> Iterator[PaintEvent]:
        """Take out the strokes that help least."""
        if count <= 0:
            return
        level = self._level
        losses = level.canvas.removal_losses()
        for index in sorted(np.argsort(losses, kind="stable")[:count].tolist(), reverse=True):
            changed = level.canvas.remove(index)
            level.error = level.canvas.error()
            yield StrokeRemoved(index, level.to_target(changed), level.mean_error)
        level.error_map = level.canvas.error_map()

    def _stroke(self, index: int) -> Stroke:
        return self._level.canvas.stroke(index).to_strokes()[0]


def _select(strokes: StrokeArray, index: int) -> StrokeArray:
    one = slice(index, index + 1)
    return StrokeArray(strokes.values[one], strokes.brush[one], strokes.seed[one], strokes.brushes)
