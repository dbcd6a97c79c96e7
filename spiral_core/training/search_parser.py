"""Pictures to programs by search: the painter's strokes, put into an action space and into a drawing order.

Search on the real brush finds better drawings than a young policy, at some hundredths of a second a picture.
They are the programs that a policy imitates first (expert iteration with search as the expert: Anthony et al.
2017, arXiv 1705.08439); rewards then teach it what imitation cannot.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace, Decoded
from spiral_core.errors import ConfigError
from spiral_core.learning.parsing import ParsedPrograms
from spiral_core.learning.rollout import EpisodeConfig
from spiral_core.program import BLACK, WHITE, StrokeArray
from spiral_core.rendering import PlanningCanvasFactory, RendererFactory
from spiral_core.reward import mean_squared_error
from spiral_core.search import Painter, PaintOptions, SearchEffort

Floats = npt.NDArray[np.float64]

_EFFORT = SearchEffort(proposals=60, climb_steps=200, sweeps=3, sweep_steps=80)
_START, _CONTROL, _END = slice(0, 2), slice(2, 4), slice(4, 6)


def parse_by_search(
    pictures: npt.NDArray[np.uint8],
    index: npt.NDArray[np.int64],
    episode: EpisodeConfig,
    renderer_factory: RendererFactory,
    planning: PlanningCanvasFactory,
) -> ParsedPrograms:
    """Draw pictures by search.

    Args:
        pictures: Shape (N, side, side, 3), uint8.
        index: Shape (N,): their rows in the data set; each seeds its search.
        episode: Whose actions, brush and length the programs have. Each stroke may need a jump, so a program
            has at most half as many strokes as an episode has actions.
        renderer_factory: Makes the renderer that the errors are measured with.
        planning: Makes the canvases that search works on.

    Raises:
        ConfigError: An episode is too short for a stroke.
    """
    if episode.num_steps < 2:
        raise ConfigError(f"num_steps: {episode.num_steps}, must be at least 2 to jump and draw a stroke")
    found = [
        _search(picture, int(row), episode, planning) for picture, row in zip(pictures, index, strict=True)
    ]
    actions = [to_actions(strokes, episode.action_space, episode.num_steps) for strokes in found]
    parsed = ParsedPrograms(
        np.stack(actions).astype(np.int16), np.zeros(len(pictures)), np.asarray(index, np.int64)
    )
    drawn = parsed.drawings(episode, renderer_factory)
    wanted = np.ascontiguousarray(pictures[..., : drawn.shape[-1]])
    return dataclasses.replace(parsed, error=mean_squared_error(drawn, wanted))


def _search(
    picture: npt.NDArray[np.uint8], seed: int, episode: EpisodeConfig, planning: PlanningCanvasFactory
) -> StrokeArray:
    space = episode.action_space
    options = PaintOptions(
        strokes=episode.num_steps // 2,
        brushes=(episode.brush,),
        palette=(BLACK,) if space.grayscale else None,
        opaque=True,  # an action says nothing of opacity
        background=WHITE,
        threads=1,
        min_radius=space.radii[0],
        max_radius=space.radii[-1],
        seed=seed,
    )
    painter = Painter(picture, options, planning, effort=_EFFORT)
    for _ in painter.run():
        pass
    return StrokeArray.from_strokes(painter.program().strokes)


def to_actions(strokes: StrokeArray, space: ActionSpace, num_steps: int) -> npt.NDArray[np.int64]:
    """Return strokes as an episode's actions: a jump to each stroke that begins elsewhere, then the stroke.

    Black strokes lie over one another in any order, so they are drawn as a pen would, each time from the
    nearest end of those left, turned around where that is nearer; colours keep their order. After the last
    stroke the brush waits in place. Strokes that no longer fit into the episode are left out.

    Args:
        strokes: At least one.
        space: The actions.
        num_steps: T.

    Returns:
        Shape (T, P), int64.
    """
    here = space.location_xy([0])[0]
    left = list(range(len(strokes)))
    rows: list[npt.NDArray[np.int64]] = []
    while left:
        values = strokes.values[left]
        to_start = np.linalg.norm(values[:, _START] - here, axis=1)
        to_end = np.linalg.norm(values[:, _END] - here, axis=1)
        nearest = int(np.argmin(np.minimum(to_start, to_end))) if space.grayscale else 0
        chosen = strokes.values[left.pop(nearest)]
        start, end, pressure = chosen[_START], chosen[_END], chosen[7]
        if space.grayscale and to_end[nearest] < to_start[nearest]:
            start, end, pressure = end, start, chosen[6]
        if space.xy_location(start) != space.xy_location(here):
            rows.append(_action(space, is_paint=False, end=start, stroke=chosen, pressure=pressure))
        rows.append(_action(space, is_paint=True, end=end, stroke=chosen, pressure=pressure))
        here = end
    rows = rows[:num_steps]
    wait = rows[-1].copy()
    wait[0] = 0
    return np.stack(rows + [wait] * (num_steps - len(rows)))


def _action(
    space: ActionSpace, *, is_paint: bool, end: Floats, stroke: Floats, pressure: float
) -> npt.NDArray[np.int64]:
    row = space.encode(
        Decoded(
            is_paint=np.array([is_paint]),
            end=np.clip(end, 0, 1)[None],
            control=np.clip(stroke[_CONTROL], 0, 1)[None],
            radius=stroke[8:9],
            pressure=np.array([pressure]),
            color=stroke[None, 9:12],
        )
    )
    return np.asarray(row[0])
