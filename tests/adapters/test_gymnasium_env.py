from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from adapters.gymnasium_env import PaintingEnv, PaintingVectorEnv
from spiral_core.action_space import ActionSpace
from spiral_core.environment import PaintingEnvironment
from spiral_core.errors import CanvasError, ConfigError
from spiral_core.program import Color, StrokeArray


class RectangleRenderer:
    """Fills each stroke's bounding box: enough of a Renderer to test the faces without libmypaint."""

    def __init__(self, num_canvases: int, height: int, width: int) -> None:
        self.num_canvases, self.height, self.width = num_canvases, height, width
        self._pixels = np.zeros((num_canvases, height, width, 3), np.uint8)

    def clear(self, background: Color, canvas: Any = None) -> None:
        self._pixels[slice(None) if canvas is None else canvas] = np.round(255 * np.array(background))

    def draw(self, strokes: StrokeArray, canvas: Any = None) -> Any:
        for index, row in zip(canvas, strokes.values, strict=True):
            (left, right), (top, bottom) = (
                np.sort((row[[a, a + 4]] * self.width).astype(int)) for a in (0, 1)
            )
            self._pixels[index, top : bottom + 1, left : right + 1] = np.round(255 * row[9:12])
        return np.zeros((len(strokes), 4), np.int32)

    def pixels(self) -> Any:
        return self._pixels.copy()


def environment(num: int, **options: Any) -> PaintingEnvironment:
    return PaintingEnvironment(RectangleRenderer(num, 32, 32), ActionSpace(), num_steps=4, **options)


def images(num: int = 5) -> Any:
    return np.random.default_rng(0).integers(0, 256, (num, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("is_conditional", [True, False])
def test_single_face_passes_gymnasiums_checker(is_conditional: bool) -> None:
    env = (
        PaintingEnv(environment(1), images(), render_mode="rgb_array")
        if is_conditional
        else PaintingEnv(environment(1, is_conditional=False, reward="none"), render_mode="rgb_array")
    )
    check_env(env, skip_render_check=True)  # the render check makes the environment anew from a registry
    env.reset(seed=3)
    picture = env.render()
    assert picture is not None
    assert picture.shape == (32, 32, 3)


def test_checker_would_notice() -> None:
    class Broken(PaintingEnv):
        def step(self, action: Any) -> Any:
            observation, *rest = super().step(action)
            return observation | {"location": observation["location"] + 2}, *rest

    with pytest.raises((AssertionError, UserWarning), match="not within the observation space"):
        check_env(Broken(environment(1), images()), skip_render_check=True)


@pytest.mark.parametrize("is_conditional", [True, False])
def test_vector_face_keeps_the_vector_contract(is_conditional: bool) -> None:
    env = (
        PaintingVectorEnv(environment(3), images())
        if is_conditional
        else PaintingVectorEnv(environment(3, is_conditional=False, reward="none"))
    )
    assert isinstance(env, gymnasium.vector.VectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert env.observation_space == batch_space(env.single_observation_space, 3)
    assert env.action_space == batch_space(env.single_action_space, 3)
    env.action_space.seed(0)
    observation, info = env.reset(seed=1)
    assert info == {}
    assert env.observation_space.contains(observation)
    for t in range(1, 12):
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert env.observation_space.contains(observation)
        assert reward.shape == terminated.shape == truncated.shape == (3,)
        assert reward.dtype == np.float64
        assert terminated.dtype == truncated.dtype == np.bool_
        assert not truncated.any()
        # Four steps, then one that only resets.
        assert terminated.tolist() == [t % 5 == 4] * 3
        if t % 5 == 0:
            assert (observation["canvas"] == 255).all()
            assert not reward.any()
            assert (observation["step"] == 0).all()


def test_vector_face_is_reproducible() -> None:
    def run() -> list[Any]:
        env = PaintingVectorEnv(environment(2), images())
        env.action_space.seed(5)
        seen = [env.reset(seed=9)[0]]
        seen += [env.step(env.action_space.sample())[0] for _ in range(7)]
        return seen

    for one, other in zip(run(), run(), strict=True):
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_gymnasiums_wrappers_take_the_faces() -> None:
    single = gymnasium.wrappers.RecordEpisodeStatistics(PaintingEnv(environment(1), images()))
    single.reset(seed=0)
    total = 0.0
    while True:
        _, reward, terminated, _, info = single.step(single.action_space.sample())
        total += float(reward)
        if terminated:
            break
    assert info["episode"]["r"] == pytest.approx(total)
    vector = gymnasium.wrappers.vector.RecordEpisodeStatistics(PaintingVectorEnv(environment(2), images()))
    vector.reset(seed=0)
    for _ in range(4):
        *_, info = vector.step(vector.action_space.sample())
    assert info["episode"]["l"].tolist() == [4, 4]


def test_wrong_use_is_named() -> None:
    with pytest.raises(ConfigError, match="2 canvases, must be 1"):
        PaintingEnv(environment(2), images())
    with pytest.raises(ConfigError, match=r"images: None, must be uint8 of shape \(N, 32, 32, 3\)"):
        PaintingVectorEnv(environment(2))
    with pytest.raises(ConfigError, match="images: float64"):
        PaintingVectorEnv(environment(2), images().astype(float))
    with pytest.raises(ConfigError, match="unconditional"):
        PaintingVectorEnv(environment(2, is_conditional=False, reward="none"), images())
    with pytest.raises(ConfigError, match="render_mode: 'human'"):
        PaintingEnv(environment(1), images(), render_mode="human")
    with pytest.raises(CanvasError, match="seed: -1"):
        PaintingEnv(environment(1), images()).reset(seed=-1)
