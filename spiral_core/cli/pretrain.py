"""`spiral pretrain`: teach an agent strokes, from random programs, by imitating search or by rewards."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import os
import platform
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.mypaint import mypaint_planning, mypaint_renderer
from spiral_core.action_space import ActionSpace
from spiral_core.cli.parsing import Verbs, positive_number, whole_number
from spiral_core.config import build, read_toml
from spiral_core.errors import AgentError, ConfigError
from spiral_core.files import write_atomic

if TYPE_CHECKING:
    from spiral_core.learning.pretraining import Pretraining
    from spiral_core.learning.rounds import RoundProgress
    from spiral_core.learning.stroke_reinforcement import StrokeReinforcement

CARD: Final = "card.json"
SOURCES: Final = ("programs", "search", "rewards")
LARGEST_SEED: Final = 2**31 - 1


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "pretrain",
        help="teach an agent its first strokes (needs torch)",
        description="Teach an agent its first strokes: from random programs, by imitating search, or by\n"
        "rewards for what its strokes gain on photos.\n"
        "The run folder holds the agent, its card, metrics.jsonl and a checkpoint; a run that was\n"
        "stopped in any way goes on with --resume and ends with the same bytes.",
        epilog="examples:\n"
        "  spiral pretrain --minutes 10 -o runs/first\n"
        "  spiral pretrain --grayscale --minutes 10 -o runs/digits\n"
        "  spiral pretrain configs/train/painter.toml --minutes 40 -o runs/painter\n"
        "  spiral pretrain configs/train/painter.toml --minutes 40 -o runs/painter --resume\n"
        "  spiral pretrain configs/train/painter_rl.toml --minutes 60 -o runs/field",
    )
    parser.add_argument(
        "config", metavar="CONFIG", type=Path, nargs="?", help="what to learn from, and how (.toml)"
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", type=Path, required=True, help="the run folder")
    parser.add_argument(
        "--minutes", metavar="M", type=positive_number, default=10.0, help="how long (default: 10)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=whole_number(0, LARGEST_SEED), default=0, help="default: 0"
    )
    parser.add_argument("--grayscale", action="store_true", help="black strokes on white, no colour")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.set_defaults(run=run)


@dataclass(frozen=True, kw_only=True)
class PretrainFile:
    """What a configuration file may say; every table and key may be left out.

    Attributes:
        source: "programs" (random programs), "search" (imitate search) or "rewards" (a stroke field that
            learns from what its strokes gain).
        faces: With "search" and "rewards": some pictures are of the face photographs in SPIRAL_DATA.
        photos: With "rewards": some pictures are crops of the photographs in the folder SPIRAL_PHOTOS.
        actions: Keys of `ActionSpace`; radii in `radii_px` of a 64 pixel canvas.
        policy: Keys of `PolicyConfig`.
        training: Keys of `PretrainingConfig`.
        programs: Keys of `RandomProgramsConfig`.
        search: Keys of `SearchImitationConfig`.
        field: Keys of `FieldConfig`.
        rewards: Keys of `RewardsConfig`.
    """

    source: str = "programs"
    faces: bool = False
    photos: bool = False
    actions: dict[str, Any] = dataclasses.field(default_factory=dict)
    policy: dict[str, Any] = dataclasses.field(default_factory=dict)
    training: dict[str, Any] = dataclasses.field(default_factory=dict)
    programs: dict[str, Any] = dataclasses.field(default_factory=dict)
    search: dict[str, Any] = dataclasses.field(default_factory=dict)
    field: dict[str, Any] = dataclasses.field(default_factory=dict)
    rewards: dict[str, Any] = dataclasses.field(default_factory=dict)


def read_pretrain_file(path: Path | None) -> PretrainFile:
    """Read a configuration file; None gives the defaults.

    Raises:
        ConfigError: It is missing, no TOML, or has an unknown key or a value of the wrong type.
    """
    if path is None:
        return PretrainFile()
    content = build(PretrainFile, read_toml(path), str(path))
    if content.source not in SOURCES:
        raise ConfigError(
            f"{path}: source: {content.source!r}, must be one of {', '.join(map(repr, SOURCES))}"
        )
    return content


def action_space(table: dict[str, Any], where: str, *, grayscale: bool) -> ActionSpace:
    """Make the action space of a file's [actions] table."""
    rest = dict(table)
    pixels = rest.pop("radii_px", None)
    if pixels is not None:
        if not isinstance(pixels, list) or not all(type(radius) in (int, float) for radius in pixels):
            raise ConfigError(f"{where}: radii_px: {pixels!r}, must be a list of numbers")
        rest["radii"] = [radius / 64 for radius in pixels]
    return build(ActionSpace, rest, where, grayscale=grayscale, compat=None, aspect=1.0)


def run(arguments: argparse.Namespace) -> int:
    """Train, and write the agent with its card."""
    where = str(arguments.config or "defaults")
    content = read_pretrain_file(arguments.config)
    try:
        from spiral_core.learning.pretraining import use_threads

        use_threads(1)
        make = _rewards if content.source == "rewards" else _supervised
        training = make(content, where, arguments)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise AgentError("training needs torch, which is not installed: pip install torch") from error
    began = training.seconds
    line = _ProgressLine(60 * arguments.minutes)
    try:
        training.run(seconds=60 * arguments.minutes, report=line.show)
    finally:
        line.close()
    card = {
        "command": shlex.join(["spiral", *sys.argv[1:]]),
        "configuration": dataclasses.asdict(content),
        "seed": arguments.seed,
        "rounds": training.rounds,
        "updates": training.updates,
        "examples": training.examples,
        "minutes": round(training.seconds / 60, 1),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one of them used",
        "loss": line.last_loss,
    }
    write_atomic(arguments.output / CARD, json.dumps(card, indent=2) + "\n")
    minutes = (training.seconds - began) / 60
    print(f"wrote {arguments.output}, {training.examples} examples, {minutes:.1f} minutes in this call")
    return 0


def _supervised(content: PretrainFile, where: str, arguments: argparse.Namespace) -> Pretraining:
    from spiral_core.agent.policy_config import PolicyConfig
    from spiral_core.learning.pictures import mixed_pictures, synthetic_pictures
    from spiral_core.learning.pretraining import Pretraining, PretrainingConfig
    from spiral_core.learning.search_imitation import SearchImitation, SearchImitationConfig
    from spiral_core.learning.warm_start import RandomPrograms, RandomProgramsConfig

    space = action_space(content.actions, f"{where}: [actions]", grayscale=arguments.grayscale)
    policy = build(
        PolicyConfig, content.policy, f"{where}: [policy]", action_space=space, is_conditional=True
    )
    training = build(PretrainingConfig, content.training, f"{where}: [training]", seed=arguments.seed)
    programs = build(RandomProgramsConfig, content.programs, f"{where}: [programs]")
    search = build(SearchImitationConfig, content.search, f"{where}: [search]")
    source: RandomPrograms | SearchImitation
    if content.source == "programs":
        source = RandomPrograms(
            space, mypaint_renderer, side=policy.canvas_px, seed=arguments.seed, config=programs
        )
    else:
        if arguments.grayscale:
            raise ConfigError("--grayscale: search solves colours; it goes with random programs only")
        pictures = functools.partial(mixed_pictures, _faces("train")) if content.faces else synthetic_pictures
        source = SearchImitation(
            space, mypaint_renderer, pictures, side=policy.canvas_px, seed=arguments.seed, config=search
        )
    return Pretraining(policy, source, arguments.output, training, resume=arguments.resume)


def _rewards(content: PretrainFile, where: str, arguments: argparse.Namespace) -> StrokeReinforcement:
    from spiral_core.agent.field_config import FieldConfig
    from spiral_core.learning.pictures import varied_pictures
    from spiral_core.learning.rewards_config import RewardsConfig
    from spiral_core.learning.stroke_reinforcement import StrokeReinforcement

    if arguments.grayscale:
        raise ConfigError("--grayscale: rewards are for photos, whose colours are solved; leave it out")
    shape = build(FieldConfig, content.field, f"{where}: [field]")
    config = build(RewardsConfig, content.rewards, f"{where}: [rewards]", seed=arguments.seed)
    faces = _faces("train") if content.faces else None
    pictures = functools.partial(varied_pictures, faces, _photos() if content.photos else None)
    return StrokeReinforcement(
        shape, mypaint_planning, pictures, arguments.output, config, resume=arguments.resume
    )


def _photos() -> Any:
    from spiral_core.learning.pictures import load_photos

    folder = os.environ.get("SPIRAL_PHOTOS")
    if not folder:
        raise ConfigError("photos: the environment variable SPIRAL_PHOTOS must point at a folder of photos")
    return load_photos(Path(folder))


def _faces(split: str) -> Any:
    from spiral_core.learning.pictures import load_faces

    folder = os.environ.get("SPIRAL_DATA")
    if not folder:
        raise ConfigError("faces: the environment variable SPIRAL_DATA must point at the data folder")
    return load_faces(Path(folder), split)


class _ProgressLine:
    """One live line on a terminal; a line a minute elsewhere."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_live = sys.stderr.isatty()
        self._shown = -60.0
        self.last_loss: float | None = None

    def show(self, progress: RoundProgress) -> None:
        self.last_loss = round(progress.loss, 4)
        if not self._is_live and progress.seconds - self._shown < 60:
            return
        self._shown = progress.seconds
        left = max(0.0, self._seconds - progress.seconds)
        rate = progress.new_examples / max(progress.seconds, 1e-3)
        text = (
            f"{progress.examples} examples, {rate:.0f}/s, loss {progress.loss:.3f}, "
            f"{progress.seconds / 60:.1f} min, {left / 60:.1f} min left"
        )
        print(
            f"\r\x1b[K{text}" if self._is_live else text, end="" if self._is_live else "\n", file=sys.stderr
        )

    def close(self) -> None:
        if self._is_live:
            print(file=sys.stderr)
