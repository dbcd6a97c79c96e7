"""Gymnasium's faces of the painting environment: one episode, or a batch of them.

Both only translate; the episodes are `spiral_core.environment.PaintingEnvironment`'s. Observations are dicts
of arrays in its shapes and units. An episode ends by termination, since
its length is part of the task and seen.
"""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from spiral_core.environment import NOISE_SIZE, Observation, PaintingEnvironment
from spiral_core.errors import CanvasError, ConfigError

ObservationDict = dict[str, Any]

NOISE_BOUND = 16.0
"""No float32 normal sample lies further out; Gymnasium wants finite bounds."""


def observation_space(environment: PaintingEnvironment) -> spaces.Dict:
    """Return the space of one episode's observations."""
    shape = (environment.renderer.height, environment.renderer.width, 3)
    parts = environment.action_space.num_values
    corner = np.array([1.0, environment.action_space.aspect], np.float32)
    members: dict[str, spaces.Space[Any]] = {
        "canvas": spaces.Box(0, 255, shape, np.uint8),
        "location": spaces.Box(np.zeros(2, np.float32), corner, dtype=np.float32),
        "last_action": spaces.MultiDiscrete(parts),
        "action_mask": spaces.MultiBinary(len(parts)),
        "step": spaces.Discrete(environment.num_actions + 1),
    }
    if environment.is_conditional:
        members["target"] = spaces.Box(0, 255, shape, np.uint8)
    else:
        members["noise"] = spaces.Box(-NOISE_BOUND, NOISE_BOUND, (NOISE_SIZE,), np.float32)
    return spaces.Dict(members)


def _as_dict(observation: Observation) -> ObservationDict:
    batch = len(observation.canvas)
    result: ObservationDict = {
        "canvas": observation.canvas,
        "location": observation.location,
        "last_action": observation.last_action.copy(),
        "action_mask": observation.action_mask.astype(np.int8),
        "step": np.full(batch, observation.step, np.int64),
    }
    if observation.target is not None:
        result["target"] = observation.target.copy()
    if observation.noise is not None:
        result["noise"] = observation.noise.copy()
    return result


def _checked_images(environment: PaintingEnvironment, images: npt.NDArray[np.uint8] | None) -> None:
    if not environment.is_conditional:
        if images is not None:
            raise ConfigError("images: given, but the environment is unconditional")
        return
    shape = (environment.renderer.height, environment.renderer.width, 3)
    if (
        images is None
        or images.dtype != np.uint8
        or images.ndim != 4
        or images.shape[1:] != shape
        or not len(images)
    ):
        given = None if images is None else f"{images.dtype} of shape {images.shape}"
        raise ConfigError(f"images: {given}, must be uint8 of shape (N, {shape[0]}, {shape[1]}, 3), N > 0")


def _checked_seed(seed: int | None) -> None:
    if seed is not None and not 0 <= seed < 2**63:
        raise CanvasError(f"seed: {seed}, must be in [0, 2**63)")


class PaintingEnv(gymnasium.Env[ObservationDict, npt.NDArray[np.int64]]):
    """One painting episode at a time.

    Args:
        environment: The environment, with one canvas.
        images: Shape (N, height, width, 3), uint8: targets to draw from at resets; None if unconditional.
        render_mode: "rgb_array" to have `render` return the canvas.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 10}  # type: ignore[misc]

    def __init__(
        self,
        environment: PaintingEnvironment,
        images: npt.NDArray[np.uint8] | None = None,
        *,
        render_mode: str | None = None,
    ) -> None:
        if environment.num_episodes != 1:
            raise ConfigError(
                f"environment: {environment.num_episodes} canvases, must be 1; use PaintingVectorEnv"
            )
        if render_mode not in (None, "rgb_array"):
            raise ConfigError(f"render_mode: {render_mode!r}, must be 'rgb_array' or None")
        _checked_images(environment, images)
        self.environment = environment
        self.images = images
        self.render_mode = render_mode
        self.observation_space = observation_space(environment)
        self.action_space = spaces.MultiDiscrete(environment.action_space.num_values)  # type: ignore[assignment]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObservationDict, dict[str, Any]]:
        """Start an episode; a seed also restarts the choice of targets and the brush's seeds."""
        _checked_seed(seed)
        super().reset(seed=seed)
        target = None
        if self.images is not None:
            target = self.images[self.np_random.integers(len(self.images))][None]
        return self._single(self.environment.reset(target, seed=seed)), {}

    def step(
        self, action: npt.NDArray[np.int64]
    ) -> tuple[ObservationDict, float, bool, bool, dict[str, Any]]:
        """Take one action of shape (P,)."""
        observation, reward, is_last = self.environment.step(np.asarray(action)[None])
        return self._single(observation), float(reward[0]), is_last, False, {}

    def render(self) -> npt.NDArray[np.uint8] | None:  # type: ignore[override]
        """Return the canvas, shape (height, width, 3), or None without a render mode."""
        return self.environment.renderer.pixels()[0] if self.render_mode == "rgb_array" else None

    @staticmethod
    def _single(observation: Observation) -> ObservationDict:
        return {name: value[0] for name, value in _as_dict(observation).items()}


class PaintingVectorEnv(VectorEnv[ObservationDict, npt.NDArray[np.int64], npt.NDArray[Any]]):
    """A batch of painting episodes; the step after the last one ignores its actions and resets.

    Args:
        environment: The environment, with any number of canvases.
        images: Shape (N, height, width, 3), uint8: targets to draw from at resets; None if unconditional.
    """

    metadata: ClassVar[dict[str, Any]] = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # type: ignore[misc]

    def __init__(self, environment: PaintingEnvironment, images: npt.NDArray[np.uint8] | None = None) -> None:
        _checked_images(environment, images)
        self.environment = environment
        self.images = images
        self.num_envs = environment.num_episodes
        self.single_observation_space = observation_space(environment)
        self.single_action_space = spaces.MultiDiscrete(environment.action_space.num_values)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._ended = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObservationDict, dict[str, Any]]:
        """Start all episodes; a seed also restarts the choice of targets and the brush's seeds."""
        _checked_seed(seed)
        super().reset(seed=seed)
        self._ended = False
        return _as_dict(self.environment.reset(self._targets(), seed=seed)), {}

    def step(
        self, actions: npt.NDArray[np.int64]
    ) -> tuple[ObservationDict, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, Any]]:
        """Take one action in every episode, or start new episodes if the last step ended them."""
        never = np.zeros(self.num_envs, np.bool_)
        if self._ended:
            self._ended = False
            observation = self.environment.reset(self._targets())
            return _as_dict(observation), np.zeros(self.num_envs), never, never.copy(), {}
        observation, reward, self._ended = self.environment.step(actions)
        return _as_dict(observation), reward, np.full(self.num_envs, self._ended), never, {}

    def _targets(self) -> npt.NDArray[np.uint8] | None:
        if self.images is None:
            return None
        return self.images[self.np_random.integers(len(self.images), size=self.num_envs)]
