"""Whether the studio's window stays quick while the agent paints: printed by `make bench`.

Each part runs in a process of its own, without a screen. Frames: the agent paints on two threads at a low
priority, as always; the same window with nothing to paint, just before, is the control. A picture's way is
the time from the painter saying that it has drawn to the end of the canvas' repaint. At 60 repaints a second
of the whole canvas, asked for by a timer, what counts is how far they lie apart. A 10 ms timer that is set
anew each time tells how long anything in the window has to wait.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the tests are no installed package

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # what the window's process imports is what the start is measured by
    from gui.window import StudioWindow
    from spiral_core.program import PaintingProgram

SAMPLE: Final = Path(__file__).resolve().parents[2] / "configs" / "samples" / "chelsea.jpg"
SENT: Final = "SPIRAL_BENCH_SENT"
"""Names the file to which the painter writes when it sent each `Drawn`: a clock that both processes read."""
PATIENCE_S: Final = 60.0
FRAME_MS: Final = 33.0
BEYOND: Final = ("open", "delete all", "undo of that")
"""What is done seldom and to all strokes at once."""


def memory_mib() -> float:
    """Return this process' resident memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


# ---- what runs in processes of their own ----


class Bench:
    """A window that notes when its canvas was painted.

    Attributes:
        painted_s: Ends of the canvas' repaints.
        heard: For each `Drawn`, how many repaints had been when it was heard.
    """

    def __init__(self) -> None:
        from PyQt6.QtCore import QSettings

        from gui.application import make_application, make_window
        from gui.painting.canvas import Canvas

        self.painted_s: list[float] = []
        self.heard: list[int] = []
        folder = Path(os.environ["XDG_STATE_HOME"])
        self.app = make_application()

        def paint(canvas: Canvas, event: Any, original: Any = Canvas.paintEvent) -> None:
            original(canvas, event)
            self.painted_s.append(time.monotonic())

        setattr(Canvas, "paintEvent", paint)  # noqa: B010  before any canvas is made
        settings = QSettings(str(folder / "studio.ini"), QSettings.Format.IniFormat)
        self.window: StudioWindow = make_window(self.app, settings)
        self.studio = self.window.studio
        self.studio.picture_changed.connect(lambda _: self.heard.append(len(self.painted_s)))
        self.studio.failed.connect(lambda text: sys.stderr.write(f"{text}\n"))
        self.window.show()

    def until(self, true: Callable[[], bool]) -> None:
        """Let the window live until something is so."""
        from PyQt6.QtCore import QEventLoop

        end_s = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end_s:
                raise SystemExit("bench_gui: the window does not get there")
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 1000)

    def live(self, seconds: float) -> None:
        """Let the window live for so long, as it does when nobody measures."""
        from PyQt6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()

    def drawn_and_painted(self) -> bool:
        """Tell whether the last picture that was heard of is on the canvas."""
        return bool(self.heard) and self.heard[-1] < len(self.painted_s)

    def close(self) -> None:
        """Send everybody home."""
        self.studio.session.saved()
        self.window.close()


def child_start() -> dict[str, Any]:
    """Return what the first paint of a fresh window costs."""
    bench = Bench()
    window = bench.window
    bench.until(lambda: window.isVisible())
    bench.app.processEvents()
    window.grab()  # the whole of it is painted, whatever a screen would have asked for
    result = {"cpu_s": time.process_time(), "mib": memory_mib()}
    bench.close()
    return result


def child_frames(seconds: float, size: int) -> dict[str, Any]:
    """Return timings of an idle window, and of one whose agent paints."""
    from PyQt6.QtCore import Qt, QTimer

    from gui.painting.canvas import Canvas
    from gui.processes import painter_link
    from gui.session.painting import State
    from spiral_core.agent.weights import SHIPPED_FOLDER
    from spiral_core.search import PaintOptions
    from spiral_core.search.agent_proposer import DEFAULT_AGENT

    painter_link._PAINTER = (str(Path(__file__).resolve()), "--child", "painter")
    bench = Bench()
    canvas: Canvas = bench.window.painting.canvas
    studio = bench.studio
    bench.studio.open_photo(SAMPLE, size)
    bench.until(lambda: studio.target is not None and bench.drawn_and_painted())

    late_ms: list[float] = []
    due_s = 0.0
    timer, frames = QTimer(), QTimer()
    for each in (timer, frames):
        each.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)

    def tick() -> None:
        nonlocal due_s
        now_s = time.monotonic()
        if due_s:
            late_ms.append(1000 * (now_s - due_s))
        due_s = now_s + 0.010
        timer.start(10)

    timer.timeout.connect(tick)
    port = canvas.viewport()
    assert port is not None
    frames.timeout.connect(port.update)

    def measure(*, is_forced: bool) -> dict[str, Any]:
        nonlocal due_s
        late_ms.clear()
        due_s = 0.0
        first_heard, first_paint = len(bench.heard), len(bench.painted_s)
        timer.start(10)
        if is_forced:
            frames.start(16)
        bench.live(seconds)
        timer.stop()
        frames.stop()
        sent_s = np.fromfile(os.environ[SENT], np.float64)
        painted = [
            (1000 * (bench.painted_s[at] - sent_s[number]))
            for number, at in enumerate(bench.heard)
            if number >= first_heard and at < len(bench.painted_s)
        ]
        apart_ms = (1000 * np.diff(bench.painted_s[first_paint:])).tolist()
        return {"late": list(late_ms), "way": painted, "apart": apart_ms}

    idle, idle_forced = measure(is_forced=False), measure(is_forced=True)
    agent = SHIPPED_FOLDER / DEFAULT_AGENT / "agent.safetensors"
    studio.start(PaintOptions(strokes=100_000, threads=2), size, agent)
    bench.until(lambda: studio.session.shown > 5)
    busy, busy_forced = measure(is_forced=False), measure(is_forced=True)
    studio.stop()
    bench.until(lambda: studio.session.state is State.IDLE)
    strokes = len(studio.document.strokes) if studio.document is not None else 0
    result = {
        "idle": {**idle, "apart": idle_forced["apart"], "late_forced": idle_forced["late"]},
        "busy": {**busy, "apart": busy_forced["apart"], "late_forced": busy_forced["late"]},
        "strokes": strokes,
        "mib": memory_mib(),
    }
    bench.close()
    return result


def child_painter(handle: int) -> None:
    """Be a painter that notes when it says that it has drawn."""
    from gui.processes.painter import PainterProcess, main
    from gui.session.messages import Drawn

    sent = os.open(os.environ[SENT], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    original = PainterProcess._say

    def say(painter: PainterProcess, message: Any, *more: Any) -> None:
        if isinstance(message, Drawn):
            os.write(sent, np.float64(time.monotonic()).tobytes())
        original(painter, message, *more)

    setattr(PainterProcess, "_say", say)  # noqa: B010
    sys.argv = [sys.argv[0], str(handle)]
    main()


def long_program(count: int) -> PaintingProgram:
    """Return a program of many strokes of all sizes, the large ones first as a painter puts them."""
    from spiral_core.program import Color, PaintingProgram, Point, Stroke

    rng = np.random.default_rng(0)
    strokes = []
    for number in range(count):
        radius = 0.15 * (number + 1) ** -0.35 * rng.uniform(0.5, 1.5)
        start = rng.uniform(0, 1, 2)
        ends = (start + rng.normal(0, 3 * radius, (2, 2))).clip(-0.5, 1.5)
        strokes.append(
            Stroke(
                start=Point(*start.tolist()),
                control=Point(*ends[0].tolist()),
                end=Point(*ends[1].tolist()),
                radius=radius,
                color=Color(*rng.random(3).tolist()),
                opacity=float(rng.uniform(0.4, 1.0)),
            )
        )
    return PaintingProgram(strokes=tuple(strokes))


def child_edit(count: int, points: int) -> dict[str, Any]:
    """Return how long a long painting takes to open, to scrub and to edit."""
    from PyQt6.QtCore import QPoint, Qt
    from PyQt6.QtTest import QTest

    from gui.session.document import Document

    bench = Bench()
    studio, page = bench.studio, bench.window.painting
    actions, timeline = bench.window.actions_, page.timeline
    program = long_program(count)
    rng = np.random.default_rng(1)
    taken: dict[str, list[tuple[float, float]]] = {}

    def timed(name: str, act: Callable[[], object], *, is_drawn: bool = True) -> None:
        """Note how long the window was busy, and how long until the canvas showed it."""
        heard = len(bench.heard)
        started_s = time.monotonic()
        act()
        busy_s = time.monotonic() - started_s
        if is_drawn:
            bench.until(lambda: len(bench.heard) > heard and bench.drawn_and_painted())
        else:
            bench.app.processEvents()
        taken.setdefault(name, []).append((1000 * busy_s, 1000 * (time.monotonic() - started_s)))

    studio.open_document(
        Document.of(long_program(1))
    )  # until the painter is there, which comes with the window
    bench.until(bench.drawn_and_painted)
    timed("open", lambda: studio.open_document(Document.of(program)))
    for place in rng.integers(1, count - 1, points).tolist():
        timed("scrub", lambda place=place: timeline.slider.setValue(place))  # type: ignore[misc]
    timeline.slider.setValue(0)
    timeline.slider.setValue(count)
    bench.until(lambda: studio.session.shown == count and bench.drawn_and_painted())
    port = page.canvas.viewport()
    assert port is not None

    def click() -> None:
        middle = QPoint(port.width() // 2, port.height() // 2)
        QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=middle)  # type: ignore[call-overload]

    for place in rng.integers(count // 2, count - 1, max(points // 5, 1)).tolist():
        timed("select", lambda place=place: timeline.choose(place), is_drawn=False)  # type: ignore[misc]
        timed("delete", actions.delete.trigger)
        timed("undo", actions.undo.trigger)
        timed("redo", actions.redo.trigger)
        timed("undo", actions.undo.trigger)
        timed("first click", click, is_drawn=False)
        timed("click", click, is_drawn=False)
        timeline.choose(place)
        timed("reorder", actions.down.trigger)
        timed("change", lambda: timeline.change_chosen({"opacity": 0.5}))
        actions.undo.trigger()
        actions.undo.trigger()
        bench.until(lambda: studio.session.shown == count and bench.drawn_and_painted())
    timeline.list.selectAll()
    timed("delete all", actions.delete.trigger)
    timed("undo of that", actions.undo.trigger)
    bench.close()
    return {"taken": taken, "mib": memory_mib()}


# ---- what is printed ----


def run_child(*words: object) -> dict[str, Any]:
    """Run a part in a fresh process with a home of its own; return what it found."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            SENT: f"{home}/sent",
            **{f"XDG_{name}_HOME": f"{home}/{name}" for name in ("STATE", "CONFIG", "CACHE")},
        }
        command = [sys.executable, str(Path(__file__).resolve()), "--child", *map(str, words)]
        done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench_gui: {words}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def percentile(values: list[float], percent: float) -> float:
    """Return a percentile, or NaN of nothing."""
    return float(np.percentile(values, percent)) if values else float("nan")


class Report:
    """Prints lines with their goals and remembers what was missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def goal(self, name: str, text: str, value: float, most: float, unit: str) -> None:
        """Print a value that should be at most so much."""
        is_met = value <= most
        if not is_met:
            self.missed.append(name)
        print(f"  {'met   ' if is_met else 'MISSED'} {name}: {text} (goal {most:g} {unit})")


def show_timings(report: Report, name: str, taken: list[tuple[float, float]]) -> None:
    """Print how long the window was busy with something, and when it was seen."""
    busy: npt.NDArray[np.float64] = np.array(taken)[:, 0]
    seen: npt.NDArray[np.float64] = np.array(taken)[:, 1]
    text = (
        f"window busy p50 {np.median(busy):.1f}, p95 {np.percentile(busy, 95):.1f} ms;"
        f" seen after p50 {np.median(seen):.1f}, p95 {np.percentile(seen, 95):.1f} ms"
    )
    if name in BEYOND:
        print(f"         {name}: {text} (no goal)")
    else:
        kind, counted = ("seen", seen) if name == "scrub" else ("busy", busy)
        report.goal(name, text, float(np.percentile(counted, 95)), 50, f"ms {kind} at p95")


def main(arguments: list[str] | None = None) -> int:
    """Print everything; return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short and small: shows that it runs")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.child is not None:
        name, *rest = chosen.child
        if name == "painter":
            child_painter(int(rest[0]))
        children: dict[str, Callable[..., dict[str, Any]]] = {
            "start": child_start,
            "frames": lambda seconds, size: child_frames(float(seconds), int(size)),
            "edit": lambda count, points: child_edit(int(count), int(points)),
        }
        print(json.dumps(children[name](*rest)))
        return 0

    seconds, size, count, points = (0.5, 128, 200, 5) if chosen.quick else (10.0, 1024, 10_000, 50)
    report = Report()
    print(f"\nthe window: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the beginning")
    start = min((run_child("start") for _ in range(1 if chosen.quick else 3)), key=lambda s: s["cpu_s"])
    report.goal("start", f"{start['cpu_s']:.2f} CPU s to the first paint", start["cpu_s"], 1.5, "s")
    report.goal("memory at the start", f"{start['mib']:.0f} MiB", start["mib"], 200, "MiB")

    found = run_child("frames", seconds, size)
    idle, busy = found["idle"], found["busy"]
    print(f"  at {size} px, {seconds:g} s each; {found['strokes']} strokes were painted")
    for name, part in (("control", idle), ("painting", busy)):
        apart, late = part["apart"], part["late"] + part["late_forced"]
        share = 100 * float(np.mean(np.array(apart) <= FRAME_MS))
        report.goal(
            f"{name}, frames at 60 Hz",
            f"{share:.2f} % within 33 ms of the last; apart p50 {percentile(apart, 50):.1f},"
            f" p95 {percentile(apart, 95):.1f}, p99 {percentile(apart, 99):.1f} ms",
            100 - share,
            5,
            "% later",
        )
        report.goal(
            f"{name}, 10 ms timer",
            f"late p50 {percentile(late, 50):.2f}, p95 {percentile(late, 95):.2f},"
            f" p99 {percentile(late, 99):.2f}, at most {max(late):.1f} ms",
            percentile(late, 95),
            10,
            "ms at p95",
        )
    way = busy["way"]
    share = 100 * float(np.mean(np.array(way) <= FRAME_MS)) if way else 0.0
    report.goal(
        "painting, a picture's way",
        f"{share:.2f} % of {len(way)} seen within 33 ms of being drawn; p50 {percentile(way, 50):.1f},"
        f" p95 {percentile(way, 95):.1f} ms; {len(way) / seconds:.1f} pictures/s",
        100 - share,
        5,
        "% later",
    )
    ratio = percentile(busy["late"], 95) / max(percentile(idle["late"], 95), 1e-9)
    print(f"  the timer's p95 while painting over that of the control: {ratio:.2f}")
    report.goal("memory after painting", f"{found['mib']:.0f} MiB", found["mib"], 200, "MiB")

    found = run_child("edit", count, points)
    print(f"  {count:,} strokes:")
    for name, taken in found["taken"].items():
        show_timings(report, name, taken)
    report.goal("memory with them", f"{found['mib']:.0f} MiB", found["mib"], 200, "MiB")
    print(f"  load {os.getloadavg()[0]:.1f} at the end; missed: {', '.join(report.missed) or 'nothing'}")
    return 0 if chosen.quick else int(bool(report.missed))


if __name__ == "__main__":
    sys.exit(main())
