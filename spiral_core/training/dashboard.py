"""What a training looks like while it runs: a live picture on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_REDRAW_SECONDS: Final = 0.25
_LINE_SECONDS: Final = 30.0
_RATE_SECONDS: Final = 60.0
_TWO_COLUMNS: Final = 72
_THREE_COLUMNS: Final = 106
_TREND: Final = 400
"""Values of which a trend remembers the course."""
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_MOST_WARNINGS: Final = 4
_ROOMY: Final = 36
_ENTROPY: Final = "entropy."
_ENTROPY_TARGET: Final = "entropy_target."
_EVALUATION: Final = "evaluation."

_LABEL: Final = 12
_NUMBER: Final = 9
_ENTROPIES: Final = 11
_ENTROPY_TITLE: Final = Text.assemble(("entropy", "bold"), (" in nats, ┃ target", "dim"))
_TRENDS: Final = ("return", "score")
_SECTIONS: Final[dict[str, dict[str, str]]] = {
    "paintings": {"return": "return", "score": "score", "error": "error"},
    "samplers": {"lag": "lag", "lost": "lost", "restarts": "restarts"},
    "policy": {
        "policy_loss": "policy loss",
        "value_loss": "value loss",
        "explained": "explained",
        "ratio_gap": "ratio gap",
        "clipped_share": "clipped",
        "gradient_norm": "gradient",
        "learning_rate": "step size",
    },
    "critic": {"critic_loss": "loss", "critic_real": "real", "critic_fake": "fake"},
}


class Dashboard:
    """Shows how a training goes; a context manager, drawn by whoever calls it, without a thread.

    Args:
        name: Name of the run.
        stderr: Where to; None is the process's stderr. Live if it is a terminal.
        clock: Seconds that only grow.
    """

    def __init__(
        self, name: str, stderr: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._clock = name, clock
        self._console = Console(file=stderr or sys.stderr)
        self._live = (
            Live(self, console=self._console, auto_refresh=False) if self._console.is_terminal else None
        )
        self._phase, self._total, self._frames = "starting", 0, 0
        self._began = self._phase_began = clock()
        self._marks: deque[tuple[float, int]] = deque()
        self._values: dict[str, float] = {}
        self._trends: dict[str, deque[float]] = {key: deque(maxlen=_TREND) for key in _TRENDS}
        self._evaluated: int | None = None
        self._warnings: dict[str, tuple[int, float]] = {}
        self._drawn = -math.inf

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.refresh()
            self._live.stop()
        elif self._values:
            self._print(self._line())

    def phase(self, name: str, total_frames: int, frames: int = 0) -> None:
        """Begin a phase.

        Args:
            name: What is done in it.
            total_frames: Frames at its end; 0 if nobody knows.
            frames: Frames so far, more than none when a run goes on.
        """
        self._phase, self._total, self._frames = name, total_frames, frames
        self._phase_began = self._clock()
        self._marks.clear()
        self._marks.append((self._clock(), frames))
        self._draw(now=True)

    def update(self, frames: int, values: Mapping[str, float]) -> None:
        """Tell how far the phase is, and values by name; a value stays until it is told anew."""
        self._frames = frames
        self._marks.append((self._clock(), frames))
        while self._marks[-1][0] - self._marks[0][0] > _RATE_SECONDS and len(self._marks) > 2:
            self._marks.popleft()
        self._values.update(values)
        for key, trend in self._trends.items():
            if key in values and math.isfinite(values[key]):
                trend.append(values[key])
        if any(key.startswith(_EVALUATION) for key in values):
            self._evaluated = frames
        self._draw()

    def warn(self, text: str) -> None:
        """Show a warning; the same one again is counted."""
        count, _ = self._warnings.pop(text, (0, 0.0))
        self._warnings[text] = (count + 1, self._clock())
        while len(self._warnings) > _MOST_WARNINGS:
            del self._warnings[next(iter(self._warnings))]
        if self._live is not None:
            self._draw(now=True)
        elif count == 0:
            self._print(f"warning: {text}")

    def _draw(self, *, now: bool = False) -> None:
        pause = _REDRAW_SECONDS if self._live is not None else _LINE_SECONDS
        if not now and self._clock() - self._drawn < pause:
            return
        self._drawn = self._clock()
        if self._live is not None:
            self._live.refresh()
        else:
            self._print(self._line())

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _rate(self) -> float | None:
        """Return frames a second over the last minute."""
        if len(self._marks) < 2 or self._marks[-1][0] <= self._marks[0][0]:
            return None
        return (self._marks[-1][1] - self._marks[0][1]) / (self._marks[-1][0] - self._marks[0][0])

    def _seconds_left(self) -> float | None:
        rate = self._rate()
        return max(0, self._total - self._frames) / rate if rate and self._total else None

    def _line(self) -> str:
        parts = [f"{self._frames:,} of {self._total:,} frames" if self._total else f"{self._frames:,} frames"]
        rate, left = self._rate(), self._seconds_left()
        if rate is not None:
            parts.append(f"{rate:,.0f}/s")
        if left is not None:
            parts.append(f"{_duration(left)} left")
        told = [
            key
            for key in ("return", "score", "error", "critic_loss", "explained", "lag")
            if key in self._values
        ]
        parts += [f"{key.replace('_', ' ')} {_number(self._values[key])}" for key in told]
        shares = [value / target for _, value, target in self._entropies() if target]
        if shares:
            parts.append(f"entropy {min(shares):.0%} of its target at the least")
        if self._evaluated is not None:
            evaluations = ", ".join(f"{label} {_number(value)}" for label, value in self._evaluations())
            parts.append(f"evaluation at {self._evaluated:,}: {evaluations}")
        return f"{self._name}: {self._phase}: {', '.join(parts)}"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw as wide as there is room."""
        width = min(options.max_width, 132)
        num_columns = 3 if width >= _THREE_COLUMNS else 2 if width >= _TWO_COLUMNS else 1
        inner = (width - 4 - 3 * (num_columns - 1)) // num_columns
        paintings, evaluation = self._section("paintings", inner), self._evaluation(inner)
        samplers, policy = self._section("samplers", inner), self._section("policy", inner)
        critic, entropy = self._section("critic", inner), self._entropy(inner)
        if num_columns == 3:
            columns = [[paintings, evaluation, samplers], [entropy], [policy, critic]]
        elif num_columns == 2:
            columns = [[paintings, evaluation, critic, samplers], [entropy, policy]]
        else:
            columns = [[paintings, evaluation, entropy, policy, critic, samplers]]
        grid = Table.grid(padding=(0, 3, 0, 0), pad_edge=False)
        for _ in columns:
            grid.add_column(width=inner)
        is_low = console.is_terminal and console.height < _ROOMY
        grid.add_row(*(_stack(column, 0 if is_low else 1) for column in columns))
        # Warnings stand above the numbers: a terminal that is too low loses the end of the picture.
        body: list[RenderableType] = [*self._progress(width - 4), *self._warning_lines(2 if is_low else 4)]
        body += [grid] if is_low else [Text(), grid]
        yield Panel(
            Group(*body),
            title=Text.assemble((f" {self._name} ", "bold"), ("· ", "dim"), (f"{self._phase} ", "cyan")),
            title_align="left",
            subtitle=Text(f" {_duration(self._clock() - self._began)} ", style="dim"),
            subtitle_align="right",
            border_style="bright_black",
            width=width,
        )

    def _progress(self, width: int) -> Iterator[Text]:
        rate, left = self._rate(), self._seconds_left()
        share = min(1.0, self._frames / self._total) if self._total else 0.0
        label = f" {share:4.0%}" if self._total else ""
        bar = _bar(share, width - len(label), "cyan" if share < 1 else "green")
        yield Text.assemble(bar, (label, "bold"))
        facts = Text(f"{self._frames:,}", style="bold")
        facts.append(f" of {self._total:,} frames" if self._total else " frames", style="not bold")
        if rate is not None:
            facts.append(f"   {rate:,.0f}/s", style="not bold green")
        if left is not None:
            facts.append(f"   {_duration(left)} left", style="not bold")
        facts.truncate(width, overflow="ellipsis")
        yield facts

    def _section(self, name: str, width: int) -> Table | None:
        rows = [(label, key) for key, label in _SECTIONS[name].items() if key in self._values]
        if not rows:
            return None
        table = _table(name, width)
        for label, key in rows:
            number = _number(self._values[key])
            room = width - _LABEL - _NUMBER - 2
            trend = _trend(self._trends[key], room) if key in self._trends and room > 3 else ""
            is_bad = key in ("lost", "restarts") and self._values[key] > 0
            is_bad |= not math.isfinite(self._values[key])
            table.add_row(label, Text(number, style="bold red" if is_bad else ""), Text(trend, style="cyan"))
        return table

    def _evaluation(self, width: int) -> Table | None:
        if self._evaluated is None:
            return None
        table = _table(f"evaluation at {self._evaluated:,}", width)
        for label, value in self._evaluations():
            table.add_row(label, _number(value), "")
        return table

    def _evaluations(self) -> list[tuple[str, float]]:
        return [
            (key.removeprefix(_EVALUATION).replace("_", " "), value)
            for key, value in self._values.items()
            if key.startswith(_EVALUATION)
        ]

    def _entropies(self) -> list[tuple[str, float, float | None]]:
        """Return part, entropy and target of every part."""
        return [
            (key.removeprefix(_ENTROPY), value, self._values.get(key.replace(_ENTROPY, _ENTROPY_TARGET, 1)))
            for key, value in self._values.items()
            if key.startswith(_ENTROPY)
        ]

    def _entropy(self, width: int) -> Table | None:
        entropies = self._entropies()
        if not entropies:
            return None
        heights = [height for _, *pair in entropies for height in pair if height is not None]
        top = max((height for height in heights if math.isfinite(height)), default=1.0)
        label = min(_LABEL, max(len(part) for part, _, _ in entropies))
        room = max(4, width - label - _ENTROPIES - 2)
        table = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column(width=label, no_wrap=True)
        table.add_column(width=room, no_wrap=True)
        table.add_column(width=_ENTROPIES, no_wrap=True, justify="right")
        table.title, table.title_justify, table.title_style = _ENTROPY_TITLE, "left", ""
        for part, value, target in entropies:
            style = "green"
            if target and value < 0.5 * target:
                style = "yellow" if value > 0.2 * target else "red"
            share, mark = value / max(top, 1e-9), None if target is None else target / max(top, 1e-9)
            text = f"{value:.2f}" if target is None else f"{value:.2f} / {target:.2f}"
            table.add_row(part, _bar(share, room, style, mark), text)
        return table

    def _warning_lines(self, most: int) -> Iterator[Text]:
        for text, (count, when) in list(self._warnings.items())[-most:]:
            ago = _duration(self._clock() - when)
            times = f"{count} times, last " if count > 1 else ""
            yield Text.assemble(("! ", "bold yellow"), (f"{text} ", "yellow"), (f"({times}{ago} ago)", "dim"))


def _table(title: str, width: int) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(width=_LABEL, no_wrap=True)
    table.add_column(width=_NUMBER, no_wrap=True, justify="right")
    table.add_column(width=max(1, width - _LABEL - _NUMBER - 2), no_wrap=True)
    table.title, table.title_justify, table.title_style = title, "left", "bold"
    return table


def _stack(parts: list[Table | None], gap: int) -> Group:
    """Return the parts that are there, one below the other, with empty lines between."""
    stacked: list[RenderableType] = []
    for part in parts:
        if part is not None:
            stacked += [*([Text()] * gap if stacked else []), part]
    return Group(*stacked)


def _bar(share: float, width: int, style: str, mark: float | None = None) -> Text:
    """Return a bar that is filled to a share of its width, with a mark at another."""
    share = share if math.isfinite(share) else 0.0
    filled = round(max(0.0, min(1.0, share)) * width)
    bar = Text.assemble(("━" * filled, style), ("━" * (width - filled), "grey23"))
    if mark is None or not math.isfinite(mark):
        return bar
    at = min(width - 1, round(mark * (width - 1)))
    return Text.assemble(bar[:at], ("┃", "bold"), bar[at + 1 :])


def _trend(values: deque[float], width: int) -> str:
    """Return the course of the values as blocks, the means of equal stretches of time."""
    if len(values) < 2:
        return ""
    entries, width = list(values), min(width, len(values))
    cuts = [round(number * len(entries) / width) for number in range(width + 1)]
    means = [sum(entries[a:b]) / (b - a) for a, b in pairwise(cuts)]
    low, high = min(means), max(means)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((mean - low) * scale)] for mean in means)


def _number(value: float) -> str:
    if value == int(value) if math.isfinite(value) else False:
        return f"{int(value):,}"
    return f"{value:.4f}" if 0.001 <= abs(value) < 100 else f"{value:.3g}"


def _duration(seconds: float) -> str:
    """Return a time in the two units that matter."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86400} days {whole % 86400 // 3600} h"
