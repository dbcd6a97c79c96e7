"""Curves of training runs as pictures: a panel for each metric, a line for each run or group of runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from spiral_core.errors import OutputError
from spiral_core.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Line = npt.NDArray[np.float64]

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, made for colour-blind people, without the yellow that paper swallows."""
_STYLES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)))
_SHARE_SMOOTHED: Final = 50
_GRID: Final = 400
_FEW: Final = 30
SUFFIXES: Final = (".png", ".svg")


@dataclass(frozen=True, slots=True)
class Course:
    """How a metric went.

    Attributes:
        x: Where it was measured, growing.
        y: What was measured.
    """

    x: Line
    y: Line


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn in one colour.

    Attributes:
        label: What the legend calls it.
        runs: The courses of each of its runs, by metric; several runs are drawn as their mean in a band from
            the least to the greatest.
    """

    label: str
    runs: tuple[Mapping[str, Course], ...]


def smoothed(values: Line, window: int) -> Line:
    """Return the mean over `window` values around each, over fewer near the ends.

    Args:
        values: Shape (N,).
        window: How many, >= 1; even numbers count as the next odd one.
    """
    reach = window // 2
    index = np.arange(len(values))
    first, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    result: Line = (sums[end] - sums[first]) / (end - first)
    return result


def draw_curves(
    curves: Sequence[Curve],
    keys: Sequence[str],
    paths: Sequence[Path],
    *,
    x_label: str = "frames",
    smooth: int | None = None,
) -> None:
    """Draw a panel for each key and write the picture.

    Args:
        curves: What to draw, at least one.
        keys: The metrics; every run has them all.
        paths: Where to, .png or .svg.
        x_label: What is on the x axes.
        smooth: Measurements that are averaged; None takes a fiftieth of a course.

    Raises:
        OutputError: matplotlib is not installed, a suffix is unknown or a file cannot be written.
    """
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise OutputError(f"{path}: unknown suffix {path.suffix!r}, must be one of {', '.join(SUFFIXES)}")
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
        from matplotlib.ticker import EngFormatter
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise OutputError(
            "drawing curves needs matplotlib, which is not installed: pip install matplotlib"
        ) from error
    columns = 1 if len(keys) == 1 else 2 if len(keys) in (2, 4) else 3
    rows = math.ceil(len(keys) / columns)
    with mpl.rc_context({"font.size": 10, "svg.hashsalt": "spiral"}):
        width = {1: 7.2, 2: 5.4, 3: 4.4}[columns]
        figure = Figure(figsize=(width * columns, 3.3 * rows + 0.4), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for panel, key in zip(panels, keys, strict=False):
            for number, curve in enumerate(curves):
                _draw(panel, curve, key, number, smooth)
            panel.set_title(
                key.replace("_", " ").replace(".", ": "), loc="left", fontweight="bold", fontsize=11
            )
            panel.set_xlabel(x_label)
            panel.xaxis.set_major_formatter(EngFormatter(sep=" "))
            panel.grid(color="#e6e6e6", linewidth=0.8)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
            panel.margins(x=0.01)
        for panel in panels[len(keys) :]:
            panel.remove()
        handles, labels = panels[0].get_legend_handles_labels()
        if len(curves) > 1:
            longest = max(len(label) for label in labels)
            num_columns = max(1, min(len(labels), int(14 * width * columns / (longest + 8))))
            figure.legend(
                handles, labels, loc="outside lower center", ncols=num_columns, frameon=False, fontsize=10
            )
        elif labels:
            figure.suptitle(labels[0], x=0.01, ha="left", fontsize=10, color="#555555")
        for path in paths:
            kind = path.suffix.lower()[1:]
            with atomic_path(path) as draft:
                metadata = {"Date": None} if kind == "svg" else None
                figure.savefig(draft, format=kind, dpi=150, metadata=metadata)


def _draw(panel: Axes, curve: Curve, key: str, number: int, smooth: int | None) -> None:
    color = PALETTE[number % len(PALETTE)]
    style = _STYLES[number // len(PALETTE) % len(_STYLES)]
    courses = [run[key] for run in curve.runs]
    lines = [_smooth(course, smooth) for course in courses]
    if len(courses) == 1:
        course, line = courses[0], lines[0]
        marker = "o" if len(line) <= _FEW else ""
        panel.plot(course.x, course.y, color=color, alpha=0.28, linewidth=0.7)
        look: dict[str, Any] = {
            "color": color,
            "linewidth": 2,
            "marker": marker,
            "markersize": 4,
            "label": curve.label,
        }
        panel.plot(course.x, line, linestyle=style, **look)
        return
    x, mean, low, high = _band([Course(course.x, y) for course, y in zip(courses, lines, strict=True)])
    panel.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    panel.plot(x, mean, color=color, linestyle=style, linewidth=2, label=curve.label)


def _smooth(course: Course, smooth: int | None) -> Line:
    return smoothed(course.y, max(1, len(course.y) // _SHARE_SMOOTHED) if smooth is None else smooth)


def _band(courses: Sequence[Course]) -> tuple[Line, Line, Line, Line]:
    """Return x, mean, least and greatest, from where the last course begins to where the first one ends."""
    first, last = max(course.x[0] for course in courses), min(course.x[-1] for course in courses)
    x = np.linspace(first, max(first, last), _GRID)
    y = np.stack([np.interp(x, course.x, course.y) for course in courses])
    return x, y.mean(axis=0), y.min(axis=0), y.max(axis=0)
