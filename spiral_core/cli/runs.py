"""`spiral runs`: the training runs below a folder."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from spiral_core.cli.parsing import Verbs
from spiral_core.errors import RunError
from spiral_core.training.run_record import RunRecord, find_runs, read_run

_HEADERS: Final = ("run", "phase", "frames", "score", "minutes", "last change", "state")
_RIGHT: Final = ("frames", "score", "minutes")
_LAST_BYTES: Final = 1_000_000


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "runs",
        help="list training runs",
        description="List the training runs below a folder: how far they are, and which are running.",
        epilog="examples:\n  spiral runs\n  spiral runs experiments/brushes",
    )
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path, nargs="?", default=Path("runs"), help="default: runs"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a table of runs."""
    folders = find_runs(arguments.folder)
    if not folders:
        print(f"{arguments.folder}: no runs in here", file=sys.stderr)
        return 0
    rows = [_HEADERS, *(_row(folder, _name(folder, arguments.folder)) for folder in folders)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
    for row in rows:
        cells = [
            text.rjust(width) if header in _RIGHT else text.ljust(width)
            for header, text, width in zip(_HEADERS, row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())
    return 0


def _name(folder: Path, root: Path) -> str:
    return folder.name if folder == root else str(folder.relative_to(root))


def _row(folder: Path, name: str) -> tuple[str, ...]:
    try:
        record = read_run(folder, last_bytes=_LAST_BYTES)
    except RunError as error:
        return (name, "", "", "", "", "", f"broken: {error}")
    frames = f"{record.rows[-1]['frames']:,}" if record.rows else "0"
    phase = record.last("phase")
    return (
        name,
        "" if phase is None else str(phase),
        frames,
        _number(record.last("score"), 4),
        _number(record.last("minutes"), 1),
        _ago(time.time() - record.changed),
        _state(record),
    )


def _state(record: RunRecord) -> str:
    if record.running is not None:
        return f"running ({record.running})"
    return "finished" if record.is_finished else "stopped"


def _number(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else ""


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"
