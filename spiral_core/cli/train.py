"""`spiral train` and `spiral resume`: train an agent in a run folder that survives anything."""

from __future__ import annotations

import argparse
import json
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
    from spiral_core.training.run_folder import RunFolder

CONFIGS: Final = Path(__file__).parents[2] / "configs" / "train"
LARGEST_SEED: Final = 2**31 - 1


def add_parser(verbs: Verbs) -> None:
    """Describe both verbs."""
    names = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.toml") if not path.stem.startswith("painter")))
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
        "  spiral train mnist_conditional --only reinforce --agent runs/warm/agent.safetensors",
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
        table.setdefault("run", {})["agent"] = str(arguments.agent)
    config = run_config(table, str(path))  # every mistake shows before anything is made
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
    from spiral_core.training.dashboard import Dashboard
    from spiral_core.training.run_config import read_run_config
    from spiral_core.training.trainer import Training

    with folder:
        config = read_run_config(folder.path / "config.toml")
        checkpoint = folder.load_checkpoint() if is_resumed else None
        if is_resumed:
            folder.rewind(None if checkpoint is None else checkpoint.position)
        with Dashboard(folder.path.name) as dashboard, Interrupts() as interrupts:
            training = Training(
                config, folder, mypaint_renderer, mypaint_planning, dashboard, checkpoint=checkpoint
            )
            interrupts.on_request = training.stop
            is_done = training.run()
    score = "" if training.best is None else f", best score {training.best:.3f}"
    minutes = f"{training.frames} frames, {training.seconds / 60:.1f} minutes{score}"
    if is_done:
        print(f"wrote {folder.path / 'agent.safetensors'}: {minutes}")
        return 0
    print(f"stopped after {minutes}; go on with: spiral resume {shlex.quote(str(folder.path))}")
    return 130


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


def _keep_phases(table: dict[str, Any], wanted: str, where: str) -> None:
    phases = table.get("phase", [])
    titles = [phase.get("name") or phase.get("kind", "reinforce") for phase in phases]
    names = [name.strip() for name in wanted.split(",")]
    for name in names:
        if name not in titles:
            raise ConfigError(f"--only {name!r}, must be of {where}'s phases: {', '.join(titles)}")
    table["phase"] = [phase for phase, title in zip(phases, titles, strict=True) if title in names]
