"""The light policy's forward pass in NumPy: painting with an agent needs no torch.

The same network as `policy`, to rounding; a test compares every part's logits. Images stay channels-last, and
convolutions are matrix products over gathered neighbourhoods, so that one core does a batch of 16 crops in
about two milliseconds. Several actions can be drawn for one observation at little more cost than one.

Shapes: B observations, K actions for each, N = B * K rows in that order, P parts, S cells along the map's
side, C map channels, H state width.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionPart
from spiral_core.agent.policy_config import (
    NEARNESS_SCALE,
    NUM_EXTRAS,
    NUM_LOCATION_PLANES,
    PATCH,
    STEP_SCALE,
    PolicyConfig,
)
from spiral_core.agent.weights import Weights, load_weights
from spiral_core.environment import Observation
from spiral_core.errors import AgentError

Floats = npt.NDArray[np.float32]
Actions = npt.NDArray[np.int64]
LstmState = tuple[Floats, Floats]
_BLOCK = 32


class Encoded(NamedTuple):
    """What the policy made of observations: state (B, H), map (B, S, S, C), value (B,), LSTM state."""

    state: Floats
    map: Floats
    value: Floats
    lstm: LstmState


class Decision(NamedTuple):
    """Actions and their probabilities: actions (N, P), log_prob (N, P)."""

    actions: Actions
    log_prob: Floats


class NumpyPolicy:
    """A light policy without torch.

    Args:
        config: Its shape.
        weights: Its tensors, named and shaped as in the torch module.
        source: What errors call the weights.

    Raises:
        AgentError: A tensor is missing, unknown or of the wrong shape.
    """

    def __init__(self, config: PolicyConfig, weights: Weights, source: str = "weights") -> None:
        _check_shapes(config, weights, source)
        self.config = config
        self._w = {
            name: np.ascontiguousarray(tensor.T) if tensor.ndim == 2 and "embeddings" not in name else tensor
            for name, tensor in weights.items()
        }
        patch = np.transpose(weights["patch.weight"], (2, 3, 1, 0))  # (4, 4, planes, out)
        pieces = [patch[:, :, 0:3]]
        if config.is_conditional:
            # The squared error is a sum over channels: the product takes it channel by channel.
            pieces += [patch[:, :, 3:6], np.repeat(patch[:, :, 6:7], 3, axis=2)]
        self._patch = np.concatenate([piece.reshape(PATCH * PATCH * 3, -1) for piece in pieces])
        self._near = np.ascontiguousarray(_taps(weights["near.weight"]).reshape(3, -1, config.channels[0]))
        self._down1 = _taps(weights["down1.weight"]).reshape(-1, config.channels[1])
        self._down2 = _taps(weights["down2.weight"]).reshape(-1, config.channels[2])
        self._levels = [
            np.ascontiguousarray(weights[f"{name}.weight"][:, :, 0, 0].T) for name in ("map1", "map2", "map3")
        ]
        # The torch module flattens its coarsest cells channel first, ours lie channel last.
        side, last = config.map_side // 4, config.channels[2]
        fc = self._w["fc.weight"].copy()
        cells = fc[: last * side * side].reshape(last, side * side, -1)
        fc[: last * side * side] = cells.transpose(1, 0, 2).reshape(last * side * side, -1)
        self._fc = fc

    @classmethod
    def load(cls, path: Path) -> NumpyPolicy:
        """Read a policy from its weights file.

        Raises:
            AgentError: The file is missing, malformed or no policy of ours.
        """
        weights, metadata = load_weights(path)
        return cls(PolicyConfig.from_metadata(metadata, str(path)), weights, str(path))

    def encode_observation(self, observation: Observation, lstm: LstmState | None = None) -> Encoded:
        """Look at an environment's observation; without an LSTM state, as at the start of an episode."""
        batch = len(observation.canvas)
        return self.encode(
            observation.canvas,
            observation.location,
            target=observation.target,
            noise=observation.noise,
            last_action=observation.last_action,
            action_mask=observation.action_mask.astype(np.float32),
            step=np.full(batch, observation.step, np.float32),
            lstm=lstm,
        )

    def encode(
        self,
        canvas: npt.NDArray[np.uint8],
        location: npt.NDArray[np.floating],
        *,
        target: npt.NDArray[np.uint8] | None = None,
        noise: Floats | None = None,
        last_action: Actions | None = None,
        action_mask: Floats | None = None,
        step: Floats | None = None,
        lstm: LstmState | None = None,
    ) -> Encoded:
        """Look at a batch of observations.

        Args:
            canvas: Shape (B, canvas_px, canvas_px, 3), uint8.
            location: Shape (B, 2): current location (x, y) in canvas units.
            target: The canvas's shape, uint8; for a conditional policy.
            noise: Shape (B, noise_size), float32; for an unconditional one.
            last_action: Shape (B, P), or None at the first step.
            action_mask: Shape (B, P): the parts of the last action that had an effect.
            step: Shape (B,): step of the episode, 0 by default.
            lstm: State after the last step, or None at the first.

        Raises:
            AgentError: An array is missing, not wanted, or of the wrong shape.
        """
        config, w = self.config, self._w
        batch, side = len(canvas), config.map_side
        place = np.asarray(location, np.float32)
        self._check_inputs(canvas, place, target, noise)
        patches = _patches(canvas, side)
        if target is not None:
            wanted = _patches(target, side)
            patches = np.concatenate([patches, wanted, np.square(wanted - patches)], axis=1)
        first = config.channels[0]
        cells = _relu(patches @ self._patch + w["patch.bias"]).reshape(batch, side, side, first)
        framed = np.zeros((batch, side + 2, side + 2, first + NUM_LOCATION_PLANES), np.float32)
        inner = framed[:, 1:-1, 1:-1]
        inner[..., :first] = cells
        centres = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
        across, down = centres - place[:, :1], centres - place[:, 1:]
        inner[..., first] = across[:, None, :]
        inner[..., first + 1] = down[:, :, None]
        near_x, near_y = (np.exp(-np.square(d) / np.float32(NEARNESS_SCALE**2)) for d in (across, down))
        inner[..., first + 2] = near_y[:, :, None] * near_x[:, None, :]
        cells += _same_convolution(framed, self._near).reshape(cells.shape)
        cells = _relu(cells + w["near.bias"])
        middle = _halving_convolution(cells, self._down1, w["down1.bias"])
        coarse = _halving_convolution(middle, self._down2, w["down2.bias"])
        feature_map = cells @ self._levels[0]
        feature_map += w["map1.bias"]
        deeper = middle @ self._levels[1]
        _add_upsampled(deeper, coarse @ self._levels[2])
        _add_upsampled(feature_map, deeper)
        feature_map = _relu(feature_map)
        parts = config.action_space.parts
        context = np.zeros((batch, w["context1.weight"].shape[0]), np.float32)
        if last_action is not None and action_mask is not None:
            for i, part in enumerate(parts):
                span = slice(i * config.embedding, (i + 1) * config.embedding)
                context[:, span] = self._embed(part, last_action[:, i]) * action_mask[:, i, None]
        at = len(parts) * config.embedding
        context[:, at : at + 2] = place
        if step is not None:
            context[:, at + 2] = step / np.float32(STEP_SCALE)
        if noise is not None:
            context[:, at + NUM_EXTRAS :] = noise
        context = _relu(
            _relu(context @ w["context1.weight"] + w["context1.bias"]) @ w["context2.weight"]
            + w["context2.bias"]
        )
        cell = np.clip(np.floor(place * np.float32(side)).astype(np.int64), 0, side - 1)
        here = feature_map[np.arange(batch), cell[:, 1], cell[:, 0]]
        seen = np.concatenate([coarse.reshape(batch, -1), here, context], axis=1)
        seen = _relu(seen @ self._fc + w["fc.bias"])
        gates = seen @ w["lstm.weight_ih"] + (w["lstm.bias_ih"] + w["lstm.bias_hh"])
        if lstm is not None:
            gates += lstm[0] @ w["lstm.weight_hh"]
        keep, forget, fresh, out = np.split(gates, 4, axis=1)
        memory = _sigmoid(keep) * np.tanh(fresh)
        if lstm is not None:
            memory += _sigmoid(forget) * lstm[1]
        hidden = _sigmoid(out) * np.tanh(memory)
        state = seen + hidden
        value = (state @ w["value.weight"])[:, 0] + w["value.bias"]
        return Encoded(state, feature_map, value, (hidden, memory))

    def decode(
        self,
        encoded: Encoded,
        actions: Actions | None = None,
        *,
        num_samples: int = 1,
        rng: np.random.Generator | None = None,
    ) -> Decision:
        """Decide every part in order, or score given actions.

        Args:
            encoded: From `encode`, B observations.
            actions: Shape (N, P): score these; None samples.
            num_samples: K, actions for each observation.
            rng: Source of the samples; None takes the likeliest value of each part.

        Returns:
            The actions with the log-probability of every part given the parts before it.
        """
        parts = self.config.action_space.parts
        state = np.repeat(encoded.state, num_samples, axis=0)
        chosen = np.empty((len(state), len(parts)), np.int64)
        log_prob = np.empty((len(state), len(parts)), np.float32)
        for i, part in enumerate(parts):
            log_all = self.part_logits(part, state, encoded.map)
            log_all -= log_all.max(axis=1, keepdims=True)
            log_all -= np.log(np.exp(log_all).sum(axis=1, keepdims=True))
            if actions is not None:
                chosen[:, i] = actions[:, i]
            elif rng is None:
                chosen[:, i] = log_all.argmax(axis=1)
            else:
                chosen[:, i] = sample(np.exp(log_all), rng.random((len(state), 1)))[:, 0]
            log_prob[:, i] = np.take_along_axis(log_all, chosen[:, i, None], axis=1)[:, 0]
            state = self.fold(part, state, encoded.map, chosen[:, i])
        return Decision(chosen, log_prob)

    def part_logits(self, part: ActionPart, state: Floats, feature_map: Floats) -> Floats:
        """Return the logits (N, values) of one part; N is a multiple of the map's B, K rows for each."""
        w, name = self._w, f"heads.{part.name}"
        if part.kind != "location":
            return np.asarray(state @ w[f"{name}.weight"] + w[f"{name}.bias"])
        grid, rank, side = self.config.action_space.grid, self.config.rank, self.config.map_side
        fine, rows, batch = grid // side, len(state), len(feature_map)
        channels = feature_map.shape[-1]
        table = state @ w[f"{name}.rows_columns.weight"] + w[f"{name}.rows_columns.bias"]
        table = table.reshape(rows, 2, rank + 1, grid)
        # One product does it all: ... + row term * 1 + 1 * column term.
        left = np.ones((rows, rank + 2, grid), np.float32)
        right = np.ones((rows, rank + 2, grid), np.float32)
        left[:, : rank + 1] = table[:, 0]
        right[:, :rank] = table[:, 1, :rank]
        right[:, rank + 1] = table[:, 1, rank]
        logits = left.transpose(0, 2, 1) @ right
        query = state @ w[f"{name}.query.weight"] + w[f"{name}.query.bias"]
        query *= np.float32(channels**-0.5)
        flat = feature_map.reshape(batch, side * side, channels)
        local = query.reshape(batch, -1, channels) @ flat.transpose(0, 2, 1)
        split = logits.reshape(rows, side, fine, side, fine)
        split += local.reshape(rows, fine, fine, side, side).transpose(0, 3, 1, 4, 2)
        return logits.reshape(rows, grid * grid)

    def fold(self, part: ActionPart, state: Floats, feature_map: Floats, action: Actions) -> Floats:
        """Return the state (N, H) after a part was decided as `action` (N,)."""
        w, name = self._w, f"folds.{part.name}"
        if f"{name}.first.bias" not in w:
            return state
        embedded = self._embed(part, action)
        if part.kind == "location":
            grid = self.config.action_space.grid
            fine = grid // self.config.map_side
            owner = np.arange(len(state)) // (len(state) // len(feature_map))
            row, column = np.divmod(action, grid)
            embedded = np.concatenate([embedded, feature_map[owner, row // fine, column // fine]], axis=1)
        hidden = state.shape[1]
        weight = w[f"{name}.first.weight"]
        inner = state @ weight[:hidden]
        inner += embedded @ weight[hidden:]
        inner = _relu(inner + w[f"{name}.first.bias"])
        return _relu(state + inner @ w[f"{name}.second.weight"] + w[f"{name}.second.bias"])

    def _embed(self, part: ActionPart, action: Actions) -> Floats:
        table = self._w[f"embeddings.{part.name}.weight"]
        if part.kind == "location":
            row, column = np.divmod(action, self.config.action_space.grid)
            return np.asarray(table[row] + table[column + self.config.action_space.grid])
        return np.asarray(table[action])

    def _check_inputs(
        self,
        canvas: npt.NDArray[np.uint8],
        location: Floats,
        target: npt.NDArray[np.uint8] | None,
        noise: Floats | None,
    ) -> None:
        config = self.config
        shape = (len(canvas), config.canvas_px, config.canvas_px, 3)
        wanted: tuple[tuple[str, npt.NDArray[np.generic] | None, tuple[int, ...] | None, type], ...] = (
            ("canvas", canvas, shape, np.uint8),
            ("location", location, (len(canvas), 2), np.float32),
            ("target", target, shape if config.is_conditional else None, np.uint8),
            ("noise", noise, None if config.is_conditional else (len(canvas), config.noise_size), np.float32),
        )
        for name, array, expected, dtype in wanted:
            if expected is None and array is not None:
                raise AgentError(f"{name}: given, but this policy has no use for it")
            if expected is not None and (array is None or array.shape != expected or array.dtype != dtype):
                given = None if array is None else f"{array.dtype} of shape {array.shape}"
                raise AgentError(f"{name}: {given}, must be {np.dtype(dtype)} of shape {expected}")
        if not np.isfinite(location).all():
            raise AgentError("location: not finite")


def sample(weight: Floats, share: npt.NDArray[np.float64]) -> Actions:
    """Draw columns in proportion to their weights by inverting the cumulative sum.

    Args:
        weight: Shape (N, V), >= 0, not all 0 in a row.
        share: Shape (N, K), in [0, 1): where each draw lies in the cumulative sum.

    Returns:
        Shape (N, K), int64, in [0, V).
    """
    rows, values = weight.shape
    if share.shape[1] == 1 and values % _BLOCK == 0 and values > _BLOCK:
        # First the block, then the column in it: summing is much cheaper than summing up.
        blocks = weight.reshape(rows, -1, _BLOCK)
        upto = blocks.sum(axis=2).cumsum(axis=1)
        reached = (share * upto[:, -1:]).astype(np.float32)
        block = np.minimum((upto <= reached).sum(axis=1), upto.shape[1] - 1)
        row = np.arange(rows)
        before = np.where(block > 0, upto[row, block - 1], np.float32(0))
        inside = blocks[row, block].cumsum(axis=1)
        column = np.minimum((inside <= reached - before[:, None]).sum(axis=1), _BLOCK - 1)
        return np.asarray(block * _BLOCK + column, np.int64)[:, None]
    total = weight.cumsum(axis=1)
    reached = (share * total[:, -1:]).astype(np.float32)
    drawn = (total[:, None, :] <= reached[:, :, None]).sum(axis=2)
    return np.asarray(np.minimum(drawn, weight.shape[1] - 1), np.int64)


def _relu(values: Floats) -> Floats:
    return np.maximum(values, np.float32(0), out=values)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(np.float32(0.5) * (np.tanh(np.float32(0.5) * values) + np.float32(1)))


def _taps(weight: Floats) -> Floats:
    """Return a 3x3 convolution's weight (out, in, 3, 3) as (3, 3, in, out)."""
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


def _patches(pixels: npt.NDArray[np.uint8], side: int) -> Floats:
    """Return pixels (B, 4 * S, 4 * S, 3) as patches (B * S * S, 48) in [0, 1]."""
    rows = pixels.reshape(len(pixels), side, PATCH, side, PATCH * 3).transpose(0, 1, 3, 2, 4)
    return np.multiply(rows, np.float32(1 / 255), dtype=np.float32).reshape(-1, PATCH * PATCH * 3)


def _same_convolution(framed: Floats, weight: Floats) -> Floats:
    """Return the 3x3 convolution (B, S * S, out) of maps with a frame of one cell, (B, S + 2, S + 2, in)."""
    batch, side = len(framed), framed.shape[1] - 2
    wide = np.concatenate([framed[:, :, i : i + side] for i in range(3)], axis=3)
    size = side * side
    result = wide[:, 0:side].reshape(batch, size, -1) @ weight[0]
    for i in (1, 2):
        result += wide[:, i : i + side].reshape(batch, size, -1) @ weight[i]
    return np.asarray(result)


def _halving_convolution(cells: Floats, weight: Floats, bias: Floats) -> Floats:
    """Return relu of the 3x3 convolution of stride 2, (B, S / 2, S / 2, out), of maps (B, S, S, in)."""
    batch, side, _, channels = cells.shape
    framed = np.zeros((batch, side + 2, side + 2, channels), np.float32)
    framed[:, 1:-1, 1:-1] = cells
    around = [framed[:, i : i + side : 2, j : j + side : 2] for i in range(3) for j in range(3)]
    gathered = np.concatenate(around, axis=3)
    result = gathered.reshape(-1, 9 * channels) @ weight
    result += bias
    return _relu(result).reshape(batch, side // 2, side // 2, -1)


def _add_upsampled(cells: Floats, coarse: Floats) -> None:
    """Add maps (B, S / 2, S / 2, C) to maps (B, S, S, C), each coarse cell to its four."""
    batch, side, _, channels = cells.shape
    half = side // 2
    blocks = cells.reshape(batch, half, 2, half, 2, channels)
    blocks += coarse[:, :, None, :, None, :]


def expected_shapes(config: PolicyConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a policy."""
    one, two, three = config.channels
    space, wide, hidden, size = config.action_space, config.map_channels, config.hidden, config.embedding
    fine = space.grid // config.map_side
    context = space.num_parts * size + NUM_EXTRAS + (0 if config.is_conditional else config.noise_size)
    shapes: dict[str, tuple[int, ...]] = {
        "patch.weight": (one, config.num_planes, PATCH, PATCH),
        "near.weight": (one, one + NUM_LOCATION_PLANES, 3, 3),
        "down1.weight": (two, one, 3, 3),
        "down2.weight": (three, two, 3, 3),
        "map1.weight": (wide, one, 1, 1),
        "map2.weight": (wide, two, 1, 1),
        "map3.weight": (wide, three, 1, 1),
        "context1.weight": (64, context),
        "context2.weight": (32, 64),
        "fc.weight": (hidden, three * (config.map_side // 4) ** 2 + wide + 32),
        "value.weight": (1, hidden),
        "lstm.weight_ih": (4 * hidden, hidden),
        "lstm.weight_hh": (4 * hidden, hidden),
        "lstm.bias_ih": (4 * hidden,),
        "lstm.bias_hh": (4 * hidden,),
    }
    for part in space.parts:
        if part.kind == "location":
            shapes[f"embeddings.{part.name}.weight"] = (2 * space.grid, size)
            shapes[f"heads.{part.name}.rows_columns.weight"] = (2 * (config.rank + 1) * space.grid, hidden)
            shapes[f"heads.{part.name}.query.weight"] = (fine * fine * wide, hidden)
        else:
            shapes[f"embeddings.{part.name}.weight"] = (part.num_values, size)
            shapes[f"heads.{part.name}.weight"] = (part.num_values, hidden)
    for part in space.parts[:-1]:
        extra = wide if part.kind == "location" else 0
        shapes[f"folds.{part.name}.first.weight"] = (hidden // 2, hidden + size + extra)
        shapes[f"folds.{part.name}.second.weight"] = (hidden, hidden // 2)
    for name, shape in list(shapes.items()):
        if name.endswith(".weight") and not name.startswith(("embeddings", "map2", "map3")):
            shapes[name.removesuffix("weight") + "bias"] = shape[:1]
    return shapes


def _check_shapes(config: PolicyConfig, weights: Weights, source: str) -> None:
    expected = expected_shapes(config)
    for problem, names in (
        ("missing", expected.keys() - weights.keys()),
        ("unknown", weights.keys() - expected.keys()),
    ):
        if names:
            raise AgentError(f"{source}: {problem} tensors: {', '.join(sorted(names))}")
    for name, shape in expected.items():
        if weights[name].shape != shape:
            raise AgentError(f"{source}: {name}: shape {weights[name].shape}, must be {shape}")
