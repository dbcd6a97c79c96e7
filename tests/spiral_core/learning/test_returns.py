"""The oracles below are the papers' sums and products, term by term, as slow as they look."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import CanvasError, ConfigError
from spiral_core.learning.returns import discounted_returns, gae, vtrace

Floats = npt.NDArray[np.float64]
UNIT = st.floats(0, 1)


def literal_returns(rewards: Floats, discount: float, bootstrap: Floats) -> Floats:
    steps = len(rewards)
    result = np.zeros_like(rewards)
    for s in range(steps):
        for t in range(s, steps):
            result[s] += discount ** (t - s) * rewards[t]
        result[s] += discount ** (steps - s) * bootstrap
    return result


def literal_gae(
    rewards: Floats, values: Floats, discount: float, lambda_: float, bootstrap: Floats
) -> Floats:
    steps = len(rewards)
    after = np.concatenate([values, bootstrap[None]])
    result = np.zeros_like(rewards)
    for s in range(steps):
        for t in range(s, steps):
            delta = rewards[t] + discount * after[t + 1] - after[t]
            result[s] += (discount * lambda_) ** (t - s) * delta
    return result


def literal_vtrace(
    log_rhos: Floats,
    rewards: Floats,
    values: Floats,
    bootstrap: Floats,
    discount: float,
    rho_clip: float,
    c_clip: float,
    lambda_: float,
) -> tuple[Floats, Floats]:
    """Espeholt et al. 2018, eq. 1: v_s with its product sign; then the advantage of section 4.2."""
    steps = len(rewards)
    after = np.concatenate([values, bootstrap[None]])
    rho = np.minimum(rho_clip, np.exp(log_rhos))
    c = lambda_ * np.minimum(c_clip, np.exp(log_rhos))
    targets = np.concatenate([np.zeros_like(values), bootstrap[None]])
    for s in range(steps):
        targets[s] = after[s]
        for t in range(s, steps):
            product = np.prod(c[s:t], axis=0)  # empty product: 1
            targets[s] += (
                discount ** (t - s) * product * rho[t] * (rewards[t] + discount * after[t + 1] - after[t])
            )
    advantages = np.zeros_like(values)
    for s in range(steps):
        mixed = lambda_ * targets[s + 1] + (1 - lambda_) * after[s + 1]
        advantages[s] = rho[s] * (rewards[s] + discount * mixed - after[s])
    return targets[:-1], advantages


@st.composite
def episodes(draw: st.DrawFn) -> tuple[Floats, Floats, Floats, Floats]:
    """Return log ratios, rewards, values (T, B) and a bootstrap (B,)."""
    steps, batch = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    numbers = st.floats(-3, 3)
    log_rhos, rewards, values = (
        draw(hnp.arrays(np.float64, (steps, batch), elements=numbers)) for _ in range(3)
    )
    return log_rhos, rewards, values, draw(hnp.arrays(np.float64, (batch,), elements=numbers))


def close(left: torch.Tensor, right: Floats) -> None:
    np.testing.assert_allclose(left.numpy(), right, rtol=1e-11, atol=1e-11)


@given(episodes(), UNIT)
def test_returns_are_the_literal_sum(episode: tuple[Floats, Floats, Floats, Floats], discount: float) -> None:
    _, rewards, _, bootstrap = episode
    r, v = torch.from_numpy(rewards), torch.from_numpy(bootstrap)
    close(discounted_returns(r, discount, v), literal_returns(rewards, discount, bootstrap))
    close(discounted_returns(r, discount), literal_returns(rewards, discount, 0 * bootstrap))


@given(episodes(), UNIT, UNIT)
def test_gae_is_the_literal_sum(
    episode: tuple[Floats, Floats, Floats, Floats], discount: float, lambda_: float
) -> None:
    _, rewards, values, bootstrap = episode
    r, v, b = (torch.from_numpy(array) for array in (rewards, values, bootstrap))
    close(gae(r, v, discount, lambda_, b), literal_gae(rewards, values, discount, lambda_, bootstrap))


@given(episodes(), UNIT, UNIT, st.floats(0.1, 3), st.floats(0.1, 1))
def test_vtrace_is_the_literal_formula(
    episode: tuple[Floats, Floats, Floats, Floats], discount: float, lambda_: float, rho: float, share: float
) -> None:
    log_rhos, rewards, values, bootstrap = episode
    p, r, v, b = (torch.from_numpy(array) for array in episode)
    ours = vtrace(p, r, v, b, discount, rho, share * rho, lambda_=lambda_)
    targets, advantages = literal_vtrace(
        log_rhos, rewards, values, bootstrap, discount, rho, share * rho, lambda_
    )
    close(ours.targets, targets)
    close(ours.advantages, advantages)


@given(episodes(), UNIT, UNIT)
def test_without_lag_vtrace_is_the_n_step_return_and_gae(
    episode: tuple[Floats, Floats, Floats, Floats], discount: float, lambda_: float
) -> None:
    _, rewards, values, bootstrap = episode
    r, v, b = (torch.from_numpy(array) for array in (rewards, values, bootstrap))
    no_lag = torch.zeros_like(r)
    close(vtrace(no_lag, r, v, b, discount).targets, literal_returns(rewards, discount, bootstrap))
    close(
        vtrace(no_lag, r, v, b, discount, lambda_=lambda_).advantages,
        literal_gae(rewards, values, discount, lambda_, bootstrap),
    )


@given(episodes(), UNIT)
def test_gae_of_lambda_one_is_returns_minus_values(
    episode: tuple[Floats, Floats, Floats, Floats], discount: float
) -> None:
    _, rewards, values, bootstrap = episode
    r, v, b = (torch.from_numpy(array) for array in (rewards, values, bootstrap))
    close(gae(r, v, discount, 1.0, b), literal_returns(rewards, discount, bootstrap) - values)


def test_an_impossible_action_cuts_the_trace() -> None:
    log_rhos = torch.tensor([[0.0], [-torch.inf], [0.0]], dtype=torch.float64)
    rewards = torch.tensor([[1.0], [10.0], [100.0]], dtype=torch.float64)
    values = torch.tensor([[0.5], [0.25], [0.125]], dtype=torch.float64)
    result = vtrace(log_rhos, rewards, values)
    assert result.targets[:, 0].tolist() == [1.25, 0.25, 100.0]
    assert result.advantages[:, 0].tolist() == [0.75, 0.0, 99.875]


def test_results_carry_no_gradient_and_keep_their_type() -> None:
    for dtype in (torch.float32, torch.float64):
        values = torch.ones(3, 2, dtype=dtype, requires_grad=True)
        result = vtrace(values * 0, values * 2, values)
        assert not result.targets.requires_grad
        assert not result.advantages.requires_grad
        assert result.targets.dtype == result.advantages.dtype == dtype


def test_what_does_not_fit_is_refused() -> None:
    r = torch.zeros(3, 2)
    with pytest.raises(ConfigError, match=r"discount: 1\.5, must be in \[0, 1\]"):
        discounted_returns(r, 1.5)
    with pytest.raises(ConfigError, match="lambda: nan"):
        gae(r, r, 1.0, float("nan"))
    with pytest.raises(ConfigError, match="c_clip: 2"):
        vtrace(r, r, r, c_clip=2.0)
    with pytest.raises(CanvasError, match=r"values_TB: shape \(3, 1\)"):
        gae(r, r[:, :1], 1.0, 1.0)
    with pytest.raises(CanvasError, match="float64"):
        vtrace(r.double(), r, r)
    with pytest.raises(CanvasError, match="T >= 1"):
        discounted_returns(r[:0], 1.0)
