"""What the stroke field is worth to the painter, against its three goals: printed by `make bench`.

Alone: one proposal a stroke, nothing rendered to choose from, no climbing, no revision. As a proposer: how
few rendered candidates it needs. With the whole search: whether it is better in equal CPU time. Photos,
errors and seconds are those of `bench_painter`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the tests are no installed package

import argparse
import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from spiral_core.agent.weights import SHIPPED_FOLDER
from spiral_core.search import HeuristicProposer, PaintOptions, Proposer, SearchEffort
from spiral_core.search.agent_proposer import load_proposer
from tests.benchmarks.bench_painter import PHOTOS, greedy, mean, paint, target_of

Image = npt.NDArray[np.uint8]
ALONE = SearchEffort(proposals=1, climb_steps=0, sweeps=0, sweep_steps=0)
FEW_PROPOSALS = 4


def load_field() -> Proposer:
    return load_proposer(SHIPPED_FOLDER / "field" / "agent.safetensors")


def goals(strokes: int, photos: tuple[str, ...], thoroughness: float) -> None:
    """Print how far the agent is from its three goals; they are aims, not bounds."""
    print(f"\nthe agent's goals: 128 px, {strokes} strokes, mean over {', '.join(photos)}")
    targets = [target_of(photo, 128) for photo in photos]
    options = PaintOptions(strokes=strokes, threads=1)
    ways: dict[str, Callable[[], Proposer]] = {"heuristic": HeuristicProposer, "agent": load_field}
    for name, make in ways.items():
        done = [paint(target, options, make(), ALONE) for target in targets]
        error = mean([p.scores.mse for p in done])
        print(
            f"  G1 {name:9} alone, one proposal a stroke: MSE x 1000 {1000 * error:.3f} (agent's goal 2.5),"
            f" {mean([p.cpu_s for p in done]):.1f} CPU s,"
            f" {mean([p.evaluations for p in done]):.0f} strokes tried"
        )
    plain = dataclasses.replace(SearchEffort.for_strokes(strokes, thoroughness), sweeps=0, respend=0.0)
    for climb_steps in (plain.climb_steps, plain.proposals, 0):
        effort = dataclasses.replace(plain, climb_steps=climb_steps)
        few = dataclasses.replace(effort, proposals=min(FEW_PROPOSALS, plain.proposals))
        theirs = [greedy(target, strokes, HeuristicProposer(), effort) for target in targets]
        for tried in (effort, few):
            mine = [greedy(target, strokes, load_field(), tried) for target in targets]
            shares = []
            for own, other in zip(mine, theirs, strict=True):
                at = own.reach(other.errors[-1])
                shares.append(np.inf if at is None else own.evaluations[at] / other.evaluations[-1])
            print(
                f"  G2 {climb_steps:3} climbing steps: the agent with {tried.proposals:2} proposals reaches"
                f" the error of the heuristic with {effort.proposals} at {mean(shares):.2f}"
                " of its candidates (goal 0.5);"
                f" MSE x 1000 {1000 * mean([run.errors[-1] for run in mine]):.3f}"
                f" against {1000 * mean([run.errors[-1] for run in theirs]):.3f}"
            )
    for factor in (0.4 * thoroughness, 0.7 * thoroughness, thoroughness):
        in_equal_time(targets, options, factor)


def in_equal_time(targets: list[Image], options: PaintOptions, factor: float) -> None:
    """Print what the whole search reaches with the agent, and without it in at least as much CPU time."""

    def searched(make: Callable[[], Proposer], effort: float) -> tuple[float, float]:
        done = [paint(target, dataclasses.replace(options, effort=effort), make()) for target in targets]
        return mean([p.scores.mse for p in done]), mean([p.cpu_s for p in done])

    mine, mine_s = searched(load_field, factor)
    theirs_s, effort = 0.0, factor
    while theirs_s < mine_s:
        effort *= max(1.05, mine_s / theirs_s) if theirs_s else 1.0
        theirs, theirs_s = searched(HeuristicProposer, effort)
    print(
        f"  G3 whole search x {factor:.2f}: the agent MSE x 1000 {1000 * mine:.3f} in {mine_s:.2f} CPU s;"
        f" alone x {effort:.2f} {1000 * theirs:.3f} in {theirs_s:.2f} CPU s; share {mine / theirs:.3f}"
        " (goal below 1)"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few strokes: shows that it runs, proves nothing"
    )
    chosen = parser.parse_args(arguments)
    photos, effort = (PHOTOS[:1], 0.02) if chosen.quick else (PHOTOS, 1.0)
    goals(5 if chosen.quick else 500, photos, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
