"""Data sets as programs: what a conditional agent drew of each picture, replayed for another to imitate.

A program is kept as its actions alone; canvases are drawn again when they are needed, which costs a tenth of
an update. Imitating the best of several drawings of each picture is the wake phase of wake-sleep, or expert
iteration (Anthony et al. 2017, arXiv 1705.08439).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spiral_core.environment import NOISE_SIZE, Observation
from spiral_core.errors import ConfigError
from spiral_core.files import write_atomic
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.episodes import Episodes, record
from spiral_core.learning.rollout import EpisodeConfig
from spiral_core.rendering import Renderer, RendererFactory


@dataclass(frozen=True, slots=True, eq=False)
class ParsedPrograms:
    """Programs of N pictures.

    Attributes:
        actions: Shape (N, T, P), int16.
        error: Shape (N,), float64: mean squared error of each drawing against its picture.
        index: Shape (N,), int64: which picture of the data set.
    """

    actions: npt.NDArray[np.int16]
    error: npt.NDArray[np.float64]
    index: npt.NDArray[np.int64]

    def best(self, share: float) -> ParsedPrograms:
        """Return the share of the programs with the least error, in (0, 1]."""
        num = max(1, round(share * len(self.error)))
        rows = np.sort(np.argsort(self.error, kind="stable")[:num])
        return ParsedPrograms(self.actions[rows], self.error[rows], self.index[rows])

    def joined(self, other: ParsedPrograms) -> ParsedPrograms:
        """Return these programs followed by others."""
        return ParsedPrograms(
            np.concatenate([self.actions, other.actions]),
            np.concatenate([self.error, other.error]),
            np.concatenate([self.index, other.index]),
        )

    def save(self, path: Path) -> None:
        """Write them as an .npz file, whole or not at all."""
        content = io.BytesIO()
        np.savez_compressed(content, actions=self.actions, error=self.error, index=self.index)
        write_atomic(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> ParsedPrograms:
        """Read them back.

        Raises:
            ConfigError: The file is missing or broken.
        """
        try:
            with np.load(path, allow_pickle=False) as data:
                return cls(data["actions"], data["error"], data["index"])
        except (OSError, KeyError, ValueError) as error:
            raise ConfigError(f"{path}: {error}") from error

    def drawings(self, episode: EpisodeConfig, renderer_factory: RendererFactory) -> npt.NDArray[np.uint8]:
        """Draw the programs.

        Args:
            episode: Whose brush and actions they have.
            renderer_factory: Makes the renderers that draw them.

        Returns:
            The last canvases, uint8: shape (N, side, side, 1) in grayscale, else (N, side, side, 3).
        """
        side, blind = episode.canvas_px, replace(episode, is_conditional=False)
        drawn = []
        for first in range(0, len(self.actions), _DRAWN_AT_ONCE):
            actions = self.actions[first : first + _DRAWN_AT_ONCE].astype(np.int64)
            environment = blind.environment(renderer_factory(len(actions), side, side))
            canvas = record(environment, environment.reset(seed=first), _play_back(actions)).canvas
            drawn.append(canvas[-1].copy())  # not the canvases before it
        return np.concatenate(drawn)

    def source(
        self, episode: EpisodeConfig, renderer: Renderer, *, seed: int, pictures: ImageSet | None = None
    ) -> Replays:
        """Return a source of episodes that play these programs."""
        return Replays(self, episode, renderer, seed, pictures)


_DRAWN_AT_ONCE = 256


def _play_back(
    actions: npt.NDArray[np.int64],
) -> Callable[[int, Observation], tuple[npt.NDArray[np.int64], None]]:
    """Return what chooses the given actions, shape (N, T, P), one after the other."""

    def choose(step: int, observation: Observation) -> tuple[npt.NDArray[np.int64], None]:
        del observation
        return actions[:, step], None

    return choose


class Replays:
    """Plays parsed programs, in an order drawn anew for each batch.

    A conditional learner sees as target the picture that the program is a drawing of, as it will later;
    without pictures the program's own last canvas. An unconditional one sees fresh noise.

    Args:
        programs: What is played.
        episode: The learner's episode; its action space must be the programs'.
        renderer: One canvas for each episode of a batch.
        seed: Of order, noise and strokes.
        pictures: The data set that the programs were parsed from.

    Raises:
        ConfigError: The programs are of another action space or length.
    """

    def __init__(
        self,
        programs: ParsedPrograms,
        episode: EpisodeConfig,
        renderer: Renderer,
        seed: int,
        pictures: ImageSet | None = None,
    ) -> None:
        space = episode.action_space
        wanted = (episode.num_steps, space.num_parts)
        if programs.actions.shape[1:] != wanted or (programs.actions >= space.num_values).any():
            raise ConfigError(
                f"parsed programs: {programs.actions.shape[1:]} (actions, parts), must be {wanted} in the "
                "action space of this run"
            )
        self._programs, self._is_conditional, self._seed = programs, episode.is_conditional, seed
        self._pictures = pictures
        self._environment = replace(episode, is_conditional=False).environment(renderer)

    def batch(self, number: int) -> Episodes:
        """Return a batch of replays; the same number gives the same one."""
        rng = np.random.default_rng([self._seed, number])
        num = self._environment.num_episodes
        rows = rng.integers(len(self._programs.error), size=num)
        actions = self._programs.actions[rows].astype(np.int64)

        first = self._environment.reset(seed=int(rng.integers(2**63)))
        episodes = record(self._environment, first, _play_back(actions), index=self._programs.index[rows])
        if self._is_conditional:
            target = episodes.canvas[-1].copy()
            if self._pictures is not None:
                target = self._pictures.batch(episodes.index)[..., : target.shape[-1]]
            return replace(episodes, target=target, noise=None)
        return replace(episodes, noise=rng.standard_normal((num, NOISE_SIZE)).astype(np.float32))
