"""`spiral data`: which data sets are there, fetching official ones, and looking at them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

from spiral_core.cli.parsing import Verbs, whole_number
from spiral_core.errors import ConfigError
from spiral_core.files import atomic_path, make_folder
from spiral_core.learning.datasets import LOADERS, load
from spiral_core.learning.datasets.catalog import CATALOG, DataSet, SourceFile
from spiral_core.learning.datasets.contact_sheet import contact_sheet
from spiral_core.learning.datasets.download import fetch, fetchable, is_official
from spiral_core.learning.datasets.image_set import ENVIRONMENT

LARGEST_COUNT: Final = 4096
LARGEST_SEED: Final = 2**31 - 1

_LAYOUT: Final = "The data folder is what --data-dir names, else the environment variable SPIRAL_DATA."


def add_parser(verbs: Verbs) -> None:
    """Describe the verb and what it does to data sets."""
    parser = verbs.add_parser(
        "data",
        help="list, fetch and look at data sets",
        description=f"List the data sets: what is there, how many pictures, on what terms.\n{_LAYOUT}",
        epilog="examples:\n"
        "  spiral data --data-dir data\n"
        "  spiral data fetch mnist --data-dir data\n"
        "  spiral data show mnist -o digits.png --data-dir data\n"
        "  spiral data show folder:holiday -o sheet.png --split all",
    )
    _add_data_dir(parser)
    parser.set_defaults(run=run_list, data_dir=None)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")

    action = actions.add_parser(
        "fetch",
        help="download a data set from its official address",
        description=f"Download a data set from its official address, held to a checksum.\n{_LAYOUT}",
        epilog="example:\n  spiral data fetch mnist --data-dir data",
    )
    names = [name for name, data_set in CATALOG.items() if any(file.bases for file in data_set.files)]
    action.add_argument("name", metavar="NAME", help=f"one of {', '.join(names)}")
    _add_data_dir(action)
    action.set_defaults(run=run_fetch)

    action = actions.add_parser(
        "show",
        help="write a sheet of samples of a data set",
        description=f"Write a sheet of samples of a data set, drawn evenly.\n{_LAYOUT}",
        epilog="example:\n  spiral data show omniglot -o sheet.png --count 100",
    )
    action.add_argument("name", metavar="NAME", help=f"one of {', '.join(LOADERS)}, or folder:PATH")
    action.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the sheet (.png)")
    action.add_argument("--split", metavar="SPLIT", default="train", help="which part (default: train)")
    action.add_argument(
        "--count", metavar="N", type=whole_number(1, LARGEST_COUNT), default=64, help="default: 64"
    )
    action.add_argument(
        "--size", metavar="PX", type=whole_number(8, 1024), default=64, help="of a picture (default: 64)"
    )
    action.add_argument(
        "--seed", metavar="N", type=whole_number(0, LARGEST_SEED), default=0, help="default: 0"
    )
    _add_data_dir(action)
    action.set_defaults(run=run_show)


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    # Suppressed: an action must not overwrite what was said before its name.
    parser.add_argument(
        "--data-dir", metavar="FOLDER", type=Path, default=argparse.SUPPRESS, help="the data folder"
    )


def _named_folder(arguments: argparse.Namespace) -> Path | None:
    if arguments.data_dir is not None:
        return Path(arguments.data_dir)
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else None


def run_list(arguments: argparse.Namespace) -> int:
    """Print the data sets."""
    folder = _named_folder(arguments)
    print(f"data folder: {folder or f'none; set {ENVIRONMENT} or give --data-dir'}")
    for name, data_set in CATALOG.items():
        counts = ", ".join(f"{split} {count}" for split, count in data_set.counts.items())
        print(f"\n{name}: {data_set.what}\n  {counts}; {data_set.licence}")
        for line in _file_lines(data_set, name, folder):
            print(f"  {line}")
    return 0


def _file_lines(data_set: DataSet, name: str, folder: Path | None) -> Iterator[str]:
    states = [_state(file, folder) for file in data_set.files]
    for file, state in zip(data_set.files, states, strict=True):
        yield f"{state:<8} {file.path}"
    gone = [file for file, state in zip(data_set.files, states, strict=True) if state != "present"]
    if any(file.bases for file in gone):
        yield f"`spiral data fetch {name}` downloads what is missing"
    if any(not file.bases for file in gone):
        yield next(file.name for file in gone if not file.bases) + f": {data_set.origin}"


def _state(file: SourceFile, folder: Path | None) -> str:
    place = None if folder is None else folder / file.path
    if place is None or not place.exists():
        return "missing"
    if not file.sha256:
        return "present" if place.is_dir() else "damaged"
    return "present" if place.is_file() and place.stat().st_size == file.size else "damaged"


def run_fetch(arguments: argparse.Namespace) -> int:
    """Download the files of a data set that are not there yet."""
    files = fetchable(arguments.name)
    folder = _named_folder(arguments)
    if folder is None:
        raise ConfigError(f"say where to: set the environment variable {ENVIRONMENT} or give --data-dir")
    make_folder(folder)
    for file in files:
        path = folder / file.path
        if is_official(file, folder):
            print(f"{path}: is there")
            continue
        line = _ProgressLine()
        try:
            fetch(file, folder, report=line.show)
        finally:
            line.close()
        print(f"{path}: {file.size} bytes")
    return 0


class _ProgressLine:
    """One live line on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._shown = -1

    def show(self, file: SourceFile, num_bytes: int) -> None:
        percent = 100 * num_bytes // file.size
        if self._is_live and percent != self._shown:
            self._shown = percent
            text = f"{file.name}: {percent} % of {file.size / 1e6:.1f} MB"
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._is_live and self._shown >= 0:
            print(file=sys.stderr)


def run_show(arguments: argparse.Namespace) -> int:
    """Write a sheet of samples."""
    if arguments.output.suffix.lower() != ".png":
        raise ConfigError(f"--output: {arguments.output}, must end in .png")
    pictures = load(
        arguments.name,
        arguments.split,
        side=arguments.size,
        folder=_named_folder(arguments),
        limit=arguments.count,
        seed=arguments.seed,
    )
    for reason in pictures.skipped:
        print(f"skipped {reason}", file=sys.stderr)
    with atomic_path(arguments.output) as draft:
        Image.fromarray(contact_sheet(pictures)).save(draft)
    print(f"wrote {arguments.output}, {len(pictures)} pictures of {pictures.name} {pictures.split}")
    return 0
