"""What every engine promises the learner, for all three alike; `local` says what the episodes must be."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from spiral_core.errors import TrainingError
from spiral_core.learning.episodes import Episodes
from spiral_core.training.engines import ENGINE_KINDS, EngineKind
from spiral_core.training.engines.local import LocalSampler
from spiral_core.training.sampling import Sampler, SamplerHealth

KINDS = [pytest.param(kind, marks=pytest.mark.ray if kind == "ray" else ()) for kind in ENGINE_KINDS]
MakeAny = Any
pytestmark = pytest.mark.parametrize("kind", KINDS)


def assert_same(left: Episodes, right: Episodes) -> None:
    for field in fields(Episodes):
        one, other = getattr(left, field.name), getattr(right, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, field.name
            assert one.tobytes() == other.tobytes(), field.name
            assert one.shape == other.shape, field.name
        else:
            assert one == other, field.name


def batches(engine: Sampler, count: int) -> dict[int, Episodes]:
    taken = [engine.next_batch() for _ in range(count)]
    result = dict(taken)
    assert len(result) == count, "a number came twice"
    return result


@pytest.mark.parametrize("is_conditional", [True, False])
def test_batches_are_those_of_the_local_engine_to_the_bit(
    kind: EngineKind, is_conditional: bool, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    spec = make_spec(is_conditional=is_conditional)
    policies = [make_policy(seed, is_conditional=is_conditional) for seed in (0, 1)]
    engine = make_engine(kind, spec, first_batch=10, max_lag=100)
    engine.publish(policies[0], 7)
    found = batches(engine, 3)
    # Published while others are in the making: older ones may still come.
    engine.publish(policies[1], 8)
    found |= batches(engine, 8)
    assert {episodes.version for episodes in found.values()} == {7, 8}
    # None is left out but those that wait, or that a sampler which starts slowly still has.
    assert set(found) <= set(range(10, 10 + 11 + 4))
    assert len(set(range(10, max(found))) - set(found)) <= 4
    for version, policy in zip((7, 8), policies, strict=True):
        local = LocalSampler(spec, 10)
        local.publish(policy, version)
        for number in range(10, 10 + 15):
            expected_number, expected = local.next_batch()
            assert expected_number == number
            if number in found and found[number].version == version:
                assert_same(found[number], expected)
    assert engine.health() == SamplerHealth(samplers=1 if kind == "local" else 2)


def test_weights_are_copied_when_published_and_arrays_can_be_written(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    spec, policy = make_spec(), make_policy()
    engine = make_engine(kind, spec, num_samplers=1)
    engine.publish(policy, 1)
    for parameter in policy.parameters():
        parameter.data.fill_(np.nan)
    number, episodes = engine.next_batch()
    assert number == 0
    assert np.isfinite(episodes.log_prob).all()
    episodes.canvas[:] = 0
    local = LocalSampler(spec, 0)
    local.publish(make_policy(), 1)
    assert_same(engine.next_batch()[1], [local.next_batch() for _ in range(2)][1][1])


def test_batches_older_than_allowed_are_sampled_again(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    engine = make_engine(kind, make_spec(), num_samplers=1, max_lag=0)
    policy, numbers = make_policy(), []
    for version in range(4):
        engine.publish(policy, version)
        number, episodes = engine.next_batch()
        assert episodes.version == version
        numbers.append(number)
    assert len(set(numbers)) == 4
    if kind == "local":
        assert engine.health().lost == 0
    else:
        assert engine.health().restarts == 0


def test_nothing_comes_before_weights_and_after_stop(
    kind: EngineKind, make_engine: MakeAny, make_spec: MakeAny, make_policy: MakeAny
) -> None:
    engine = make_engine(kind, make_spec(), num_samplers=1)
    with pytest.raises(TrainingError, match="no weights"):
        engine.next_batch()
    engine.publish(make_policy(), 0)
    engine.stop()
    engine.stop()
    assert engine.health().samplers == 0
    with pytest.raises(TrainingError, match="stopped"):
        engine.next_batch()
