"""What a painting of a digit shows: a small convolutional classifier trained on MNIST (torch).

It reads dark ink on white at 64 x 64 pixels, as renders and `load("mnist", ...)` are, reduced by area to
32 x 32, so that libmypaint's soft edges and resized scans look alike to it. Its last hidden layer gives the
features for distances between sets of pictures (`evaluation.distributions`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from spiral_core.agent.weights import load_weights, save_weights
from spiral_core.errors import AgentError, CanvasError

CLASSIFIER: Final = Path(__file__).parents[2] / "configs" / "agents" / "digits" / "classifier.safetensors"
"""The shipped classifier."""
FORMAT: Final = "spiral digit classifier 1"
INPUT_PX: Final = 32
NUM_DIGITS: Final = 10
NUM_FEATURES: Final = 64

_BATCH: Final = 500
_LUMA: Final = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow makes gray


class DigitNetwork(nn.Module):
    """Five convolutions and two dense layers, 133 thousand parameters.

    Input: ink (B, 1, 32, 32), float32 in [0, 1], 1 where the page is black.
    """

    def __init__(self) -> None:
        super().__init__()

        def block(num_in: int, num_out: int) -> list[nn.Module]:
            return [
                nn.Conv2d(num_in, num_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(num_out),
                nn.ReLU(),
            ]

        self.trunk = nn.Sequential(
            *block(1, 16),
            nn.MaxPool2d(2),
            *block(16, 32),
            *block(32, 32),
            nn.MaxPool2d(2),
            *block(32, 64),
            *block(64, 64),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(64 * 16, NUM_FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(NUM_FEATURES, NUM_DIGITS)

    def features(self, ink: Tensor) -> Tensor:
        """Return the last hidden activations (B, NUM_FEATURES), >= 0."""
        hidden: Tensor = self.trunk(ink)
        return hidden

    def forward(self, ink: Tensor) -> Tensor:
        """Return logits (B, 10)."""
        logits: Tensor = self.head(self.features(ink))
        return logits


class DigitClassifier:
    """Names digits and describes pictures by features; deterministic."""

    def __init__(self, network: DigitNetwork) -> None:
        self._network = network.eval()

    @classmethod
    def load(cls, path: Path = CLASSIFIER) -> DigitClassifier:
        """Read a classifier; without a path the shipped one.

        Raises:
            AgentError: The file is missing, broken or holds something else.
        """
        weights, metadata = load_weights(path)
        if metadata.get("format") != FORMAT:
            raise AgentError(f"{path}: format {metadata.get('format')!r}, must be {FORMAT!r}")
        network = DigitNetwork()
        wanted = _float_state(network)
        if set(weights) != set(wanted):
            odd = ", ".join(sorted(set(weights) ^ set(wanted))[:4])
            raise AgentError(f"{path}: tensors do not fit: {odd} missing or too many")
        for name, tensor in wanted.items():
            if weights[name].shape != tuple(tensor.shape):
                raise AgentError(f"{path}: {name}: {weights[name].shape}, must be {tuple(tensor.shape)}")
        network.load_state_dict({name: torch.from_numpy(weights[name]) for name in wanted}, strict=False)
        return cls(network)

    def save(self, path: Path) -> None:
        """Write the classifier, whole or not at all."""
        state = {name: tensor.detach().numpy() for name, tensor in _float_state(self._network).items()}
        save_weights(path, state, {"format": FORMAT})

    def predict(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the probability of each digit.

        Args:
            images: Dark ink on white, uint8, shape (N, side, side) or (N, side, side, 3), side >= 32.

        Returns:
            Shape (N, 10); each row sums to 1.

        Raises:
            CanvasError: The array is of another shape or type.
        """
        logits = self._run(images, is_feature=False)
        return np.asarray(torch.softmax(torch.from_numpy(logits), 1).numpy(), np.float32)

    def features(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the activations of the last hidden layer, shape (N, 64), >= 0; arguments as `predict`."""
        return self._run(images, is_feature=True)

    def _run(self, images: npt.NDArray[np.uint8], *, is_feature: bool) -> npt.NDArray[np.float32]:
        check_images(images)
        results = np.empty((len(images), NUM_FEATURES if is_feature else NUM_DIGITS), np.float32)
        with torch.inference_mode():
            for first in range(0, len(images), _BATCH):
                ink = ink_from_images(images[first : first + _BATCH])
                result = self._network.features(ink) if is_feature else self._network(ink)
                results[first : first + _BATCH] = result.numpy()
        return results


def check_images(images: npt.NDArray[np.uint8]) -> None:
    """Refuse what are no square pictures.

    Raises:
        CanvasError: Not uint8, not (N, side, side) or (N, side, side, 3), or side below 32.
    """
    shape = images.shape
    is_fit = images.ndim in (3, 4) and shape[1] == shape[2] >= INPUT_PX and shape[3:] in ((), (3,))
    if images.dtype != np.uint8 or not is_fit:
        raise CanvasError(
            f"images: {images.dtype} of shape {shape}, must be uint8 of shape "
            f"(N, side, side) or (N, side, side, 3) with side >= {INPUT_PX}"
        )


def ink_from_images(images: npt.NDArray[np.uint8]) -> Tensor:
    """Return what the network reads, (N, 1, 32, 32) in [0, 1]: darkness, averaged over areas."""
    pixels = torch.from_numpy(np.ascontiguousarray(images)).to(torch.float32)
    gray = pixels if pixels.ndim == 3 else pixels @ torch.tensor(_LUMA)
    return F.adaptive_avg_pool2d(1 - gray[:, None] / 255, INPUT_PX)


def _float_state(network: DigitNetwork) -> dict[str, Tensor]:
    """Return parameters and running statistics; evaluation needs no counters of batches."""
    return {name: value for name, value in network.state_dict().items() if value.is_floating_point()}
