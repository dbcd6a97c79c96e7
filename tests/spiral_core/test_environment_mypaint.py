"""The environment on the real brush engine: what only libmypaint can show."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from adapters.mypaint import MyPaintRenderer
from spiral_core.action_space import (
    COLOR,
    CONTROL,
    END,
    FLAG,
    JUMP,
    PAINT,
    PRESSURE,
    SIZE,
    ActionSpace,
    Compat,
)
from spiral_core.environment import PaintingEnvironment
from spiral_core.program import StrokeArray

DRY = "classic/dry_brush"


def environment(num: int, brush: str, *, compat: Compat | None = None, seed: int = 0) -> PaintingEnvironment:
    # The released environment cuts every stroke into 50 motion events.
    renderer = MyPaintRenderer(num, 64, 64, events_per_stroke=50 if compat else 0)
    space = ActionSpace(compat=compat)
    return PaintingEnvironment(renderer, space, brush=brush, is_conditional=False, reward="none", seed=seed)


def episode(env: PaintingEnvironment, *, episodes: range = range(3)) -> npt.NDArray[np.uint8]:
    """Play the given episodes with actions that depend on episode and step alone; return the last canvas."""
    env.reset(first_episode=episodes.start)
    for step in range(env.num_actions):
        rows = [
            np.random.default_rng([number, step]).integers(0, env.action_space.num_values)
            for number in episodes
        ]
        canvas = env.step(np.array(rows)).observation.canvas
    return canvas


@pytest.mark.parametrize("brush", ["round", "dry", DRY])
def test_programs_redraw_their_canvases_to_the_byte(brush: str) -> None:
    env = environment(3, brush)
    for canvas, program in zip(episode(env), env.programs(), strict=True):
        renderer = MyPaintRenderer(1, 64, 64)
        renderer.draw(StrokeArray.from_strokes(program.strokes))
        np.testing.assert_array_equal(renderer.pixels()[0], canvas)


@pytest.mark.parametrize("brush", ["round", DRY])
def test_another_batch_and_another_process_paint_the_same_bytes(brush: str) -> None:
    together = episode(environment(3, brush))
    for number in range(3):
        alone = episode(environment(1, brush), episodes=range(number, number + 1))
        np.testing.assert_array_equal(alone[0], together[number])
    script = (
        "import hashlib, runpy;"
        f"names = runpy.run_path({__file__!r});"
        f"canvas = names['episode'](names['environment'](3, {brush!r}));"
        "print(hashlib.sha256(canvas.tobytes()).hexdigest())"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.split()[-1] == hashlib.sha256(together.tobytes()).hexdigest()


def test_only_deepminds_dry_brush_paints_a_program_differently_each_time() -> None:
    differences = {}
    compats: tuple[Compat | None, ...] = (None, "deepmind")
    for compat in compats:
        env = environment(3, DRY, compat=compat)
        first, second = (episode(env).astype(int) for _ in range(2))
        differences[compat] = np.abs(first - second).mean() / 255
    assert differences[None] == 0
    assert differences["deepmind"] > 0.03


def test_deepminds_stroke_after_a_jump_begins_at_the_wrong_place() -> None:
    inked = {}
    compats: tuple[Compat | None, ...] = (None, "deepmind")
    for compat in compats:
        env = environment(1, "round", compat=compat)
        env.reset()
        # The released environment's own case: move to pixel (56, 8), then a vertical stroke at x = 56.
        row = np.zeros((1, 8), np.int64)
        row[0, [FLAG, END]] = JUMP, 4 * 32 + 28
        env.step(row)
        row[0, [FLAG, END, CONTROL, SIZE, PRESSURE]] = PAINT, 12 * 32 + 28, 8 * 32 + 28, 1, 9
        row[0, COLOR:] = 0
        canvas = env.step(row).observation.canvas[0, :, :, 0]
        columns = np.flatnonzero((canvas < 128).any(axis=0))
        inked[compat] = int(columns.min()), int(columns.max())
    assert inked[None][0] >= 53
    assert inked[None][1] <= 60
    assert inked["deepmind"][0] <= 9
    assert inked["deepmind"][1] >= 54
