"""The command `spiral`: one module per verb, and the only place of the core that knows every other room.

A verb is a module with `add_parser(verbs)`, which describes its arguments and sets `run` as a default, and
`run(arguments)`, which returns the exit code. stdout is the result, stderr everything else. A SpiralError
becomes one line on stderr and exit code 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from spiral_core import __version__
from spiral_core.cli import agent, data, evaluate, export, info, paint, plot, pretrain, render, runs, train
from spiral_core.cli.parsing import Parser
from spiral_core.errors import SpiralError

VERBS = (paint, render, info, export, train, evaluate, plot, runs, data, pretrain, agent)
"""The modules of the verbs, in the order of the help text."""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="spiral",
        description="An agent paints photos with real brush strokes.",
        epilog="`spiral VERB --help` explains a verb and gives examples.",
    )
    parser.add_argument("--version", action="version", version=f"Spiral Studio {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_parser(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for a mistake of the user, 130 after Ctrl-C."""
    arguments = build_parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except SpiralError as error:
        print(f"spiral: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("spiral: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code
