"""Deciding an action part by part, shared by all policies: sampling, scoring and the likeliest choice.

Shapes: B rows, P action parts, V values of a part, H state width.

Sampling and scoring run through one loop, so the probability of a sampled action and the probability
computed for it later are the same to the bit (same rows, same weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from spiral_core.action_space import ActionPart
from spiral_core.errors import AgentError


class Decision(NamedTuple):
    """Actions and their probabilities: actions (B, P), log_prob (B, P), entropy (B, P)."""

    actions: Tensor
    log_prob: Tensor
    entropy: Tensor


class PartChooser(Protocol):
    """What a policy must know of single parts."""

    def part_logits(self, part: ActionPart, state: Tensor, feature_map: Tensor) -> Tensor:
        """Return the logits (B, V) of one part."""
        ...

    def fold(self, part: ActionPart, state: Tensor, feature_map: Tensor, action: Tensor) -> Tensor:
        """Return the state (B, H) after a part was decided as `action` (B,)."""
        ...


def decide(
    chooser: PartChooser,
    parts: Sequence[ActionPart],
    state: Tensor,
    feature_map: Tensor,
    actions: Tensor | None = None,
    *,
    generator: torch.Generator | None = None,
    greedy: bool = False,
    temperature: float = 1.0,
) -> Decision:
    """Decide every part in order, or score given actions.

    Args:
        chooser: The policy.
        parts: The parts in order.
        state: Shape (B, H).
        feature_map: Shape (B, ...), what the policy reads locations from.
        actions: Shape (B, P): score these; None decides.
        generator: Source of the samples, on the state's device.
        greedy: Take the likeliest value of each part instead of a sample.
        temperature: Above 0; the probabilities are those of the logits divided by it, in sampling and in
            scoring alike.

    Returns:
        The actions with the log-probability and entropy of every part given the parts before it.

    Raises:
        AgentError: The temperature is not above 0.
    """
    if not temperature > 0:
        raise AgentError(f"temperature: {temperature:g}, must be > 0")
    share = None
    if actions is None and not greedy:
        share = torch.rand(
            (len(state), len(parts)), generator=generator, dtype=state.dtype, device=state.device
        )
    chosen, log_probs, entropies = [], [], []
    for i, part in enumerate(parts):
        logits = chooser.part_logits(part, state, feature_map)
        log_all = F.log_softmax(logits if temperature == 1.0 else logits / temperature, dim=1)
        probabilities = log_all.exp()
        if actions is not None:
            action = actions[:, i]
        elif share is None:
            action = log_all.detach().argmax(dim=1)
        else:
            action = draw(probabilities.detach(), share[:, i, None])
        chosen.append(action)
        log_probs.append(log_all.gather(1, action[:, None])[:, 0])
        entropies.append(-torch.linalg.vecdot(probabilities, log_all))
        state = chooser.fold(part, state, feature_map, action)
    return Decision(torch.stack(chosen, 1), torch.stack(log_probs, 1), torch.stack(entropies, 1))


def draw(probabilities: Tensor, share: Tensor) -> Tensor:
    """Draw a column (B,) of each row by inverting the cumulative sum at `share` (B, 1), in [0, 1).

    One random number a row instead of one for each value: much cheaper for a location's thousand.
    """
    upto = probabilities.cumsum(dim=1)
    # A value of probability 0 ends where the one before it does, and "right" passes over both.
    drawn = torch.searchsorted(upto, share * upto[:, -1:], right=True)[:, 0]
    return drawn.clamp_(max=probabilities.shape[1] - 1)
