"""Losses of a critic: Wasserstein with gradient penalty (2018), and the standard one (SPIRAL++).

N images. A critic's condition (target, half) is the same for the real and the fake picture of a row, and the
gradient of the penalty is by the picture alone. So with one target, of which the data are the only picture
(a Dirac distribution), -||x - target|| is an optimal critic: its gradient is 1 everywhere between, and the
reward it gives is the drop of the distance (Ganin et al. 2018, appendix A).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from spiral_core.agent.critic import CriticInput
from spiral_core.errors import CanvasError

CriticFunction = Callable[..., Tensor]
"""(images, target, actions, half) -> scores (N,); a `Critic`, or any function of a `CriticInput`."""


class CriticLoss(NamedTuple):
    """A loss and what it is made of; all scalars, only the loss has a gradient.

    Attributes:
        loss: What is minimised.
        real_score: Mean score of the data.
        fake_score: Mean score of the renders.
        penalty: Gradient penalty before its weight; 0 in the standard loss.
        gradient_norm: Mean norm of the gradient on the way from fake to real; 0 in the standard loss.
        accuracy: Share of pictures on the right side: real above 0, fake below.
    """

    loss: Tensor
    real_score: Tensor
    fake_score: Tensor
    penalty: Tensor
    gradient_norm: Tensor
    accuracy: Tensor


def standard_loss(critic: CriticFunction, real: CriticInput, fake: CriticInput) -> CriticLoss:
    """Return the logistic loss: mean of softplus(-D(real)) plus mean of softplus(D(fake)).

    The policy is paid the score itself, which is the non-saturating form.

    Args:
        critic: What is trained.
        real: N pictures of the data.
        fake: N renders.

    Raises:
        CanvasError: Real and fake do not go together.

    Source: Goodfellow et al. 2014 (arXiv 1406.2661), eq. 1; used in SPIRAL++ (arXiv 1910.01007), section 2.1.
    """
    real_N, fake_N = _scores(critic, real, fake)
    loss = F.softplus(-real_N).mean() + F.softplus(fake_N).mean()
    zero = torch.zeros_like(loss.detach())
    return _parts(loss, real_N, fake_N, zero, zero)


def wasserstein_loss(
    critic: CriticFunction,
    real: CriticInput,
    fake: CriticInput,
    mix_N: Tensor,
    *,
    penalty_weight: float = 10.0,
    mean_weight: float = 0.1,
) -> CriticLoss:
    """Return -E D(real) + E D(fake) + penalty_weight * penalty + mean_weight * (mean score)^2.

    The penalty is the mean of (||gradient of D|| - 1)^2 at mix * real + (1 - mix) * fake. The last term
    pushes the mean over half real, half fake to zero, which settles the constant that the rest leaves free;
    that it is a square is ours. Programs cannot be mixed: a mixed picture goes with that of its nearer end.

    Args:
        critic: What is trained.
        real: N pictures of the data.
        fake: N renders; row by row with the same target and half as the real ones.
        mix_N: Shape (N,), in [0, 1]: evenly distributed random numbers.
        penalty_weight: Weight of the penalty, 10 in its paper.
        mean_weight: Weight of the push to zero.

    Raises:
        CanvasError: Real and fake do not go together.

    Source: Ganin et al. 2018 (arXiv 1804.01118), section 3.2; penalty: Gulrajani et al. 2017
    (arXiv 1704.00028), eq. 3.
    """
    real_N, fake_N = _scores(critic, real, fake)
    norm_N = gradient_norms(critic, mixed_input(real, fake, mix_N))
    penalty = (norm_N - 1).square().mean()
    mean = (real_N.mean() + fake_N.mean()) / 2
    loss = fake_N.mean() - real_N.mean() + penalty_weight * penalty + mean_weight * mean.square()
    return _parts(loss, real_N, fake_N, penalty, norm_N.mean())


def mixed_input(real: CriticInput, fake: CriticInput, mix_N: Tensor) -> CriticInput:
    """Return mix * real + (1 - mix) * fake, detached, with the condition that both share.

    Raises:
        CanvasError: Real and fake do not go together.
    """
    _check_together(real, fake)
    left, right = (_as_float(given.images, mix_N.dtype).detach() for given in (real, fake))
    mix = mix_N.to(left.device)[:, None, None, None]
    images = mix * left + (1 - mix) * right
    actions = fake.actions
    if real.actions is not None and fake.actions is not None:
        actions = torch.where(mix[..., 0] > 0.5, real.actions, fake.actions)
    return CriticInput(images, fake.target, actions, fake.half)


def gradient_norms(critic: CriticFunction, given: CriticInput) -> Tensor:
    """Return the norm (N,) of each score's gradient by its picture, itself with a gradient."""
    images = given.images.detach().requires_grad_()
    # Scores do not depend on other rows, so the gradient of their sum holds every row's own.
    total = critic(images, *given[1:]).sum()
    (gradient,) = torch.autograd.grad(total, images, create_graph=True)
    norms: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return norms


def _scores(critic: CriticFunction, real: CriticInput, fake: CriticInput) -> tuple[Tensor, Tensor]:
    """Return the scores of real and fake pictures from one pass over both."""
    _check_together(real, fake)
    images = [real.images, fake.images]
    if images[0].dtype != images[1].dtype:
        dtype = next(part.dtype for part in images if part.is_floating_point())
        images = [_as_float(part, dtype) for part in images]
    rest = [
        None if left is None or right is None else torch.cat([left, right])
        for left, right in zip(real[1:], fake[1:], strict=True)
    ]
    scores = critic(torch.cat(images), *rest)
    return scores[: len(real.images)], scores[len(real.images) :]


def _check_together(real: CriticInput, fake: CriticInput) -> None:
    for name, left, right in zip(real._fields, real, fake, strict=True):
        shapes = [None if part is None else tuple(part.shape) for part in (left, right)]
        if shapes[0] != shapes[1]:
            raise CanvasError(f"{name}: real {shapes[0]}, fake {shapes[1]}, must be of one shape")


def _as_float(images: Tensor, dtype: torch.dtype) -> Tensor:
    return images.to(dtype) if images.is_floating_point() else images.to(dtype) / 255


def _parts(loss: Tensor, real_N: Tensor, fake_N: Tensor, penalty: Tensor, norm: Tensor) -> CriticLoss:
    real_N, fake_N = real_N.detach(), fake_N.detach()
    right = torch.cat([real_N > 0, fake_N < 0]).to(loss.dtype).mean()
    return CriticLoss(loss, real_N.mean(), fake_N.mean(), penalty.detach(), norm.detach(), right)
