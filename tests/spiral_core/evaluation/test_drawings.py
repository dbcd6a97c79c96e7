from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from adapters.mypaint import mypaint_renderer
from spiral_core.action_space import ActionSpace
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.evaluation.digits import DigitClassifier
from spiral_core.evaluation.drawings import (
    bootstrap_interval,
    draw_samples,
    score_digit_samples,
    score_reconstructions,
)
from spiral_core.evaluation.sheets import drawing_sheet
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.rollout import EpisodeConfig

SPACE = ActionSpace(grayscale=True, grid=8, radii=(0.08, 0.16), num_pressures=2)


def agent(*, is_conditional: bool) -> tuple[LightPolicy, EpisodeConfig]:
    torch.manual_seed(0)
    config = PolicyConfig(
        action_space=SPACE, canvas_px=32, is_conditional=is_conditional, channels=(4, 8, 8), hidden=32
    )
    episode = EpisodeConfig(
        action_space=SPACE, canvas_px=32, num_steps=3, brush="round", is_conditional=is_conditional
    )
    return LightPolicy(config), episode


def squares(num: int) -> ImageSet:
    images = np.full((num, 32, 32), 255, np.uint8)
    for i in range(num):
        images[i, 4 + i % 8 : 20, 6 : 12 + i % 5] = 0
    return ImageSet("squares", "test", images, np.arange(num) % 10, tuple("0123456789"))


def test_reconstructions_are_scored_over_all_pictures_in_order() -> None:
    policy, episode = agent(is_conditional=True)
    pictures = squares(150)  # more than one batch, and no multiple of one
    reader = DigitClassifier.load()
    scores, result = score_reconstructions(policy, episode, mypaint_renderer, pictures, reader=reader)
    assert scores.pictures == len(result.canvas) == 150
    literal = ((result.canvas[..., 0] / 255 - pictures.images / 255) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(result.error, literal)
    assert scores.error == pytest.approx(literal.mean())
    assert scores.blank_error == pytest.approx(((1 - pictures.images / 255) ** 2).mean())
    assert scores.low < scores.error < scores.high
    read = reader.predict(np.repeat(result.canvas, 3, axis=3)).argmax(axis=1)
    assert scores.read_rightly == pytest.approx((read == pictures.labels).mean())
    unread, _ = score_reconstructions(policy, episode, mypaint_renderer, squares(4))
    assert unread.read_rightly is None


def test_samples_are_read() -> None:
    policy, episode = agent(is_conditional=False)
    drawings = draw_samples(policy, episode, mypaint_renderer, 140)
    assert drawings.shape == (140, 32, 32, 1)
    assert len({drawing.tobytes() for drawing in drawings}) > 70
    scores = score_digit_samples(drawings, squares(200), squares(150), DigitClassifier.load())
    assert sum(scores.classes) == pytest.approx(1)
    assert 0 <= scores.confident <= 1
    assert scores.frechet > scores.real_frechet


def test_the_interval_holds_the_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = bootstrap_interval(rng.normal(3, 1, 50), draws=200)
        hits += low <= 3 <= high
    assert 175 <= hits <= 199


def test_a_sheet_shows_targets_above_drawings() -> None:
    drawings = np.full((5, 8, 8, 1), 10, np.uint8)
    targets = np.full((5, 8, 8, 3), 200, np.uint8)
    sheet = np.asarray(Image.open(io.BytesIO(drawing_sheet(drawings, targets, columns=3))))
    assert sheet.shape == (2 * 2 * 10, 30, 3)
    assert (sheet[0:8, 0:8] == 200).all()
    assert (sheet[10:18, 0:8] == 10).all()
    assert (sheet[20:28, 10:18] == 200).all()
