"""Trains the shipped digit classifier anew and writes it with its card.

    SPIRAL_DATA=data .venv/bin/python scripts/train_digit_classifier.py [--epochs 10] [--seed 1] [-o FOLDER]

Needs MNIST (`spiral data fetch mnist`). The number of epochs is fixed beforehand; the test digits are looked
at once, at the end. One thread, so the same machine gives the same bytes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import torch

from spiral_core.evaluation.digit_training import DigitTrainingConfig, train_digit_classifier
from spiral_core.evaluation.digits import CLASSIFIER, DigitNetwork
from spiral_core.files import make_folder, write_atomic
from spiral_core.learning.datasets import load


def main() -> None:
    """Train, judge on the test digits, write."""
    parser = argparse.ArgumentParser(description="Train the digit classifier on MNIST.")
    parser.add_argument("--epochs", type=int, default=DigitTrainingConfig.epochs)
    parser.add_argument("--seed", type=int, default=DigitTrainingConfig.seed)
    parser.add_argument("-o", "--output", type=Path, default=CLASSIFIER.parent)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = DigitTrainingConfig(epochs=arguments.epochs, seed=arguments.seed)
    train = load("mnist", "train")
    assert train.labels is not None
    began = time.monotonic()

    def report(epoch: int, loss: float) -> None:
        minutes = (time.monotonic() - began) / 60
        sys.stderr.write(f"epoch {epoch} of {config.epochs}, loss {loss:.4f}, {minutes:.1f} minutes\n")

    classifier = train_digit_classifier(train.images, train.labels, config, report)
    minutes = (time.monotonic() - began) / 60
    test = load("mnist", "test")
    assert test.labels is not None
    guesses = classifier.predict(test.images).argmax(axis=1)
    wrong = int(np.count_nonzero(guesses != test.labels))
    folder = make_folder(arguments.output)
    classifier.save(folder / CLASSIFIER.name)
    card = {
        "use": "names the digit on a 64 x 64 picture, dark ink on white, and gives features for distances",
        "command": shlex.join(["python", *sys.argv]),
        "data": "MNIST, 60000 training digits, resized bilinearly to 64 and reduced by area to 32 pixels",
        "configuration": dataclasses.asdict(config),
        "parameters": sum(parameter.numel() for parameter in DigitNetwork().parameters()),
        "minutes": round(minutes, 1),
        "machine": f"{platform.machine()}, one thread",
        "test accuracy": round(1 - wrong / len(test), 4),
        "test digits": len(test),
        "test digits named wrongly": wrong,
    }
    write_atomic(folder / "card.json", json.dumps(card, indent=2) + "\n")
    sys.stdout.write(f"{wrong} of {len(test)} test digits wrong, {minutes:.1f} minutes, wrote {folder}\n")


if __name__ == "__main__":
    main()
