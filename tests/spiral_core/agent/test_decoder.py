from __future__ import annotations

import torch

from spiral_core.agent.decoder import draw


def test_a_value_of_no_probability_is_never_drawn() -> None:
    probabilities = torch.tensor([[0.0, 0.5, 0.0, 0.0, 0.5, 0.0]])
    share = torch.tensor([0.0, 0.25, 0.49999997, 0.5, 0.75, 1 - 2**-24])
    drawn = draw(probabilities.expand(6, -1), share[:, None])
    assert drawn.tolist() == [1, 1, 1, 4, 4, 4]
