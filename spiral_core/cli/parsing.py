"""What the verbs share in reading their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from spiral_core.errors import ConfigError
from spiral_core.program import Page
from spiral_core.units import parse_page

Verbs = Any
"""What `argparse.ArgumentParser.add_subparsers` returns; argparse gives it no public name."""

_MARGIN_MM = 10.0


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of examples, and looks the same under every version of Python."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100, max_help_position=28)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        names = ", ".join(action.option_strings)
        if not names:
            return super()._format_action_invocation(action)
        return f"{names} {action.metavar or ''}".rstrip()


class Parser(argparse.ArgumentParser):
    """argparse with our habits: examples keep their lines, and a mistake is one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_HelpFormatter, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong and leave with exit code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers in [low, high]."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r}, must be a whole number") from None
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{number}, must be in [{low}, {high}]")
        return number

    return read


def positive_number(text: str) -> float:
    """Read a finite number > 0."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}, must be a number") from None
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}, must be > 0")
    return number


def page_for(text: str, aspect: float) -> Page:
    """Return the sheet that `text` names, turned to suit a picture of this aspect unless it says how it lies.

    Raises:
        ConfigError: No such sheet, or it is larger than a program may have.
    """
    width_mm, height_mm, may_turn = parse_page(text)
    if may_turn and (height_mm > width_mm) != (aspect > 1) and aspect != 1:
        width_mm, height_mm = height_mm, width_mm
    if max(width_mm, height_mm) > 1e5:
        raise ConfigError(f"page {text!r}: must be at most 100 m long")
    return Page(
        width_mm=width_mm, height_mm=height_mm, margin_mm=min(_MARGIN_MM, 0.1 * min(width_mm, height_mm))
    )
