from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spiral_core.errors import CanvasError, ConfigError, TrainingError
from spiral_core.learning.normalisation import PopArt, RunningMoments, RunningScale

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5)


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.floats(0, 0.999))
def test_moments_are_the_literal_weighted_means(batches: list[list[float]], decay: float) -> None:
    moments = RunningMoments(decay)
    for batch in batches:
        moments.update(torch.tensor(batch))
    weights = np.array([(1 - decay) * decay ** (len(batches) - 1 - i) for i in range(len(batches))])
    weights /= weights.sum()
    floats = [np.array(batch, np.float32).astype(np.float64) for batch in batches]
    mean = weights @ [batch.mean() for batch in floats]
    second = weights @ [(batch**2).mean() for batch in floats]
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments.std, np.sqrt(max(second - mean**2, 0)), rtol=1e-6, atol=1e-2)


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.floats(0, 0.999), st.integers(0, 1000))
def test_rescaling_keeps_every_value(batches: list[list[float]], decay: float, seed: int) -> None:
    torch.manual_seed(seed)
    layer = nn.Linear(5, 1).double()
    features = torch.randn(20, 5, dtype=torch.float64)
    popart = PopArt(decay=decay)
    before = popart.denormalise(layer(features))
    for batch in batches:
        popart.update(torch.tensor(batch, dtype=torch.float64), layer)
    after = popart.denormalise(layer(features))
    # The bias holds (mean of before - mean of now) / std: that quotient's rounding is what is left.
    torch.testing.assert_close(after, before, rtol=1e-9, atol=1e-9)


def test_rescaling_without_popart_would_change_values() -> None:
    layer = nn.Linear(5, 1).double()
    fixed = copy.deepcopy(layer)
    features = torch.randn(20, 5, dtype=torch.float64)
    popart = PopArt()
    popart.update(torch.tensor([3.0, 9.0]), layer)
    assert popart.mean == 6.0
    assert popart.std == 3.0
    wrong = popart.denormalise(fixed(features))
    assert (wrong - fixed(features)).abs().min() > 0.1


def test_normalised_returns_have_mean_zero_and_deviation_one() -> None:
    generator = torch.Generator().manual_seed(0)
    layer, popart = nn.Linear(3, 1), PopArt(decay=0.9)
    for _ in range(200):
        returns = 50 + 7 * torch.randn(20, 16, generator=generator)
        popart.update(returns, layer)
    normalised = popart.normalise(50 + 7 * torch.randn(1000, 16, generator=generator))
    assert abs(normalised.mean()) < 0.1
    assert abs(normalised.std() - 1) < 0.1
    torch.testing.assert_close(popart.normalise(popart.denormalise(normalised)), normalised)


def test_equal_returns_divide_by_the_minimum() -> None:
    layer, popart = nn.Linear(3, 1), PopArt(minimum_std=0.5)
    popart.update(torch.full((4, 4), 2.0), layer)
    assert popart.std == 0.5
    assert popart.normalise(torch.tensor([2.0, 3.0])).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("form", ["std", "percentile"])
@given(scale=st.floats(0.01, 100), shift=st.floats(-5, 5))
def test_a_scale_follows_the_spread_and_leaves_zero_where_it_is(
    form: str, scale: float, shift: float
) -> None:
    values = torch.linspace(-1, 1, 101, dtype=torch.float64)
    unit, other = (RunningScale(form) for _ in range(2))  # type: ignore[arg-type]
    unit.update(values)
    other.update(scale * (values + shift))
    assert other.scale == pytest.approx(scale * unit.scale, rel=1e-6)
    assert other.divided(torch.zeros(2)).tolist() == [0.0, 0.0]
    torch.testing.assert_close(other.divided(values + 3), (values + 3) / other.scale)


def test_the_percentile_range_by_hand() -> None:
    scale = RunningScale("percentile", decay=0.5)
    assert scale.scale == 1.0
    assert scale.update(torch.linspace(0, 100, 101)) == pytest.approx(90.0)
    values = torch.linspace(0, 10, 101)
    values[-1] = 1e6  # one wild value
    assert scale.update(values) == pytest.approx((0.25 * 90 + 0.5 * 9) / 0.75, rel=1e-5)


def test_small_values_are_not_blown_up() -> None:
    scale = RunningScale(minimum=0.1)
    scale.update(1e-6 * torch.randn(100))
    assert scale.scale == 0.1


@pytest.mark.parametrize("form", ["std", "percentile"])
def test_a_resumed_scale_goes_on_to_the_bit(form: str) -> None:
    batches = torch.randn(6, 50, generator=torch.Generator().manual_seed(0))
    whole, resumed = (RunningScale(form) for _ in range(2))  # type: ignore[arg-type]
    for batch in batches[:3]:
        whole.update(batch)
    resumed.load_state_dict(whole.state_dict())
    for batch in batches[3:]:
        assert whole.update(batch) == resumed.update(batch)


def test_a_resumed_popart_goes_on_to_the_bit() -> None:
    batches = torch.randn(6, 50, generator=torch.Generator().manual_seed(0))
    layer, whole, resumed = nn.Linear(4, 1), PopArt(), PopArt()
    for batch in batches[:3]:
        whole.update(batch, layer)
    other = copy.deepcopy(layer)
    resumed.load_state_dict(whole.state_dict())
    for batch in batches[3:]:
        whole.update(batch, layer)
        resumed.update(batch, other)
    assert (whole.mean, whole.std) == (resumed.mean, resumed.std)
    assert torch.equal(layer.weight, other.weight)
    assert torch.equal(layer.bias, other.bias)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"decay: 1\.0, must be in \[0, 1\)"):
        PopArt(decay=1.0)
    with pytest.raises(ConfigError, match="minimum_std 0"):
        PopArt(minimum_std=0)
    with pytest.raises(ConfigError, match="minimum -1"):
        RunningScale(minimum=-1)
    with pytest.raises(ConfigError, match="form 'mean'"):
        RunningScale("mean")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no bias"):
        PopArt().update(torch.ones(3), nn.Linear(3, 1, bias=False))
    with pytest.raises(CanvasError, match="at least one"):
        RunningScale("percentile").update(torch.zeros(0))
    for form in ("std", "percentile"):
        with pytest.raises(TrainingError, match="1 of 2 returns or advantages are not finite"):
            RunningScale(form).update(torch.tensor([1.0, torch.nan]))
