"""Returns and advantages of whole episodes: pure functions on tensors (T, B), without gradient.

T steps, B episodes. Row t belongs to the action that was taken at step t: its reward, and the value of the
observation it was taken in. Every episode ends at T, so the value after the last step is 0 unless a bootstrap
is given. The type of the rewards is the type of the result; float64 stays float64.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from spiral_core.errors import CanvasError, ConfigError


class Corrected(NamedTuple):
    """What V-trace returns: value targets and policy-gradient advantages, both (T, B), without gradient."""

    targets: Tensor
    advantages: Tensor


@torch.no_grad()
def discounted_returns(rewards_TB: Tensor, discount: float, bootstrap_B: Tensor | None = None) -> Tensor:
    """Return G_t = r_t + discount * G_(t+1), with the bootstrap, or 0, after the last step.

    Args:
        rewards_TB: Shape (T, B), floating point, T >= 1.
        discount: In [0, 1]; 1 is the paper's plain sum.
        bootstrap_B: Shape (B,): value after the last step; None is 0.

    Returns:
        Shape (T, B).

    Raises:
        CanvasError: Shapes or types disagree.
        ConfigError: The discount is outside [0, 1].

    Source: Ganin et al. 2018 (arXiv 1804.01118), section 3.2 (discount 1).
    """
    _check_unit("discount", discount)
    following_B = _checked_bootstrap(rewards_TB, bootstrap_B)
    returns_TB = torch.empty_like(rewards_TB)
    for t in reversed(range(len(rewards_TB))):
        following_B = rewards_TB[t] + discount * following_B
        returns_TB[t] = following_B
    return returns_TB


@torch.no_grad()
def gae(
    rewards_TB: Tensor, values_TB: Tensor, discount: float, lambda_: float, bootstrap_B: Tensor | None = None
) -> Tensor:
    """Return generalised advantages A_t = sum over k of (discount * lambda)^k delta_(t+k).

    Here delta_t = r_t + discount * V_(t+1) - V_t. With lambda 1 they are returns minus values.

    Args:
        rewards_TB: Shape (T, B), floating point, T >= 1.
        values_TB: Shape (T, B): V_t.
        discount: In [0, 1].
        lambda_: In [0, 1].
        bootstrap_B: Shape (B,): V_T; None is 0.

    Returns:
        Shape (T, B).

    Raises:
        CanvasError: Shapes or types disagree.
        ConfigError: The discount or lambda is outside [0, 1].

    Source: Schulman et al. 2016 (arXiv 1506.02438), eq. 16.
    """
    _check_unit("discount", discount)
    _check_unit("lambda", lambda_)
    bootstrap_B = _checked_bootstrap(rewards_TB, bootstrap_B)
    _check_like("values_TB", values_TB, rewards_TB)
    deltas_TB = rewards_TB + discount * torch.cat([values_TB[1:], bootstrap_B[None]]) - values_TB
    advantages_TB = torch.empty_like(deltas_TB)
    following_B = torch.zeros_like(bootstrap_B)
    for t in reversed(range(len(deltas_TB))):
        following_B = deltas_TB[t] + discount * lambda_ * following_B
        advantages_TB[t] = following_B
    return advantages_TB


@torch.no_grad()
def vtrace(
    log_rhos_TB: Tensor,
    rewards_TB: Tensor,
    values_TB: Tensor,
    bootstrap_B: Tensor | None = None,
    discount: float = 1.0,
    rho_clip: float = 1.0,
    c_clip: float = 1.0,
    *,
    lambda_: float = 1.0,
) -> Corrected:
    """Return value targets and advantages corrected for a behaviour policy that lags behind.

    Targets: v_s = V_s + sum over t >= s of discount^(t-s) (product of c_s .. c_(t-1)) rho_t delta_t, with
    delta_t = r_t + discount * V_(t+1) - V_t, rho_t = min(rho_clip, ratio), c_t = lambda * min(c_clip, ratio).
    Advantages: rho_s (r_s + discount * (lambda v_(s+1) + (1 - lambda) V_(s+1)) - V_s), so that without lag
    they are the generalised advantages of the same lambda; with lambda 1 they are the paper's.

    Args:
        log_rhos_TB: Shape (T, B): log(target / behaviour) of the action taken, all its parts together.
        rewards_TB: Shape (T, B), floating point, T >= 1.
        values_TB: Shape (T, B): V_t under the newest value function.
        bootstrap_B: Shape (B,): V_T; None is 0.
        discount: In [0, 1].
        rho_clip: Ceiling of the weight of a temporal difference, > 0; 1 in the paper.
        c_clip: Ceiling of the trace, > 0; 1 in the paper, which asks for rho_clip >= c_clip.
        lambda_: In [0, 1].

    Returns:
        Targets and advantages, both (T, B).

    Raises:
        CanvasError: Shapes or types disagree.
        ConfigError: A number is outside its range.

    Source: Espeholt et al. 2018 (arXiv 1802.01561), eq. 1, remark 2 (lambda) and section 4.2.
    """
    _check_unit("discount", discount)
    _check_unit("lambda", lambda_)
    if not 0 < c_clip <= rho_clip:
        raise ConfigError(f"rho_clip: {rho_clip}, c_clip: {c_clip}, must be 0 < c_clip <= rho_clip")
    bootstrap_B = _checked_bootstrap(rewards_TB, bootstrap_B)
    _check_like("values_TB", values_TB, rewards_TB)
    _check_like("log_rhos_TB", log_rhos_TB, rewards_TB)
    ratios_TB = log_rhos_TB.exp()
    rhos_TB, traces_TB = ratios_TB.clamp(max=rho_clip), lambda_ * ratios_TB.clamp(max=c_clip)
    next_values_TB = torch.cat([values_TB[1:], bootstrap_B[None]])
    deltas_TB = rhos_TB * (rewards_TB + discount * next_values_TB - values_TB)
    corrections_TB = torch.empty_like(deltas_TB)
    following_B = torch.zeros_like(bootstrap_B)
    for t in reversed(range(len(deltas_TB))):
        following_B = deltas_TB[t] + discount * traces_TB[t] * following_B
        corrections_TB[t] = following_B
    targets_TB = values_TB + corrections_TB
    next_corrections_TB = torch.cat([corrections_TB[1:], torch.zeros_like(bootstrap_B)[None]])
    mixed_TB = next_values_TB + lambda_ * next_corrections_TB
    return Corrected(targets_TB, rhos_TB * (rewards_TB + discount * mixed_TB - values_TB))


def _check_unit(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ConfigError(f"{name}: {value}, must be in [0, 1]")


def _checked_bootstrap(rewards_TB: Tensor, bootstrap_B: Tensor | None) -> Tensor:
    if rewards_TB.ndim != 2 or not len(rewards_TB) or not rewards_TB.is_floating_point():
        raise CanvasError(
            f"rewards_TB: shape {tuple(rewards_TB.shape)} {rewards_TB.dtype}, "
            "must be (T, B) floating point with T >= 1"
        )
    if bootstrap_B is None:
        return torch.zeros_like(rewards_TB[0])
    _check_like("bootstrap_B", bootstrap_B, rewards_TB[0])
    return bootstrap_B


def _check_like(name: str, given: Tensor, wanted: Tensor) -> None:
    if given.shape != wanted.shape or given.dtype != wanted.dtype:
        raise CanvasError(
            f"{name}: shape {tuple(given.shape)} {given.dtype}, "
            f"must be {tuple(wanted.shape)} {wanted.dtype} to fit the rewards"
        )
