"""What a training run is: one TOML file, read into frozen dataclasses.

    [episode]           canvas, steps, brush, conditional or not
    [actions]           the action space
    [policy]            kind ("light" or "paper") and shape of the policy
    [data]              what is drawn
    [scribbles]         what random drawings look like: of phases "invert", and of the data set "scribbles"
    [critic]            the discriminator, if a phase rewards its score
    [critic_learner]    how it learns
    [engine]            where episodes are sampled
    [run]               seed, evaluations, checkpoints
    [[phase]]           what is done, in order: "invert", "reinforce" or "clone", each with its tables

The recipe of two cores is invert, reinforce, clone, then reinforce with a critic and an anchor; pure SPIRAL
is one phase "reinforce" with a critic and nothing before it.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from spiral_core.action_space import ActionSpace
from spiral_core.agent.critic import CriticConfig
from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.agent.policy_file import AnyConfig
from spiral_core.config import build, read_toml
from spiral_core.errors import ConfigError
from spiral_core.learning.critic_learner import CriticLearnerConfig
from spiral_core.learning.datasets import ImageSet, load
from spiral_core.learning.entropy import EntropyConfig
from spiral_core.learning.policy_learner import PolicyLearnerConfig
from spiral_core.learning.rewards import RewardConfig
from spiral_core.learning.rollout import EpisodeConfig, LoadTargets
from spiral_core.learning.scribbles import ScribbleConfig, scribble_pictures
from spiral_core.rendering import RendererFactory
from spiral_core.training.engines import ENGINE_KINDS, EngineKind

PhaseKind = Literal["invert", "reinforce", "clone"]
CRITIC_REAL = ("pictures", "parsed")
PHASES: tuple[PhaseKind, ...] = ("invert", "reinforce", "clone")
POLICIES: dict[str, type[PolicyConfig] | type[PaperConfig]] = {"light": PolicyConfig, "paper": PaperConfig}


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What is drawn.

    Attributes:
        name: A data set of `spiral data`, "folder:PATH", or "scribbles" for random drawings.
        split: What training sees, but for the pictures held out.
        held_out: Pictures of the split kept for evaluation while training; the test split is for the end.
        limit: At most this many pictures; 0 is all. Of "scribbles", how many are made; 0 makes 8192.
    """

    name: str = "mnist"
    split: str = "train"
    held_out: int = 512
    limit: int = 0

    def __post_init__(self) -> None:
        if self.held_out < 1 or self.limit < 0:
            raise ConfigError(f"held_out {self.held_out}, limit {self.limit}, must be >= 1 and >= 0")


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """Where episodes are sampled.

    Attributes:
        kind: "local" (this process), "process" or "ray".
        samplers: Processes or actors that sample.
        batch: Episodes in a batch.
        publish_every: Updates between two new sets of weights for the samplers.
        address: Of the Ray cluster; empty starts one on this machine.
    """

    kind: EngineKind = "local"
    samplers: int = 2
    batch: int = 64
    publish_every: int = 1
    address: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ENGINE_KINDS:
            raise ConfigError(f"kind: {self.kind!r}, must be one of {', '.join(ENGINE_KINDS)}")
        for name in ("samplers", "batch", "publish_every"):
            if not 1 <= getattr(self, name) <= 4096:
                raise ConfigError(f"{name}: {getattr(self, name)}, must be in [1, 4096]")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a run is kept.

    Attributes:
        seed: Seed of everything.
        evaluate_frames: Environment steps between evaluations.
        checkpoint_minutes: Minutes between checkpoints.
        log_updates: Updates between two lines of metrics.
        agent: The run begins with this agent's weights; empty begins with random ones.
        population: Members that train the last phase on Ray, the fittest of which are copied; 0: none.
        rounds: How often the members are compared.
    """

    seed: int = 0
    agent: str = ""
    population: int = 0
    rounds: int = 10
    evaluate_frames: int = 200_000
    checkpoint_minutes: float = 3.0
    log_updates: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**31:
            raise ConfigError(f"seed: {self.seed}, must be in [0, 2**31)")
        if self.evaluate_frames < 1 or self.log_updates < 1 or not self.checkpoint_minutes > 0:
            raise ConfigError("evaluate_frames, log_updates and checkpoint_minutes must be > 0")
        if not 0 <= self.population <= 1000 or self.population == 1 or self.rounds < 1:
            raise ConfigError(
                f"population: {self.population}, rounds: {self.rounds}; must be 0 or 2 to 1000, and >= 1"
            )


@dataclass(frozen=True, kw_only=True)
class PhaseConfig:
    """One phase of a training.

    Attributes:
        kind: "invert": learn to say what led to random drawings; "reinforce": learn from rewards; "clone":
            imitate the best drawings that another agent makes of the data.
        name: What the phase is called in curves; by default its kind.
        frames: Environment steps of the phase; of "invert" and "clone", steps imitated.
        learning_rate: Of "invert" and "clone"; falls to a tenth along a cosine.
        parser: Of "clone": who parses the data: "search", "itself" (the policy as it is: it then imitates
            the best of its own attempts), or an agent's weights file.
        attempts: Of "clone": drawings of each picture, of which the best is imitated.
        pictures: Of "clone": pictures parsed.
        keep: Of "clone": share of the parsed pictures that is imitated, those with the least error.
        reward: Of "reinforce".
        learner: Of "reinforce".
        entropy: Of "reinforce".
        critic_updates: Of "reinforce" with a critic: its updates for each of the policy's.
        critic_first: Of "reinforce" with a critic: its updates before the policy learns, in batches of
            `critic_updates`.
        critic_real: Of "reinforce" with a critic of view "image": what it takes for real: "pictures" of the
            data, or "parsed": drawings of them by the programs that the last "clone" imitated. Those a policy
            can match to the last pixel, so the critic has to judge shapes, not how a brush differs from ink.
    """

    kind: str = "reinforce"
    name: str = ""
    frames: int = 1_000_000
    learning_rate: float = 1e-3
    parser: str = "search"
    attempts: int = 4
    pictures: int = 20_000
    keep: float = 1.0
    reward: RewardConfig = field(default_factory=RewardConfig)
    learner: PolicyLearnerConfig = field(default_factory=PolicyLearnerConfig)
    entropy: EntropyConfig = field(default_factory=EntropyConfig)
    critic_updates: int = 1
    critic_first: int = 0
    critic_real: str = "pictures"

    def __post_init__(self) -> None:
        def check(name: str, holds: bool, valid: str) -> None:
            if not holds:
                raise ConfigError(f"{name}: {getattr(self, name)!r}, must be {valid}")

        check("kind", self.kind in PHASES, f"one of {', '.join(PHASES)}")
        check("critic_real", self.critic_real in CRITIC_REAL, f"one of {', '.join(CRITIC_REAL)}")
        check("learning_rate", 0 < self.learning_rate < 1, "in (0, 1)")
        check("keep", 0 < self.keep <= 1, "in (0, 1]")
        for name in ("frames", "attempts", "pictures"):
            check(name, getattr(self, name) >= 1, ">= 1")
        for name in ("critic_updates", "critic_first"):
            check(name, getattr(self, name) >= 0, ">= 0")
        if self.critic_first and not self.critic_updates:
            raise ConfigError(f"critic_first: {self.critic_first}, must be 0 where critic_updates is 0")

    @property
    def first_batches(self) -> int:
        """Batches that the critic learns from before the policy does."""
        return -(-self.critic_first // max(self.critic_updates, 1)) if self.reward.critic else 0

    @property
    def title(self) -> str:
        """What the phase is called in curves."""
        return self.name or self.kind


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole training run; see the module for the file it is read from."""

    episode: EpisodeConfig
    policy: AnyConfig
    data: DataConfig
    scribbles: ScribbleConfig
    critic: CriticConfig
    critic_learner: CriticLearnerConfig
    engine: EngineConfig
    run: RunSettings
    phases: tuple[PhaseConfig, ...]

    def load_targets(self, renderer_factory: RendererFactory) -> LoadTargets:
        """Return what loads the pictures to train on, picklable."""
        return functools.partial(training_pictures, self, renderer_factory)


def training_pictures(run: RunConfig, renderer_factory: RendererFactory) -> ImageSet:
    """Load the pictures to train on."""
    return split_pictures(run, renderer_factory)[0]


def split_pictures(run: RunConfig, renderer_factory: RendererFactory) -> tuple[ImageSet, ImageSet]:
    """Load the pictures to train on and those held out: the last ones of an even shuffle, always the same.

    Raises:
        ConfigError: The data set is missing, or too small.
    """
    data, side = run.data, run.episode.canvas_px
    if data.name == "scribbles":
        pictures = scribble_pictures(
            run.episode, renderer_factory, run.scribbles, num=data.limit or _NUM_SCRIBBLES
        )
    else:
        pictures = load(data.name, data.split, side=side, limit=data.limit or None)
    if len(pictures) <= data.held_out:
        raise ConfigError(f"data.held_out: {data.held_out}, must be below the {len(pictures)} pictures")
    order = np.random.default_rng(0).permutation(len(pictures))

    def part(rows: npt.NDArray[np.int64]) -> ImageSet:
        labels = None if pictures.labels is None else pictures.labels[rows]
        return dataclasses.replace(pictures, images=pictures.images[rows], labels=labels)

    return part(np.sort(order[: -data.held_out])), part(np.sort(order[-data.held_out :]))


_TABLES = (
    "episode",
    "actions",
    "policy",
    "data",
    "scribbles",
    "critic",
    "critic_learner",
    "engine",
    "run",
    "phase",
)
_NUM_SCRIBBLES = 8192


def read_run_config(path: Path, overrides: dict[str, Any] | None = None) -> RunConfig:
    """Read a run's configuration file.

    Args:
        path: The TOML file.
        overrides: Values that replace the file's, by dotted name ("phase.0.frames", "run.seed").

    Raises:
        ConfigError: The file is missing or wrong; the message names file, key and value.
    """
    table = read_toml(path)
    for name, value in (overrides or {}).items():
        override(table, name, value)
    return run_config(table, str(path))


def run_config(table: dict[str, Any], where: str) -> RunConfig:
    """Make a run's configuration from its tables, see `read_run_config`."""
    for name, content in table.items():
        if name not in _TABLES:
            raise ConfigError(f"{where}: unknown table [{name}], must be one of {', '.join(_TABLES)}")
        if not isinstance(content, list if name == "phase" else dict):
            raise ConfigError(
                f"{where}: {name}: must be {'[[phase]] tables' if name == 'phase' else 'a table'}"
            )
    if not table.get("phase"):
        raise ConfigError(f"{where}: [[phase]]: missing, must be at least one")

    def at(name: str) -> str:
        return f"{where}: [{name}]"

    space = action_space(table.get("actions", {}), at("actions"))
    episode = build(_Episode, table.get("episode", {}), at("episode"))
    shape = dict(table.get("policy", {}))
    kind = shape.pop("kind", "light")
    if kind not in POLICIES:
        raise ConfigError(f"{at('policy')}: kind: {kind!r}, must be one of {', '.join(POLICIES)}")
    policy: AnyConfig = build(
        POLICIES[kind],
        shape,
        at("policy"),
        action_space=space,
        is_conditional=episode.is_conditional,
        canvas_px=episode.canvas_px,
    )
    critic = build(
        CriticConfig,
        table.get("critic", {}),
        at("critic"),
        canvas_px=episode.canvas_px,
        grayscale=space.grayscale,
    )
    phases = tuple(_phase(content, f"{where}: phase {i}") for i, content in enumerate(table["phase"]))
    for i, phase in enumerate(phases):
        if phase.critic_real == "parsed" and critic.view != "image":
            raise ConfigError(
                f"{where}: phase {i}: critic_real: 'parsed', must be 'pictures' "
                f"with critic.view {critic.view!r}"
            )
        if phase.reward.critic_form == "ratio" and critic.kind != "spectral":
            raise ConfigError(
                f"{where}: phase {i}: reward.critic_form: 'ratio', must be 'dense' or 'final' with "
                f"critic.kind {critic.kind!r}, whose scores are no densities"
            )
    return RunConfig(
        episode=EpisodeConfig(
            action_space=space,
            canvas_px=episode.canvas_px,
            num_steps=episode.num_steps,
            brush=episode.brush,
            is_conditional=episode.is_conditional,
        ),
        policy=policy,
        data=build(DataConfig, table.get("data", {}), at("data")),
        scribbles=build(ScribbleConfig, table.get("scribbles", {}), at("scribbles")),
        critic=critic,
        critic_learner=build(
            CriticLearnerConfig, table.get("critic_learner", {}), at("critic_learner"), seed=0
        ),
        engine=build(EngineConfig, table.get("engine", {}), at("engine")),
        run=build(RunSettings, table.get("run", {}), at("run")),
        phases=phases,
    )


@dataclass(frozen=True, kw_only=True)
class _Episode:
    """The keys of the table [episode]; see `EpisodeConfig`."""

    canvas_px: int = 64
    num_steps: int = 20
    brush: str = "soft"
    is_conditional: bool = True


def _phase(table: dict[str, Any], where: str) -> PhaseConfig:
    parts = {
        "reward": RewardConfig,
        "learner": PolicyLearnerConfig,
        "entropy": EntropyConfig,
    }
    rest = {name: value for name, value in table.items() if name not in parts}
    fixed: dict[str, Any] = {
        name: build(kind, table.get(name, {}), f"{where}: {name}") for name, kind in parts.items()
    }
    return build(PhaseConfig, rest, where, **fixed)


def action_space(table: dict[str, Any], where: str) -> ActionSpace:
    """Make the action space of a table [actions]; `radii_px` are brush radii on a canvas of 64 pixels."""
    rest = dict(table)
    pixels = rest.pop("radii_px", None)
    if pixels is not None:
        if not isinstance(pixels, list) or not all(type(radius) in (int, float) for radius in pixels):
            raise ConfigError(f"{where}: radii_px: {pixels!r}, must be a list of numbers")
        rest["radii"] = [radius / 64 for radius in pixels]
    return build(ActionSpace, rest, where, compat=None, aspect=1.0)


def override(table: dict[str, Any], name: str, value: Any) -> None:
    """Set a value in nested tables by its dotted name; numbers count the entries of a list.

    Raises:
        ConfigError: The name leads nowhere.
    """
    keys = name.split(".")
    place: Any = table
    for i, key in enumerate(keys):
        is_last = i == len(keys) - 1
        if isinstance(place, list):
            if not key.isdecimal() or int(key) >= len(place):
                raise ConfigError(f"--set {name}: {key!r}, must be a number in [0, {len(place) - 1}]")
            key_or_index: Any = int(key)
        elif isinstance(place, dict):
            key_or_index = key
        else:
            raise ConfigError(f"--set {name}: {'.'.join(keys[:i])!r} is a value, not a table")
        if is_last:
            place[key_or_index] = value
        elif isinstance(place, dict):
            place = place.setdefault(key, {})
        else:
            place = place[key_or_index]
