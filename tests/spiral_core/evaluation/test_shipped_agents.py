"""The shipped drawing agents do what their cards say, on a part of the test pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.mypaint import mypaint_renderer
from spiral_core.evaluation.digits import DigitClassifier
from spiral_core.evaluation.drawings import score_reconstructions
from spiral_core.learning.agent_file import load_agent
from spiral_core.learning.datasets import load

AGENTS = Path(__file__).parents[3] / "configs" / "agents"


@pytest.mark.data
def test_digits_are_drawn_as_well_as_the_card_says(data_dir: Path) -> None:
    folder = AGENTS / "mnist_conditional"
    card = json.loads((folder / "card.json").read_text())
    policy, episode = load_agent(folder / "agent.safetensors")
    digits = load("mnist", "test", folder=data_dir, limit=256)
    scores, _ = score_reconstructions(
        policy, episode, mypaint_renderer, digits, reader=DigitClassifier.load()
    )
    told = next(entry for entry in card["scores"] if entry["attempts"] == 1)
    # A part of the digits is not all of them: their errors spread by 6 % of the mean.
    assert scores.error < 1.2 * told["error"]
    assert scores.error < 0.015
    assert scores.read_rightly is not None
    assert scores.read_rightly > told["read_rightly"] - 0.06


@pytest.mark.data
def test_characters_never_seen_are_drawn_as_well_as_the_card_says(data_dir: Path) -> None:
    folder = AGENTS / "omniglot_conditional"
    card = json.loads((folder / "card.json").read_text())
    policy, episode = load_agent(folder / "agent.safetensors")
    characters = load("omniglot-oneshot", "test", folder=data_dir, limit=200)
    scores, _ = score_reconstructions(policy, episode, mypaint_renderer, characters)
    told = next(
        entry for entry in card["scores"] if entry["attempts"] == 1 and entry["data"] == "omniglot-oneshot"
    )
    assert scores.score > told["score"] - 0.04
    assert scores.score > 0.65
