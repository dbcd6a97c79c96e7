from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from spiral_core.action_space import ActionSpace
from spiral_core.agent.critic import CriticConfig, CriticKind, CriticView
from spiral_core.errors import CanvasError, ConfigError, TrainingError
from spiral_core.learning.critic_learner import CriticLearner, CriticLearnerConfig, CriticMetrics
from spiral_core.learning.replay import Renders, Replay
from spiral_core.learning.rewards import RewardConfig, compute_rewards

SIDE, BATCH = 16, 16
SPACE = ActionSpace(grid=8, radii=(0.03, 0.08), num_pressures=3, num_color_levels=4)
CONFIG = CriticLearnerConfig(batch_size=BATCH, learning_rate=2e-3)
KINDS: tuple[CriticKind, ...] = ("spectral", "wasserstein")
Images = npt.NDArray[np.uint8]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def discs(rng: np.random.Generator, num: int, radius: float = 5.0) -> Images:
    """Return dark discs of one size at random places on white: the data."""
    down, across = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    centre = rng.uniform(5, SIDE - 5, (num, 2, 1, 1))
    inside = (across - centre[:, 0]) ** 2 + (down - centre[:, 1]) ** 2 < radius**2
    return np.repeat(np.where(inside, 30, 255).astype(np.uint8)[..., None], 3, axis=3)


def learner(
    kind: CriticKind = "spectral",
    view: CriticView = "image",
    config: CriticLearnerConfig = CONFIG,
    *,
    sees_actions: bool = False,
) -> CriticLearner:
    shape = CriticConfig(kind=kind, view=view, width=4, canvas_px=SIDE, sees_actions=sees_actions)
    return CriticLearner(shape, config, action_space=SPACE if sees_actions else None)


def replay_of(images: Images, targets: Images | None = None) -> Replay:
    replay = Replay(20 * BATCH)
    replay.add(Renders(images, targets))
    return replay


def trained(which: CriticLearner, replay: Replay, updates: int, seed: int = 0) -> list[CriticMetrics]:
    rng = np.random.default_rng(seed)
    unconditional = which.critic.config.view == "image"
    return [
        which.update(Renders(discs(rng, BATCH)) if unconditional else None, replay) for _ in range(updates)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_to_tell_the_data_from_renders(kind: CriticKind) -> None:
    rng = np.random.default_rng(5)
    which = learner(kind)
    metrics = trained(which, replay_of(discs(rng, 300, radius=3.0)), 150)
    assert metrics[-1].real_score > metrics[-1].fake_score + 0.05
    assert which.num_updates == 150
    real, fake = which.score(discs(rng, 100)), which.score(discs(rng, 100, radius=3.0))
    assert (real[:, None] > fake).mean() > 0.95
    if kind == "wasserstein":
        late = metrics[-50:]
        # The penalty's slope, 2 * 10 * (norm - 1), balances the distance of data and renders, about 6 here.
        assert np.mean([m.gradient_norm for m in late]) == pytest.approx(1 + 6 / 20, abs=0.2)
        assert abs(np.mean([m.real_score + m.fake_score for m in late])) / 2 < 1
    else:
        assert all(m.penalty == m.gradient_norm == 0 for m in metrics)


@pytest.mark.parametrize("view", ["pair", "complement"])
def test_a_conditional_critic_learns_which_picture_was_asked_for(view: CriticView) -> None:
    """Renders are good discs, only in wrong places: a picture alone would not tell."""
    rng = np.random.default_rng(6)
    targets = discs(rng, 300)
    which = learner("spectral", view)
    trained(which, replay_of(discs(rng, 300), targets), 60 if view == "pair" else 200)
    asked, other = discs(rng, 200), discs(rng, 200)
    half = which.draw_halves(200)
    good = which.score(asked, asked, half=half)
    bad = which.score(other, asked, half=half)
    assert (good > bad).mean() > 0.8


def saved(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


@pytest.mark.parametrize(
    ("kind", "view"), [("spectral", "image"), ("wasserstein", "image"), ("wasserstein", "complement")]
)
def test_a_resumed_learner_goes_on_to_the_bit(kind: CriticKind, view: CriticView) -> None:
    rng = np.random.default_rng(7)
    renders, targets = discs(rng, 40, radius=3.0), None if view == "image" else discs(rng, 40)

    whole, replay = learner(kind, view), replay_of(renders, targets)
    trained(whole, replay, 3)
    state = saved(whole.state_dict())
    resumed = learner(kind, view, CriticLearnerConfig(batch_size=BATCH, learning_rate=2e-3, seed=9))
    resumed.load_state_dict(state)
    other_replay = Replay(replay.capacity)
    other_replay.load_state_dict(replay.state_dict())
    assert trained(whole, replay, 4, seed=1) == trained(resumed, other_replay, 4, seed=1)
    assert resumed.num_updates == 7
    left, right = saved(whole.state_dict()), saved(resumed.state_dict())
    assert left["critic"].keys() == right["critic"].keys()
    assert all(torch.equal(value, right["critic"][name]) for name, value in left["critic"].items())


def test_a_state_is_a_snapshot() -> None:
    rng = np.random.default_rng(7)
    which, replay = learner(), replay_of(discs(rng, 40))
    trained(which, replay, 1)
    state = which.state_dict()
    before = saved(state)
    trained(which, replay, 2)
    assert all(torch.equal(value, before["critic"][name]) for name, value in state["critic"].items())
    moments = state["optimizer"]["state"][0]["exp_avg"]
    assert torch.equal(moments, before["optimizer"]["state"][0]["exp_avg"])


def test_a_checkpoint_does_not_bring_its_step_size_back() -> None:
    rng = np.random.default_rng(7)
    which, replay = learner(), replay_of(discs(rng, 40))
    trained(which, replay, 1)
    slower = learner(config=CriticLearnerConfig(batch_size=BATCH, learning_rate=1e-9))
    slower.load_state_dict(which.state_dict())
    trained(slower, replay, 1)
    for left, right in zip(slower.critic.parameters(), which.critic.parameters(), strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=1e-6)


def test_scoring_is_repeatable_and_leaves_learning_alone() -> None:
    rng = np.random.default_rng(8)
    renders, shown = discs(rng, 40, radius=3.0), discs(rng, 21)
    quiet, watched = learner(), learner()
    first = trained(quiet, replay_of(renders), 4)
    replay, second = replay_of(renders), []
    data = np.random.default_rng(0)
    for _ in range(4):
        scores = watched.score(shown)
        assert watched.score(shown).tobytes() == scores.tobytes()
        second.append(watched.update(Renders(discs(data, BATCH)), replay))
    assert first == second
    assert scores.dtype == np.float64
    assert not watched.critic.training
    chunked = CriticLearner(watched.critic.config, CriticLearnerConfig(batch_size=BATCH, chunk=4))
    chunked.critic.load_state_dict(watched.critic.state_dict())
    np.testing.assert_allclose(chunked.score(shown), watched.score(shown), rtol=1e-5, atol=1e-6)
    assert watched.score(shown[:0]).shape == (0,)


def test_pictures_that_may_not_be_written_to_are_scored() -> None:
    shown = discs(np.random.default_rng(0), 3)
    shown.flags.writeable = False
    assert learner().score(shown).shape == (3,)


def test_nobody_elses_random_numbers_are_used() -> None:
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    which = learner("wasserstein")
    trained(which, replay_of(discs(np.random.default_rng(0), 40)), 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    again = learner("wasserstein")
    trained(again, replay_of(discs(np.random.default_rng(0), 40)), 1)
    assert all(
        torch.equal(left, right)
        for left, right in zip(which.critic.parameters(), again.critic.parameters(), strict=True)
    )


def test_its_scores_become_rewards_that_telescope() -> None:
    rng = np.random.default_rng(9)
    which = learner("spectral", "complement")
    canvases, targets = np.stack([discs(rng, 6, radius=r) for r in (0.0, 2.0, 4.0, 5.0)]), discs(rng, 6)
    half = which.draw_halves(6)
    assert half is not None
    parts = compute_rewards(
        RewardConfig(critic=1.0, critic_stride=2),
        canvases,
        targets,
        np.ones((3, 6), np.bool_),
        lambda images, _, episode: which.score(images, targets[episode], half=half[episode]),
    )
    drop = which.score(canvases[-1], targets, half=half) - which.score(canvases[0], targets, half=half)
    np.testing.assert_allclose(parts.total.sum(axis=0), drop, atol=1e-6)


def test_programs_go_through_the_learner() -> None:
    rng = np.random.default_rng(10)
    which = learner(sees_actions=True)

    def with_programs(num: int, size: int) -> Renders:
        actions = np.zeros((num, 4, 8), np.int32)
        actions[:, :, 3] = size
        return Renders(discs(rng, num), None, actions)

    replay = Replay(64)
    replay.add(with_programs(64, 0))
    for _ in range(60):
        which.update(with_programs(BATCH, 1), replay)
    real, fake = with_programs(50, 1), with_programs(50, 0)
    # The same pictures: only the programs tell.
    better = which.score(real.images, actions=real.actions) - which.score(real.images, actions=fake.actions)
    assert (better > 0).all()
    with pytest.raises(CanvasError, match="actions: missing"):
        which.update(Renders(discs(rng, BATCH)), replay)


def test_an_update_that_is_not_finite_is_told_of_and_not_taken() -> None:
    rng = np.random.default_rng(0)
    which = learner("wasserstein")
    replay = replay_of(discs(rng, 40))
    bias = which.critic.score.bias
    with torch.no_grad():
        bias.fill_(torch.inf)
    before = {name: value.clone() for name, value in which.critic.state_dict().items()}
    with pytest.raises(
        TrainingError, match=r"critic: update 1 is not finite: loss nan.*learning_rate below 0\.002"
    ):
        trained(which, replay, 1)
    assert all(torch.equal(value, before[name]) for name, value in which.critic.state_dict().items())
    assert which.num_updates == 0
    assert not which.critic.training


def test_scores_that_run_away_are_warned_of() -> None:
    rng = np.random.default_rng(0)
    which = learner("wasserstein", config=CriticLearnerConfig(batch_size=BATCH, max_score=20.0))
    replay = replay_of(discs(rng, 40))
    assert trained(which, replay, 1)[0].warning is None
    nn.init.constant_(which.critic.score.bias, 30.0)
    warning = trained(which, replay, 1)[0].warning
    assert warning is not None
    assert warning.startswith("critic: mean scores 30")
    assert "limit 20: the scores run away; lower critic_learner.learning_rate" in warning


def test_what_does_not_fit_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="batch_size: 0"):
        CriticLearnerConfig(batch_size=0)
    with pytest.raises(ConfigError, match=r"beta1: 1\.0, must be in \[0, 1\)"):
        CriticLearnerConfig(beta1=1.0)
    with pytest.raises(ConfigError, match="learning_rate: 0"):
        CriticLearnerConfig(learning_rate=0)
    with pytest.raises(ConfigError, match="penalty_weight: -1"):
        CriticLearnerConfig(penalty_weight=-1)
    with pytest.raises(ConfigError, match="seed: -1"):
        CriticLearnerConfig(seed=-1)
    replay = replay_of(discs(rng, 40))
    with pytest.raises(CanvasError, match="real: missing with critic view 'image'"):
        learner().update(None, replay)
    with pytest.raises(CanvasError, match="real: not wanted with critic view 'pair'"):
        learner(view="pair").update(Renders(discs(rng, BATCH)), replay)
    with pytest.raises(CanvasError, match="renders have no targets"):
        learner(view="pair").update(None, replay)
    with pytest.raises(CanvasError, match=r"real: 3 pictures, must be critic_learner\.batch_size, 16"):
        learner().update(Renders(discs(rng, 3)), replay)
    with pytest.raises(CanvasError, match="half: missing"):
        learner(view="complement").score(discs(rng, 3), discs(rng, 3))
