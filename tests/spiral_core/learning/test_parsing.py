from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.agent.policy import LightPolicy
from spiral_core.errors import CanvasError, ConfigError
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.parsing import ParsedPrograms
from spiral_core.learning.reconstruction import reconstruct
from spiral_core.learning.rollout import EpisodeConfig
from spiral_core.reward import mean_squared_error


def parsed(policy: LightPolicy, episode: EpisodeConfig, pictures: ImageSet) -> ParsedPrograms:
    result = reconstruct(policy, episode, mypaint_renderer, pictures.batch(range(16)))
    return ParsedPrograms(result.actions.astype(np.int16), result.error, np.arange(16))


def test_more_attempts_are_never_worse(
    small_policy: Callable[..., LightPolicy], episode: EpisodeConfig, pictures: ImageSet
) -> None:
    policy, targets = small_policy(), pictures.batch(range(10))
    one = reconstruct(policy, episode, mypaint_renderer, targets)
    four = reconstruct(policy, episode, mypaint_renderer, targets, attempts=4)
    assert (four.error <= one.error).all()
    assert four.mean_error < one.mean_error
    np.testing.assert_allclose(four.error, mean_squared_error(four.canvas, targets[..., :1]))
    np.testing.assert_array_equal(one.error, reconstruct(policy, episode, mypaint_renderer, targets).error)
    assert one.score == pytest.approx(1 - one.error.sum() / one.blank_error.sum())


def test_there_must_be_something_to_draw(
    small_policy: Callable[..., LightPolicy], episode: EpisodeConfig
) -> None:
    with pytest.raises(CanvasError, match="at least one"):
        reconstruct(small_policy(), episode, mypaint_renderer, np.zeros((0, 32, 32, 3), np.uint8))


def test_replays_draw_what_was_parsed(
    small_policy: Callable[..., LightPolicy], episode: EpisodeConfig, pictures: ImageSet
) -> None:
    programs = parsed(small_policy(), episode, pictures)
    source = programs.source(episode, mypaint_renderer(8, 32, 32), seed=3)
    batch = source.batch(5)
    assert batch.target is not None
    np.testing.assert_array_equal(batch.target, batch.canvas[-1])
    np.testing.assert_array_equal(batch.actions.swapaxes(0, 1), programs.actions[batch.index])
    np.testing.assert_array_equal(batch.actions, source.batch(5).actions)
    # The brush draws without chance here, so the canvases are those of the parse.
    error = mean_squared_error(batch.canvas[-1], pictures.batch(batch.index)[..., :1])
    np.testing.assert_allclose(error, programs.error[batch.index])


def test_programs_are_drawn_as_they_were_judged(
    small_policy: Callable[..., LightPolicy],
    episode: EpisodeConfig,
    pictures: ImageSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spiral_core.learning.parsing._DRAWN_AT_ONCE", 7)  # the last block is not full
    programs = parsed(small_policy(), episode, pictures)
    drawn = programs.drawings(episode, mypaint_renderer)
    assert drawn.shape == (16, 32, 32, 1)
    np.testing.assert_allclose(mean_squared_error(drawn, pictures.batch(range(16))[..., :1]), programs.error)


def test_an_unconditional_learner_gets_noise(
    small_policy: Callable[..., LightPolicy], episode: EpisodeConfig, pictures: ImageSet
) -> None:
    programs = parsed(small_policy(), episode, pictures)
    other = dataclasses.replace(episode, is_conditional=False)
    batch = programs.source(other, mypaint_renderer(8, 32, 32), seed=3).batch(0)
    assert batch.target is None
    assert batch.noise is not None
    assert batch.noise.shape == (8, 10)


def test_the_best_share_is_kept_and_files_come_back(
    small_policy: Callable[..., LightPolicy], episode: EpisodeConfig, pictures: ImageSet, tmp_path: Path
) -> None:
    programs = parsed(small_policy(), episode, pictures)
    best = programs.best(0.25)
    assert len(best.error) == 4
    assert best.error.max() <= np.sort(programs.error)[4]
    best.save(tmp_path / "parsed.npz")
    back = ParsedPrograms.load(tmp_path / "parsed.npz")
    np.testing.assert_array_equal(back.actions, best.actions)
    (tmp_path / "parsed.npz").write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"parsed\.npz"):
        ParsedPrograms.load(tmp_path / "parsed.npz")


def test_programs_of_another_action_space_are_refused(
    small_policy: Callable[..., LightPolicy], episode: EpisodeConfig, pictures: ImageSet
) -> None:
    programs = parsed(small_policy(), episode, pictures)
    longer = dataclasses.replace(episode, num_steps=5)
    with pytest.raises(ConfigError, match=r"must be \(5, 5\)"):
        programs.source(longer, mypaint_renderer(8, 32, 32), seed=0)
