from __future__ import annotations

from typing import Any

import pytest
import torch

from spiral_core.action_space import ActionPart, ActionSpace, PlainActions
from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.paper_policy import PaperPolicy, PartEmbedding
from spiral_core.agent.policy_interface import Policy, PolicyInput
from spiral_core.errors import AgentError, ConfigError

SCENE = PlainActions(
    parts=(
        ActionPart("what", "scalar", 3),
        ActionPart("type", "scalar", 4),
        ActionPart("location", "location", 16 * 16),
        ActionPart("size", "scalar", 3),
        ActionPart("red", "scalar", 4),
    )
)
GRAY = ActionSpace(grayscale=True, grid=16)
CONFIGS = {
    "conditional": PaperConfig(),
    "unconditional": PaperConfig(is_conditional=False),
    "grayscale": PaperConfig(action_space=GRAY, canvas_px=32),
    "blind": PaperConfig(action_space=GRAY, is_blind=True),
    "blind, unconditional": PaperConfig(action_space=GRAY, is_blind=True, is_conditional=False),
    "scene": PaperConfig(action_space=SCENE),
}


def policy_of(config: PaperConfig) -> PaperPolicy:
    torch.manual_seed(0)
    return PaperPolicy(config)


def inputs_of(config: PaperConfig, num: int, seed: int = 0) -> PolicyInput:
    torch.manual_seed(seed)
    side, parts = config.canvas_px, config.action_space.parts
    images = torch.randint(0, 256, (2, num, side, side, 3), dtype=torch.uint8)
    return PolicyInput(
        canvas=images[0],
        location=None,
        last_action=torch.stack([torch.randint(part.num_values, (num,)) for part in parts], dim=1),
        action_mask=torch.randint(0, 2, (num, len(parts))).float(),
        step=torch.zeros(num),
        target=images[1] if config.is_conditional else None,
        noise=None if config.is_conditional else torch.randn(num, config.noise_size),
    )


def test_it_has_the_papers_size() -> None:
    # 1.61 million by the sizes of the released agent; ours drops what nothing follows: the last part's fold.
    count = sum(weight.numel() for weight in policy_of(CONFIGS["unconditional"]).parameters())
    assert count == 1_600_657
    assert count == pytest.approx(1.61e6, rel=0.01)
    for config in CONFIGS.values():
        count = sum(weight.numel() for weight in policy_of(config).parameters())
        assert 1.0e6 < count < 1.7e6


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_an_episode_is_scored_as_it_was_sampled(config: PaperConfig) -> None:
    num_steps, batch = 3, 4
    for dtype, tolerance in ((torch.float32, 1e-4), (torch.float64, 1e-12)):
        policy: Policy = policy_of(config).to(dtype)
        steps = [inputs_of(config, batch, seed) for seed in range(num_steps)]
        lstm, sampled = None, []
        with torch.inference_mode():
            for inputs in steps:
                encoded = policy.encode(inputs, lstm)
                lstm = encoded.lstm
                decision = policy.decode(
                    encoded.state, encoded.map, generator=torch.Generator().manual_seed(1)
                )
                scored = policy.decode(encoded.state, encoded.map, decision.actions)
                assert torch.equal(scored.log_prob, decision.log_prob)
                sampled.append(decision)
            rows: dict[str, Any] = {
                name: None
                if getattr(steps[0], name) is None
                else torch.cat([getattr(inputs, name) for inputs in steps])
                for name in PolicyInput._fields
            }
            looked = policy.perceive(PolicyInput(**rows))
            states, _ = policy.remember(looked.seen.view(num_steps, batch, -1))
            actions, log_prob, _ = (torch.cat(each) for each in zip(*sampled, strict=True))
            ratio = (policy.decode(states.flatten(0, 1), looked.map, actions).log_prob - log_prob).exp()
            torch.testing.assert_close(policy.value_of(states[-1]), encoded.value)
        for i, part in enumerate(config.action_space.parts):
            assert (actions[:, i] < part.num_values).all()
            assert float((ratio[:, i] - 1).abs().max()) < tolerance, part.name


@pytest.mark.parametrize("name", ["unconditional", "scene"])
def test_gradients_reach_every_weight(name: str) -> None:
    policy = policy_of(CONFIGS[name])
    seen, feature_map = policy.perceive(inputs_of(policy.config, 8))
    states, _ = policy.remember(seen.view(2, 4, -1))
    decision = policy.decode(states.flatten(0, 1), feature_map, generator=torch.Generator().manual_seed(0))
    loss = decision.log_prob.sum() + decision.entropy.sum() + policy.value_of(states.flatten(0, 1)).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    for weight_name, weight in policy.named_parameters():
        assert weight.grad is not None
        assert weight.grad.abs().sum() > 0, weight_name


def test_blocks_of_rows_give_what_all_rows_give() -> None:
    policy = policy_of(CONFIGS["grayscale"])
    inputs = inputs_of(policy.config, 37)
    with torch.inference_mode():
        whole = policy.perceive(inputs)
        alone = policy.perceive(
            PolicyInput(*(None if each is None else each[20:21] for each in inputs))  # type: ignore[arg-type]
        )
    torch.testing.assert_close(whole.seen[20:21], alone.seen)


def test_a_value_is_embedded_by_its_column_and_a_place_by_its_coordinates() -> None:
    torch.manual_seed(0)
    size = PartEmbedding(ActionPart("size", "scalar", 6))
    one_hot = torch.eye(6)
    torch.testing.assert_close(size(torch.arange(6)), size.linear(one_hot))
    place = PartEmbedding(ActionPart("end", "location", 32 * 32))
    corners = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    torch.testing.assert_close(place(torch.tensor([0, 31, 31 * 32, 32 * 32 - 1])), place.linear(corners))


def test_what_it_sees() -> None:
    assert CONFIGS["conditional"].num_planes == 8
    assert CONFIGS["unconditional"].num_planes == 5
    assert CONFIGS["grayscale"].num_planes == 4
    assert CONFIGS["blind"].num_planes == 3
    for name in ("blind", "grayscale"):
        policy = policy_of(CONFIGS[name])
        seen = inputs_of(policy.config, 2)
        with torch.inference_mode():
            before, after = (
                policy.perceive(each).seen for each in (seen, seen._replace(canvas=255 - seen.canvas))
            )
        assert torch.equal(before, after) == (name == "blind")
    with pytest.raises(AgentError, match="needs a target and no noise"):
        policy_of(CONFIGS["conditional"]).perceive(inputs_of(CONFIGS["unconditional"], 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"canvas_px": 60}, "canvas_px: 60, must be one of 32, 64, 128, 256"),
        ({"noise_size": 0}, "noise_size: 0"),
        ({"action_space": ActionSpace(grid=24)}, "end: grid: 24, must be one of 8, 16, 32, 64, 128"),
        ({"action_space": ActionSpace(aspect=0.5)}, "aspect: 0.5, must be 1"),
    ],
)
def test_wrong_shapes_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PaperConfig(**options)
