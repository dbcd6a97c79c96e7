"""What a policy is and costs: parameters, operations a step, steps a second.

An operation is a multiplication or an addition in a matrix product or a convolution, as torch counts them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import LIGHT, PAPER
from spiral_core.agent.policy_file import AnyConfig, AnyPolicy
from spiral_core.agent.policy_interface import PolicyInput

BATCH: Final = 64
"""Episodes at a time in what is measured."""


@dataclass(frozen=True, kw_only=True)
class PolicyReport:
    """What a policy is and costs.

    Attributes:
        kind: Which network it is: "light" or "paper".
        sees: What it is shown, in words.
        says: What it decides, in order, with the number of values of each part.
        parameters: Number of parameters of each group of modules.
        operations: Operations of a step: seeing, remembering, deciding all parts, the value.
    """

    kind: str
    sees: str
    says: str
    parameters: dict[str, int]
    operations: int


def inspect_policy(policy: AnyPolicy) -> PolicyReport:
    """Return what a policy is and costs."""
    config = policy.config
    return PolicyReport(
        kind=LIGHT if isinstance(policy, LightPolicy) else PAPER,
        sees=_sees(config),
        says=", ".join(
            f"{part.name} {part.grid} x {part.grid}"
            if part.kind == "location"
            else f"{part.name} {part.num_values}"
            for part in config.action_space.parts
        ),
        parameters=parameters_by_group(policy),
        operations=operations_a_step(policy),
    )


def parameter_count(module: nn.Module) -> int:
    """Return the number of trainable and frozen parameters of any module."""
    return sum(weight.numel() for weight in module.parameters())


def parameters_by_group(module: nn.Module) -> dict[str, int]:
    """Return the number of parameters of each of a module's direct parts that has any, in their order."""
    counts = {name: parameter_count(child) for name, child in module.named_children()}
    own = sum(weight.numel() for weight in module.parameters(recurse=False))
    if own:
        counts["itself"] = own
    return {name: count for name, count in counts.items() if count}


def operations_a_step(policy: AnyPolicy) -> int:
    """Return the operations of one step of one episode, from seeing to the last part and the value."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        _step(policy, _blank_input(policy.config, 1))
    return int(counter.get_total_flops())


def steps_per_second(policy: AnyPolicy, *, seconds: float = 1.0) -> float:
    """Measure how many steps of episodes the policy samples in a second of processor time, BATCH at a time.

    Args:
        policy: The policy.
        seconds: How long to measure, at least one step; the best tenth of the steps counts, whatever else the
            machine does.
    """
    inputs = _blank_input(policy.config, BATCH)
    taken: list[float] = []
    with torch.inference_mode():
        _step(policy, inputs)
        until = time.monotonic() + seconds
        while not taken or time.monotonic() < until:
            began = time.process_time()
            _step(policy, inputs)
            taken.append(time.process_time() - began)
    best = sorted(taken)[: max(1, len(taken) // 10)]
    return BATCH * len(best) / sum(best)


def _step(policy: AnyPolicy, inputs: PolicyInput) -> None:
    encoded = policy.encode(inputs, policy.initial_state(len(inputs.canvas)))
    policy.decode(encoded.state, encoded.map)


def _blank_input(config: AnyConfig, num: int) -> PolicyInput:
    canvas = torch.zeros((num, config.canvas_px, config.canvas_px, config.num_channels), dtype=torch.uint8)
    zeros = torch.zeros((num, len(config.action_space.parts)))
    return PolicyInput(
        canvas=canvas,
        location=torch.full((num, 2), 0.5),
        last_action=zeros.long(),
        action_mask=zeros,
        step=zeros[:, 0],
        target=canvas if config.is_conditional else None,
        noise=None if config.is_conditional else torch.zeros((num, config.noise_size)),
    )


def _sees(config: AnyConfig) -> str:
    size = f"{config.canvas_px} x {config.canvas_px} px"
    shade = "grayscale" if config.num_channels == 1 else "colour"
    images = ["canvas"] * (not config.is_blind) + ["target"] * config.is_conditional
    seen = [f"{' and '.join(images)} of {size} in {shade}"] if images else []
    if not config.is_conditional:
        seen.append(f"{config.noise_size} numbers of noise")
    seen.append("last action")
    if config.is_blind:
        seen.append("no canvas (blind)")
    return ", ".join(seen)
