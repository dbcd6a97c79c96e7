from __future__ import annotations

import functools

import numpy as np
import pytest

from adapters.mypaint import MyPaintRenderer, mypaint_renderer
from spiral_core.action_space import ActionSpace
from spiral_core.learning.examples import Examples
from spiral_core.learning.pictures import mixed_pictures, photo_crops, random_colors, synthetic_pictures
from spiral_core.learning.proposal_gain import best_gains, error_driven_strokes, uniform_strokes
from spiral_core.learning.search_imitation import SearchImitation, SearchImitationConfig, error_cells
from spiral_core.program import STROKE_COLUMNS, StrokeArray

SPACE = ActionSpace(radii=(1 / 64, 2 / 64, 4 / 64, 8 / 64, 16 / 64))
CONFIG = SearchImitationConfig(
    num_pictures=12, num_steps=4, bank_size=512, num_exact=24, num_labels=3, most_underpainting=20
)


def source(seed: int = 0) -> SearchImitation:
    return SearchImitation(SPACE, mypaint_renderer, synthetic_pictures, seed=seed, config=CONFIG)


@pytest.fixture(scope="module")
def examples() -> Examples:
    return source().round(3)


def gain_of(examples: Examples, i: int, action: np.ndarray) -> float:
    """Return what an action brings when the real renderer draws it on the example's canvas."""
    decoded = SPACE.decode(action[None])
    row = np.zeros((1, len(STROKE_COLUMNS)))
    row[0, 0:2], row[0, 2:4], row[0, 4:6] = examples.location[i], decoded.control[0], decoded.end[0]
    row[0, 6:8] = decoded.pressure[0]
    row[0, 8] = decoded.radius[0]
    row[0, 9:12] = decoded.color[0]
    row[0, 12] = 1
    canvas, target = (pixels[i] / 255 for pixels in (examples.canvas, examples.target))
    renderer = MyPaintRenderer(1, 64, 64)
    renderer.draw(StrokeArray(row, np.zeros(1, np.int32), np.zeros(1, np.int32), ("round",)))
    white = renderer.pixels()[0] / 255
    black_row = row.copy()
    black_row[0, 9:12] = 0
    renderer = MyPaintRenderer(1, 64, 64)
    renderer.draw(StrokeArray(black_row, np.zeros(1, np.int32), np.zeros(1, np.int32), ("round",)))
    alpha = 1 - renderer.pixels()[0] / 255
    np.testing.assert_allclose(white, 1 + alpha * (decoded.color[0] - 1), atol=0.02)
    painted = canvas + alpha * (decoded.color[0] - canvas)
    return float(np.square(canvas - target).sum() - np.square(painted - target).sum())


def test_labels_beat_random_actions(examples: Examples) -> None:
    rng = np.random.default_rng(0)
    labelled, random = [], []
    for i in range(examples.num_examples):
        labelled.append(gain_of(examples, i, examples.actions[i, 0]))
        action = rng.integers(0, SPACE.num_values)
        action[0] = 1
        random.append(gain_of(examples, i, action))
    # The grid, the few radii and the few colours cost the labels something, so not every one of them gains.
    assert np.mean(np.array(labelled) > 0) > 0.8
    assert np.mean(labelled) > 0
    assert np.mean(np.array(labelled) > np.array(random)) > 0.9


def test_examples_are_well_formed(examples: Examples) -> None:
    assert examples.num_examples == 12 * 4
    assert examples.actions.shape == (48, 3, 8)
    SPACE.check(examples.actions.reshape(-1, 8))
    assert (examples.actions[:, :, 0] == 1).all()
    total = examples.weight.sum(axis=1)
    np.testing.assert_allclose(total[total > 0], 1, atol=1e-5)
    assert (total > 0).mean() > 0.9
    assert (np.diff(examples.weight, axis=1) <= 1e-6).all()
    assert not examples.action_mask.any()


def test_a_round_depends_on_seed_and_number_alone(examples: Examples) -> None:
    for one, other in zip(source().round(3), examples, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (source().round(4).target != examples.target).any()
    assert (source(seed=1).round(3).target != examples.target).any()


def test_canvases_come_nearer_to_their_targets(examples: Examples) -> None:
    error = np.square(examples.canvas / 255 - examples.target / 255).mean(axis=(1, 2, 3)).reshape(4, 12)
    assert (error[3] < error[0]).all()


def test_places_are_drawn_by_error() -> None:
    target = np.zeros((2000, 8, 8, 3), np.float32)
    canvas = target.copy()
    canvas[:, 2, 6] = 0.5
    canvas[:, 7, 0] = 1.0
    cells = error_cells(np.random.default_rng(0), canvas, target)
    first = (cells == (1, 3)).all(axis=1)
    second = (cells == (3, 0)).all(axis=1)
    assert (first | second).all()
    assert second.mean() == pytest.approx(0.8, abs=0.03)
    anywhere = error_cells(np.random.default_rng(0), target, target)
    assert len(np.unique(anywhere, axis=0)) == 16


def test_pictures() -> None:
    rng = np.random.default_rng(0)
    pictures = synthetic_pictures(rng, 8, 64)
    assert pictures.shape == (8, 64, 64, 3)
    assert pictures.std(axis=(1, 2)).mean() > 10
    crops = photo_crops(pictures, rng, 20, 32)
    assert crops.shape == (20, 32, 32, 3)
    assert len(np.unique(crops.reshape(20, -1), axis=0)) == 20
    assert mixed_pictures(pictures, rng, 7, 64).shape == (7, 64, 64, 3)
    colors = random_colors(rng, 5000)
    assert 0 <= colors.min() < colors.max() <= 1
    red, _, blue = colors.T - colors.mean(axis=0)[:, None]
    assert (red * blue).mean() > 0.7 * red.std() * blue.std()  # as in photographs, channels go together


def test_error_driven_strokes_gain_more_than_uniform_ones_on_rough_canvases() -> None:
    config = SearchImitationConfig(num_pictures=24, num_steps=6, bank_size=256, most_underpainting=200)
    rough = SearchImitation(SPACE, mypaint_renderer, synthetic_pictures, config=config)
    gains = best_gains(rough, {"uniform": uniform_strokes, "error": error_driven_strokes})
    assert gains["error"] > gains["uniform"] > 0.01


def test_picture_sources_are_plain_functions() -> None:
    images = synthetic_pictures(np.random.default_rng(0), 3, 64)
    made = functools.partial(photo_crops, images)(np.random.default_rng(1), 2, 64)
    again = functools.partial(photo_crops, images)(np.random.default_rng(1), 2, 64)
    np.testing.assert_array_equal(made, again)
