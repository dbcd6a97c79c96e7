from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import ConfigError
from spiral_core.training.engines.selection import (
    LogRange,
    PopulationConfig,
    decide,
    explore,
    first_hyperparameters,
    spiral_ranges,
)

FITNESS = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.sampled_from([0.0, 1.0]))


@given(
    fitness=st.lists(FITNESS, min_size=1, max_size=20),
    share=st.floats(0, 0.5),
    resample=st.floats(0, 1),
    seed=st.integers(0, 2**32),
    number=st.integers(1, 1000),
)
def test_the_unfit_copy_the_fit_and_stay_within_their_ranges(
    fitness: list[float], share: float, resample: float, seed: int, number: int
) -> None:
    config = PopulationConfig(size=len(fitness), share=share, resample=resample, seed=seed)
    before = first_hyperparameters(config)
    copies = decide(config, fitness, before, number)
    assert copies == decide(config, fitness, before, number)
    losers, winners = {copy.loser for copy in copies}, {copy.winner for copy in copies}
    most = min(math.ceil(share * len(fitness)), len(fitness) // 2)
    assert len(losers) == len(copies) <= most
    if share > 0 and len(fitness) > 1 and len(set(fitness)) == len(fitness):
        assert copies, "different members of a population that may copy do"
    assert not losers & winners
    for copy in copies:
        won, lost = fitness[copy.winner], fitness[copy.loser]
        assert math.isnan(lost) or won > lost
        assert not math.isnan(won)
        # Nobody outside the lowest share copies, nobody outside the highest is copied.
        others = [f for member, f in enumerate(fitness) if member != copy.loser]
        below = sum(f < lost for f in others)
        above = sum(f > won for f in fitness)
        assert below < most
        assert above < most
        assert copy.hyperparameters.keys() == config.ranges.keys()
        for name, value in copy.hyperparameters.items():
            allowed = config.ranges[name]
            assert allowed.low <= value <= allowed.high


@given(seed=st.integers(0, 2**32))
def test_without_drawing_anew_a_copy_is_a_factor_away(seed: int) -> None:
    config = PopulationConfig(resample=0.0)
    before = {"learning_rate": 1e-4, "entropy_cost": 2e-3}
    after = explore(config, before, np.random.default_rng(seed))
    assert after["learning_rate"] / 1e-4 == pytest.approx(0.8) or after[
        "learning_rate"
    ] / 1e-4 == pytest.approx(1.25)
    # 0.8 times the least is less than the least.
    assert after["entropy_cost"] in (2e-3, 2e-3 * 1.25)


def test_draws_are_log_uniform() -> None:
    rng = np.random.default_rng(0)
    for name, allowed in spiral_ranges().items():
        drawn = np.log([allowed.sample(rng) for _ in range(4000)])
        low, high = math.log(allowed.low), math.log(allowed.high)
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.03 * (high - low)), name
        assert drawn.std() == pytest.approx((high - low) / math.sqrt(12), rel=0.05), name


def test_a_flat_population_stays_and_a_fit_member_is_copied() -> None:
    config = PopulationConfig(size=8)
    before = first_hyperparameters(config)
    assert decide(config, [1.0] * 8, before, 1) == []
    copies = decide(config, [1.0] * 7 + [2.0], before, 1)
    assert {copy.winner for copy in copies} <= {7, 6, 0, 1, 2, 3, 4, 5}
    assert all(copy.winner == 7 for copy in copies)


@pytest.mark.parametrize(
    "wrong",
    [{"size": 0}, {"frames": 0}, {"share": 0.6}, {"factors": ()}, {"factors": (0.0,)}, {"resample": 1.1}],
)
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"population.{next(iter(wrong))}"):
        PopulationConfig(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="0 < low <= high"):
        LogRange(0.0, 1.0)
