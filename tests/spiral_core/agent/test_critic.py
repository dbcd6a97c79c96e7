from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spiral_core.action_space import ActionSpace
from spiral_core.agent.critic import NUM_HALVES, Critic, CriticConfig, CriticInput, CriticKind, CriticView
from spiral_core.errors import CanvasError, ConfigError

SPACE = ActionSpace(grid=8, radii=(0.03, 0.08), num_pressures=3, num_color_levels=4)
SIDE, NUM, STEPS = 16, 4, 5
KINDS: tuple[CriticKind, ...] = ("spectral", "wasserstein")
VIEWS: tuple[CriticView, ...] = ("image", "pair", "complement")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(seed: int = 0, num: int = NUM, side: int = SIDE) -> Tensor:
    return torch.randint(0, 256, (num, side, side, 3), dtype=torch.uint8, generator=generator(seed))


def programs(seed: int = 0) -> Tensor:
    high = torch.from_numpy(SPACE.num_values)
    values = torch.rand(NUM, STEPS, SPACE.num_parts, generator=generator(seed)) * high
    actions = values.long()
    actions[:, 1::2, 2:] = -1  # jumps
    return actions


def critic_input(config: CriticConfig, seed: int = 0) -> CriticInput:
    return CriticInput(
        pictures(seed, side=config.canvas_px),
        None if config.view == "image" else pictures(seed + 1, side=config.canvas_px),
        programs(seed) if config.sees_actions else None,
        torch.arange(NUM) % NUM_HALVES if config.view == "complement" else None,
    )


def small_critic(
    kind: CriticKind = "spectral", view: CriticView = "image", *, sees_actions: bool = False
) -> Critic:
    torch.manual_seed(0)
    config = CriticConfig(kind=kind, view=view, width=4, canvas_px=SIDE, sees_actions=sees_actions)
    return Critic(config, SPACE if sees_actions else None).eval()


def test_at_64_pixels_there_are_four_strided_convolutions_and_no_batch_norm() -> None:
    critic = Critic(CriticConfig())
    assert critic.config.channels == (16, 32, 64, 128)
    strided = [module for module in critic.modules() if isinstance(module, nn.Conv2d)]
    assert [module.stride for module in strided] == [(2, 2)] * 4
    assert not any("norm" in type(module).__name__.lower() for module in critic.convolutions)
    num = 0
    for before, after in ((3, 16), (16, 32), (32, 64), (64, 128)):
        num += 16 * before * after + after
    num += 128 * 16 + 1
    assert sum(parameter.numel() for parameter in critic.parameters()) == num == 175_089


@pytest.mark.parametrize("side", [8, 32, 128])
def test_any_power_of_two_fits(side: int) -> None:
    critic = Critic(CriticConfig(width=2, canvas_px=side))
    assert critic(pictures(side=side)).shape == (NUM,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("view", VIEWS)
def test_scores_are_the_same_from_bytes_and_numbers_and_for_each_row_alone(
    kind: CriticKind, view: CriticView
) -> None:
    critic = small_critic(kind, view).double()
    given = critic_input(critic.config)
    scores = critic(*given)
    assert scores.shape == (NUM,)
    assert scores.std() > 0
    torch.testing.assert_close(critic(given.images.double() / 255, *given[1:]), scores)
    for row in range(NUM):
        alone = [None if part is None else part[row : row + 1] for part in given]
        torch.testing.assert_close(critic(*alone), scores[row : row + 1])


def test_the_network_is_the_one_written_down() -> None:
    """A convolution of stride 2 by hand, in NumPy, layer by layer."""
    critic = small_critic("wasserstein", "pair").double()
    image, target = pictures(0, 1), pictures(1, 1)
    planes = np.concatenate([image[0].numpy(), target[0].numpy()], axis=2) / 255 * 2 - 1
    for layer in critic.convolutions:
        assert isinstance(layer, nn.Conv2d)
        weight, bias = layer.weight.detach().numpy(), layer.bias
        assert bias is not None
        padded = np.pad(planes, ((1, 1), (1, 1), (0, 0)))
        side = len(planes) // 2
        result = np.empty((side, side, len(weight)))
        for y in range(side):
            for x in range(side):
                window = padded[2 * y : 2 * y + 4, 2 * x : 2 * x + 4]
                result[y, x] = np.einsum("yxc,ocyx->o", window, weight) + bias.detach().numpy()
        planes = np.where(result > 0, result, 0.2 * result)
    flat = planes.transpose(2, 0, 1).ravel()
    score = flat @ critic.score.weight[0].detach().numpy() + critic.score.bias.item()
    np.testing.assert_allclose(critic(image, target).item(), score, rtol=1e-10)


def test_a_complement_critic_sees_one_half_of_each_and_never_the_same_place_twice() -> None:
    critic = small_critic(view="complement").double()
    image, target = (pictures(seed).double() / 255 for seed in (0, 1))
    half = torch.arange(4)
    image.requires_grad_()
    target.requires_grad_()
    by_image, by_target = torch.autograd.grad(critic(image, target, None, half).sum(), (image, target))
    seen_image, seen_target = (gradient.abs().sum(3) > 0 for gradient in (by_image, by_target))
    assert not (seen_image & seen_target).any()
    middle = SIDE // 2
    everywhere = torch.zeros(4, SIDE, SIDE, dtype=torch.bool)
    everywhere[0, :, :middle] = everywhere[1, :, middle:] = True
    everywhere[2, :middle] = everywhere[3, middle:] = True
    assert not (seen_target & ~everywhere).any()
    assert not (seen_image & everywhere).any()
    assert (seen_target | seen_image).float().mean() > 0.99
    # Of a picture that is its own target it sees the picture.
    scores = critic(target, target, None, half)
    torch.testing.assert_close(scores, critic(target, target, None, (half + 1) % 4))


def test_in_grayscale_one_channel_is_looked_at() -> None:
    critic = Critic(CriticConfig(width=4, canvas_px=SIDE, grayscale=True)).eval()
    image = pictures()
    other = image.clone()
    other[..., 1:] = 0
    assert torch.equal(critic(image), critic(other))


def test_programs_are_judged_with_the_picture() -> None:
    critic = small_critic(sees_actions=True)
    given = critic_input(critic.config)
    assert given.actions is not None
    scores = critic(*given)
    turned = given.actions.flip(1)
    assert not torch.allclose(critic(given.images, None, turned), scores)  # order counts
    hidden = given.actions.clone()
    hidden[0, 0, 3] = -1
    assert not torch.allclose(critic(given.images, None, hidden)[0], scores[0])
    # What a program adds depends on the picture: it is no sum of two scores.
    swapped = critic(given.images.flip(0), None, given.actions.flip(0)).flip(0)
    torch.testing.assert_close(swapped, scores)
    others = given.images.flip(0)
    here = critic(given.images, None, turned) - scores
    there = critic(others, None, turned) - critic(others, None, given.actions)
    assert (here - there).abs().min() > 1e-7


def test_a_wild_value_behind_a_mask_changes_nothing() -> None:
    critic = small_critic(sees_actions=True)
    given = critic_input(critic.config)
    assert given.actions is not None
    other = torch.where(given.actions < 0, -7, given.actions)
    assert torch.equal(critic(given.images, None, other), critic(*given))


@pytest.mark.parametrize("sees_actions", [False, True])
def test_every_layer_of_a_spectral_critic_has_norm_one(sees_actions: bool) -> None:
    critic = small_critic(sees_actions=sees_actions).train()
    given = critic_input(critic.config)
    for _ in range(300):  # the estimate settles by power iteration
        critic(*given)
    critic.eval()
    layers = [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Conv1d | nn.Linear | nn.Embedding)]
    assert len(layers) == (2 + 1 + (8 + 3 if sees_actions else 0))
    for layer in layers:
        norm = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert norm.item() == pytest.approx(1, abs=1e-3)


def test_scoring_moves_nothing_and_training_does() -> None:
    critic = small_critic()
    given = critic_input(critic.config)
    before = copy.deepcopy(critic.state_dict())
    scores = critic(*given)
    assert torch.equal(critic(*given), scores)
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    critic.train()
    critic(*given)
    moved = {name for name, value in critic.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.endswith(("_u", "_v")) for name in moved)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_dict_brings_the_scores_back_to_the_bit(kind: CriticKind) -> None:
    critic = small_critic(kind).train()
    given = critic_input(critic.config)
    critic(*given)
    torch.manual_seed(1)
    other = Critic(critic.config)
    other.load_state_dict(critic.state_dict())
    assert torch.equal(critic.eval()(*given), other.eval()(*given))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="kind: 'hinge', must be one of spectral, wasserstein"):
        CriticConfig(kind="hinge")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="view: 'both'"):
        CriticConfig(view="both")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="width: 0"):
        CriticConfig(width=0)
    with pytest.raises(ConfigError, match="canvas_px: 60, must be 8, 16, 32"):
        CriticConfig(canvas_px=60)
    with pytest.raises(ConfigError, match="needs view 'image', not 'pair'"):
        CriticConfig(sees_actions=True, view="pair")
    with pytest.raises(ConfigError, match="action space"):
        Critic(CriticConfig(sees_actions=True))
    critic = small_critic(view="complement")
    image = pictures()
    with pytest.raises(CanvasError, match="half: missing with critic view 'complement'"):
        critic(image, image)
    with pytest.raises(CanvasError, match="target: missing"):
        critic(image)
    with pytest.raises(CanvasError, match=r"half: \(1,\), must be \(4,\)"):
        critic(image, image, None, torch.zeros(1, dtype=torch.long))
    with pytest.raises(CanvasError, match=r"images: \(4, 16, 8, 3\), must be \(N, 16, 16, 3\)"):
        critic(image[:, :, :8], image)
    with pytest.raises(CanvasError, match="target: not wanted"):
        small_critic()(image, image)
    with pytest.raises(CanvasError, match=r"target: \(1"):
        small_critic(view="pair")(image, image[:1])
    with pytest.raises(CanvasError, match=r"actions: \(4, 5, 2\), must be \(4, T, 8\)"):
        small_critic(sees_actions=True)(image, None, programs()[..., :2])
