from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from spiral_core.action_space import ActionPart, ActionSpace, PlainActions
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig, expected_shapes
from spiral_core.agent.policy_interface import PolicyInput
from spiral_core.environment import Observation, PaintingEnvironment
from spiral_core.errors import AgentError

SCENE = (
    ActionPart("what", "scalar", 3),
    ActionPart("type", "scalar", 4),
    ActionPart("location", "location", 16 * 16),
    ActionPart("size", "scalar", 3),
    ActionPart("red", "scalar", 4),
    ActionPart("green", "scalar", 4),
    ActionPart("blue", "scalar", 4),
)
CONFIGS = {
    "conditional": PolicyConfig(),
    "unconditional": PolicyConfig(is_conditional=False),
    "grayscale": PolicyConfig(action_space=ActionSpace(grayscale=True)),
    "grayscale, unconditional": PolicyConfig(action_space=ActionSpace(grayscale=True), is_conditional=False),
    "blind": PolicyConfig(is_blind=True),
    "blind, unconditional": PolicyConfig(is_blind=True, is_conditional=False),
    "scene": PolicyConfig(action_space=PlainActions(parts=SCENE)),
    "two grids, colour": PolicyConfig(
        action_space=PlainActions(
            parts=(
                ActionPart("where", "location", 32 * 32),
                ActionPart("type", "scalar", 3),
                ActionPart("to", "location", 16 * 16),
            ),
            has_location=True,
        ),
        is_conditional=False,
    ),
    "other sizes": PolicyConfig(
        action_space=ActionSpace(grid=16, radii=(0.02, 0.1), num_pressures=3, num_color_levels=4),
        canvas_px=32,
        channels=(8, 12, 20),
        map_channels=6,
        hidden=32,
        rank=2,
    ),
}


def policy_of(config: PolicyConfig, seed: int = 0) -> LightPolicy:
    """Return a policy with weights large enough that every path through the network matters."""
    torch.manual_seed(seed)
    policy = LightPolicy(config)
    for weight in policy.parameters():
        fan_in = weight[0].numel() if weight.ndim > 1 else 100
        torch.nn.init.normal_(weight, std=fan_in**-0.5)
    return policy


def values_of(config: PolicyConfig) -> list[int]:
    return [part.num_values for part in config.action_space.parts]


def observation_of(config: PolicyConfig, num: int, seed: int = 0, step: int = 3) -> Observation:
    rng = np.random.default_rng(seed)
    side, num_values = config.canvas_px, values_of(config)
    canvas, target = rng.integers(0, 256, (2, num, side, side, 3), np.uint8)
    return Observation(
        canvas=canvas,
        location=rng.random((num, 2), np.float32),
        last_action=rng.integers(0, num_values, (num, len(num_values))),
        action_mask=rng.integers(0, 2, (num, len(num_values))).astype(np.bool_),
        step=step,
        target=target if config.is_conditional else None,
        noise=None if config.is_conditional else rng.standard_normal((num, 10), np.float32),
    )


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_every_part_is_scored_as_it_was_sampled(config: PolicyConfig) -> None:
    policy = policy_of(config)
    encoded = policy.encode(PolicyInput.from_observation(observation_of(config, 32)))
    sampled = policy.decode(encoded.state, encoded.map, generator=torch.Generator().manual_seed(1))
    encoded = policy.encode(PolicyInput.from_observation(observation_of(config, 32)))
    scored = policy.decode(encoded.state, encoded.map, sampled.actions)
    ratio = (scored.log_prob - sampled.log_prob).exp()
    for i, part in enumerate(config.action_space.parts):
        assert (ratio[:, i] == 1).all(), part.name
    assert (sampled.log_prob < 0).all()
    assert sampled.actions.min() >= 0
    assert (sampled.actions.numpy() < values_of(config)).all()


def flattened(steps: list[PolicyInput]) -> PolicyInput:
    """Return the observations of all steps as one, in the order of the steps."""
    rows: dict[str, Any] = {
        name: None if getattr(steps[0], name) is None else torch.cat([getattr(step, name) for step in steps])
        for name in PolicyInput._fields
    }
    return PolicyInput(**rows)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_an_episode_is_scored_as_it_was_sampled(config: PolicyConfig) -> None:
    num_steps, batch = 5, 16
    for dtype, tolerance in ((torch.float32, 1e-4), (torch.float64, 1e-12)):
        policy = policy_of(config).to(dtype)
        seen = [
            PolicyInput.from_observation(observation_of(config, batch, seed=step, step=step))
            for step in range(num_steps)
        ]
        generator, lstm, sampled = torch.Generator().manual_seed(1), None, []
        with torch.inference_mode():
            for inputs in seen:
                encoded = policy.encode(inputs, lstm)
                lstm = encoded.lstm
                sampled.append(policy.decode(encoded.state, encoded.map, generator=generator))
        lstm = None
        for inputs, decision in zip(seen, sampled, strict=True):
            encoded = policy.encode(inputs, lstm)
            lstm = encoded.lstm
            scored = policy.decode(encoded.state, encoded.map, decision.actions.clone())
            assert torch.equal(scored.log_prob, decision.log_prob)
            assert torch.equal(scored.entropy, decision.entropy)
        looked = policy.perceive(flattened(seen))
        states, last = policy.remember(looked.seen.view(num_steps, batch, -1))
        actions, log_prob, _ = (torch.cat(rows) for rows in zip(*sampled, strict=True))
        with torch.no_grad():
            ratio = (policy.decode(states.flatten(0, 1), looked.map, actions).log_prob - log_prob).exp()
        for i, part in enumerate(config.action_space.parts):
            assert float((ratio[:, i] - 1).abs().max()) < tolerance, part.name
        assert lstm is not None
        torch.testing.assert_close(last, lstm)
        torch.testing.assert_close(policy.value_of(states[-1]), encoded.value)


def test_the_memory_carries_on_where_it_stopped() -> None:
    policy = policy_of(CONFIGS["conditional"])
    seen = torch.randn(6, 3, policy.config.hidden)
    whole, last = policy.remember(seen)
    first, between = policy.remember(seen[:2])
    second, end = policy.remember(seen[2:], between)
    assert torch.equal(whole, torch.cat([first, second]))
    assert torch.equal(last[1], end[1])


def test_greedy_and_cold_decisions_are_the_likeliest() -> None:
    config = CONFIGS["conditional"]
    policy = policy_of(config)
    with torch.inference_mode():
        encoded = policy.encode(PolicyInput.from_observation(observation_of(config, 8)))
        state, feature_map = encoded.state, encoded.map
        greedy = policy.decode(state, feature_map, greedy=True)
        assert torch.equal(greedy.actions, policy.decode(state, feature_map, greedy=True).actions)
        for i, part in enumerate(config.action_space.parts):
            likeliest = policy.part_logits(part, state, feature_map).argmax(dim=1)
            assert torch.equal(greedy.actions[:, i], likeliest)
            state = policy.fold(part, state, feature_map, greedy.actions[:, i])
        cold = policy.decode(encoded.state, encoded.map, temperature=1e-4)
        assert torch.equal(cold.actions, greedy.actions)
        warm = policy.decode(encoded.state, encoded.map, greedy.actions, temperature=2.0)
        again = policy.decode(encoded.state, encoded.map, greedy.actions)
    assert (warm.entropy > again.entropy).all()
    assert torch.equal(again.log_prob, greedy.log_prob)
    with pytest.raises(AgentError, match="temperature: 0, must be > 0"):
        policy.decode(encoded.state, encoded.map, temperature=0.0)


def test_samples_follow_the_probabilities() -> None:
    config = CONFIGS["other sizes"]
    policy = policy_of(config)
    num = 20_000
    with torch.inference_mode():
        encoded = policy.encode(PolicyInput.from_observation(observation_of(config, 1)))
        state, feature_map = encoded.state.expand(num, -1), encoded.map.expand(num, -1, -1)
        actions = policy.decode(state, feature_map, generator=torch.Generator().manual_seed(0)).actions
        flag, end = config.action_space.parts[:2]
        share = policy.part_logits(flag, encoded.state, encoded.map).softmax(1)[0]
        drawn = torch.bincount(actions[:, 0], minlength=2) / num
        torch.testing.assert_close(drawn, share, atol=0.015, rtol=0)
        for value in (0, 1):
            given = policy.fold(flag, encoded.state, encoded.map, torch.tensor([value]))
            share = policy.part_logits(end, given, encoded.map).softmax(1)[0]
            rows = actions[actions[:, 0] == value, 1]
            drawn = torch.bincount(rows, minlength=end.num_values) / len(rows)
            torch.testing.assert_close(drawn, share, atol=0.015, rtol=0)


def test_a_grayscale_policy_looks_at_one_channel() -> None:
    for name in ("grayscale", "grayscale, unconditional"):
        config = CONFIGS[name]
        policy, twin = policy_of(config), numpy_twin(policy_of(config))
        assert config.num_planes == (3 if config.is_conditional else 1)
        seen = observation_of(config, 3)
        one = dataclasses.replace(
            seen, canvas=seen.canvas[..., :1], target=None if seen.target is None else seen.target[..., :1]
        )
        with torch.inference_mode():
            state = policy.encode(PolicyInput.from_observation(seen)).state
            assert torch.equal(state, policy.encode(PolicyInput.from_observation(one)).state)
        np.testing.assert_array_equal(twin.encode_observation(seen).state, twin.encode_observation(one).state)
    with pytest.raises(AgentError, match=r"canvas: .* must be uint8 of shape \(3, 64, 64, 3\)"):
        policy_of(CONFIGS["unconditional"]).perceive(PolicyInput.from_observation(one))


@pytest.mark.parametrize("name", ["conditional", "scene", "two grids, colour"])
def test_gradients_reach_every_weight(name: str) -> None:
    config = CONFIGS[name]
    policy = policy_of(config)
    encoded = policy.encode(PolicyInput.from_observation(observation_of(config, 8)), policy.initial_state(8))
    decision = policy.decode(encoded.state, encoded.map, generator=torch.Generator().manual_seed(0))
    (decision.log_prob.sum() + decision.entropy.sum() + encoded.value.sum()).backward()  # type: ignore[no-untyped-call]
    for weight_name, weight in policy.named_parameters():
        if weight_name != "lstm.weight_hh":  # the memory is empty in a first step
            assert weight.grad is not None
            assert weight.grad.abs().sum() > 0, weight_name


def test_actions_without_a_current_location_need_none() -> None:
    config = CONFIGS["scene"]
    policy, seen = policy_of(config), PolicyInput.from_observation(observation_of(config, 3))
    with torch.inference_mode():
        assert torch.equal(policy.encode(seen).state, policy.encode(seen._replace(location=None)).state)
    painter = CONFIGS["conditional"]
    with pytest.raises(AgentError, match="location: missing"):
        policy_of(painter).encode(
            PolicyInput.from_observation(observation_of(painter, 3))._replace(location=None)
        )
    with pytest.raises(AgentError, match="location: missing"):
        numpy_twin(policy_of(painter)).encode(np.zeros((1, 64, 64, 3), np.uint8), None)


def test_a_blind_policy_does_not_see_the_canvas() -> None:
    for name in ("blind", "blind, unconditional"):
        policy = policy_of(CONFIGS[name])
        seen = observation_of(policy.config, 3)
        other = dataclasses.replace(seen, canvas=255 - seen.canvas)
        elsewhere = dataclasses.replace(seen, location=1 - seen.location)
        with torch.inference_mode():
            states = [
                policy.encode(PolicyInput.from_observation(each)).state for each in (seen, other, elsewhere)
            ]
        assert torch.equal(states[0], states[1])
        assert not torch.equal(states[0], states[2])
    with torch.inference_mode():
        policy = policy_of(CONFIGS["blind"])
        seen = observation_of(policy.config, 3)
        assert seen.target is not None
        other = dataclasses.replace(seen, target=255 - seen.target)
        states = [policy.encode(PolicyInput.from_observation(each)).state for each in (seen, other)]
    assert not torch.equal(states[0], states[1])


def test_later_parts_depend_on_earlier_ones_and_not_the_other_way() -> None:
    policy = policy_of(CONFIGS["conditional"])
    encoded = policy.encode(PolicyInput.from_observation(observation_of(CONFIGS["conditional"], 1)))
    base = torch.zeros((1, 8), dtype=torch.long)
    before = policy.decode(encoded.state, encoded.map, base)
    for changed in range(8):
        other = base.clone()
        other[0, changed] = 1
        after = policy.decode(encoded.state, encoded.map, other)
        same = (after.entropy == before.entropy)[0].tolist()
        assert same == [i <= changed for i in range(8)]


def test_probabilities_sum_to_one() -> None:
    config = CONFIGS["other sizes"]
    policy = policy_of(config)
    encoded = policy.encode(PolicyInput.from_observation(observation_of(config, 2)))
    for i, part in enumerate(config.action_space.parts):
        actions = torch.zeros((part.num_values, len(values_of(config))), dtype=torch.long)
        actions[:, i] = torch.arange(part.num_values)
        state = encoded.state[:1].expand(part.num_values, -1)
        feature_map = encoded.map[:1].expand(part.num_values, -1, -1)
        total = policy.decode(state, feature_map, actions).log_prob[:, i].detach().exp().sum()
        assert float(total) == pytest.approx(1, abs=1e-4)


def numpy_twin(policy: LightPolicy) -> NumpyPolicy:
    return NumpyPolicy(policy.config, {name: tensor.numpy() for name, tensor in policy.state_dict().items()})


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_numpy_gives_torchs_logits(config: PolicyConfig) -> None:
    policy = policy_of(config)
    twin = numpy_twin(policy)
    observation = observation_of(config, 5)
    rng = np.random.default_rng(2)
    hidden, memory = rng.standard_normal((2, 5, config.hidden), np.float32)
    lstm = hidden, memory
    for state_before in (None, lstm):
        ours = twin.encode_observation(observation, state_before)
        before = None if state_before is None else (torch.from_numpy(lstm[0]), torch.from_numpy(lstm[1]))
        with torch.no_grad():
            theirs = policy.encode(PolicyInput.from_observation(observation), before)
        np.testing.assert_allclose(ours.value, theirs.value, atol=1e-4)
        np.testing.assert_allclose(ours.lstm[0], theirs.lstm[0], atol=1e-4)
        np.testing.assert_allclose(ours.lstm[1], theirs.lstm[1], atol=1e-4)
        # Three actions for each observation, as in a proposal.
        actions = rng.integers(0, values_of(config), (15, len(values_of(config))))
        our_state = np.repeat(ours.state, 3, axis=0)
        their_state, their_map = (tensor.repeat_interleave(3, dim=0) for tensor in (theirs.state, theirs.map))
        for i, part in enumerate(config.action_space.parts):
            with torch.no_grad():
                expected = policy.part_logits(part, their_state, their_map)
                their_state = policy.fold(part, their_state, their_map, torch.from_numpy(actions[:, i]))
            logits = twin.part_logits(part, our_state, ours.map)
            assert logits.std() > 0.01
            np.testing.assert_allclose(logits, expected, atol=1e-4, err_msg=part.name)
            our_state = twin.fold(part, our_state, ours.map, actions[:, i])
        with torch.no_grad():
            state = theirs.state.repeat_interleave(3, dim=0)
            scored = policy.decode(state, theirs.map.repeat_interleave(3, dim=0), torch.from_numpy(actions))
        decision = twin.decode(ours, actions, num_samples=3)
        np.testing.assert_allclose(decision.log_prob, scored.log_prob, atol=1e-3)


def test_numpy_paints_whole_episodes(disc_renderer: Callable[[int, int, int], Any]) -> None:
    config = PolicyConfig(is_conditional=False)
    twin = numpy_twin(policy_of(config))

    def episode() -> list[tuple[Any, ...]]:
        environment = PaintingEnvironment(
            disc_renderer(3, 64, 64), config.painting, is_conditional=False, reward="none", seed=4
        )
        rng = np.random.default_rng(0)
        observation, lstm = environment.reset(), None
        for _ in range(environment.num_actions):
            encoded = twin.encode_observation(observation, lstm)
            lstm = encoded.lstm
            observation, _, _ = environment.step(twin.decode(encoded, rng=rng).actions)
        return [program.strokes for program in environment.programs()]

    first = episode()
    assert first == episode()
    assert first[0] != first[1]


def test_without_a_generator_the_likeliest_is_taken() -> None:
    config = CONFIGS["conditional"]
    twin = numpy_twin(policy_of(config))
    encoded = twin.encode_observation(observation_of(config, 4))
    best = twin.decode(encoded)
    flag = config.action_space.parts[0]
    likeliest = twin.part_logits(flag, encoded.state, encoded.map).argmax(axis=1)
    np.testing.assert_array_equal(best.actions[:, 0], likeliest)
    others = twin.decode(encoded, rng=np.random.default_rng(0))
    assert (best.log_prob[:, 0] >= others.log_prob[:, 0]).all()


def test_parameters_and_names() -> None:
    config = PolicyConfig()
    policy = LightPolicy(config)
    assert 300_000 < sum(weight.numel() for weight in policy.parameters()) < 1_000_000
    shapes = {name: tuple(tensor.shape) for name, tensor in policy.state_dict().items()}
    assert shapes == expected_shapes(config)
    for other in CONFIGS.values():
        shapes = {name: tuple(tensor.shape) for name, tensor in LightPolicy(other).state_dict().items()}
        assert shapes == expected_shapes(other)


def test_wrong_observations_are_named() -> None:
    config = CONFIGS["conditional"]
    policy = policy_of(config)
    free = observation_of(CONFIGS["unconditional"], 2)
    with pytest.raises(AgentError, match="needs a target and no noise"):
        policy.encode(PolicyInput.from_observation(free))
    twin = numpy_twin(policy)
    seen = observation_of(config, 2)
    with pytest.raises(AgentError, match=r"target: None, must be uint8 of shape \(2, 64, 64, 3\)"):
        twin.encode(seen.canvas, seen.location)
    with pytest.raises(AgentError, match="canvas: float64"):
        twin.encode(seen.canvas.astype(float), seen.location, target=seen.target)
    with pytest.raises(AgentError, match="noise: given"):
        twin.encode(seen.canvas, seen.location, target=seen.target, noise=free.noise)
    with pytest.raises(AgentError, match="location: not finite"):
        twin.encode(seen.canvas, np.full((2, 2), np.nan), target=seen.target)


def test_painting_with_an_agent_loads_no_torch() -> None:
    script = (
        "import sys, spiral_core.agent.stroke_agent, spiral_core.agent.numpy_policy, spiral_core.environment;"
        "assert not {'torch', 'safetensors', 'gymnasium'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
