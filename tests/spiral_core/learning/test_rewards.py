from __future__ import annotations

import itertools
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import CanvasError, ConfigError, TrainingError
from spiral_core.learning.rewards import (
    RewardConfig,
    RewardParts,
    blurred_squared_error,
    color_distance,
    compute_rewards,
    sequence_starts,
)
from spiral_core.reward import mean_squared_error

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
STEPS, BATCH, SIDE = 7, 3, 9


def random_images(rng: np.random.Generator, *shape: int) -> Images:
    return rng.integers(0, 256, (*shape, SIDE, SIDE, 3), np.uint8)


def episode(seed: int = 0) -> tuple[Images, Images, npt.NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    canvases = random_images(rng, STEPS + 1, BATCH)
    return canvases, random_images(rng, BATCH), rng.random((STEPS, BATCH)) < 0.5


class LoggedScore:
    """Scores a canvas by its mean value plus a number for its episode, and remembers what it was shown."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self, images: Images, steps: Indices, episodes: Indices) -> Floats:
        self.steps += steps.tolist()
        return literal_score(images, episodes)


def literal_score(images: Images, episodes: Indices) -> Floats:
    return np.asarray(images.reshape(len(images), -1).mean(axis=1) / 255 + 10.0 * episodes)


def final_scores(canvases: Images) -> tuple[Floats, Floats]:
    episodes = np.arange(BATCH)
    return literal_score(canvases[0], episodes), literal_score(canvases[-1], episodes)


@pytest.mark.parametrize("blur", [False, True])
def test_l2_of_both_forms_sums_to_the_whole_drop(blur: bool) -> None:
    canvases, targets, paint = episode()
    error = blurred_squared_error if blur else mean_squared_error
    drop = error(canvases[0], targets) - error(canvases[-1], targets)
    dense = compute_rewards(RewardConfig(l2=1.0, blur=blur), canvases, targets, paint).l2
    final = compute_rewards(RewardConfig(l2=1.0, blur=blur, l2_form="final"), canvases, targets, paint).l2
    np.testing.assert_allclose(dense.sum(axis=0), drop, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(final[-1], drop)
    assert not final[:-1].any()
    for t in range(STEPS):
        step = error(canvases[t], targets) - error(canvases[t + 1], targets)
        np.testing.assert_array_equal(dense[t], step)


@pytest.mark.parametrize("stride", [1, 2, 3, STEPS, STEPS + 4])
def test_temporal_credit_telescopes_at_any_stride(stride: int) -> None:
    canvases, _, paint = episode()
    score = LoggedScore()
    config = RewardConfig(critic=1.0, critic_stride=stride)
    reward = compute_rewards(config, canvases, None, paint, score).critic
    first, last = final_scores(canvases)
    np.testing.assert_allclose(reward.sum(axis=0), last - first, rtol=0, atol=1e-12)
    scored = sorted({*range(0, STEPS, stride), STEPS})
    assert sorted(score.steps) == sorted(scored * BATCH)
    for before, after in itertools.pairwise(scored):
        rise = literal_score(canvases[after], np.arange(BATCH)) - literal_score(
            canvases[before], np.arange(BATCH)
        )
        np.testing.assert_allclose(reward[after - 1], rise, rtol=0, atol=1e-12)
        assert not reward[before : after - 1].any()


def test_the_papers_critic_is_paid_at_the_end_only() -> None:
    canvases, _, paint = episode()
    score = LoggedScore()
    config = RewardConfig(critic=1.0, critic_form="final")
    reward = compute_rewards(config, canvases, None, paint, score).critic
    np.testing.assert_array_equal(reward[-1], final_scores(canvases)[1])
    assert not reward[:-1].any()
    assert score.steps == [STEPS] * BATCH


def test_a_ratio_is_the_density_of_the_data_over_that_of_the_renders() -> None:
    canvases, _, paint = episode()
    score = LoggedScore()
    config = RewardConfig(critic=1.0, critic_form="ratio")
    reward = compute_rewards(config, canvases, None, paint, score).critic
    expected = [min(math.exp(value), 10.0) for value in final_scores(canvases)[1]]
    np.testing.assert_allclose(reward[-1], expected, rtol=1e-12)
    assert not reward[:-1].any()
    assert score.steps == [STEPS] * BATCH
    high = compute_rewards(config, canvases, None, paint, lambda *given: score(*given) + 1e4).critic
    np.testing.assert_allclose(high[-1], 10.0, rtol=1e-12)


def test_a_new_sequence_is_a_stroke_with_no_stroke_just_before() -> None:
    jump, paint = False, True
    flags = np.array([[paint, paint, jump, jump, paint, jump, paint]]).T
    assert sequence_starts(flags)[:, 0].tolist() == [True, False, False, False, True, False, True]
    assert not sequence_starts(np.zeros((4, 2), np.bool_)).any()
    canvases = np.zeros((8, 1, 4, 4, 3), np.uint8)
    parts = compute_rewards(RewardConfig(sequence_penalty=0.1), canvases, None, flags)
    np.testing.assert_allclose(parts.total[:, 0], [-0.1, 0, 0, 0, -0.1, 0, -0.1])


def test_an_episode_that_shows_nothing_at_its_end_pays_for_it() -> None:
    canvases = np.full((3, 4, 5, 5, 3), 250, np.uint8)
    canvases[1:, 1, 2, 2, 0] = 100  # a stroke
    canvases[2, 2, 0, 0, 1] = 242  # too faint to be seen
    canvases[1, 3, 2, 2, 0] = 100  # painted over by the end
    paint = np.ones((2, 4), np.bool_)
    parts = compute_rewards(RewardConfig(blank_penalty=0.5), canvases, None, paint)
    np.testing.assert_array_equal(parts.total, [[0, 0, 0, 0], [-0.5, 0, -0.5, -0.5]])
    strict = RewardConfig(blank_penalty=0.5, visible_levels=7)
    np.testing.assert_array_equal(
        compute_rewards(strict, canvases, None, paint).blank[-1], [-1.0, 0.0, 0.0, -1.0]
    )


@given(hnp.arrays(np.uint8, (2, 3, 4, 5, 3)))
def test_the_color_distance_is_that_of_the_sorted_values(pictures: Images) -> None:
    """In one dimension the best way to move equal heaps is in order of size."""
    left, right = (np.sort(picture.reshape(3, -1, 3).astype(np.float64), axis=1) for picture in pictures)
    literal = np.abs(left - right).mean(axis=(1, 2)) / 255
    np.testing.assert_allclose(color_distance(*pictures), literal, rtol=1e-12, atol=1e-15)


def test_the_color_distance_by_hand() -> None:
    black, white = np.zeros((1, 4, 4, 3), np.uint8), np.full((1, 4, 4, 3), 255, np.uint8)
    assert color_distance(black, white)[0] == 1.0
    half = black.copy()
    half[:, :2] = 51
    mirrored = half[:, ::-1]
    assert color_distance(half, mirrored)[0] == 0.0  # places do not matter
    assert color_distance(half, black)[0] == pytest.approx(0.1)
    config = RewardConfig(color_emd=2.0)
    canvases = np.stack([black, half])
    parts = compute_rewards(config, canvases, black, np.ones((1, 1), np.bool_))
    assert parts.total[0, 0] == pytest.approx(-0.2)


def literal_blur(picture: Images) -> Floats:
    result = picture.astype(np.float64) / 255
    for _ in range(2):
        padded = np.pad(result, ((1, 1), (1, 1), (0, 0)), mode="edge")
        height, width = result.shape[:2]
        result = np.array(
            [[padded[y : y + 3, x : x + 3].mean(axis=(0, 1)) for x in range(width)] for y in range(height)]
        )
    return result


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (6, 4)])
def test_the_blurred_error_is_that_of_two_means_over_nine(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    canvas, target = rng.integers(0, 256, (2, 3, *shape, 3), np.uint8)
    literal = [
        np.mean((literal_blur(left) - literal_blur(right)) ** 2)
        for left, right in zip(canvas, target, strict=True)
    ]
    np.testing.assert_allclose(blurred_squared_error(canvas, target), literal, rtol=1e-12)
    far = np.full((1, 6, 4, 3), 255, np.uint8)
    assert blurred_squared_error(far, 0 * far)[0] == 1.0


EVERYTHING = RewardConfig(
    l2=3.0, critic=0.5, critic_stride=2, sequence_penalty=0.1, blank_penalty=0.7, color_emd=0.2, blur=True
)


@given(st.integers(0, 10**6))
def test_parts_do_not_depend_on_each_other_and_add_up_by_weight(seed: int) -> None:
    canvases, targets, paint = episode(seed)
    together = compute_rewards(EVERYTHING, canvases, targets, paint, LoggedScore())
    alone = {
        "l2": RewardConfig(l2=3.0, blur=True),
        "critic": RewardConfig(critic=0.5, critic_stride=2),
        "sequence": RewardConfig(sequence_penalty=0.1),
        "blank": RewardConfig(blank_penalty=0.7),
        "color": RewardConfig(color_emd=0.2),
    }
    total = np.zeros((STEPS, BATCH))
    for name, config in alone.items():
        parts = compute_rewards(config, canvases, targets, paint, LoggedScore())
        np.testing.assert_array_equal(getattr(parts, name), getattr(together, name))
        for other in RewardParts._fields[1:]:
            assert other == name or not getattr(parts, other).any()
        total += parts.total
    np.testing.assert_allclose(together.total, total, rtol=0, atol=1e-12)
    assert together.total.dtype == np.float64


def test_nothing_is_worked_out_that_is_off() -> None:
    canvases, targets, paint = episode()
    score = LoggedScore()
    parts = compute_rewards(RewardConfig(), canvases, targets, paint, score)
    assert not score.steps
    assert all(not part.any() and part.shape == (STEPS, BATCH) for part in parts)


def test_what_does_not_fit_is_refused() -> None:
    canvases, targets, paint = episode()
    with pytest.raises(ConfigError, match=r"reward\.l2: -1"):
        RewardConfig(l2=-1)
    with pytest.raises(ConfigError, match=r"reward\.critic: nan"):
        RewardConfig(critic=float("nan"))
    with pytest.raises(ConfigError, match="critic_form: 'early', must be one of dense, final, ratio"):
        RewardConfig(critic_form="early")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="critic_stride: 0"):
        RewardConfig(critic_stride=0)
    with pytest.raises(ConfigError, match="visible_levels: 300"):
        RewardConfig(visible_levels=300)
    with pytest.raises(ConfigError, match="l2: needs targets"):
        compute_rewards(RewardConfig(l2=1), canvases, None, paint)
    with pytest.raises(ConfigError, match="color_emd: needs targets"):
        compute_rewards(RewardConfig(color_emd=1), canvases, None, paint)
    with pytest.raises(ConfigError, match="needs a critic"):
        compute_rewards(RewardConfig(critic=1), canvases, targets, paint)
    with pytest.raises(CanvasError, match="paint"):
        compute_rewards(RewardConfig(), canvases, targets, paint[1:])
    with pytest.raises(CanvasError, match="targets"):
        compute_rewards(RewardConfig(), canvases, targets[1:], paint)
    with pytest.raises(CanvasError, match="canvases"):
        compute_rewards(RewardConfig(), canvases.astype(np.float32), targets, paint)


def test_a_critic_out_of_bounds_is_told_of() -> None:
    canvases, _, paint = episode()

    def broken(images: Images, steps: Indices, episodes: Indices) -> Floats:
        return np.where(steps == 3, np.nan, 0.0)

    with pytest.raises(TrainingError, match="3 of 24 scores of the critic are not finite"):
        compute_rewards(RewardConfig(critic=1), canvases, None, paint, broken)
    with pytest.raises(CanvasError, match="scores"):
        compute_rewards(RewardConfig(critic=1), canvases, None, paint, lambda *_: np.zeros(1))
