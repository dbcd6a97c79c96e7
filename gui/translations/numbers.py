"""Numbers as the language of the window writes them: 1,234.5 or 1.234,5."""

from __future__ import annotations

from PyQt6.QtCore import QLocale


def whole(number: int) -> str:
    """Return a whole number with its thousands apart."""
    return QLocale().toString(number)


def plural(number: int) -> int:
    """Return what `tr` takes to choose between one and many: it knows no numbers of more than 32 bits."""
    return min(number, 2**31 - 1)


def decimal(number: float, digits: int) -> str:
    """Return a number with so many digits after the point."""
    return QLocale().toString(number, "f", digits)


def shortest(number: float) -> str:
    """Return a number with as many digits as it needs."""
    return QLocale().toString(number, "g", QLocale.FloatingPointPrecisionOption.FloatingPointShortest.value)


def percent(part: float) -> str:
    """Return a part of one in whole percents, with the sign where the language puts it."""
    locale = QLocale()
    # Qt knows the sign but not its place; of our languages English alone writes it without a space.
    space = (
        "" if locale.language() in (QLocale.Language.English, QLocale.Language.C) else "\N{NO-BREAK SPACE}"
    )
    return f"{locale.toString(round(100 * part))}{space}{locale.percent()}"
