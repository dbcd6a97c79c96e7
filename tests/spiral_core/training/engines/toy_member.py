"""A training that takes no time: it goes down a bowl, and which step is best changes with the slope."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


class ToyMember:
    """Goes down f(x) = |x|^2 / 2 by gradient steps, in (0, 1); its fitness is -f, which never falls."""

    def __init__(self, number: int) -> None:
        self.x = np.full(3, 5.0 + number)
        self.frames = 0
        self.step = 0.0

    def train(self, frames: int) -> float:
        for _ in range(frames):
            self.x = self.x - self.step * self.x
            self.frames += 1
        return -float(self.x @ self.x) / 2

    def export(self) -> dict[str, Any]:
        return {"x": self.x, "frames": self.frames}

    def load(self, state: Mapping[str, Any]) -> None:
        self.x, self.frames = np.array(state["x"]), int(state["frames"])

    def explore(self, hyperparameters: Mapping[str, float]) -> None:
        self.step = hyperparameters["step"]


class DyingMember(ToyMember):
    """Kills its process, once for each flag in a folder."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(number)
        self._flag = folder / f"member-{number}"

    def train(self, frames: int) -> float:
        fitness = super().train(frames)
        with contextlib.suppress(FileNotFoundError):
            self._flag.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return fitness


class BrokenMember(ToyMember):
    """Raises when it trains."""

    def train(self, frames: int) -> float:
        raise ArithmeticError("the loss is not a number")
