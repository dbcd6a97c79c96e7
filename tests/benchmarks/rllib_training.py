"""RLlib's IMPALA on our painting environment, set up as favourably to RLlib as it goes: for `bench_training`.

- One process: a local environment runner and a local learner (`num_env_runners=0`, `num_learners=0`), so nothing
  is sent to other processes; Ray itself runs without its dashboard and prestarts one worker.
- The vectorised environment steps all canvases at once (`gym_env_vectorize_mode="vector_entry_point"`).
- An observation is one array of bytes in which our Gymnasium face's dict is packed without loss: one leaf to
  collect instead of six, a quarter of the memory of floats. The network takes it apart.
- Fragments are whole episodes, and `max_seq_len` has room for the step that RLlib adds: no padding at all.
- The network is the light policy's trunk without its map, an LSTM and one layer for all action parts: heads are
  independent, so it need not decide part after part as ours does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from ray import tune
from ray.rllib.algorithms.impala import IMPALAConfig
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchMultiCategorical
from ray.rllib.core.rl_module.apis import ValueFunctionAPI
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from adapters.gymnasium_env import PaintingVectorEnv
from spiral_core.environment import PaintingEnvironment

Bytes = npt.NDArray[np.uint8]

TRAINS_AT_ONCE = 4
"""Batches in a call of `train()`: RLlib sums up its metrics once a call."""


class BytesEnv(PaintingVectorEnv):
    """The painting environment in grayscale; an observation is a row of bytes."""

    def __init__(self, environment: PaintingEnvironment, images: Bytes) -> None:
        super().__init__(environment, images)
        self.painted = self.stepped = 0
        pixels = environment.renderer.height * environment.renderer.width
        size = 2 * pixels + 3 + 3 * environment.action_space.num_parts
        self.single_observation_space = spaces.Box(0, 255, (size,), np.uint8)
        self.observation_space = spaces.Box(0, 255, (self.num_envs, size), np.uint8)  # type: ignore[assignment]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start all episodes."""
        observation, info = super().reset(seed=seed, options=options)
        return self._packed(observation), info

    def step(self, actions: npt.NDArray[np.int64]) -> Any:
        """Take one action in every episode."""
        observation, *rest = super().step(actions)
        self.painted += int(observation["action_mask"][:, -1].sum())
        self.stepped += int(observation["action_mask"][:, 0].sum())
        return self._packed(observation), *rest

    def _packed(self, observation: dict[str, Any]) -> Bytes:
        batch, grid = self.num_envs, self.environment.action_space.grid
        last = observation["last_action"]
        columns = [
            observation["canvas"][..., 0].reshape(batch, -1),
            observation["target"][..., 0].reshape(batch, -1),
            (observation["location"] * grid).astype(np.uint8),
            observation["step"][:, None],
            last // 256,
            last % 256,
            observation["action_mask"],
        ]
        return np.concatenate(columns, axis=1, dtype=np.uint8, casting="unsafe")


class LightNet(TorchRLModule, ValueFunctionAPI):  # type: ignore[misc]
    """A patch convolution, two convolutions, a layer, an LSTM, one layer of logits and the value."""

    def setup(self) -> None:
        """Make the layers."""
        side, channels = self.model_config["side"], self.model_config["channels"]
        self.side, self.hidden = side, self.model_config["hidden"]
        one, two, three = channels
        extras = self.observation_space.shape[0] - 2 * side * side
        convolutions = nn.Sequential(
            nn.Conv2d(2, one, 4, 4),
            nn.ReLU(),
            nn.Conv2d(one, two, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(two, three, 3, 2, 1),
            nn.ReLU(),
        )
        self.convolutions = convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.first = nn.Linear(three * (side // 16) ** 2 + extras, self.hidden)
        self.lstm = nn.LSTM(self.hidden, self.hidden, batch_first=True)
        self.logits = nn.Linear(self.hidden, int(self.action_space.nvec.sum()))
        self.value = nn.Linear(self.hidden, 1)
        nn.init.normal_(self.logits.weight, std=0.01)
        lengths = [int(length) for length in self.action_space.nvec]
        self.action_dist_cls = TorchMultiCategorical.get_partial_dist_cls(input_lens=lengths)

    def get_initial_state(self) -> dict[str, Any]:
        """Return the state of a new episode."""
        return {name: np.zeros(self.hidden, np.float32) for name in ("h", "c")}

    def _seen(self, batch: dict[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        rows = batch[Columns.OBS]
        episodes, steps, size = rows.shape
        pixels = 2 * self.side * self.side
        rows = rows.reshape(-1, size).float() * (1 / 255)
        images = rows[:, :pixels].view(-1, 2, self.side, self.side)
        images = images.contiguous(memory_format=torch.channels_last)
        flat = torch.cat([self.convolutions(images).flatten(1), rows[:, pixels:]], dim=1)
        inputs = F.relu(self.first(flat)).view(episodes, steps, -1)
        state = batch[Columns.STATE_IN]
        seen, (h, c) = self.lstm(inputs, (state["h"][None].contiguous(), state["c"][None].contiguous()))
        return inputs + seen, {"h": h[0], "c": c[0]}

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        seen, state = self._seen(batch)
        return {Columns.ACTION_DIST_INPUTS: self.logits(seen), Columns.STATE_OUT: state}

    def _forward_train(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        seen, state = self._seen(batch)
        return {
            Columns.ACTION_DIST_INPUTS: self.logits(seen),
            Columns.STATE_OUT: state,
            Columns.EMBEDDINGS: seen,
        }

    def compute_values(self, batch: dict[str, Any], embeddings: Tensor | None = None) -> Tensor:
        """Return the values (B, T)."""
        if embeddings is None:
            embeddings, _ = self._seen(batch)
        value: Tensor = self.value(embeddings)
        return value[..., 0]


class RllibTraining:
    """IMPALA on a local environment runner and a local learner.

    Args:
        make_env: Makes the environment with so many canvases.
        batch: Episodes in a batch, all of them played side by side.
        num_steps: Steps of an episode.
        model: Side of the canvas, channels of the convolutions, hidden units.
        learning_rate: Adam's.
        discount: Of rewards.
    """

    def __init__(
        self,
        make_env: Callable[[int], BytesEnv],
        *,
        batch: int,
        num_steps: int,
        model: dict[str, Any],
        learning_rate: float,
        discount: float,
    ) -> None:
        torch.set_num_threads(1)
        tune.register_env("painting", lambda context: make_env(context.get("num_envs", 1)))
        config = (
            IMPALAConfig()
            .environment("painting")
            .framework("torch")
            .env_runners(
                num_env_runners=0,
                num_envs_per_env_runner=batch,
                rollout_fragment_length=num_steps,
                gym_env_vectorize_mode="vector_entry_point",
            )
            .learners(num_learners=0, num_gpus_per_learner=0)
            .training(
                lr=learning_rate,
                gamma=discount,
                train_batch_size_per_learner=batch * num_steps,
                entropy_coeff=0.01,
                grad_clip=1.0,
                num_gpu_loader_threads=1,
            )
            .rl_module(
                rl_module_spec=RLModuleSpec(
                    module_class=LightNet, model_config={**model, "max_seq_len": num_steps + 1}
                )
            )
            .reporting(
                min_time_s_per_iteration=0,
                min_sample_timesteps_per_iteration=TRAINS_AT_ONCE * batch * num_steps,
            )
            .debugging(log_level="ERROR", seed=0)
        )
        self.algorithm = config.build_algo()
        self._sampled = self._trained = 0

    @property
    def num_parameters(self) -> int:
        """Trained parameters of the network."""
        module = self.algorithm.get_module()
        return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)

    @property
    def painted(self) -> float:
        """Share of the actions so far that painted."""
        env = self.algorithm.env_runner.env.unwrapped
        return float(env.painted / max(env.stepped, 1))

    def advance(self) -> tuple[int, int]:
        """Train some batches; return the environment steps sampled and learned from."""
        result = self.algorithm.train()
        sampled = int(result["env_runners"]["num_env_steps_sampled_lifetime"])
        learned = result["learners"]["__all_modules__"]["num_env_steps_trained_lifetime"]
        before = self._sampled, self._trained
        self._sampled, self._trained = sampled, int(learned)
        return self._sampled - before[0], self._trained - before[1]

    def close(self) -> None:
        """End it."""
        self.algorithm.stop()
