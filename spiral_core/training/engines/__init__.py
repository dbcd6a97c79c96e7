"""Where episodes come from: one contract (`training.sampling.Sampler`), three engines.

| engine | when |
| --- | --- |
| `local` | the default: one process, nothing to start, the same run to the bit for a seed |
| `process` | one machine with cores to spare |
| `ray` | several machines |

All give the same episodes for the same weights and batch number; only their order, and how old the weights
are, differ. To the bit this holds for one thread a process on one kind of processor.
"""

from __future__ import annotations

from typing import Literal

from spiral_core.learning.rollout import RolloutSpec
from spiral_core.training.engines.local import LocalSampler
from spiral_core.training.engines.process import ProcessSampler
from spiral_core.training.sampling import Sampler

EngineKind = Literal["local", "process", "ray"]
ENGINE_KINDS: tuple[EngineKind, ...] = ("local", "process", "ray")


def make_sampler(
    kind: EngineKind,
    spec: RolloutSpec,
    *,
    first_batch: int = 0,
    num_samplers: int = 2,
    max_lag: int | None = None,
    patience_s: float = 120.0,
    address: str | None = None,
) -> Sampler:
    """Return an engine.

    Args:
        kind: Which one.
        spec: What to sample.
        first_batch: Number of the first batch, >= 0.
        num_samplers: Processes or actors, >= 1 (not "local").
        max_lag: As in `ProcessSampler` (not "local").
        patience_s: As in `ProcessSampler` (not "local").
        address: Of a running cluster; None starts one on this machine ("ray").

    Raises:
        ConfigError: A value is out of range.
        TrainingError: Ray is missing or does not start.
    """
    match kind:
        case "local":
            return LocalSampler(spec, first_batch)
        case "process":
            return ProcessSampler(spec, num_samplers, first_batch, max_lag=max_lag, patience_s=patience_s)
        case "ray":
            # Most never need it, and it is an extra of its own.
            from spiral_core.training.engines.ray_engine import RaySampler

            return RaySampler(
                spec, num_samplers, first_batch, address=address, max_lag=max_lag, patience_s=patience_s
            )
