"""`spiral train` and `spiral resume`: train an agent in a run folder that survives anything."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.mypaint import mypaint_planning, mypaint_renderer
from spiral_core.cli.interrupts import Interrupts
from spiral_core.cli.parsing import Verbs, whole_number
from spiral_core.config import read_toml
from spiral_core.errors import AgentError, ConfigError

if TYPE_CHECKING:
    from spiral_core.training.checkpoints import Checkpoint
    from spiral_core.training.run_config import RunConfig
    from spiral_core.training.run_folder import RunFolder

CONFIGS: Final = Path(__file__).parents[2] / "configs" / "train"
LARGEST_SEED: Final = 2**31 - 1
_CORES_FOR_PAPER: Final = 8
_PAPER_FRAMES_PER_CORE_HOUR: Final = 670_000  # measured with bfloat16 and micro-batches; plain is slower


def add_parser(verbs: Verbs) -> None:
    """Describe both verbs."""
    names = ", ".join(
        sorted(path.stem for path in CONFIGS.glob("*.toml") if not path.stem.startswith("painter"))
    )
    parser = verbs.add_parser(
        "train",
        help="train an agent (needs torch)",
        description="Train an agent by the phases of a configuration, in a folder of its own.\n"
        "Ctrl-C ends after the update in the making, with a checkpoint; so does SIGTERM. A run that was\n"
        "stopped in any way, kill -9 included, goes on with `spiral resume`.",
        epilog=f"configurations that come along: {names}\n\n"
        "examples:\n"
        "  spiral train tiny\n"
        "  spiral train mnist_conditional -o runs/digits --seed 3\n"
        "  spiral train mnist_conditional --set phase.1.frames=500000 --set engine.kind=process\n"
        "  spiral train mnist_conditional --only invert -o runs/warm\n"
        "  spiral train mnist_conditional --only reinforce --agent runs/warm/agent.safetensors\n"
        "  spiral train mnist_unconditional_scratch --population 12 --ray-address node1:6379",
    )
    parser.add_argument("config", metavar="CONFIG", help="name of a configuration, or a .toml file")
    parser.add_argument(
        "-o", "--output", metavar="RUN", type=Path, help="the run folder (default: runs/CONFIG-TIME)"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="replace a value of the configuration, by its dotted name; may be repeated",
    )
    parser.add_argument("--seed", metavar="N", type=whole_number(0, LARGEST_SEED), help="instead of run.seed")
    parser.add_argument("--only", metavar="PHASES", help="only these phases, by name, with commas")
    parser.add_argument("--agent", metavar="AGENT", type=Path, help="begin with this agent's weights")
    parser.add_argument(
        "--ray-address", metavar="ADDRESS", help="sample on this Ray cluster; sets engine.kind=ray"
    )
    parser.add_argument(
        "--population",
        metavar="N",
        type=whole_number(2, 1000),
        help="train N copies of the last phase on Ray, the fittest of which are copied (needs ray)",
    )
    parser.add_argument(
        "--rounds",
        metavar="N",
        type=whole_number(1, 100_000),
        help="with --population: how often members are compared (default: 10)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="train the paper's large policy on few cores all the same"
    )
    parser.set_defaults(run=run_train)
    resume = verbs.add_parser(
        "resume",
        help="go on with a training that was stopped",
        description="Go on from the newest whole checkpoint of a run folder. With the engine `local` the\n"
        "numbers are those of a run that was never stopped.",
        epilog="examples:\n  spiral resume runs/digits",
    )
    resume.add_argument("folder", metavar="RUN", type=Path, help="the run folder")
    resume.set_defaults(run=run_resume)


def run_train(arguments: argparse.Namespace) -> int:
    """Begin a training."""
    path = config_path(arguments.config)
    table = read_toml(path)
    _training_modules()
    from spiral_core.training.run_config import override, run_config
    from spiral_core.training.run_folder import RunFolder

    for text in arguments.overrides:
        name, value = read_override(text)
        override(table, name, value)
    if arguments.seed is not None:
        override(table, "run.seed", arguments.seed)
    if arguments.ray_address is not None:
        override(table, "engine.kind", "ray")
        override(table, "engine.address", arguments.ray_address)
    if arguments.only is not None:
        _keep_phases(table, arguments.only, str(path))
    if arguments.agent is not None:
        override(table, "run.agent", str(arguments.agent))
    if arguments.population is not None:
        override(table, "run.population", arguments.population)
    if arguments.rounds is not None:
        override(table, "run.rounds", arguments.rounds)
    config = run_config(table, str(path))  # every mistake shows before anything is made
    if not arguments.yes:
        _refuse_days(table, sum(phase.frames for phase in config.phases), str(path))
    folder = arguments.output or Path("runs") / f"{path.stem}-{datetime.now():%Y%m%d-%H%M%S}"
    import tomli_w

    made = RunFolder.create(
        folder, config_text=tomli_w.dumps(table), seed=config.run.seed, command=["spiral", *sys.argv[1:]]
    )
    return _train(made, is_resumed=False)


def run_resume(arguments: argparse.Namespace) -> int:
    """Go on with a training."""
    _training_modules()
    from spiral_core.training.run_folder import RunFolder

    return _train(RunFolder.open(arguments.folder), is_resumed=True)


def _training_modules() -> None:
    try:
        import spiral_core.training.trainer  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "tensorboardX"):
            raise
        raise AgentError(
            f"training needs {error.name}, which is not installed: pip install 'spiral-studio[train]', "
            "or `make venv`"
        ) from error


def _train(folder: RunFolder, *, is_resumed: bool) -> int:
    from spiral_core.training.run_config import read_run_config

    with folder:
        config = read_run_config(folder.path / "config.toml")
        checkpoint = folder.load_checkpoint() if is_resumed else None
        if is_resumed:
            folder.rewind(None if checkpoint is None else checkpoint.position)
        if config.run.population:
            return _train_population(folder, config, checkpoint)
        return _train_one(folder, config, checkpoint)


def _train_one(folder: RunFolder, config: RunConfig, checkpoint: Checkpoint | None) -> int:
    from spiral_core.training.dashboard import Dashboard
    from spiral_core.training.trainer import Training

    with Dashboard(folder.path.name) as dashboard, Interrupts() as interrupts:
        training = Training(
            config, folder, mypaint_renderer, mypaint_planning, dashboard, checkpoint=checkpoint
        )
        interrupts.on_request = training.stop
        if interrupts.requested:  # it came while the data were made, when there was nobody to tell
            training.stop()
        is_done = training.run()
    score = "" if training.best is None else f", best score {training.best:.3f}"
    minutes = f"{training.frames} frames, {training.seconds / 60:.1f} minutes{score}"
    if is_done:
        print(f"wrote {folder.path / 'agent.safetensors'}: {minutes}")
        return 0
    print(f"stopped after {minutes}; go on with: {_go_on(folder)}")
    return 130


def _go_on(folder: RunFolder) -> str:
    return f"spiral resume {shlex.quote(str(folder.path))}"


def _train_population(folder: RunFolder, config: RunConfig, checkpoint: Checkpoint | None) -> int:
    from spiral_core.learning.agent_file import agent_metadata, arrays_of, load_agent
    from spiral_core.training.engines.selection import PopulationConfig
    from spiral_core.training.population_training import round_of, round_state, train_run_population
    from spiral_core.training.run_record import read_about

    frames = max(1, config.phases[-1].frames // config.run.rounds)
    population = PopulationConfig(size=config.run.population, frames=frames, seed=config.run.seed)
    metadata = agent_metadata(config.policy, config.episode)
    rounds = train_run_population(
        config,
        mypaint_renderer,
        population,
        rounds=config.run.rounds,
        start=arrays_of(load_agent(Path(config.run.agent))[0]) if config.run.agent else None,
        last=None if checkpoint is None else round_of(checkpoint.state),
        address=config.engine.address or None,
    )
    try:
        for done, states, weights in rounds:
            trained = done.number * frames * population.size
            values: dict[str, float | int | str | None] = {
                "phase": "population",
                "fitness": max(done.fitness),
                "copies": len(done.copies),
                "deaths": done.deaths,
            }
            for member, fitness in enumerate(done.fitness):
                values[f"fitness.{member}"] = fitness
                for name, value in done.hyperparameters[member].items():
                    values[f"{name}.{member}"] = value
            folder.log(trained, values)
            card = {
                "command": shlex.join(read_about(folder.path)["command"]),
                "population": population.size,
                "rounds": done.number,
                "frames": trained,
                "fitness": max(done.fitness),
                "seed": config.run.seed,
            }
            folder.save_agent(weights, metadata, card)
            folder.save_checkpoint(
                trained, {"policy": weights}, {"policy": metadata}, round_state(done, states)
            )
            print(
                f"round {done.number} of {config.run.rounds}: {trained:,} frames, fittest "
                f"{max(done.fitness):.4g}, {len(done.copies)} copied, {done.deaths} died",
                file=sys.stderr,
            )
    except KeyboardInterrupt:
        print(f"stopped; the rounds that are done are kept; go on with: {_go_on(folder)}")
        return 130
    print(f"wrote {folder.path / 'agent.safetensors'}: the fittest of {population.size}")
    return 0


def config_path(name: str) -> Path:
    """Return the file of a configuration named by its stem or by its path.

    Raises:
        ConfigError: There is none; the message lists those that come along.
    """
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    path = CONFIGS / f"{name}.toml"
    if not path.is_file():
        names = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.toml")))
        raise ConfigError(f"configuration {name!r}, must be a .toml file or one of {names}")
    return path


def read_override(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE, the value as in TOML; a bare word is a string.

    Raises:
        ConfigError: There is no "=".
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f"--set {text!r}, must be KEY=VALUE")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, tomllib.loads(f"value = {json.dumps(value)}")["value"]


def _refuse_days(table: dict[str, Any], frames: int, where: str) -> None:
    """Refuse to begin what would take days, unless asked to.

    Raises:
        ConfigError: The paper's policy, and fewer than eight cores.
    """
    cores = os.cpu_count() or 1
    if table.get("policy", {}).get("kind") != "paper" or cores >= _CORES_FOR_PAPER:
        return
    hours = frames / (_PAPER_FRAMES_PER_CORE_HOUR * cores)
    raise ConfigError(
        f"{where}: [policy]: kind: 'paper' has 120 million operations a step: {frames:,} frames would "
        f"take about {hours:,.0f} hours on {cores} cores; --yes begins all the same, kind = "
        "'light' is 36 times cheaper"
    )


def _keep_phases(table: dict[str, Any], wanted: str, where: str) -> None:
    phases = table.get("phase", [])
    titles = [phase.get("name") or phase.get("kind", "reinforce") for phase in phases]
    names = [name.strip() for name in wanted.split(",")]
    for name in names:
        if name not in titles:
            raise ConfigError(f"--only {name!r}, must be of {where}'s phases: {', '.join(titles)}")
    table["phase"] = [phase for phase, title in zip(phases, titles, strict=True) if title in names]
