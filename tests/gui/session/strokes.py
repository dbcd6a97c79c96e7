"""Strokes and edits of all kinds for the tests of the session."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from gui.session.edits import Change, Edit, Move, Put, Replace, Take
from spiral_core.program import Color, Point, Stroke


def stroke(seed: int) -> Stroke:
    rng = np.random.default_rng(seed)
    return Stroke(
        start=Point(*rng.uniform(0, 1, 2)),
        control=Point(*rng.uniform(0, 1, 2)),
        end=Point(*rng.uniform(0, 1, 2)),
        radius=rng.uniform(0.01, 0.2),
        color=Color(*rng.random(3)),
        opacity=rng.uniform(0.1, 1.0),
        brush=("round", "classic/dry_brush")[seed % 2],
        seed=seed,
    )


def strokes(count: int, first: int = 0) -> list[Stroke]:
    return [stroke(first + i) for i in range(count)]


@st.composite
def edits(draw: st.DrawFn, count: int) -> Edit:
    """Draw an edit that fits a list of so many strokes."""
    kinds = ["put", "replace"] if count == 0 else ["put", "take", "change", "move", "replace"]
    kind = draw(st.sampled_from(kinds))
    seeds = st.integers(0, 10**6)
    place = st.integers(0, max(count - 1, 0))
    if kind == "put":
        new = draw(st.lists(seeds, max_size=min(3, count + 1)))
        at = sorted(draw(st.lists(st.integers(0, count), min_size=len(new), max_size=len(new), unique=True)))
        return Put(tuple((p, stroke(s)) for p, s in zip(at, new, strict=True)))
    if kind == "take":
        return Take(tuple(sorted(draw(st.sets(place)))))
    if kind == "change":
        return Change(tuple((p, stroke(draw(seeds))) for p in sorted(draw(st.sets(place, max_size=3)))))
    if kind == "move":
        return Move(draw(place), draw(place))
    return Replace(tuple(stroke(s) for s in draw(st.lists(seeds, max_size=4))))
