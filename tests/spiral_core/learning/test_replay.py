from __future__ import annotations

import io
from collections import deque

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spiral_core.errors import CanvasError, ConfigError
from spiral_core.learning.replay import Renders, Replay

SHAPE = (2, 2, 3)


def renders(first: int, num: int, *, conditional: bool = True, programs: bool = True) -> Renders:
    """Return renders whose every number tells which one it is."""
    number = np.arange(first, first + num)
    images = np.broadcast_to((number % 256).astype(np.uint8)[:, None, None, None], (num, *SHAPE))
    actions = np.broadcast_to(number.astype(np.int32)[:, None, None], (num, 4, 5))
    return Renders(
        images.copy(), (255 - images) if conditional else None, actions.copy() if programs else None
    )


def held(replay: Replay) -> set[int]:
    drawn = replay.sample(2000).actions
    assert drawn is not None
    return set(drawn[:, 0, 0].tolist())


@given(st.integers(1, 12), st.lists(st.integers(0, 30), max_size=8))
def test_the_newest_are_held_and_no_others(capacity: int, batches: list[int]) -> None:
    replay, ring, number = Replay(capacity), deque[int](maxlen=capacity), 1
    for num in batches:
        replay.add(renders(number, num))
        ring.extend(range(number, number + num))
        number += num
        assert len(replay) == len(ring)
    if ring:
        assert held(replay) == set(ring)


def test_what_belongs_together_stays_together() -> None:
    replay = Replay(16)
    replay.add(renders(0, 25))
    drawn = replay.sample(100)
    assert drawn.targets is not None
    assert drawn.actions is not None
    assert drawn.images.dtype == drawn.targets.dtype == np.uint8
    np.testing.assert_array_equal(drawn.images[:, 0, 0, 0], drawn.actions[:, 0, 0])
    np.testing.assert_array_equal(drawn.targets, 255 - drawn.images)


def test_sampling_is_uniform() -> None:
    replay = Replay(10, seed=4)
    replay.add(renders(0, 23))
    drawn = replay.sample(50_000).images[:, 0, 0, 0]
    counts = np.bincount(drawn, minlength=23)[13:]
    # 9 degrees of freedom: beyond 27.9 lies one in a thousand.
    assert ((counts - 5000) ** 2 / 5000).sum() < 27.9


def test_what_is_handed_out_or_kept_is_a_copy() -> None:
    replay = Replay(4)
    batch = renders(1, 4)
    replay.add(batch)
    batch.images[:] = 77
    state = replay.state_dict()
    replay.sample(8).images[:] = 77
    assert 77 not in replay.sample(100).images
    replay.add(renders(100, 4))
    assert state["arrays"]["images"].max() == 4


@given(st.integers(1, 9), st.integers(1, 20), st.integers(1, 20), st.booleans(), st.booleans())
def test_a_resumed_replay_goes_on_to_the_bit(
    capacity: int, before: int, after: int, conditional: bool, programs: bool
) -> None:
    def batch(first: int, num: int) -> Renders:
        return renders(first, num, conditional=conditional, programs=programs)

    whole = Replay(capacity, seed=3)
    whole.add(batch(0, before))
    whole.sample(5)
    resumed = Replay(capacity, seed=8)
    resumed.load_state_dict(whole.state_dict())
    for replay in (whole, resumed):
        replay.add(batch(50, after))
    for left, right in zip(whole.sample(40), resumed.sample(40), strict=True):
        assert (left is None) == (right is None)
        if left is not None:
            assert right is not None
            assert same_bytes(left, right)


def same_bytes(left: npt.NDArray[np.generic], right: npt.NDArray[np.generic]) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def test_an_empty_replay_is_kept_too() -> None:
    replay = Replay(4)
    replay.load_state_dict(Replay(4).state_dict())
    assert len(replay) == 0
    with pytest.raises(CanvasError, match="is empty"):
        replay.sample(1)


def test_the_state_goes_into_a_checkpoint_of_plain_data() -> None:
    """Arrays as tensors; the rest is numbers and names, so that it loads without running code."""
    replay = Replay(6, seed=2)
    replay.add(renders(0, 9))
    state = replay.state_dict()
    state["arrays"] = {name: torch.from_numpy(array) for name, array in state["arrays"].items()}
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    resumed = Replay(6)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert same_bytes(resumed.sample(50).images, replay.sample(50).images)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="capacity: 0, must be a whole number >= 1"):
        Replay(0)
    with pytest.raises(ConfigError, match="seed: -1"):
        Replay(1, seed=-1)
    replay = Replay(4)
    replay.add(renders(0, 2))
    with pytest.raises(CanvasError, match="must be like those in the replay"):
        replay.add(renders(0, 2, conditional=False))
    with pytest.raises(ConfigError, match="capacity: 5, must be 4"):
        Replay(5).load_state_dict(replay.state_dict())
    good = renders(0, 2)
    assert good.targets is not None
    assert good.actions is not None
    with pytest.raises(CanvasError, match="images"):
        replay.add(good._replace(images=good.images[..., :1]))
    with pytest.raises(CanvasError, match="targets"):
        replay.add(good._replace(targets=good.targets[:1]))
    with pytest.raises(CanvasError, match="actions"):
        replay.add(good._replace(actions=good.actions.astype(np.int64)))
