"""Losses against their formulas in NumPy, with gradients by finite differences, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from spiral_core.agent.critic import Critic, CriticConfig, CriticInput, CriticView
from spiral_core.errors import CanvasError
from spiral_core.learning.critic_loss import (
    gradient_norms,
    mixed_input,
    standard_loss,
    wasserstein_loss,
)
from spiral_core.learning.rewards import RewardConfig, compute_rewards
from spiral_core.reward import mean_squared_error

Floats = npt.NDArray[np.float64]
SIDE, NUM = 8, 3


def pictures(seed: int, num: int = NUM) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(num, SIDE, SIDE, 3, dtype=torch.float64, generator=generator)


def mixes() -> Tensor:
    return torch.tensor([0.25, 0.5, 0.875], dtype=torch.float64)


def small_network(view: CriticView = "image") -> Critic:
    torch.manual_seed(3)
    critic = Critic(CriticConfig(kind="wasserstein", view=view, width=3, canvas_px=SIDE)).double().eval()
    for parameter in critic.parameters():
        nn.init.normal_(parameter, std=0.3)  # gradients of some size
    return critic


class Linear(nn.Module):
    """D(x) = slope . x + offset; its gradient is the slope, everywhere."""

    def __init__(self, length: float, offset: float = 0.7) -> None:
        super().__init__()
        direction = pictures(9, 1)[0] - 0.5
        self.slope = nn.Parameter(length * direction / torch.linalg.vector_norm(direction))
        self.offset = nn.Parameter(torch.tensor(offset, dtype=torch.float64))

    def forward(self, images: Tensor, *_: Tensor | None) -> Tensor:
        result: Tensor = (images * self.slope).sum((1, 2, 3)) + self.offset
        return result


def slopes(score: Callable[[Floats], float], picture: Floats, step: float = 1e-5) -> Floats:
    """Return the gradient of a score by every value of a picture, one at a time."""
    result = np.empty_like(picture)
    for place in np.ndindex(picture.shape):
        ends = []
        for sign in (1, -1):
            moved = picture.copy()
            moved[place] += sign * step
            ends.append(score(moved))
        result[place] = (ends[0] - ends[1]) / (2 * step)
    return result


def literal_wasserstein(
    score: Callable[[Floats, int], float],
    real: Floats,
    fake: Floats,
    mix: Floats,
    penalty_weight: float,
    mean_weight: float,
) -> tuple[float, float]:
    """L_D = -E D(real) + E D(fake) + R; returned with its penalty."""
    real_mean = sum(score(picture, i) for i, picture in enumerate(real)) / len(real)
    fake_mean = sum(score(picture, i) for i, picture in enumerate(fake)) / len(fake)
    penalty = 0.0
    for i in range(len(real)):
        between = mix[i] * real[i] + (1 - mix[i]) * fake[i]
        norm = np.sqrt((slopes(lambda picture, i=i: score(picture, i), between) ** 2).sum())  # type: ignore[misc]
        penalty += (norm - 1) ** 2 / len(real)
    middle = 0.5 * real_mean + 0.5 * fake_mean
    return -real_mean + fake_mean + penalty_weight * penalty + mean_weight * middle**2, penalty


@pytest.mark.parametrize("length", [0.0, 0.4, 1.0, 3.0])
def test_of_a_linear_critic_all_is_known(length: float) -> None:
    critic = Linear(length)
    real, fake = pictures(0), pictures(1)
    parts = wasserstein_loss(critic, CriticInput(real), CriticInput(fake), mixes(), mean_weight=0.3)
    real_mean, fake_mean = critic(real).mean().item(), critic(fake).mean().item()
    assert parts.gradient_norm.item() == pytest.approx(length)
    assert parts.penalty.item() == pytest.approx((length - 1) ** 2)
    assert parts.real_score.item() == pytest.approx(real_mean)
    assert parts.fake_score.item() == pytest.approx(fake_mean)
    middle = (real_mean + fake_mean) / 2
    wanted = fake_mean - real_mean + 10 * (length - 1) ** 2 + 0.3 * middle**2
    assert parts.loss.item() == pytest.approx(wanted)
    parts.loss.backward()  # type: ignore[no-untyped-call]
    assert critic.slope.grad is not None
    assert torch.isfinite(critic.slope.grad).all()  # a gradient of length 0, too


def test_the_wasserstein_loss_is_the_literal_formula() -> None:
    critic = small_network()
    real, fake = pictures(0), pictures(1)

    def score(picture: Floats, _: int) -> float:
        with torch.no_grad():
            return float(critic(torch.from_numpy(picture)[None]))

    wanted, penalty = literal_wasserstein(score, real.numpy(), fake.numpy(), mixes().numpy(), 7.0, 0.5)
    parts = wasserstein_loss(
        critic, CriticInput(real), CriticInput(fake), mixes(), penalty_weight=7.0, mean_weight=0.5
    )
    assert parts.penalty.item() == pytest.approx(penalty, rel=1e-6)
    assert parts.loss.item() == pytest.approx(wanted, rel=1e-6)
    assert penalty > 0.01


def test_the_losses_own_gradients_are_finite_differences() -> None:
    """The penalty's needs the second derivative of the network."""
    critic = small_network()
    real, fake = CriticInput(pictures(0)), CriticInput(pictures(1))

    def wasserstein() -> Tensor:
        return wasserstein_loss(critic, real, fake, mixes()).loss

    def standard() -> Tensor:
        return standard_loss(critic, real, fake).loss

    for loss in (wasserstein, standard):
        critic.zero_grad()
        loss().backward()  # type: ignore[no-untyped-call]
        for parameter in critic.parameters():
            assert parameter.grad is not None
            for index in (0, parameter.numel() // 2):
                place = np.unravel_index(index, parameter.shape)
                value = parameter.data[place].item()
                ends = []
                for sign in (1, -1):
                    parameter.data[place] = value + sign * 1e-6
                    ends.append(loss().item())
                parameter.data[place] = value
                wanted = (ends[0] - ends[1]) / 2e-6
                assert parameter.grad[place].item() == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_the_standard_loss_is_the_literal_formula() -> None:
    critic = small_network()
    real, fake = pictures(0), pictures(1)
    parts = standard_loss(critic, CriticInput(real), CriticInput(fake))
    left, right = critic(real).detach().numpy(), critic(fake).detach().numpy()

    def sigmoid(values: Floats) -> Floats:
        return 1 / (1 + np.exp(-values))

    wanted = -np.mean(np.log(sigmoid(left))) - np.mean(np.log(1 - sigmoid(right)))
    assert parts.loss.item() == pytest.approx(wanted)
    assert parts.accuracy.item() == pytest.approx(np.mean([*(left > 0), *(right < 0)]))
    assert parts.penalty.item() == parts.gradient_norm.item() == 0
    far = Linear(1.0, offset=1e4)  # no overflow where a score is far out
    assert standard_loss(far, CriticInput(real), CriticInput(fake)).loss.item() == pytest.approx(
        1e4, rel=0.01
    )


def test_bytes_and_numbers_mix_as_numbers() -> None:
    bytes_ = (pictures(0) * 255).round().to(torch.uint8)
    real, fake = CriticInput(bytes_), CriticInput(pictures(1))
    mixed = mixed_input(real, fake, mixes()).images
    for i, mix in enumerate(mixes().tolist()):
        torch.testing.assert_close(mixed[i], mix * bytes_[i].double() / 255 + (1 - mix) * fake.images[i])
    critic = small_network()
    as_bytes = wasserstein_loss(critic, real, fake, mixes())
    as_numbers = wasserstein_loss(critic, CriticInput(bytes_.double() / 255), fake, mixes())
    torch.testing.assert_close(as_bytes.loss, as_numbers.loss)


def test_a_mixed_picture_goes_with_the_program_of_its_nearer_end() -> None:
    real = CriticInput(pictures(0), actions=torch.full((NUM, 2, 5), 1))
    fake = CriticInput(pictures(1), actions=torch.full((NUM, 2, 5), -1))
    actions = mixed_input(real, fake, mixes()).actions
    assert actions is not None
    assert actions[:, 0, 0].tolist() == [-1, -1, 1]


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(CanvasError, match="images: real"):
        standard_loss(small_network(), CriticInput(pictures(0)), CriticInput(pictures(1)[1:]))
    with pytest.raises(CanvasError, match="target: real None"):
        mixed_input(CriticInput(pictures(0)), CriticInput(pictures(1), pictures(2)), mixes())


# The paper's objective for a conditional agent: one target, of which the data hold one picture (Dirac).


def test_with_a_dirac_target_the_pair_critics_loss_is_the_papers() -> None:
    """Ganin et al. 2018, section 3.3: p_d is a Dirac at x_target, and D sees pairs."""
    critic = small_network("pair")
    target, fake = pictures(0, 1).expand(NUM, -1, -1, -1), pictures(1)

    def score(picture: Floats, _: int) -> float:
        with torch.no_grad():
            return float(critic(torch.from_numpy(picture)[None], target[:1]))

    wanted, penalty = literal_wasserstein(score, target.numpy(), fake.numpy(), mixes().numpy(), 10.0, 0.1)
    parts = wasserstein_loss(critic, CriticInput(target, target), CriticInput(fake, target), mixes())
    assert parts.loss.item() == pytest.approx(wanted, rel=1e-6)
    assert parts.penalty.item() == pytest.approx(penalty, rel=1e-6)
    # Its expectation over the data is its score at the target.
    assert parts.real_score.item() == pytest.approx(score(target[0].numpy(), 0))


def distance_critic(images: Tensor, target: Tensor, *_: Tensor | None) -> Tensor:
    """D(x) = -||x - target||."""
    distance: Tensor = torch.linalg.vector_norm((images - target).flatten(1), dim=1)
    return -distance


def test_distance_is_an_optimal_critic_of_a_dirac_target() -> None:
    """Appendix A: its gradient is 1 everywhere between, and no critic of that kind does better."""
    target, fake = pictures(0, 1).expand(NUM, -1, -1, -1), pictures(1)
    mix = torch.tensor([0.0, 0.3, 0.999], dtype=torch.float64)
    real_input, fake_input = CriticInput(target, target), CriticInput(fake, target)
    norms = gradient_norms(distance_critic, mixed_input(real_input, fake_input, mix))
    torch.testing.assert_close(norms, torch.ones(NUM, dtype=torch.float64))
    parts = wasserstein_loss(distance_critic, real_input, fake_input, mix, mean_weight=0.0)
    assert parts.penalty.item() == pytest.approx(0, abs=1e-20)
    # Its loss is minus the Wasserstein distance to a Dirac, the mean distance: the least there is.
    distance = np.sqrt(((fake - target).numpy() ** 2).sum(axis=(1, 2, 3))).mean()
    assert parts.loss.item() == pytest.approx(-distance)
    for length in (0.5, 1.0):  # another critic of slope at most 1
        other = wasserstein_loss(
            Linear(length), real_input, fake_input, mix, penalty_weight=0, mean_weight=0
        ).loss
        assert other.item() > parts.loss.item()


def test_the_reward_of_that_critic_orders_pictures_as_l2_does() -> None:
    rng = np.random.default_rng(0)
    canvases = rng.integers(0, 256, (12, 2, SIDE, SIDE, 3), np.uint8)
    targets = rng.integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    # Some canvases near their target.
    canvases[5:] = (targets + (canvases[5:] / 255 - 0.5) * np.arange(7)[:, None, None, None, None]).clip(
        0, 255
    )

    def score(
        images: npt.NDArray[np.uint8], _: npt.NDArray[np.int64], episode: npt.NDArray[np.int64]
    ) -> Floats:
        pair = (torch.from_numpy(array.astype(np.float64) / 255) for array in (images, targets[episode]))
        return np.asarray(distance_critic(*pair).numpy())

    paint = np.ones((11, 2), np.bool_)
    critic = compute_rewards(RewardConfig(critic=1.0), canvases, targets, paint, score).total
    l2 = compute_rewards(RewardConfig(l2=1.0), canvases, targets, paint).total
    np.testing.assert_array_equal(np.sign(critic), np.sign(l2))
    final = score(canvases[:, 0].reshape(-1, SIDE, SIDE, 3), np.zeros(12, np.int64), np.zeros(12, np.int64))
    errors = [mean_squared_error(canvas[:1], targets[:1])[0] for canvas in canvases]
    assert np.argsort(final).tolist() == np.argsort(errors)[::-1].tolist()
