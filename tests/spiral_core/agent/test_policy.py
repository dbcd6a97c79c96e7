from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spiral_core.action_space import ActionSpace
from spiral_core.agent.numpy_layers import sample
from spiral_core.agent.numpy_policy import NumpyPolicy
from spiral_core.agent.policy import LightPolicy, PolicyInput
from spiral_core.agent.policy_config import PolicyConfig, expected_shapes
from spiral_core.agent.weights import load_weights, save_weights
from spiral_core.environment import Observation, PaintingEnvironment
from spiral_core.errors import AgentError, ConfigError

CONFIGS = {
    "conditional": PolicyConfig(),
    "unconditional": PolicyConfig(is_conditional=False),
    "grayscale": PolicyConfig(action_space=ActionSpace(grayscale=True)),
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


def observation_of(config: PolicyConfig, num: int, seed: int = 0, step: int = 3) -> Observation:
    rng = np.random.default_rng(seed)
    side, space = config.canvas_px, config.action_space
    canvas, target = rng.integers(0, 256, (2, num, side, side, 3), np.uint8)
    return Observation(
        canvas=canvas,
        location=rng.random((num, 2), np.float32),
        last_action=rng.integers(0, space.num_values, (num, space.num_parts)),
        action_mask=rng.integers(0, 2, (num, space.num_parts)).astype(np.bool_),
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
    np.testing.assert_array_equal(config.action_space.check(sampled.actions.numpy(), 32), sampled.actions)


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
        actions = torch.zeros((part.num_values, config.action_space.num_parts), dtype=torch.long)
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
        actions = rng.integers(0, config.action_space.num_values, (15, config.action_space.num_parts))
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
            disc_renderer(3, 64, 64), config.action_space, is_conditional=False, reward="none", seed=4
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


def test_a_sample_follows_its_weights() -> None:
    rng = np.random.default_rng(0)
    for num_values in (10, 128):
        weight = rng.random((1, num_values)).astype(np.float32) ** 4
        weight[0, 3] = 0
        rows = np.repeat(weight, 40_000, axis=0)
        for drawn in (
            sample(rows, rng.random((40_000, 1)))[:, 0],
            sample(weight, rng.random((1, 40_000)))[0],
        ):
            share = np.bincount(drawn, minlength=num_values) / 40_000
            np.testing.assert_allclose(share, weight[0] / weight.sum(), atol=0.01)
            assert share[3] == 0
            assert drawn.max() < num_values
        extremes = sample(rows[:2], np.array([[0.0], [np.nextafter(1, 0)]]))[:, 0]
        assert 0 <= extremes[0] <= extremes[1] < num_values


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
    free = PolicyConfig(is_conditional=False)
    shapes = {name: tuple(tensor.shape) for name, tensor in LightPolicy(free).state_dict().items()}
    assert shapes == expected_shapes(free)


def test_a_policy_file_round_trip_and_its_errors(tmp_path: Path) -> None:
    config = CONFIGS["other sizes"]
    policy = policy_of(config)
    path = tmp_path / "agent.safetensors"
    weights = {name: tensor.numpy() for name, tensor in policy.state_dict().items()}
    save_weights(path, weights, config.to_metadata())
    loaded = NumpyPolicy.load(path)
    assert loaded.config == config
    observation = observation_of(config, 2)
    np.testing.assert_array_equal(
        loaded.encode_observation(observation).state, numpy_twin(policy).encode_observation(observation).state
    )
    good = load_weights(path)[1]
    for broken, message in (
        ({**good, "format": "other"}, "format 'other', must be 'spiral-studio-agent'"),
        ({**good, "version": "2"}, "version '2', must be '1'"),
        ({**good, "config": "{"}, "config: "),
        ({**good, "config": good["config"].replace("canvas_px", "canvas")}, "config: .*canvas"),
        ({**good, "config": good["config"].replace('"rank": 2', '"rank": 0')}, "rank: 0, must be"),
        (
            {**good, "config": good["config"].replace('"hidden": 32', '"hidden": 64')},
            r"shape \(.*\), must be",
        ),
    ):
        save_weights(path, weights, broken)
        with pytest.raises(AgentError, match=message):
            NumpyPolicy.load(path)
    for names, message in (
        ({"value.bias"}, "missing tensors: value.bias"),
        (set(), "unknown tensors: more"),
    ):
        changed = {name: tensor for name, tensor in weights.items() if name not in names}
        changed |= {} if names else {"more": weights["value.bias"]}
        save_weights(path, changed, good)
        with pytest.raises(AgentError, match=message):
            NumpyPolicy.load(path)


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"canvas_px": 60}, "canvas_px: 60, must be a multiple of 16"),
        ({"hidden": 0}, "hidden: 0"),
        ({"channels": (16, 32)}, "channels"),
        ({"channels": (16, 0, 32)}, "channels: 0"),
        ({"action_space": ActionSpace(grid=24)}, "grid: 24, must be a multiple of 16"),
        ({"action_space": ActionSpace(aspect=2.0)}, "aspect: 2, must be 1"),
    ],
)
def test_wrong_shapes_of_a_policy_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PolicyConfig(**options)


def test_painting_with_an_agent_loads_no_torch() -> None:
    script = (
        "import sys, spiral_core.agent.stroke_agent, spiral_core.agent.numpy_policy, spiral_core.environment;"
        "assert not {'torch', 'safetensors', 'gymnasium'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
