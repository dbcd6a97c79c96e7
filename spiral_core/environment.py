"""The painting environment of SPIRAL: a batch of episodes, one stroke each per step, drawn by a real brush.

All episodes of a batch start, step and end together. A stroke runs from the current location through the
control point to the end point; its pressure runs from the last stroke's to the new one (after a jump, and in
the first step, there is no ramp). Every stroke has its own seed, derived from (environment seed, episode,
step), so an episode can be read back as a program that renders to the same bytes, in a batch of any size.

With compat="deepmind" in the action space the environment behaves as the released one, faults included:
after a jump to (x, y) the next stroke starts at (y, y); the brush's state and random generator carry on from
stroke to stroke and over resets; a reset shows the jump's mask instead of an empty one; an episode of N steps
has N - 1 actions.

Source: Ganin et al. 2018 (arXiv 1804.01118), section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace, Decoded
from spiral_core.errors import CanvasError, ConfigError
from spiral_core.program import SEED_LIMIT, STROKE_COLUMNS, WHITE, Color, PaintingProgram, StrokeArray
from spiral_core.rendering import Renderer
from spiral_core.reward import REWARD_FORMS, RewardForm, l2_drop, mean_squared_error

NOISE_SIZE: Final = 10
"""Length of the noise vector that an unconditional agent sees, N(0, 1), constant in an episode."""

MAX_STEPS: Final = 1000

_MASK_64: Final = np.uint64(2**64 - 1)
_RADIUS: Final = STROKE_COLUMNS.index("radius")


class ContinuingRenderer(Renderer, Protocol):
    """A renderer that can also draw as the released SPIRAL environment does."""

    def draw_continuing(
        self, strokes: StrokeArray, canvas: npt.NDArray[np.int32], jump: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int32]:
        """Draw strokes with the brush state of each canvas carried on from its previous stroke.

        Seeds are ignored: the random generator of a canvas's brush is seeded once, when the renderer is made.

        Args:
            strokes: What to draw, in order.
            canvas: Shape (num_strokes,), int32: which canvas each row goes to.
            jump: Shape (num_strokes,), bool: the row paints nothing; the brush is reset, a new stroke begun
                and the brush moved to the row's end point. The stroke after a jump begins with one extra
                motion event at its start point.

        Returns:
            Shape (num_strokes, 4), int32: the rectangle (left, top, right, bottom) that each row changed.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What an agent sees; B is the number of episodes, P the number of action parts.

    Attributes:
        canvas: Shape (B, height, width, 3), uint8.
        location: Shape (B, 2), float32: current location (x, y) in canvas units.
        last_action: Shape (B, P), int64: the last action, zeros at the start.
        action_mask: Shape (B, P), bool: the parts of the last action that had an effect.
        step: How many steps the episodes have taken, in [0, num_steps].
        target: Shape (B, height, width, 3), uint8, or None for an unconditional agent.
        noise: Shape (B, NOISE_SIZE), float32, or None for a conditional agent.
    """

    canvas: npt.NDArray[np.uint8]
    location: npt.NDArray[np.float32]
    last_action: npt.NDArray[np.int64]
    action_mask: npt.NDArray[np.bool_]
    step: int
    target: npt.NDArray[np.uint8] | None
    noise: npt.NDArray[np.float32] | None


class Step(NamedTuple):
    """What a step brings: the new observation, the reward of each episode (B,), and whether all ended."""

    observation: Observation
    reward: npt.NDArray[np.float64]
    is_last: bool


def derived_key(seed: int, episode: npt.ArrayLike, step: int) -> npt.NDArray[np.uint64]:
    """Return a well mixed 64-bit number for each episode, a function of seed, episode and step.

    Source: the finaliser of splitmix64 (Steele, Lea, Flood 2014), applied once for each input.
    """
    key = np.full(np.shape(episode), seed & int(_MASK_64), np.uint64)
    for value in (np.asarray(episode, np.uint64), np.uint64(step)):
        with np.errstate(over="ignore"):
            key = key + np.uint64(0x9E3779B97F4A7C15) * (value + np.uint64(1))
            key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            key = key ^ (key >> np.uint64(31))
    return np.asarray(key)


def stroke_seeds(seed: int, episode: npt.ArrayLike, step: int) -> npt.NDArray[np.int32]:
    """Return the brush seed of each episode's stroke in a step, in [0, SEED_LIMIT)."""
    return (derived_key(seed, episode, step) % np.uint64(SEED_LIMIT)).astype(np.int32)


class PaintingEnvironment:
    """A batch of painting episodes in lock step on one renderer.

    Args:
        renderer: Where the episodes are drawn, one canvas each; nothing else may draw on it meanwhile.
        action_space: The actions; its aspect must be the canvas's.
        num_steps: Length of an episode, in [1, 1000]; with compat="deepmind" from 2, one being the reset.
        brush: Name of the brush.
        background: Colour of the bare canvas.
        seed: Seed of everything random here, in [0, 2**63).
        is_conditional: Targets are given at a reset and observed; otherwise noise is observed.
        reward: "dense" or "final" drop of the squared error (conditional only), or "none".

    Raises:
        ConfigError: A value is out of range or the parts do not fit together.

    Source: Ganin et al. 2018 (arXiv 1804.01118), section 4.2.
    """

    def __init__(
        self,
        renderer: Renderer,
        action_space: ActionSpace,
        *,
        num_steps: int = 20,
        brush: str = "round",
        background: Color = WHITE,
        seed: int = 0,
        is_conditional: bool = True,
        reward: RewardForm = "dense",
    ) -> None:
        self._compat = action_space.compat == "deepmind"
        fewest = 2 if self._compat else 1
        if (
            isinstance(num_steps, bool)
            or not isinstance(num_steps, int)
            or not fewest <= num_steps <= MAX_STEPS
        ):
            raise ConfigError(f"num_steps: {num_steps!r}, must be a whole number in [{fewest}, {MAX_STEPS}]")
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise ConfigError(f"seed: {seed!r}, must be a whole number in [0, 2**63)")
        if reward not in REWARD_FORMS:
            raise ConfigError(f"reward: {reward!r}, must be one of {', '.join(REWARD_FORMS)}")
        if reward != "none" and not is_conditional:
            raise ConfigError(f"reward: {reward!r} needs a target; an unconditional environment takes 'none'")
        if abs(action_space.aspect * renderer.width - renderer.height) > 1:
            raise ConfigError(
                f"action_space.aspect: {action_space.aspect:g}, must be that of the canvas, "
                f"{renderer.height} / {renderer.width}"
            )
        self._continuing: ContinuingRenderer | None = None
        if self._compat:
            if not callable(getattr(renderer, "draw_continuing", None)):
                raise ConfigError(
                    "compat: 'deepmind' needs a renderer that can draw with a continuing brush state"
                )
            self._continuing = renderer  # type: ignore[assignment]  # checked in the line above
        self.renderer = renderer
        self.action_space = action_space
        self.num_steps = num_steps
        self.brush = brush
        self.background = background
        self.seed = seed
        self.is_conditional = is_conditional
        self.reward: RewardForm = reward
        self._next_episode = 0
        self._step: int | None = None

    @property
    def num_episodes(self) -> int:
        """How many episodes run at a time: the renderer's canvases."""
        return self.renderer.num_canvases

    @property
    def num_actions(self) -> int:
        """How many actions an episode takes."""
        return self.num_steps - 1 if self._compat else self.num_steps

    def reset(
        self,
        targets: npt.NDArray[np.uint8] | None = None,
        *,
        seed: int | None = None,
        first_episode: int | None = None,
    ) -> Observation:
        """Start new episodes on clean canvases.

        Args:
            targets: Shape (B, height, width, 3), uint8; needed by a conditional environment, None otherwise.
            seed: A new seed for the environment; episodes are then counted from 0 again.
            first_episode: Number of the first canvas's episode; by default it goes on from the last reset.

        Returns:
            The first observation.

        Raises:
            CanvasError: Targets are missing, not wanted, or of the wrong shape or type.
        """
        batch, height, width = self.num_episodes, self.renderer.height, self.renderer.width
        self._target = self._checked_targets(targets, (batch, height, width, 3))
        if seed is not None:
            if isinstance(seed, bool) or not 0 <= seed < 2**63:
                raise ConfigError(f"seed: {seed!r}, must be a whole number in [0, 2**63)")
            self.seed, self._next_episode = int(seed), 0
        if first_episode is not None:
            if first_episode < 0:
                raise CanvasError(f"first_episode: {first_episode}, must be >= 0")
            self._next_episode = first_episode
        self._episode = np.arange(self._next_episode, self._next_episode + batch)
        self._next_episode += batch
        self._step = 0
        self.renderer.clear(self.background)
        self._canvas = self.renderer.pixels()
        space = self.action_space
        self._location = np.repeat(space.location_xy([0]), batch, axis=0)
        self._pressure = np.zeros(batch)
        self._after_jump = np.ones(batch, np.bool_)
        self._last_action = np.zeros((batch, space.num_parts), np.int64)
        self._mask = np.repeat((space.jump_mask & self._compat)[None], batch, axis=0)
        self._noise = None if self.is_conditional else self._draw_noise()
        self._values: list[npt.NDArray[np.float64]] = []
        self._seeds: list[npt.NDArray[np.int32]] = []
        self._painted: list[npt.NDArray[np.bool_]] = []
        if self._target is not None:
            self._initial_error = self._error = mean_squared_error(self._canvas, self._target)
        if self._continuing is not None:
            # The released environment moves the brush to the top left corner at a reset.
            everywhere = np.ones(batch, np.bool_)
            self._draw_continuing(
                self._continuing, self._stroke_values(space.decode(self._last_action)), everywhere
            )
        return self._observation(0)

    def step(self, actions: npt.ArrayLike) -> Step:
        """Take one action in every episode.

        Args:
            actions: Shape (B, P), whole numbers within the action space.

        Returns:
            The new observation, the rewards, and whether the episodes have ended.

        Raises:
            CanvasError: An action has the wrong shape or a value out of range, or the episode is over.
        """
        if self._step is None or self._step >= self.num_actions:
            raise CanvasError(
                f"step: the episode {'has not begun' if self._step is None else 'is over'}; call reset()"
            )
        checked = self.action_space.check(actions, self.num_episodes)
        decoded = self.action_space.decode(checked)
        paint = decoded.is_paint
        values = self._stroke_values(decoded)
        seeds = stroke_seeds(self.seed, self._episode, self._step)
        if self._continuing is not None:
            self._draw_continuing(self._continuing, values, ~paint)
        elif paint.any():
            canvas = np.flatnonzero(paint).astype(np.int32)
            brush = np.zeros(len(canvas), np.int32)
            self.renderer.draw(StrokeArray(values[paint], brush, seeds[paint], (self.brush,)), canvas)
        self._values.append(values)
        self._seeds.append(seeds)
        self._painted.append(paint)
        self._location = decoded.end
        if self._compat:
            self._location = np.where(paint[:, None], decoded.end, decoded.end[:, [1, 1]])
        self._pressure = np.where(paint, decoded.pressure, self._pressure)
        self._after_jump = ~paint
        self._last_action = checked
        self._mask = paint[:, None] | self.action_space.jump_mask
        self._step += 1
        self._canvas = self.renderer.pixels()
        is_last = self._step == self.num_actions
        reward = np.zeros(self.num_episodes)
        if self._target is not None:
            before, self._error = self._error, mean_squared_error(self._canvas, self._target)
            reward = l2_drop(
                self.reward, initial=self._initial_error, before=before, after=self._error, is_last=is_last
            )
        return Step(self._observation(self._step), reward, is_last)

    def programs(self) -> tuple[PaintingProgram, ...]:
        """Return what each episode has painted so far.

        Rendered alone at the same size, each gives its canvas's bytes (not with compat="deepmind", whose
        strokes depend on the ones before).
        """
        if self._step is None:
            raise CanvasError("programs: the episode has not begun; call reset()")
        strokes = [self._strokes_of(canvas) for canvas in range(self.num_episodes)]
        aspect = self.renderer.height / self.renderer.width
        return tuple(
            PaintingProgram(
                strokes=rows.to_strokes(),
                aspect=aspect,
                background=self.background,
                verified_width_px=self.renderer.width,
            )
            for rows in strokes
        )

    def _strokes_of(self, canvas: int) -> StrokeArray:
        painted = [step for step, flags in enumerate(self._painted) if flags[canvas]]
        values = np.array([self._values[step][canvas] for step in painted]).reshape(-1, len(STROKE_COLUMNS))
        seeds = np.array([self._seeds[step][canvas] for step in painted], np.int32)
        return StrokeArray(values, np.zeros(len(painted), np.int32), seeds, (self.brush,))

    def _stroke_values(self, decoded: Decoded) -> npt.NDArray[np.float64]:
        values = np.empty((self.num_episodes, len(STROKE_COLUMNS)))
        values[:, 0:2] = self._location
        values[:, 2:4] = decoded.control
        values[:, 4:6] = decoded.end
        values[:, 6] = np.where(self._after_jump, decoded.pressure, self._pressure)
        values[:, 7] = decoded.pressure
        values[:, _RADIUS] = decoded.radius
        values[:, 9:12] = decoded.color
        values[:, 12] = 1.0
        return values

    def _draw_continuing(
        self, renderer: ContinuingRenderer, values: npt.NDArray[np.float64], jump: npt.NDArray[np.bool_]
    ) -> None:
        rows = np.arange(self.num_episodes, dtype=np.int32)
        zeros = np.zeros(self.num_episodes, np.int32)
        renderer.draw_continuing(StrokeArray(values, zeros, zeros, (self.brush,)), rows, jump)

    def _checked_targets(
        self, targets: npt.NDArray[np.uint8] | None, shape: tuple[int, int, int, int]
    ) -> npt.NDArray[np.uint8] | None:
        if not self.is_conditional:
            if targets is not None:
                raise CanvasError("targets: given, but the environment is unconditional")
            return None
        if targets is None:
            raise CanvasError(f"targets: missing, must be uint8 of shape {shape}")
        given = np.asarray(targets)
        if given.shape != shape or given.dtype != np.uint8:
            raise CanvasError(
                f"targets: {given.dtype} of shape {given.shape}, must be uint8 of shape {shape}"
            )
        return given.copy()

    def _draw_noise(self) -> npt.NDArray[np.float32]:
        keys = derived_key(self.seed, self._episode, MAX_STEPS)
        rows = [np.random.default_rng(int(key)).standard_normal(NOISE_SIZE, np.float32) for key in keys]
        return np.stack(rows)

    def _observation(self, step: int) -> Observation:
        return Observation(
            canvas=self._canvas,
            location=self._location.astype(np.float32),
            last_action=self._last_action,
            action_mask=self._mask,
            step=step,
            target=self._target,
            noise=self._noise,
        )
