from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from spiral_core.agent.weights import load_weights, save_weights
from spiral_core.errors import AgentError, CanvasError, ConfigError
from spiral_core.evaluation.digit_training import DigitTrainingConfig, train_digit_classifier, varied
from spiral_core.evaluation.digits import CLASSIFIER, FORMAT, DigitClassifier, ink_from_images
from spiral_core.evaluation.distributions import frechet_distance, precision_recall
from spiral_core.learning.datasets import load


def noise(num: int = 7, side: int = 64, channels: tuple[int, ...] = ()) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (num, side, side, *channels), np.uint8)


def test_the_shipped_classifier_is_small_and_its_card_fits() -> None:
    card = json.loads((CLASSIFIER.parent / "card.json").read_text(encoding="utf-8"))
    assert CLASSIFIER.stat().st_size < 1_000_000
    assert card["test accuracy"] >= 0.99
    weights, metadata = load_weights(CLASSIFIER)
    assert metadata == {"format": FORMAT}
    running = sum(tensor.size for name, tensor in weights.items() if "running" in name)
    assert sum(tensor.size for tensor in weights.values()) - running == card["parameters"]


def test_gray_and_colour_any_batch_and_any_time_give_the_same_probabilities() -> None:
    classifier = DigitClassifier.load()
    gray = noise(7)
    probabilities = classifier.predict(gray)
    assert probabilities.shape == (7, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities, classifier.predict(gray))
    np.testing.assert_allclose(classifier.predict(np.stack([gray] * 3, axis=3)), probabilities, atol=1e-5)
    np.testing.assert_allclose(classifier.predict(gray[2:3]), probabilities[2:3], atol=1e-5)
    features = classifier.features(gray)
    assert features.shape == (7, 64)
    assert features.min() >= 0
    assert classifier.predict(gray[:0]).shape == (0, 10)


def test_the_reduction_is_by_area() -> None:
    images = noise(3)
    ink = ink_from_images(images)[:, 0].numpy()
    np.testing.assert_allclose(ink, 1 - images.reshape(3, 32, 2, 32, 2).mean(axis=(2, 4)) / 255, atol=1e-6)


@pytest.mark.parametrize(
    "images", [noise(2, 31), noise(2).astype(np.float32), noise(2)[0], noise(2, 64, (4,)), noise(2)[:, :40]]
)
def test_what_are_no_pictures_is_refused(images: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(CanvasError, match="images: "):
        DigitClassifier.load().predict(images)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    weights, _ = load_weights(CLASSIFIER)
    path = tmp_path / "x.safetensors"
    save_weights(path, dict(weights), {"format": "other"})
    with pytest.raises(AgentError, match="format 'other', must be"):
        DigitClassifier.load(path)
    save_weights(path, {**weights, "more": np.zeros(1, np.float32)}, {"format": FORMAT})
    with pytest.raises(AgentError, match="tensors do not fit: more"):
        DigitClassifier.load(path)
    save_weights(path, {**weights, "head.bias": np.zeros(9, np.float32)}, {"format": FORMAT})
    with pytest.raises(AgentError, match=r"head.bias: \(9,\), must be \(10,\)"):
        DigitClassifier.load(path)
    with pytest.raises(AgentError, match=r"none\.safetensors: No such file"):
        DigitClassifier.load(tmp_path / "none.safetensors")


def bars(num: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return upright (0) and lying (1) bars."""
    rng = np.random.default_rng(0)
    images, labels = np.full((num, 32, 32), 255, np.uint8), rng.integers(0, 2, num)
    for image, label in zip(images, labels, strict=True):
        at = rng.integers(8, 20)
        image[:, at : at + 4] = 0
        if label:
            image[...] = image.T.copy()
    return images, labels


def test_training_learns_repeats_itself_and_survives_a_file(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    images, labels = bars(160)
    config = DigitTrainingConfig(epochs=4, batch_size=32)
    told: list[tuple[int, float]] = []
    first = train_digit_classifier(images, labels, config, lambda epoch, loss: told.append((epoch, loss)))
    second = train_digit_classifier(images, labels, config)
    np.testing.assert_array_equal(first.predict(images), second.predict(images))
    assert (first.predict(images).argmax(axis=1) == labels).mean() > 0.95
    assert [epoch for epoch, _ in told] == [1, 2, 3, 4]
    assert told[-1][1] < told[0][1]
    first.save(tmp_path / "x.safetensors")
    again = DigitClassifier.load(tmp_path / "x.safetensors")
    np.testing.assert_array_equal(again.features(images), first.features(images))
    with pytest.raises(ConfigError, match="epochs: 0, must be > 0"):
        DigitTrainingConfig(epochs=0)


def test_variation_of_none_is_none_and_keeps_ink_in_range() -> None:
    ink = ink_from_images(bars(5)[0])
    still = DigitTrainingConfig(
        largest_turn_rad=0, largest_shear=0, largest_scale=0, largest_shift=0, largest_ink=0
    )
    generator = torch.Generator().manual_seed(0)
    np.testing.assert_allclose(varied(ink, still, generator).numpy(), ink.numpy(), atol=1e-5)
    moved = varied(ink, DigitTrainingConfig(), generator)
    assert float(moved.min()) >= 0
    assert float(moved.max()) <= 1
    assert float((moved - ink).abs().max()) > 0.5


@pytest.mark.data
def test_the_shipped_classifier_reads_the_real_test_digits(data_dir: Path) -> None:
    torch.set_num_threads(1)
    classifier = DigitClassifier.load()
    digits = load("mnist", "test", folder=data_dir)
    guesses = classifier.predict(digits.images).argmax(axis=1)
    assert (guesses == digits.labels).mean() >= 0.99


@pytest.mark.data
def test_distances_of_real_digits_are_small_and_of_others_large(data_dir: Path) -> None:
    torch.set_num_threads(1)
    classifier = DigitClassifier.load()
    first, second = (
        classifier.features(load("mnist", split, folder=data_dir, limit=1500).images)
        for split in ("train", "test")
    )
    others = classifier.features(load("omniglot", "train", folder=data_dir, limit=1500).images)
    assert frechet_distance(first, others) > 20 * frechet_distance(first, second)
    same, other = precision_recall(first, second), precision_recall(first, others)
    assert min(same) > 0.85
    assert other.precision < 0.5
