"""`spiral agent info`: what an agent is, sees, says and costs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from spiral_core.agent.field_config import FIELD_FORMAT, FieldConfig
from spiral_core.agent.weights import Weights, load_weights
from spiral_core.cli.agents import agent_file
from spiral_core.cli.parsing import Verbs, positive_number
from spiral_core.errors import AgentError

CARD: Final = "card.json"


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "agent",
        help="tell what a trained agent is (needs torch)",
        description="Tell what a trained agent is.",
        epilog="example:\n  spiral agent info painter",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = actions.add_parser(
        "info",
        help="tell what an agent sees, says and costs (needs torch)",
        description="Tell what an agent sees and says, how large and how fast it is, and what its card says.",
        epilog="examples:\n  spiral agent info painter\n  spiral agent info runs/digits/agent.safetensors",
    )
    info.add_argument("agent", metavar="AGENT", help="a shipped agent, or a weights file (.safetensors)")
    info.add_argument(
        "--seconds", metavar="S", type=positive_number, default=1.0, help="how long to measure (default: 1)"
    )
    info.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what an agent is."""
    path = agent_file(arguments.agent)
    weights, metadata = load_weights(path)
    if metadata.get("format") == FIELD_FORMAT:
        about = list(_field_rows(path, weights, metadata))
    else:
        about = list(_policy_rows(path, arguments.seconds))
    for rows in (about, list(_card_rows(path.with_name(CARD)))):
        width = max((len(name) for name, _ in rows), default=0)
        for name, text in rows:
            print(f"{name:<{width}}  {text}".rstrip())
    return 0


def _field_rows(path: Path, weights: Weights, metadata: dict[str, str]) -> Iterator[tuple[str, str]]:
    FieldConfig.from_metadata(metadata, str(path))
    yield "file", str(path)
    yield "kind", "stroke field"
    yield "sees", "canvas and target as a whole, at several sizes, in colour"
    yield "says", "a stroke for every small square, and what it would gain; colour is solved by the painter"
    yield "parameters", f"{sum(tensor.size for tensor in weights.values()):,}"


def _policy_rows(path: Path, seconds: float) -> Iterator[tuple[str, str]]:
    try:
        from spiral_core.agent.inspection import BATCH, inspect_policy, steps_per_second
        from spiral_core.agent.policy_file import load_policy
        from spiral_core.learning.pretraining import use_threads
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise AgentError(
            "looking into an agent needs torch, which is not installed: pip install torch"
        ) from error
    use_threads(1)
    policy = load_policy(path)
    report = inspect_policy(policy)
    yield "file", str(path)
    yield "kind", report.kind
    yield "sees", report.sees
    yield "says", report.says
    yield "parameters", f"{sum(report.parameters.values()):,}"
    for name, count in report.parameters.items():
        yield f"  {name}", f"{count:,}"
    yield "operations", f"{report.operations / 1e6:.2f} million a step"
    speed = steps_per_second(policy, seconds=seconds)
    yield "speed", f"{speed:,.0f} steps/s on a core of this machine, {BATCH} episodes at a time"


def _card_rows(path: Path) -> Iterator[tuple[str, str]]:
    if not path.exists():
        return
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AgentError(f"{path}: {error}") from error
    yield "card", str(path)
    yield from _flat(card, "  ")


def _flat(value: Any, indent: str) -> Iterator[tuple[str, str]]:
    """Yield a row for each entry of nested tables."""
    if not isinstance(value, dict):
        return
    for name, entry in value.items():
        if isinstance(entry, dict):
            yield f"{indent}{name}", ""
            yield from _flat(entry, indent + "  ")
        else:
            yield f"{indent}{name}", str(entry)
