from __future__ import annotations

import numpy as np
import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.action_space import END, FLAG, PAINT, ActionSpace
from spiral_core.environment import PaintingEnvironment
from spiral_core.errors import ConfigError
from spiral_core.learning.warm_start import RandomPrograms, RandomProgramsConfig

CONFIG = RandomProgramsConfig(num_episodes=24, num_steps=10)


@pytest.mark.parametrize("grayscale", [False, True])
def test_examples_are_moments_of_real_episodes(grayscale: bool) -> None:
    space = ActionSpace(grayscale=grayscale)
    examples = RandomPrograms(space, mypaint_renderer, seed=1, config=CONFIG).round(0)
    assert examples.num_examples == 240
    actions = examples.actions[:, 0].reshape(10, 24, -1)
    canvas = examples.canvas.reshape(10, 24, 64, 64, 3)
    target = examples.target.reshape(10, 24, 64, 64, 3)
    location = examples.location.reshape(10, 24, 2)
    np.testing.assert_allclose(location[1:], space.location_xy(actions[:-1, :, END]), atol=1e-6)
    np.testing.assert_array_equal(examples.last_action.reshape(10, 24, -1)[1:], actions[:-1])
    jumps = actions[..., FLAG] != PAINT
    assert 0.1 < jumps.mean() < 0.4
    # A jump changes nothing; the target is one of the canvases still to come.
    np.testing.assert_array_equal(canvas[1:][jumps[:-1]], canvas[:-1][jumps[:-1]])
    for step in range(9):
        for episode in range(24):
            later = canvas[step + 1 :, episode]
            in_the_future = (later == target[step, episode]).all(axis=(1, 2, 3)).any()
            is_last = (target[step, episode] == target[9, episode]).all()
            assert in_the_future or is_last
    mask = examples.part_mask[:, 0].reshape(10, 24, -1)
    assert (mask[~jumps] == 1).all()
    assert (mask[jumps].sum(axis=1) == 2).all()
    if grayscale:
        assert (canvas[0] == 255).all()
        assert (canvas[..., 0] == canvas[..., 2]).all()


def test_the_next_canvas_follows_from_the_label() -> None:
    space = ActionSpace()
    config = RandomProgramsConfig(num_episodes=8, num_steps=6)
    examples = RandomPrograms(space, mypaint_renderer, seed=5, config=config).round(2)
    background = examples.canvas[0, 0, 0] / 255
    environment = PaintingEnvironment(
        mypaint_renderer(8, 64, 64),
        space,
        num_steps=6,
        background=tuple(background.tolist()),  # type: ignore[arg-type]
        is_conditional=False,
        reward="none",
    )
    environment.reset()
    for step in range(5):
        seen = environment.step(examples.actions[8 * step : 8 * step + 8, 0]).observation.canvas
        expected = examples.canvas[8 * (step + 1) : 8 * (step + 2)]
        # Another seed of the brush, but the round brush has no randomness to speak of.
        assert np.abs(seen.astype(int) - expected).mean() < 1


def test_a_round_depends_on_seed_and_number_alone() -> None:
    one = RandomPrograms(ActionSpace(), mypaint_renderer, seed=3, config=CONFIG)
    other = RandomPrograms(ActionSpace(), mypaint_renderer, seed=3, config=CONFIG)
    other.round(0)
    for ours, theirs in zip(one.round(7), other.round(7), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (one.round(8).actions != one.round(7).actions).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_episodes": 0}, "num_episodes 0"),
        ({"num_steps": 1}, "num_steps 1"),
        ({"jump_share": 1.0}, "jump_share: 1.0"),
    ],
)
def test_wrong_sizes_are_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RandomProgramsConfig(**options)  # type: ignore[arg-type]
