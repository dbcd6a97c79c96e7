"""Settings of the whole test suite: random examples and golden files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from spiral_core.program import Color, Page, PaintingProgram, Point, Stroke

# Many small matrices: threads would only wait for one another, and on a busy machine take ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shared machine may stall for a second, so no test fails by the clock; the same examples on every run.
hypothesis.settings.register_profile(
    "default", deadline=None, max_examples=60, derandomize=True, database=None
)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that a text equals the golden file of that name."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {path}; write it with --update-golden"
        assert text == path.read_text(encoding="utf-8"), f"differs from {path}; --update-golden accepts it"

    return check


@pytest.fixture
def data_dir() -> Path:
    """Return the folder of the real data sets; without one a test marked `data` is skipped."""
    named = os.environ.get("SPIRAL_DATA")
    if not named:
        pytest.skip("SPIRAL_DATA is not set")
    return Path(named)


@pytest.fixture
def small_painting() -> PaintingProgram:
    """Return five strokes by hand: two of one colour, a dot, one across the edge, one outside."""
    red, blue = Color(0.8, 0.1, 0.1), Color(0.1, 0.2, 0.7)

    def stroke(*points: tuple[float, float], radius: float, color: Color, opacity: float = 1.0) -> Stroke:
        start, control, end = (Point(*point) for point in points)
        return Stroke(start=start, control=control, end=end, radius=radius, color=color, opacity=opacity)

    return PaintingProgram(
        strokes=(
            stroke((0.1, 0.1), (0.5, 0.5), (0.9, 0.1), radius=0.1, color=red),
            stroke((0.2, 0.6), (0.2, 0.6), (0.2, 0.6), radius=0.05, color=red),
            stroke((0.5, 0.3), (1.9, 0.4), (0.5, 0.5), radius=0.04, color=blue, opacity=0.5),
            stroke((2.0, 2.0), (2.5, 2.0), (3.0, 2.0), radius=0.04, color=blue),
            stroke((0.3, 0.2), (0.6, 0.2), (0.7, 0.6), radius=0.01, color=red),
        ),
        aspect=0.75,
        background=Color(1.0, 0.98, 0.9),
        page=Page(width_mm=148, height_mm=105, margin_mm=5),
        verified_width_px=256,
    )
