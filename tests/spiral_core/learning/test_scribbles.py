from __future__ import annotations

import numpy as np
import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.errors import ConfigError
from spiral_core.learning.rollout import EpisodeConfig
from spiral_core.learning.scribbles import ScribbleConfig, Scribbles, scribble_pictures


def scribbles_of(episode: EpisodeConfig, config: ScribbleConfig | None = None, seed: int = 0) -> Scribbles:
    return Scribbles(
        episode.action_space,
        mypaint_renderer(64, 32, 32),
        num_steps=episode.num_steps,
        brush=episode.brush,
        seed=seed,
        config=config,
    )


def test_the_target_is_the_drawing_itself(episode: EpisodeConfig) -> None:
    batch = scribbles_of(episode).batch(0)
    assert batch.target is not None
    np.testing.assert_array_equal(batch.target, batch.canvas[-1])
    assert (batch.target < 255).any(axis=(1, 2, 3)).mean() > 0.9
    assert not batch.is_paint[0].any(), "a drawing begins with a jump to its place"


def test_a_batch_is_a_function_of_seed_and_number(episode: EpisodeConfig) -> None:
    scribbles = scribbles_of(episode)
    first = scribbles.batch(3)
    scribbles.batch(4)
    np.testing.assert_array_equal(first.actions, scribbles.batch(3).actions)
    np.testing.assert_array_equal(first.canvas, scribbles.batch(3).canvas)
    assert (first.actions != scribbles_of(episode, seed=1).batch(3).actions).any()


def test_after_its_last_stroke_a_drawing_waits_in_place(episode: EpisodeConfig) -> None:
    batch = scribbles_of(episode, ScribbleConfig(most_strokes=1, jump_share=0.0)).batch(0)
    assert (batch.is_paint.sum(axis=0) == 1).all()
    ends = episode.action_space.location_xy(batch.actions[:, :, 1])
    np.testing.assert_allclose(ends[2], ends[1])
    np.testing.assert_allclose(ends[3], ends[1])


def test_pictures_differ_and_are_always_the_same(episode: EpisodeConfig) -> None:
    pictures = scribble_pictures(episode, mypaint_renderer, ScribbleConfig(), num=300)
    again = scribble_pictures(episode, mypaint_renderer, ScribbleConfig(), num=300)
    np.testing.assert_array_equal(pictures.images, again.images)
    assert len({image.tobytes() for image in pictures.images}) == 300


def test_a_value_out_of_range_is_named() -> None:
    with pytest.raises(ConfigError, match=r"scribbles.jump_share: 1.0, must be in \[0.0, 0.95\]"):
        ScribbleConfig(jump_share=1.0)
