from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from adapters.mypaint import MyPaintRenderer, mypaint_renderer
from spiral_core.learning.pictures import synthetic_pictures
from spiral_core.learning.stroke_bank import StrokeBank, coarse_gains, exact_gains, random_bank
from spiral_core.program import STROKE_COLUMNS, Color, StrokeArray

SIDE = 64


@pytest.fixture(scope="module")
def bank() -> StrokeBank:
    return random_bank(np.random.default_rng(0), 300, SIDE, mypaint_renderer)


def values_of(
    bank: StrokeBank, stroke: int, cell: tuple[int, int], color: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    place = (np.array(cell[::-1]) * 2 + 1) / SIDE
    row = np.zeros((1, len(STROKE_COLUMNS)))
    row[0, 0:2], row[0, 2:4], row[0, 4:6] = place, place + bank.control[stroke], place + bank.end[stroke]
    row[0, 6:8] = bank.pressure[stroke]
    row[0, 8] = bank.radius[stroke]
    row[0, 9:12] = np.asarray(color)
    row[0, 12] = 1
    return row


@pytest.mark.parametrize("cell", [(0, 0), (5, 28), (16, 16), (31, 31)])
def test_a_moved_stroke_covers_what_the_renderer_draws_there(bank: StrokeBank, cell: tuple[int, int]) -> None:
    renderer = MyPaintRenderer(1, SIDE, SIDE)
    for stroke in range(0, 300, 7):
        renderer.clear(Color(1, 1, 1))
        row = values_of(bank, stroke, cell, (0, 0, 0))
        renderer.draw(StrokeArray(row, np.zeros(1, np.int32), np.zeros(1, np.int32), ("round",)))
        drawn = 255 - renderer.pixels()[0, :, :, 0]
        difference = np.abs(drawn.astype(int) - bank.window(stroke, cell))
        assert difference.max() <= 3


def test_exact_gains_are_what_the_renderer_brings(bank: StrokeBank) -> None:
    target = synthetic_pictures(np.random.default_rng(1), 1, SIDE)[0].astype(np.float32) / 255
    renderer = MyPaintRenderer(1, SIDE, SIDE)
    cell = (12, 20)
    background = Color(120 / 255, 130 / 255, 90 / 255)
    canvas = np.broadcast_to(np.array(background, np.float32), target.shape)
    cover = np.stack([bank.window(stroke, cell) for stroke in range(60)])
    gains, colors = exact_gains(cover, canvas, target)
    for stroke in range(60):
        renderer.clear(background)
        before = np.square(renderer.pixels()[0] / 255 - target).sum()
        row = values_of(bank, stroke, cell, colors[stroke])
        renderer.draw(StrokeArray(row, np.zeros(1, np.int32), np.zeros(1, np.int32), ("round",)))
        after = np.square(renderer.pixels()[0] / 255 - target).sum()
        assert before - after == pytest.approx(gains[stroke], abs=0.02 * abs(float(gains[stroke])) + 0.05)


def test_no_other_color_gains_more(bank: StrokeBank) -> None:
    rng = np.random.default_rng(2)
    canvas, target = synthetic_pictures(rng, 2, SIDE).astype(np.float32) / 255
    cover = bank.window(5, (10, 10))[None]
    gain, color = exact_gains(cover, canvas, target)
    alpha = cover[0].astype(np.float64)[..., None] / 255
    for _ in range(200):
        other = np.clip(color[0] + rng.normal(0, 0.1, 3), 0, 1)
        painted = canvas + alpha * (other - canvas)
        worth = np.square(target - canvas).sum() - np.square(target - painted).sum()
        assert worth <= gain[0] + 1e-2


def test_coarse_gains_find_the_best_strokes(bank: StrokeBank) -> None:
    rng = np.random.default_rng(3)
    target = synthetic_pictures(rng, 6, SIDE).astype(np.float32) / np.float32(255)
    canvas = np.broadcast_to(target.mean(axis=(1, 2), keepdims=True), target.shape).astype(np.float32)
    cells = rng.integers(8, 24, (6, 2))
    coarse = coarse_gains(bank, canvas, target.astype(np.float32), cells)
    for i, cell in enumerate(cells.tolist()):
        place = (np.array(cell[::-1]) * 2 + 1) / SIDE
        outside = [
            ((place + points < 0) | (place + points >= 1)).any(axis=1) for points in (bank.end, bank.control)
        ]
        np.testing.assert_array_equal(np.isinf(coarse[i]), outside[0] | outside[1])
        inside = np.flatnonzero(np.isfinite(coarse[i]))
        cover = np.stack([bank.window(stroke, (cell[0], cell[1])) for stroke in inside.tolist()])
        exact, _ = exact_gains(cover, canvas[i], target[i])
        best = inside[np.argsort(-exact)[:3]]
        found = np.argsort(-coarse[i])[:32]
        assert set(best) <= set(found)
