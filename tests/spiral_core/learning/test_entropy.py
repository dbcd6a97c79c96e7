from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.action_space import ActionPart, ActionSpace
from spiral_core.errors import CanvasError, ConfigError, TrainingError
from spiral_core.learning.entropy import EntropyConfig, EntropyController, EntropyGuard, mean_part_entropy

PARTS = (ActionPart("flag", "flag", 2), ActionPart("end", "location", 1024), ActionPart("size", "scalar", 6))
LOGS = np.log([2, 1024, 6])


def test_targets_are_fractions_of_the_even_choice_and_fall_in_a_line() -> None:
    controller = EntropyController(PARTS, EntropyConfig(first=0.8, last=0.2, frames=1000))
    for frames, fraction in ((0, 0.8), (250, 0.65), (500, 0.5), (1000, 0.2), (10**9, 0.2)):
        np.testing.assert_allclose(controller.targets(frames), fraction * LOGS, rtol=1e-12)


def test_a_coefficient_rises_below_the_target_and_falls_above_it() -> None:
    config = EntropyConfig(first=0.5, last=0.5, coefficient=0.01, rate=0.1)
    controller = EntropyController(PARTS, config)
    after = controller.update(LOGS * [0.5, 0.0, 1.0], 0)
    np.testing.assert_allclose(after, 0.01 * np.exp([0.0, 0.05, -0.05]), rtol=1e-12)


def test_a_part_not_measured_or_without_a_choice_keeps_its_coefficient() -> None:
    controller = EntropyController((*PARTS, ActionPart("one", "scalar", 1)))
    before = controller.coefficients
    after = controller.update([np.nan, 1.0, np.nan, 0.0], 0)
    assert (after == before).tolist() == [True, False, True, True]


@given(hnp.arrays(np.float64, (40, 3), elements=st.floats(0, 7)), st.floats(0.01, 100))
def test_coefficients_stay_within_their_bounds(entropies: npt.NDArray[np.float64], rate: float) -> None:
    controller = EntropyController(PARTS, EntropyConfig(rate=rate))
    for entropy in entropies:
        after = controller.update(entropy, 0)
        assert (after >= 1e-5).all()
        assert (after <= 1.0).all()


def softmax_entropy(logits: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
    """Return entropy and its gradient by the logits."""
    probability = np.exp(logits - logits.max())
    probability /= probability.sum()
    entropy = -float(probability @ np.log(probability))
    return entropy, -probability * (np.log(probability) + entropy)


def test_a_policy_that_wants_to_collapse_is_held_at_its_target() -> None:
    """Gradient ascent on a reward for one action plus the controlled entropy: it settles at the target."""
    part = ActionPart("size", "scalar", 8)
    controller = EntropyController((part,), EntropyConfig(first=0.6, last=0.3, frames=4000, rate=0.2))
    logits, wish = np.zeros(8), np.eye(8)[3]
    seen = []
    for frames in range(8000):
        entropy, slope = softmax_entropy(logits)
        (alpha,) = controller.update([entropy], frames)
        probability = np.exp(logits - logits.max())
        probability /= probability.sum()
        logits = logits + 0.5 * (probability * (wish - probability @ wish) + alpha * slope)
        seen.append(entropy)
    np.testing.assert_allclose(seen[-500:], 0.3 * np.log(8), rtol=0.05)
    fixed = np.zeros(8)
    for _ in range(8000):
        probability = np.exp(fixed - fixed.max())
        probability /= probability.sum()
        fixed = fixed + 0.5 * (probability * (wish - probability @ wish) + 0.01 * softmax_entropy(fixed)[1])
    assert softmax_entropy(fixed)[0] < 0.05 * np.log(8)  # the same with a fixed coefficient collapses


def test_the_mean_is_taken_over_the_steps_in_which_a_part_matters() -> None:
    entropy = np.arange(12.0).reshape(2, 2, 3)
    matters = np.array([[[1, 1, 0], [1, 0, 0]], [[1, 0, 0], [1, 1, 0]]], np.bool_)
    np.testing.assert_array_equal(mean_part_entropy(entropy, matters), [4.5, 5.5, np.nan])
    with pytest.raises(CanvasError, match="one shape"):
        mean_part_entropy(entropy, matters[0])
    entropy[1, 1, 2] = np.nan
    mean_part_entropy(entropy, matters)
    entropy[1, 1, 1] = np.nan
    with pytest.raises(TrainingError, match="action part 1 is not finite"):
        mean_part_entropy(entropy, matters)


def test_a_resumed_controller_and_guard_go_on_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    names = [part.name for part in PARTS]
    whole, guard = EntropyController(PARTS), EntropyGuard(names, patience=7)
    first, second = rng.uniform(0, 0.1, (5, 3)), rng.uniform(0, 0.1, (5, 3))
    for entropy in first:
        whole.update(entropy, 10)
        guard.check(entropy, LOGS)
    resumed, other = EntropyController(PARTS), EntropyGuard(names, patience=7)
    resumed.load_state_dict(whole.state_dict())
    other.load_state_dict(guard.state_dict())
    for entropy in second:
        assert whole.update(entropy, 20).tobytes() == resumed.update(entropy, 20).tobytes()
        assert guard.check(entropy, LOGS) == other.check(entropy, LOGS)
    with pytest.raises(CanvasError, match="2 numbers"):
        EntropyController(PARTS[:2]).load_state_dict(whole.state_dict())


def test_the_guard_says_what_it_saw_after_its_patience_and_not_before() -> None:
    guard = EntropyGuard([part.name for part in PARTS], limit=0.25, patience=3)
    target = [0.3, 1.4, 0.5]
    low, good = [0.1, 0.02, 0.1], [0.3, 1.2, np.nan]
    assert [guard.check(row, target) for row in (low, low, good, low, low)] == [None] * 5
    message = guard.check(low, target)
    assert message is not None
    assert message.startswith(
        "entropy of part end 0.02 nats, target 1.4, for 3 updates: all parts together 0.22, limit 0.55;"
    )
    assert [guard.check(low, target) is None for _ in range(3)] == [True, True, False]


def test_parts_that_were_not_measured_count_on_neither_side() -> None:
    guard = EntropyGuard(["flag", "end", "size"], limit=0.25, patience=1)
    assert guard.check([0.2, np.nan, np.nan], [0.3, 1.4, 0.5]) is None
    assert guard.check([np.nan] * 3, [0.3, 1.4, 0.5]) is None


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"entropy\.last: 1\.5, must be in \[0, 1\]"):
        EntropyConfig(last=1.5)
    with pytest.raises(ConfigError, match=r"entropy\.coefficient: 2\.0"):
        EntropyConfig(coefficient=2.0)
    with pytest.raises(ConfigError, match=r"entropy\.rate: 0"):
        EntropyConfig(rate=0)
    with pytest.raises(ConfigError, match=r"entropy\.frames: 0"):
        EntropyConfig(frames=0)
    with pytest.raises(ConfigError, match="patience 0"):
        EntropyGuard(["flag"], patience=0)
    with pytest.raises(ConfigError, match="limit 1"):
        EntropyGuard(["flag"], limit=1)
    with pytest.raises(CanvasError, match="8 numbers"):
        EntropyController(ActionSpace().parts).update([1.0, 2.0], 0)
