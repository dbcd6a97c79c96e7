from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spiral_core.action_space import COLOR, CONTROL, END, FLAG, JUMP, PAINT, PRESSURE, SIZE, ActionSpace
from spiral_core.environment import MAX_STEPS, NOISE_SIZE, PaintingEnvironment, Step, stroke_seeds
from spiral_core.errors import CanvasError, ConfigError
from spiral_core.program import SEED_LIMIT, Color, PaintingProgram, StrokeArray

Factory = Callable[[int, int, int], Any]


def environment(factory: Factory, num: int = 3, *, px: int = 64, **options: Any) -> PaintingEnvironment:
    space = options.pop("space", ActionSpace())
    return PaintingEnvironment(factory(num, px, px), space, **options)


def targets(num: int, px: int = 64, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (num, px, px, 3), np.uint8)


def actions_of(space: ActionSpace, num: int, seed: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, space.num_values, (num, space.num_parts))


def action(
    space: ActionSpace, *, flag: int = PAINT, end: tuple[int, int], size: int = 2
) -> npt.NDArray[np.int64]:
    """Return a straight stroke to the cell (column, row) at half pressure in a colour."""
    row = np.zeros(space.num_parts, np.int64)
    row[[FLAG, END, CONTROL, SIZE, PRESSURE]] = flag, end[1] * 32 + end[0], end[1] * 32 + end[0], size, 4
    row[COLOR:] = (3, 9, 15)
    return row


def roll(env: PaintingEnvironment, seed: int = 0) -> list[Step]:
    first = env.reset(targets(env.num_episodes) if env.is_conditional else None)
    steps = [Step(first, np.zeros(env.num_episodes), False)]
    num, space = env.num_episodes, env.action_space
    steps.extend(env.step(actions_of(space, num, 100 * seed + t)) for t in range(env.num_actions))
    return steps


def test_first_observation(disc_renderer: Factory) -> None:
    env = environment(disc_renderer, background=Color(1.0, 0.5, 0.0))
    wanted = targets(3)
    seen = env.reset(wanted)
    assert seen.canvas.shape == (3, 64, 64, 3)
    assert seen.canvas.dtype == np.uint8
    assert (seen.canvas == (255, 128, 0)).all()
    np.testing.assert_array_equal(seen.location, np.full((3, 2), 1 / 64, np.float32))
    assert not seen.last_action.any()
    assert not seen.action_mask.any()
    assert seen.step == 0
    assert seen.noise is None
    assert seen.target is not None
    np.testing.assert_array_equal(seen.target, wanted)


def test_a_stroke_runs_from_the_current_location(disc_renderer: Factory) -> None:
    env = environment(disc_renderer, 1)
    env.reset(targets(1))
    space = env.action_space
    observation, _, _ = env.step([action(space, end=(10, 20))])
    np.testing.assert_allclose(observation.location[0], [10.5 / 32, 20.5 / 32])
    assert observation.action_mask.all()
    env.step([action(space, end=(30, 4))])
    first, second = env.programs()[0].strokes
    assert first.start == pytest.approx((0.5 / 32, 0.5 / 32))
    assert first.end == second.start == pytest.approx((10.5 / 32, 20.5 / 32))
    assert second.end == pytest.approx((30.5 / 32, 4.5 / 32))
    assert second.color == pytest.approx((3 / 19, 9 / 19, 15 / 19))
    assert second.radius == 4 / 64


def test_pressure_runs_on_but_not_over_a_jump(disc_renderer: Factory) -> None:
    env = environment(disc_renderer, 1)
    env.reset(targets(1))
    space = env.action_space
    for flag, pressure in ((PAINT, 2), (PAINT, 8), (JUMP, 0), (PAINT, 5), (PAINT, 0)):
        row = action(space, flag=flag, end=(9, 9))
        row[PRESSURE] = pressure
        env.step([row])
    levels = space.pressures
    ramps = [(stroke.start_pressure, stroke.end_pressure) for stroke in env.programs()[0].strokes]
    expected = [(levels[2],) * 2, (levels[2], levels[8]), (levels[5],) * 2, (levels[5], levels[0])]
    np.testing.assert_allclose(ramps, expected)


def test_a_jump_paints_nothing_and_masks_what_it_ignores(disc_renderer: Factory) -> None:
    env = environment(disc_renderer, 2)
    env.reset(targets(2))
    rows = [action(env.action_space, flag=flag, end=(20, 7)) for flag in (JUMP, PAINT)]
    observation, reward, _ = env.step(rows)
    assert (observation.canvas[0] == 255).all()
    assert (observation.canvas[1] != 255).any()
    assert reward[0] == 0
    assert np.flatnonzero(observation.action_mask[0]).tolist() == [FLAG, END]
    np.testing.assert_allclose(observation.location, [[20.5 / 32, 7.5 / 32]] * 2)
    assert [len(program.strokes) for program in env.programs()] == [0, 1]


@pytest.mark.parametrize("num_steps", [1, 20, 37])
def test_length_of_an_episode(disc_renderer: Factory, num_steps: int) -> None:
    env = environment(disc_renderer, 1, num_steps=num_steps)
    steps = roll(env)
    assert [step.is_last for step in steps] == [False] * num_steps + [True]
    assert [step.observation.step for step in steps] == list(range(num_steps + 1))
    with pytest.raises(CanvasError, match="the episode is over"):
        env.step(actions_of(env.action_space, 1, 0))


def test_rewards(disc_renderer: Factory) -> None:
    totals = {}
    for form in ("dense", "final", "none"):
        steps = roll(environment(disc_renderer, 4, reward=form))
        totals[form] = np.sum([step.reward for step in steps], axis=0)
        if form == "final":
            assert not np.any([step.reward for step in steps[:-1]])
    wanted = targets(4) / 255.0
    canvas = steps[-1].observation.canvas / 255.0
    expected = ((1 - wanted) ** 2).mean((1, 2, 3)) - ((canvas - wanted) ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(totals["dense"], expected, atol=1e-12)
    np.testing.assert_allclose(totals["final"], expected, atol=1e-12)
    assert not totals["none"].any()


def redraw(factory: Factory, program: PaintingProgram, px: int) -> npt.NDArray[np.uint8]:
    renderer = factory(1, px, px)
    renderer.clear(program.background)
    renderer.draw(StrokeArray.from_strokes(program.strokes))
    pixels: npt.NDArray[np.uint8] = renderer.pixels()[0]
    return pixels


@pytest.mark.parametrize("px", [48, 64])
def test_a_program_redraws_its_canvas_to_the_byte(disc_renderer: Factory, px: int) -> None:
    env = environment(
        disc_renderer, 3, px=px, is_conditional=False, reward="none", background=Color(0.2, 0.4, 0.6)
    )
    last = roll(env)[-1].observation.canvas
    for canvas, program in zip(last, env.programs(), strict=True):
        assert program.verified_width_px == px
        assert len(program.strokes) > 0
        np.testing.assert_array_equal(redraw(disc_renderer, program, px), canvas)


def test_episodes_do_not_depend_on_the_batch(disc_renderer: Factory) -> None:
    wide = environment(disc_renderer, 4, seed=7)
    wide.reset(targets(4))
    narrow = environment(disc_renderer, 1, seed=7)
    for t in range(wide.num_actions):
        last = wide.step(actions_of(wide.action_space, 4, t)).observation
    for i in range(4):
        narrow.reset(targets(4)[i : i + 1])
        for t in range(wide.num_actions):
            alone = narrow.step(actions_of(wide.action_space, 4, t)[i : i + 1]).observation
        np.testing.assert_array_equal(alone.canvas[0], last.canvas[i])
        assert narrow.programs()[0] == wide.programs()[i]
    narrow.reset(targets(1), first_episode=2)
    narrow.step(actions_of(wide.action_space, 4, 0)[2:3])
    assert narrow.programs()[0].strokes[:1] == wide.programs()[2].strokes[:1]


def test_seeds_depend_on_seed_episode_and_step_alone() -> None:
    script = (
        "from spiral_core.environment import stroke_seeds; import numpy as np;"
        "print(stroke_seeds(5, np.arange(4), 3).tolist())"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert str(stroke_seeds(5, np.arange(4), 3).tolist()) == other.strip()
    seeds = np.concatenate([stroke_seeds(s, np.arange(50), t) for s in range(4) for t in range(20)])
    assert len(np.unique(seeds)) > 0.999 * len(seeds)
    assert seeds.min() >= 0
    assert seeds.max() < SEED_LIMIT


def test_another_seed_paints_another_picture(disc_renderer: Factory) -> None:
    canvases = [roll(environment(disc_renderer, 1, seed=seed))[-1].observation.canvas for seed in (0, 0, 1)]
    np.testing.assert_array_equal(canvases[0], canvases[1])
    assert (canvases[0] != canvases[2]).any()


def test_noise_is_constant_in_an_episode_and_normal(disc_renderer: Factory) -> None:
    env = environment(disc_renderer, 2, is_conditional=False, reward="none")
    noises = []
    for _ in range(2):
        steps = roll(env)
        noise = steps[0].observation.noise
        assert noise is not None
        assert noise.shape == (2, NOISE_SIZE)
        for step in steps:
            assert step.observation.noise is not None
            assert step.observation.target is None
            np.testing.assert_array_equal(step.observation.noise, noise)
        noises.append(noise)
    assert (noises[0] != noises[1]).all()
    wide = environment(lambda n, h, w: disc_renderer(n, h, w), 512, px=4, is_conditional=False, reward="none")
    sample = wide.reset().noise
    assert sample is not None
    assert abs(sample.mean()) < 0.05
    assert abs(sample.std() - 1) < 0.05


def test_wrong_use_is_named(disc_renderer: Factory) -> None:
    env = environment(disc_renderer, 3)
    with pytest.raises(CanvasError, match="has not begun"):
        env.step(actions_of(env.action_space, 3, 0))
    with pytest.raises(CanvasError, match="targets: missing"):
        env.reset()
    with pytest.raises(CanvasError, match=r"float64 of shape \(3, 64, 64, 3\), must be uint8"):
        env.reset(targets(3).astype(float))
    with pytest.raises(CanvasError, match=r"must be uint8 of shape \(3, 64, 64, 3\)"):
        env.reset(targets(2))
    env.reset(targets(3))
    with pytest.raises(CanvasError, match=r"shape \(2, 8\), must be \(3, 8\)"):
        env.step(actions_of(env.action_space, 2, 0))
    bad = actions_of(env.action_space, 3, 0)
    bad[2, PRESSURE] = 11
    with pytest.raises(CanvasError, match=r"action\[2\]\.pressure: 11, must be a whole number in \[0, 9\]"):
        env.step(bad)
    free = environment(disc_renderer, 1, is_conditional=False, reward="none")
    with pytest.raises(CanvasError, match="unconditional"):
        free.reset(targets(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_steps": 0}, r"num_steps: 0, must be a whole number in \[1, 1000\]"),
        ({"num_steps": MAX_STEPS + 1}, "num_steps: 1001"),
        ({"seed": -1}, "seed: -1"),
        ({"reward": "l1"}, "reward: 'l1', must be one of none, dense, final"),
        ({"is_conditional": False}, "needs a target"),
        ({"space": ActionSpace(aspect=2.0)}, "action_space.aspect: 2, must be that of the canvas"),
    ],
)
def test_wrong_options_are_named(disc_renderer: Factory, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        environment(disc_renderer, 1, **options)


def compat(factory: Factory, **options: Any) -> PaintingEnvironment:
    return environment(factory, 1, space=ActionSpace(compat="deepmind"), **options)


def test_deepmind_swaps_the_place_after_a_jump(disc_renderer: Factory) -> None:
    starts = {}
    for name, env in (("default", environment(disc_renderer, 1)), ("deepmind", compat(disc_renderer))):
        env.reset(targets(1))
        # The released environment's own case: move to pixel (56, 8), then a vertical stroke at x = 56.
        moved, _, _ = env.step([action(env.action_space, flag=JUMP, end=(28, 4))])
        env.step([action(env.action_space, end=(28, 12))])
        starts[name] = 64 * np.array(env.programs()[0].strokes[0].start)
        np.testing.assert_allclose(64 * moved.location[0], starts[name])
    np.testing.assert_allclose(starts["default"], [57, 9])
    np.testing.assert_allclose(starts["deepmind"], [8, 8])


def test_deepmind_moves_the_brush_itself_to_the_right_place(disc_renderer: Factory) -> None:
    env = compat(disc_renderer)
    env.reset(targets(1))
    env.step([action(env.action_space, flag=JUMP, end=(28, 4))])
    events = env.renderer.events  # type: ignore[attr-defined]
    assert [event[1] for event in events] == [True, True]
    assert events[0][2][4:] == (0.0, 0.0)
    assert events[1][2][4:] == (28 / 32, 4 / 32)


def test_deepmind_shows_the_jump_mask_at_a_reset(disc_renderer: Factory) -> None:
    assert np.flatnonzero(compat(disc_renderer).reset(targets(1)).action_mask[0]).tolist() == [FLAG, END]
    assert not environment(disc_renderer, 1).reset(targets(1)).action_mask.any()


def test_deepmind_takes_one_action_less(disc_renderer: Factory) -> None:
    steps = roll(compat(disc_renderer))
    assert len(steps) == 1 + 19
    assert steps[-1].is_last
    with pytest.raises(ConfigError, match=r"num_steps: 1, must be a whole number in \[2, 1000\]"):
        compat(disc_renderer, num_steps=1)


def test_deepmind_does_not_repeat_a_program(disc_renderer: Factory) -> None:
    for env, repeats in ((environment(disc_renderer, 1), True), (compat(disc_renderer), False)):
        canvases = []
        for _ in range(2):
            env.reset(targets(1), first_episode=0)
            for t in range(env.num_actions):
                rows = actions_of(env.action_space, 1, t)
                rows[:, FLAG] = PAINT
                last = env.step(rows).observation.canvas
            canvases.append(last)
        assert (canvases[0] == canvases[1]).all() == repeats


def test_deepmind_needs_a_renderer_that_can() -> None:
    class Plain:
        num_canvases, height, width = 1, 64, 64

    with pytest.raises(ConfigError, match="continuing brush state"):
        PaintingEnvironment(Plain(), ActionSpace(compat="deepmind"))  # type: ignore[arg-type]
