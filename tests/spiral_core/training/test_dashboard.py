from __future__ import annotations

import io

import pytest
from rich.console import Console

from spiral_core.training.dashboard import Dashboard

VALUES = {
    "return": 0.125,
    "score": 0.5,
    "critic_loss": -0.25,
    "gradient_norm": float("nan"),
    "learning_rate": 2.4e-4,
    "entropy.end": 2.0,
    "entropy_target.end": 4.0,
    "entropy.flag": 0.1,
    "lost": 2,
    "evaluation.score": 0.75,
}


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(dashboard: Dashboard, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, no_color=True, record=True)
    console.print(dashboard)
    return console.export_text().splitlines()


def trained(clock: Clock) -> Dashboard:
    dashboard = Dashboard("digits", io.StringIO(), clock=clock)
    dashboard.phase("reconstruction", 20_000, 5_000)
    for frames in (6_000, 7_000, 8_000):
        clock.seconds += 10
        dashboard.update(frames, {**VALUES, "return": frames / 64_000})
    dashboard.warn("entropy of flag is low")
    dashboard.warn("entropy of flag is low")
    return dashboard


@pytest.mark.parametrize("width", [60, 80, 106, 120, 200])
def test_all_is_shown_at_any_width(width: int) -> None:
    lines = drawn(trained(Clock()), width)
    assert {len(line) for line in lines} == {min(width, 132)}
    text = "\n".join(lines)
    for part in ("digits · reconstruction", "40%", "8,000 of 20,000 frames", "100/s", "2 min 00 s left"):
        assert part in text
    for part in (
        "0.1250 ▁",
        "-0.2500",
        "nan",
        "0.00024",
        "2.00 / 4.00",
        "0.10",
        "evaluation at 8,000",
        "0.7500",
    ):
        assert part in text
    assert "entropy of flag is low" in text
    assert "2 times" in text


def test_a_narrow_terminal_is_no_error() -> None:
    for width in (1, 10, 30, 45):
        drawn(trained(Clock()), width)


def test_a_low_terminal_keeps_warnings_and_most_numbers() -> None:
    console = Console(
        file=io.StringIO(), width=80, height=24, force_terminal=True, no_color=True, record=True
    )
    console.print(trained(Clock()))
    text = "\n".join(console.export_text().splitlines()[:22])
    for part in (
        "entropy of flag is low",
        "0.1250 ▁",
        "2.00 / 4.00",
        "evaluation at 8,000",
        "critic",
        "lost",
    ):
        assert part in text


def test_values_that_are_not_finite_are_no_error() -> None:
    dashboard = Dashboard("digits", io.StringIO(), clock=Clock())
    dashboard.phase("reconstruction", 100)
    for value in (float("nan"), float("inf"), -float("inf")):
        dashboard.update(10, dict.fromkeys((*VALUES, "entropy_target.flag"), value))
        drawn(dashboard, 80)


def test_a_bar_shows_value_and_target() -> None:
    line = next(line for line in drawn(trained(Clock()), 80) if "2.00 / 4.00" in line)
    bar = line.partition("end")[2].partition("2.00")[0].strip(" │")
    assert bar.endswith("┃")
    assert set(bar[:-1]) == {"━"}


def test_an_unknown_end_has_no_share_and_no_time_left() -> None:
    dashboard = Dashboard("digits", io.StringIO(), clock=Clock())
    dashboard.phase("endless", 0)
    dashboard.update(100, {"score": 1.0})
    text = "\n".join(drawn(dashboard, 80))
    assert "100 frames" in text
    assert "%" not in text
    assert "left" not in text


def test_without_a_terminal_a_line_comes_every_half_minute() -> None:
    clock, stderr = Clock(), io.StringIO()
    with Dashboard("digits", stderr, clock=clock) as dashboard:
        dashboard.phase("reconstruction", 20_000)
        for second in range(1, 91):
            clock.seconds = second
            dashboard.update(100 * second, VALUES)
        dashboard.warn("all is well [no markup]")
        dashboard.warn("all is well [no markup]")
    lines = stderr.getvalue().splitlines()
    assert lines[0] == "digits: reconstruction: 0 of 20,000 frames"
    assert lines[1].startswith(
        "digits: reconstruction: 3,000 of 20,000 frames, 100/s, 2 min 50 s left, return 0.1250"
    )
    assert "entropy 50% of its target at the least, evaluation at 3,000: score 0.7500" in lines[1]
    assert [line.split()[2] for line in lines[2:4]] == ["6,000", "9,000"]
    assert lines[4] == "warning: all is well [no markup]"
    assert len(lines) == 6
    assert "\x1b" not in stderr.getvalue()


def test_on_a_terminal_the_last_picture_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    clock, stderr = Clock(), Terminal()
    with Dashboard("digits", stderr, clock=clock) as dashboard:
        dashboard.phase("reconstruction", 20_000)
        for frames in range(0, 20_001, 100):
            clock.seconds += 0.01
            dashboard.update(frames, VALUES)
        dashboard.warn("look")
    text = stderr.getvalue()
    assert "20,000" in text.rpartition("╭")[2]
    # 2 seconds at 4 pictures a second, and those at the start, at the warning and at the end
    assert 8 <= text.count("╭") <= 14
    assert text.rstrip().endswith("\x1b[?25h")
