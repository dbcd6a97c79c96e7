"""RLlib's IMPALA on our painting environment, for `bench_training`, set up in three ways.

- "single": what RLlib's documentation leads to. One canvas is one Gymnasium environment, RLlib steps as many
  as a batch has episodes; observations are images of floats, as its convolutions want them; the network is
  its own, with an LSTM, of the light policy's size.
- "batched": the same, but the environment steps all canvases at once, as our vector face can.
- "tuned": as favourably to RLlib as it goes. An observation is one row of bytes in which our Gymnasium face's
  dict is packed without loss: one leaf to collect instead of six, a quarter of the memory of floats. The
  network is the light policy's trunk without its map, an LSTM and one layer for all action parts: heads are
  independent, so it need not decide part after part as ours does.

In all: one process, with a local environment runner and a local learner (`num_env_runners=0`,
`num_learners=0`), so nothing is sent to other processes; Ray runs without its dashboard and prestarts one
worker; fragments are whole episodes; with our network `max_seq_len` has room for the step that RLlib adds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium
import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from ray import tune
from ray.rllib.algorithms.impala import IMPALAConfig
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchMultiCategorical
from ray.rllib.core.rl_module.apis import ValueFunctionAPI
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from adapters.gymnasium_env import PaintingEnv, PaintingVectorEnv
from spiral_core.environment import PaintingEnvironment

Bytes = npt.NDArray[np.uint8]

Setup = Literal["single", "batched", "tuned"]
TRAINS_AT_ONCE = 4
"""Batches in a call of `train()`: RLlib sums up its metrics once a call."""


@dataclass
class Counts:
    """Actions that canvases saw in all, and how many of them painted."""

    stepped: int = 0
    painted: int = 0

    def add(self, mask: npt.NDArray[np.bool_ | np.int8]) -> None:
        """Count the actions of a step by their masks (B, P)."""
        self.stepped += int(mask[:, 0].sum())
        self.painted += int(mask[:, -1].sum())


COUNTS = Counts()
"""Of this process, since RLlib copies what it makes environments from."""


class ImageEnv(gymnasium.ObservationWrapper[Any, Any, Any]):
    """One canvas; an observation is an image of floats: canvas, target, and where the brush is."""

    def __init__(self, env: PaintingEnv) -> None:
        super().__init__(env)
        side = env.environment.renderer.height
        self.observation_space = spaces.Box(0, 1, (side, side, 3), np.float32)

    def observation(self, observation: dict[str, Any]) -> npt.NDArray[np.float32]:
        """Return the image."""
        COUNTS.add(observation["action_mask"][None])
        image: npt.NDArray[np.float32] = _image({name: value[None] for name, value in observation.items()})[0]
        return image


class BatchEnv(PaintingVectorEnv):
    """All canvases at once; an observation is an image of floats."""

    def __init__(self, environment: PaintingEnvironment, images: Bytes) -> None:
        super().__init__(environment, images)
        self.single_observation_space = self.space(environment)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)

    def space(self, environment: PaintingEnvironment) -> spaces.Box:
        """Return the space of one observation."""
        return spaces.Box(0, 1, (environment.renderer.height, environment.renderer.width, 3), np.float32)

    def seen(self, observation: dict[str, Any]) -> npt.NDArray[Any]:
        """Return what is observed of all canvases: images."""
        return _image(observation)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start all episodes."""
        observation, info = super().reset(seed=seed, options=options)
        return self.seen(observation), info

    def step(self, actions: npt.NDArray[np.int64]) -> Any:
        """Take one action in every episode."""
        observation, *rest = super().step(actions)
        COUNTS.add(observation["action_mask"])
        return self.seen(observation), *rest


class BytesEnv(BatchEnv):
    """All canvases at once; an observation is a row of bytes."""

    def space(self, environment: PaintingEnvironment) -> spaces.Box:
        """Return the space of one observation."""
        pixels = environment.renderer.height * environment.renderer.width
        return spaces.Box(0, 255, (2 * pixels + 3 + 3 * environment.action_space.num_parts,), np.uint8)

    def seen(self, observation: dict[str, Any]) -> npt.NDArray[Any]:
        """Return rows (B, bytes)."""
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


def _image(observation: dict[str, Any]) -> npt.NDArray[np.float32]:
    """Return images (B, side, side, 3) in [0, 1]: canvas, target, and a 1 where the brush is."""
    batch, height, width = observation["canvas"].shape[:3]
    image = np.zeros((batch, height, width, 3), np.float32)
    image[..., 0] = observation["canvas"][..., 0]
    image[..., 1] = observation["target"][..., 0]
    image *= np.float32(1 / 255)
    row, column = (observation["location"] * (height - 1)).astype(np.int64).T
    image[np.arange(batch), row, column, 2] = 1
    return image


def painting(setup: Setup, environment: Callable[[int], PaintingEnvironment], images: Bytes) -> Any:
    """Return what makes RLlib's environment from its context.

    Args:
        setup: Which one.
        environment: Makes ours with so many canvases.
        images: Targets, shape (N, side, side, 3).
    """

    def make(context: Any) -> Any:
        if setup == "single":
            return ImageEnv(PaintingEnv(environment(1), images))
        kind = BytesEnv if setup == "tuned" else BatchEnv
        return kind(environment(context.get("num_envs", 1)), images)

    return make


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


def _network(setup: Setup, side: int, num_steps: int) -> dict[str, Any]:
    """Return the network, with 0.95 to 1.05 of the light policy's parameters at 64 px."""
    if setup == "tuned":
        model = {"side": side, "channels": (16, 32, 48), "hidden": 112, "max_seq_len": num_steps + 1}
        return {"rl_module_spec": RLModuleSpec(module_class=LightNet, model_config=model)}
    own = DefaultModelConfig(
        conv_filters=[[16, 4, 4], [32, 3, 2], [48, 3, 2]],
        conv_activation="relu",
        head_fcnet_hiddens=[],
        vf_share_layers=True,
        use_lstm=True,
        lstm_cell_size=80,
        max_seq_len=num_steps,
    )
    return {"model_config": own}


class RllibTraining:
    """IMPALA on a local environment runner and a local learner.

    Args:
        setup: See the module.
        environment: Makes our environment with so many canvases.
        images: Targets, shape (N, side, side, 3).
        batch: Episodes in a batch, all of them played side by side.
        num_steps: Steps of an episode.
        learning_rate: Adam's.
        discount: Of rewards.
    """

    def __init__(
        self,
        setup: Setup,
        environment: Callable[[int], PaintingEnvironment],
        images: Bytes,
        *,
        batch: int,
        num_steps: int,
        learning_rate: float,
        discount: float,
    ) -> None:
        torch.set_num_threads(1)
        tune.register_env("painting", painting(setup, environment, images))
        config = (
            IMPALAConfig()
            .environment("painting")
            .framework("torch")
            .env_runners(
                num_env_runners=0,
                num_envs_per_env_runner=batch,
                rollout_fragment_length=num_steps,
                gym_env_vectorize_mode="sync" if setup == "single" else "vector_entry_point",
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
            .rl_module(**_network(setup, images.shape[1], num_steps))
            .reporting(
                min_time_s_per_iteration=0,
                min_sample_timesteps_per_iteration=TRAINS_AT_ONCE * batch * num_steps,
            )
            .debugging(log_level="ERROR", seed=0)
        )
        self.algorithm = config.build_algo()
        self._sampled = 0

    @property
    def num_parameters(self) -> int:
        """Trained parameters of the network."""
        module = self.algorithm.get_module()
        return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)

    @property
    def painted(self) -> float:
        """Share of the actions so far that painted."""
        return COUNTS.painted / max(COUNTS.stepped, 1)

    def advance(self) -> int:
        """Train some batches; return the environment's steps in them.

        RLlib's own count of steps learned from is a twentieth greater: it adds a step to an episode.
        """
        result = self.algorithm.train()
        before = self._sampled
        self._sampled = int(result["env_runners"]["num_env_steps_sampled_lifetime"])
        return self._sampled - before

    def close(self) -> None:
        """End it."""
        self.algorithm.stop()
