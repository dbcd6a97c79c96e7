"""`spiral info`: what a program holds."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from spiral_core.cli.parsing import Verbs
from spiral_core.color import to_hex
from spiral_core.program import PaintingProgram, SceneProgram
from spiral_core.program_file import read_program


def add_parser(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "info",
        help="tell what a program holds",
        description="Tell what a program holds.",
        epilog="example:\n  spiral info painting/program.json",
    )
    parser.add_argument("program", metavar="PROGRAM", type=Path, help="a program file (.json)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what a program file holds."""
    program = read_program(arguments.program)
    rows = list(_painting_rows(program) if isinstance(program, PaintingProgram) else _scene_rows(program))
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    return 0


def _painting_rows(program: PaintingProgram) -> Iterator[tuple[str, str]]:
    page = program.page
    _, _, width_mm, height_mm = page.picture_rectangle_mm(program.aspect)
    yield "kind", "painting"
    yield "strokes", str(len(program.strokes))
    yield (
        "picture",
        f"{width_mm:.1f} x {height_mm:.1f} mm on a page of {page.width_mm:g} x {page.height_mm:g} mm",
    )
    yield "background", to_hex(program.background)
    planned = program.verified_width_px
    yield "planned at", f"{planned} x {program.height_px(planned)} px" if planned else "unknown size"
    if program.strokes:
        brushes = Counter(stroke.brush for stroke in program.strokes)
        yield "brushes", ", ".join(f"{name} ({count})" for name, count in brushes.most_common())
        yield "colours", str(len({to_hex(stroke.color) for stroke in program.strokes}))
        radii_mm = sorted(stroke.radius * width_mm for stroke in program.strokes)
        yield (
            "radius",
            f"{radii_mm[0]:.2f} to {radii_mm[-1]:.2f} mm, median {radii_mm[len(radii_mm) // 2]:.2f} mm",
        )


def _scene_rows(program: SceneProgram) -> Iterator[tuple[str, str]]:
    yield "kind", "scene"
    yield "primitives", str(len(program.primitives))
    for kind, count in Counter(primitive.kind for primitive in program.primitives).most_common():
        yield f"  {kind}", str(count)
