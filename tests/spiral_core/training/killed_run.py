"""A small training that is killed again and again: `python killed_run.py FOLDER`.

Reads commands from stdin, one a line. Every command is carried out by a forked child, so that torch is
imported once. `until N`: train, and die at the child's N-th change to the disk; `train`: train till
the end, but be killed from outside. The answer to both is the child's process id first, then how it ended.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tensorboardX.event_file_writer import EventsWriter

from spiral_core.errors import RunError
from spiral_core.training.run_folder import RunFolder

STEPS = 18
FRAMES = 10
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}


def step(weights: np.ndarray[Any, Any], number: int) -> np.ndarray[Any, Any]:
    """Return the next weights: a function of the present ones and the step's number."""
    noise = np.random.default_rng(number).normal(size=weights.shape).astype(np.float32)
    return np.asarray(weights * np.float32(0.9) + noise)


def train(folder: Path) -> None:
    """Train from wherever the folder stands to the end."""
    try:
        run = RunFolder.open(folder, keep=2)
    except RunError as error:
        if "no such folder" not in str(error) and "holds no run" not in str(error):
            raise
        run = RunFolder.create(folder, config_text="side = 8\n", seed=3, command=["spiral", "train"], keep=2)
    with run:
        checkpoint = run.load_checkpoint()
        number, weights = 0, np.zeros(8, np.float32)
        if checkpoint is not None:
            assert checkpoint.warnings == ()
            number, weights = checkpoint.state["steps"], checkpoint.weights["policy"]["weight"]
            assert np.array_equal(checkpoint.state["twin"], weights)
        run.rewind(checkpoint.position if checkpoint else None)
        while number < STEPS:
            weights = step(weights, number)
            number += 1
            run.log(FRAMES * number, {"score": float(weights[0]), "phase": "test", "odd": float("nan")})
            if number % 4 == 0:
                run.save_samples(FRAMES * number, np.full((2, 8, 8, 3), number, np.uint8))
            if number % 3 == 0:
                run.save_checkpoint(
                    FRAMES * number,
                    {"policy": {"weight": weights}},
                    {},
                    {"steps": number, "twin": weights, "tensor": torch.zeros(2)},
                    is_best=number % 9 == 0,
                )
        run.save_agent({"weight": weights}, {}, {"steps": number})


def die_at_change(limit: int) -> None:
    """End this process without any clean-up right before its limit-th change to the disk."""
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event in CHANGES or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            count += 1
            if count == limit:
                os._exit(9)

    sys.addaudithook(hook)


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    # For speed: a killed process loses nothing that it has written, and git is slow.
    os.fsync = lambda fd: None
    os.environ["PATH"] = ""
    assert EventsWriter is not None  # imported once, here
    say("ready")
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            if command == "until":
                die_at_change(int(argument))
            code = 1
            try:
                train(folder)
                code = 0
            finally:
                os._exit(code)
        say(child)
        _, status = os.waitpid(child, 0)
        say(json.dumps(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
