"""What the engines cost: batches and CPU seconds of each, side by side; printed by `make bench`.

Every engine samples the same episodes with the same policy: the light one at 64 px, 20 strokes. Starting is
not counted. CPU seconds are those of this process and all that it started, Ray's own servers included, since
on a shared machine time on the clock says little. A transport's rate is the bytes of a batch over the CPU
time that an engine takes beyond what sampling alone takes.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import sys
import time
from pathlib import Path

import torch

from adapters.mypaint import MyPaintRenderer
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig
from spiral_core.learning.rollout import EpisodeConfig, RolloutSpec
from spiral_core.training.engines import ENGINE_KINDS, EngineKind, make_sampler
from spiral_core.training.engines.arrays import episodes_layout

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def parents() -> dict[int, tuple[int, float]]:
    """Return each process's parent and its CPU seconds, those of children that ended included."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                found[int(folder.name)] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS_PER_S
    return found


def cpu_s() -> float:
    """Return the CPU seconds of this process and everything below it."""
    table = parents()
    ours, grown = {os.getpid()}, True
    while grown:
        more = {process for process, (parent, _) in table.items() if parent in ours} - ours
        ours, grown = ours | more, bool(more)
    return sum(table[process][1] for process in ours if process in table)


def measure(kind: EngineKind, spec: RolloutSpec, policy: LightPolicy, batches: int) -> tuple[float, float]:
    """Return seconds on the clock and CPU seconds for each batch, weights published with every one."""
    engine = make_sampler(kind, spec, num_samplers=2, max_lag=1000)
    try:
        engine.publish(policy, 0)
        # Both samplers are up, and their slots are full or filling.
        for _ in range(4):
            engine.next_batch()
        wall_s, before_s = time.perf_counter(), cpu_s()
        for version in range(batches):
            engine.publish(policy, version)
            engine.next_batch()
        return (time.perf_counter() - wall_s) / batches, (cpu_s() - before_s) / batches
    finally:
        engine.stop()


def main(arguments: list[str] | None = None) -> int:
    """Print everything; nothing is judged yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few batches: shows that it runs, proves nothing"
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINE_KINDS, default=list(ENGINE_KINDS))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    side, steps, batch = (32, 3, 4) if options.quick else (64, 20, 32)
    config = PolicyConfig(canvas_px=side, is_conditional=False)
    episode = EpisodeConfig(
        action_space=config.painting, canvas_px=side, num_steps=steps, is_conditional=False
    )
    spec = RolloutSpec(episode=episode, renderer_factory=MyPaintRenderer, load_targets=None, batch=batch)
    torch.manual_seed(0)
    policy = LightPolicy(config)
    num_bytes = episodes_layout(spec).num_bytes
    print(f"{batch} episodes of {steps} strokes at {side} px: {num_bytes / 1e6:.1f} MB a batch; 2 samplers")
    alone_s = None
    for kind in options.engines:
        if kind == "ray" and importlib.util.find_spec("ray") is None:
            print("  ray      not installed")
            continue
        wall_s, used_s = measure(kind, spec, policy, 3 if options.quick else 40)
        line = f"  {kind:8} {1 / wall_s:7.2f} batches/s {1000 * used_s:8.1f} CPU ms a batch"
        if kind == "local":
            alone_s = used_s
        elif alone_s is not None:
            extra_s = used_s - alone_s
            rate = f"{num_bytes / extra_s / 1e6:.0f} MB per CPU s" if extra_s > 0 else "too little to tell"
            line += f", {1000 * extra_s:7.1f} beyond sampling: {rate}"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
