"""`spiral plot`: the curves of training runs as a picture."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from spiral_core.cli.parsing import Verbs, whole_number
from spiral_core.errors import RunError
from spiral_core.evaluation.curves import SUFFIXES, Course, Curve, draw_curves
from spiral_core.training.run_record import RunRecord, read_run

_USUAL_KEYS: Final[tuple[str, ...]] = ("score", "return", "error", "critic_loss", "value_loss", "explained")
_MOST_USUAL: Final = 4


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "plot",
        help="draw the curves of training runs",
        description="Draw the curves of training runs: a panel for each metric, a line for each run.",
        epilog="examples:\n"
        "  spiral plot runs/digits\n"
        "  spiral plot runs/a runs/b --keys score,entropy.end --x minutes -o compared.svg\n"
        "  spiral plot runs/l2-* runs/critic-* --group --labels distance,critic",
    )
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="folder of a run")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("curves"),
        help="picture, .png or .svg; without a suffix both (default: curves)",
    )
    parser.add_argument(
        "--keys", metavar="LIST", type=_words, help="metrics with commas between (default: the usual ones)"
    )
    parser.add_argument(
        "--x",
        metavar="WHAT",
        choices=("frames", "minutes"),
        default="frames",
        help="the x axis: frames or minutes (default: frames)",
    )
    parser.add_argument(
        "--smooth",
        metavar="N",
        type=whole_number(1, 10**6),
        help="average N measurements (default: a fiftieth of the curve)",
    )
    parser.add_argument("--labels", metavar="LIST", type=_words, help="names for the legend, in order")
    parser.add_argument(
        "--group",
        action="store_true",
        help="runs that differ in the seed alone are one line, with a band from least to greatest",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw the runs and print where the pictures are."""
    records = [read_run(folder) for folder in arguments.runs]
    keys = arguments.keys or _usual_keys(records)
    groups = _groups(records) if arguments.group else [[record] for record in records]
    labels = arguments.labels or _names(groups)
    if len(labels) != len(groups):
        raise RunError(
            f"--labels: {len(labels)} given, must be {len(groups)}, for {', '.join(_names(groups))}"
        )
    curves = [
        Curve(label, tuple({key: course(record, key, arguments.x) for key in keys} for record in group))
        for label, group in zip(labels, groups, strict=True)
    ]
    output: Path = arguments.output
    paths = [output] if output.suffix else [output.with_name(output.name + suffix) for suffix in SUFFIXES]
    draw_curves(curves, keys, paths, x_label=arguments.x, smooth=arguments.smooth)
    for path in paths:
        print(f"wrote {path}")
    return 0


def course(record: RunRecord, key: str, x: str) -> Course:
    """Return how a metric of a run went.

    Args:
        record: The run.
        key: The metric.
        x: "frames" or "minutes".

    Raises:
        RunError: The run never measured it; the message names what it did measure.
    """
    for name in (key, x):
        if name != "frames" and name not in _numbers(record):
            known = ", ".join(_numbers(record)) or "none yet"
            raise RunError(f"{record.path}: has no numbers called {name!r}; it has {known}")
    points = [
        (row[x], row[key]) for row in record.rows if _is_number(row.get(x)) and _is_number(row.get(key))
    ]
    if not points:
        raise RunError(f"{record.path}: no line of its metrics has both {x!r} and {key!r}")
    array = np.array(points, np.float64)
    return Course(array[:, 0], array[:, 1])


def _numbers(record: RunRecord) -> list[str]:
    """Return the names of the metrics that are numbers, in the order in which they first appear."""
    names: dict[str, None] = {}
    for row in record.rows:
        names |= {name: None for name, value in row.items() if name != "frames" and _is_number(value)}
    return list(names)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _usual_keys(records: Sequence[RunRecord]) -> list[str]:
    """Return a few metrics that all runs have."""
    shared = [key for key in _numbers(records[0]) if all(key in _numbers(record) for record in records)]
    usual = [key for key in _USUAL_KEYS if key in shared] or [key for key in shared if key != "minutes"]
    if not usual:
        names = ", ".join(str(record.path) for record in records)
        raise RunError(f"{names}: no metric that all of them have; choose with --keys")
    return usual[:_MOST_USUAL]


def _groups(records: Sequence[RunRecord]) -> list[list[RunRecord]]:
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        groups.setdefault(record.recipe, []).append(record)
    return list(groups.values())


def _names(groups: Sequence[Sequence[RunRecord]]) -> list[str]:
    """Return names of groups: what the names of a group's folders have in common."""
    names = []
    for group in groups:
        folders = [record.path.resolve().name for record in group]
        name = folders[0]
        if len(group) > 1:
            common = os.path.commonprefix(folders)  # noqa: RUF071 - by characters, as seeds are part of a name
            common = re.sub(r"[-_. ]*(seed|s)?[-_. ]*$", "", common)
            name = f"{common or folders[0]} ({len(group)} seeds)"
        names.append(name)
    if len(set(names)) < len(names):
        return [
            f"{group[0].path.resolve().parent.name}/{name}" for name, group in zip(names, groups, strict=True)
        ]
    return names


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise argparse.ArgumentTypeError(f"{text!r}, must be names with commas between")
    return words
