from __future__ import annotations

import pytest
import torch

from spiral_core.action_space import ActionPart, ActionSpace, PlainActions
from spiral_core.agent.inspection import (
    inspect_policy,
    operations_a_step,
    parameter_count,
    parameters_by_group,
    steps_per_second,
)
from spiral_core.agent.paper_config import PaperConfig
from spiral_core.agent.paper_policy import PaperPolicy
from spiral_core.agent.policy import LightPolicy
from spiral_core.agent.policy_config import PolicyConfig


def test_the_default_policy() -> None:
    report = inspect_policy(LightPolicy(PolicyConfig()))
    assert report.kind == "light"
    assert report.sees == "canvas and target of 64 x 64 px in colour, last action"
    assert report.says == (
        "flag 2, end 32 x 32, control 32 x 32, size 6, pressure 10, red 20, green 20, blue 20"
    )
    assert sum(report.parameters.values()) == 509_631
    assert report.parameters["lstm"] == 4 * 128 * (128 + 128 + 2)
    assert report.operations == pytest.approx(4.87e6, rel=0.01)


def test_what_others_see() -> None:
    free = PolicyConfig(action_space=ActionSpace(grayscale=True), is_conditional=False)
    report = inspect_policy(LightPolicy(free))
    assert report.sees == "canvas of 64 x 64 px in grayscale, 10 numbers of noise, last action"
    scene = PlainActions(parts=(ActionPart("type", "scalar", 4), ActionPart("at", "location", 256)))
    report = inspect_policy(PaperPolicy(PaperConfig(action_space=scene, is_blind=True)))
    assert report.kind == "paper"
    assert report.sees == "target of 64 x 64 px in colour, last action, no canvas (blind)"
    assert report.says == "type 4, at 16 x 16"


def test_operations_and_parameters_of_plain_layers() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2, bias=False))
    assert parameter_count(module) == 20 + 10
    assert parameters_by_group(module) == {"0": 20, "2": 10}
    assert parameters_by_group(module[0]) == {"itself": 20}


def test_the_papers_policy_costs_thirty_times_as_much() -> None:
    paper, light = (operations_a_step(p) for p in (PaperPolicy(PaperConfig()), LightPolicy(PolicyConfig())))
    assert paper == pytest.approx(139.2e6, rel=0.01)
    assert 25 < paper / light < 35


def test_speed_is_measured() -> None:
    small = PolicyConfig(canvas_px=32, channels=(4, 4, 4), map_channels=4, hidden=16)
    assert steps_per_second(LightPolicy(small), seconds=0.01) > 10
