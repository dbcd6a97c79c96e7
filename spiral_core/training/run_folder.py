"""The folder that a training run lives in, made so that a run killed at any moment goes on from it.

config.toml          what is trained, and how, with all defaults filled in
run.json             command line, seed, versions, git revision, machine, when it began and was resumed
metrics.jsonl        one line of numbers at a time
events/              the same for TensorBoard
samples/             sheets of pictures, 000001280.png after 1280 frames
checkpoints/         the newest few and the best, see `checkpoints`
latest               name of the newest checkpoint
agent-0.safetensors  the agent as phase 0 left it, and so on
agent.safetensors    the trained agent, and
card.json            what it is: at the end
lock                 held while a process trains

Every file is replaced whole or not at all; metrics.jsonl grows by whole lines, and a checkpoint remembers how
long it was, so that a resumed run continues its curve without doubles.
"""

from __future__ import annotations

import json
import math
import numbers
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from spiral_core.agent.weights import save_weights
from spiral_core.errors import OutputError, RunError
from spiral_core.files import atomic_path, make_folder, write_atomic
from spiral_core.training.checkpoints import (
    Checkpoint,
    Position,
    checkpoint_folders,
    prune,
    read_newest,
    remove_folder,
    sweep,
    sync,
    write_checkpoint,
)
from spiral_core.training.events import EventFile
from spiral_core.training.provenance import provenance
from spiral_core.training.run_lock import LOCK, RunLock
from spiral_core.training.run_record import (
    AGENT,
    CARD,
    CHECKPOINTS,
    CONFIG,
    EVENTS,
    FORMAT,
    LATEST,
    METRICS,
    RUN,
    SAMPLES,
    Value,
    read_about,
    read_config,
)
from spiral_core.training.samples import sample_sheet


class RunFolder:
    """A run's folder, held by this process until it is closed.

    Made by `create` or `open`; a context manager.

    Attributes:
        path: The folder.
        config_text: The resolved configuration.
        seed: The seed of the run.
        keep: How many checkpoints are kept beside the best.
    """

    def __init__(self, path: Path, lock: RunLock, *, config_text: str, seed: int, keep: int) -> None:
        assert keep >= 1
        self.path, self.config_text, self.seed, self.keep = path, config_text, seed, keep
        self._lock = lock
        self._metrics = os.open(path / METRICS, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._events: EventFile | None = None
        self._purge_step: int | None = None

    @classmethod
    def create(
        cls, path: Path | str, *, config_text: str, seed: int, command: Sequence[str], keep: int = 3
    ) -> Self:
        """Make the folder of a new run.

        Args:
            path: Must not exist, or be empty, or hold a run whose making was interrupted.
            config_text: The configuration with all defaults filled in, TOML.
            seed: The seed of the run.
            command: The words of the command line, the first being `spiral`.
            keep: How many checkpoints to keep beside the best.

        Raises:
            RunError: The folder holds a run or something else, or is in use.
            OutputError: It cannot be made.
        """
        folder = Path(path)
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder}: is there already and is no folder")
        if folder.exists():
            _check_is_free(folder)
        make_folder(folder)
        lock = RunLock(folder)
        try:
            _check_is_free(folder)  # somebody else may have made one until we had the lock
            make_folder(folder / SAMPLES)
            make_folder(folder / CHECKPOINTS)
            write_atomic(folder / CONFIG, config_text)
            about = {"format": FORMAT, "command": list(command), "seed": seed}
            about |= {"created": provenance(), "resumed": []}
            write_atomic(folder / RUN, json.dumps(about, indent=2) + "\n")  # last: now it is a run
            sync(folder)
            return cls(folder, lock, config_text=config_text, seed=seed, keep=keep)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path | str, *, keep: int = 3) -> Self:
        """Open the folder of a run to go on with it: `load_checkpoint`, then `rewind`, then `log`.

        Args:
            path: The folder.
            keep: How many checkpoints to keep beside the best.

        Raises:
            RunError: It holds no run, is in use or broken; the message says what is missing.
        """
        folder = Path(path)
        read_about(folder)
        lock = RunLock(folder)
        try:
            about = read_about(folder)
            text = read_config(folder)
            for name in (SAMPLES, CHECKPOINTS):
                make_folder(folder / name)
                sweep(folder / name)
            for draft in folder.glob(".*.part*"):
                draft.unlink()
            return cls(folder, lock, config_text=text, seed=about["seed"], keep=keep)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Bring all to the disk and let other processes have the folder; safe to call twice."""
        if self._events is not None:
            self._events.close()
            self._events = None
        if self._metrics >= 0:
            os.close(self._metrics)
            self._metrics = -1
        self._lock.release()

    def log(self, frames: int, values: Mapping[str, Value]) -> None:
        """Add a line of metrics; numbers also go to TensorBoard. Log first, then save a checkpoint.

        Names that verbs look for: "phase" (a text), "score", and "minutes" (of training, those before the
        run was resumed included).

        Args:
            frames: Environment steps so far.
            values: Numbers, texts and None by name; numbers that are not finite become null.

        Raises:
            RunError: A value is none of these.
            OutputError: The disk is full or the file cannot be written to.
        """
        line: dict[str, Value] = {"frames": int(frames)}
        for name, value in values.items():
            if name in line:
                raise RunError(f"metrics: {name!r}: is the line's own name, choose another")
            line[name] = _metric(name, value)
        raw = (json.dumps(line, allow_nan=False) + "\n").encode()
        before = os.lseek(self._metrics, 0, os.SEEK_END)
        try:
            if os.write(self._metrics, raw) != len(raw):
                raise OSError("the disk is full")
            counted = {name: value for name, value in line.items() if isinstance(value, int | float)}
            del counted["frames"]
            self._event_file().add(int(frames), counted)
        except OSError as error:
            os.ftruncate(self._metrics, before)
            raise OutputError(f"{self.path / METRICS}: cannot be written: {error}") from error

    def save_samples(
        self, frames: int, images: npt.NDArray[np.uint8], targets: npt.NDArray[np.uint8] | None = None
    ) -> Path:
        """Write a sheet of pictures and return where it is.

        Args:
            frames: Environment steps so far.
            images: Shape (N, height, width, 3), uint8.
            targets: What each was to become, the same shape; shown on its left.

        Raises:
            CanvasError: An array has another shape or type.
            OutputError: The picture cannot be written.
        """
        path = self.path / SAMPLES / f"{frames:09}.png"
        with atomic_path(path) as draft:
            Image.fromarray(sample_sheet(images, targets)).save(draft)
        return path

    def save_checkpoint(
        self,
        frames: int,
        weights: Mapping[str, Mapping[str, npt.NDArray[np.floating[Any]]]],
        metadata: Mapping[str, Mapping[str, str]],
        state: Mapping[str, Any],
        *,
        is_best: bool = False,
    ) -> None:
        """Write a checkpoint, point `latest` at it and remove old ones; the best one stays.

        Args:
            frames: Environment steps so far.
            weights: The networks' weights by name ("policy", "critic"), finite float32.
            metadata: String tables of the weights files by name.
            state: All else that going on needs: tensors, arrays, numbers, texts, None, and lists, tuples and
                tables of them. Arrays come back as arrays.
            is_best: It is the best so far.

        Raises:
            RunError: Something cannot be kept; the message says what.
            OutputError: The disk is full or the place cannot be written to.
        """
        folder = self.path / CHECKPOINTS
        try:
            os.fsync(self._metrics)
            self._event_file().flush()
            position = Position(frames, os.lseek(self._metrics, 0, os.SEEK_END))
            written = write_checkpoint(folder, position, weights, metadata, state, is_best=is_best)
            write_atomic(self.path / LATEST, f"{written.name}\n")
            sync(self.path)
            prune(folder, self.keep)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error

    def load_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint that is whole, or None if the run has none yet.

        Broken ones are passed over; `Checkpoint.warnings` says which and why.

        Raises:
            RunError: There are checkpoints, and none of them can be read.
        """
        checkpoint = read_newest(self.path / CHECKPOINTS)
        if checkpoint is None:
            return None
        length, remembered = os.lseek(self._metrics, 0, os.SEEK_END), checkpoint.position.metrics_bytes
        if length >= remembered:
            return checkpoint
        warning = (
            f"{self.path / METRICS}: {length} bytes, had {remembered} at the checkpoint: lines are missing"
        )
        return replace(checkpoint, warnings=(*checkpoint.warnings, warning))

    def rewind(self, position: Position | None) -> None:
        """Cut away what came after a checkpoint, so that the curve goes on from there; note when in run.json.

        Args:
            position: The checkpoint's; None for the very beginning.
        """
        start = position or Position()
        if self._events is not None:
            self._events.close()
            self._events = None
        self._purge_step = start.frames + 1 if position else 0
        os.ftruncate(self._metrics, self._whole_lines(start.metrics_bytes))
        os.fsync(self._metrics)
        for path in (self.path / SAMPLES).glob("*.png"):
            if path.stem.isdigit() and (position is None or int(path.stem) > position.frames):
                path.unlink()
        folder = self.path / CHECKPOINTS
        for path in checkpoint_folders(folder):
            if position is None or int(path.name.partition(".")[0]) > position.frames:
                remove_folder(path)
        prune(folder, self.keep)
        left = checkpoint_folders(folder)
        if left:
            write_atomic(self.path / LATEST, f"{left[0].name}\n")
        else:
            (self.path / LATEST).unlink(missing_ok=True)
        about = read_about(self.path)
        about["resumed"] = [*about["resumed"], {"frames": start.frames, **provenance()}]
        write_atomic(self.path / RUN, json.dumps(about, indent=2) + "\n")

    def save_agent(
        self,
        weights: Mapping[str, npt.NDArray[np.floating[Any]]],
        metadata: Mapping[str, str],
        card: Mapping[str, Any],
    ) -> None:
        """Write the trained agent, then its card.

        Args:
            weights: The policy's weights.
            metadata: The string table of the weights file.
            card: What the agent is, for a JSON file.

        Raises:
            OutputError: A file cannot be written.
        """
        self._write_weights(AGENT, weights, metadata)
        write_atomic(self.path / CARD, json.dumps(card, indent=2) + "\n")

    def keep_agent(
        self, phase: int, weights: Mapping[str, npt.NDArray[np.floating[Any]]], metadata: Mapping[str, str]
    ) -> None:
        """Write the agent as a phase left it, to tell what later ones add.

        Args:
            phase: Number of the phase.
            weights: The policy's weights.
            metadata: The string table of the weights file.

        Raises:
            OutputError: The file cannot be written.
        """
        self._write_weights(agent_of_phase(phase), weights, metadata)

    def _write_weights(
        self, name: str, weights: Mapping[str, npt.NDArray[np.floating[Any]]], metadata: Mapping[str, str]
    ) -> None:
        try:
            save_weights(self.path / name, dict(weights), dict(metadata))
        except OSError as error:
            raise OutputError(f"{self.path / name}: cannot be written: {error.strerror or error}") from error

    def _event_file(self) -> EventFile:
        if self._events is None:
            self._events = EventFile(self.path / EVENTS, self._purge_step)
        return self._events

    def _whole_lines(self, length: int) -> int:
        """Return the end of the last whole line within the first `length` bytes of metrics.jsonl."""
        return os.pread(self._metrics, length, 0).rfind(b"\n") + 1


def agent_of_phase(phase: int) -> str:
    """Return the name of the weights file of the agent as a phase left it."""
    return f"agent-{phase}.safetensors"


def _check_is_free(folder: Path) -> None:
    if (folder / RUN).exists():
        raise RunError(
            f"{folder}: holds a run already; choose another folder or go on with this one: "
            f"{shlex.join(['spiral', 'resume', str(folder)])}"
        )
    foreign = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in (CONFIG, SAMPLES, CHECKPOINTS, LOCK) and ".part" not in path.suffixes
    )
    if foreign:
        raise RunError(f"{folder}: is not empty, it holds {', '.join(foreign[:5])}; choose another folder")


def _metric(name: str, value: object) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    raise RunError(f"metrics: {name}: {value!r}, must be a number, a text or None")
