"""A training run from its first phase to its shipped agent: updates, curves, evaluations, checkpoints.

What decides the numbers is in the phases; what happens here by the clock (checkpoints, the dashboard) does
not touch them. So a run that was killed at any moment, resumed, ends as one that was not (engine "local").
"""

from __future__ import annotations

import dataclasses
import shlex
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from spiral_core.agent.policy_file import policy_from_config
from spiral_core.errors import AgentError, ConfigError
from spiral_core.learning.agent_file import (
    agent_metadata,
    arrays_of,
    load_agent,
    load_arrays,
)
from spiral_core.learning.datasets import ImageSet
from spiral_core.learning.parsing import ParsedPrograms
from spiral_core.learning.reconstruction import reconstruct
from spiral_core.learning.rollout import play
from spiral_core.rendering import PlanningCanvasFactory, RendererFactory
from spiral_core.training.checkpoints import Checkpoint
from spiral_core.training.phases import Phase, Reinforcement, cloning, inversion, three
from spiral_core.training.reinforcing import critic_of, reinforcement
from spiral_core.training.run_config import PhaseConfig, RunConfig, split_pictures
from spiral_core.training.run_folder import RunFolder
from spiral_core.training.run_record import read_about
from spiral_core.training.search_parser import parse_by_search

SEARCH, ITSELF = "search", "itself"
_NUM_SAMPLES = 64
_TOLD = ("score", "greedy_error", "error", "return", "critic_accuracy", "ink")
"""What a card says of the last evaluation."""
_PARSED_AT_ONCE = 128


class Watcher(Protocol):
    """Who is told how a training goes: the dashboard, or nobody."""

    def phase(self, name: str, total_frames: int, frames: int) -> None:
        """A phase begins, or goes on after a resume."""
        ...

    def update(self, frames: int, values: Mapping[str, float]) -> None:
        """An update was done."""
        ...

    def warn(self, text: str) -> None:
        """A guard has something to say."""
        ...


class Training:
    """A training run.

    Args:
        config: What is trained, and how.
        folder: Where everything is kept.
        renderer_factory: Makes renderers, in every process that draws.
        planning: Makes the canvases that a phase searches on.
        watcher: Is told how it goes.
        checkpoint: Go on from here; None begins.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: RunFolder,
        renderer_factory: RendererFactory,
        planning: PlanningCanvasFactory,
        watcher: Watcher,
        *,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.config, self.folder, self.watcher = config, folder, watcher
        self.renderer_factory, self.planning = renderer_factory, planning
        torch.set_num_threads(1)
        torch.manual_seed(config.run.seed)
        self.policy = policy_from_config(config.policy)
        self.critic = critic_of(config)
        if config.run.agent:
            self._begin_with(Path(config.run.agent))
        self.held_out = split_pictures(config, renderer_factory)[1] if config.episode.is_conditional else None
        self.number = self.frames = self.updates = 0
        self.seconds = 0.0
        self.best: float | None = None
        self._phase_state: dict[str, Any] | None = None
        self._last: dict[str, float] = {}
        self._stopping = False
        if checkpoint is not None:
            self._restore(checkpoint)

    def stop(self) -> None:
        """End `run` after the update in the making, with a checkpoint."""
        self._stopping = True

    def run(self) -> bool:
        """Train to the end and write the agent; False if it was stopped before."""
        while self.number < len(self.config.phases) and not self._stopping:
            self._run_phase(self.config.phases[self.number])
        if self.number < len(self.config.phases):
            return False
        self._write_agent()
        return True

    def _run_phase(self, config: PhaseConfig) -> None:
        phase = self._make(config)
        if phase is None:
            return
        try:
            self.watcher.phase(config.title, config.frames, phase.frames)
            saved = time.monotonic()
            began = saved - self.seconds
            settings = self.config.run
            while phase.frames < config.frames and not self._stopping:
                before = phase.frames
                values = phase.advance()
                self.updates += 1
                self.frames += phase.frames - before
                self.seconds = time.monotonic() - began
                warning = phase.warning()
                if warning is not None:
                    self.watcher.warn(warning)
                is_over = phase.frames >= config.frames
                is_due = (
                    is_over or phase.frames // settings.evaluate_frames > before // settings.evaluate_frames
                )
                if is_due:
                    values |= self._evaluate()
                    self._last = {name: values[name] for name in _TOLD if name in values}
                self.watcher.update(phase.frames, values)
                if is_due or self.updates % settings.log_updates == 0:
                    self._log(config, phase, values, warning)
                # A checkpoint follows the line of its update, so that a resumed curve misses none.
                is_best = "score" in values and (self.best is None or values["score"] > self.best)
                if is_best:
                    self.best = values["score"]
                if is_best or time.monotonic() - saved >= 60 * settings.checkpoint_minutes:
                    self._save(phase.state_dict(), is_best=is_best)
                    saved = time.monotonic()
            if phase.frames < config.frames:
                self._save(phase.state_dict())
                return
        finally:
            phase.close()
        metadata = agent_metadata(self.config.policy, self.config.episode)
        self.folder.keep_agent(self.number, arrays_of(self.policy), metadata)
        self.number += 1
        self._phase_state = None
        self._save(None)

    def _make(self, config: PhaseConfig) -> Phase | None:
        """Return the phase where the checkpoint left it; None if stopped while its data were made."""
        run, side, batch = self.config, self.config.episode.canvas_px, self.config.engine.batch
        if config.kind == "reinforce":
            return self._reinforcement(config)
        renderer = self.renderer_factory(batch, side, side)
        phase: Phase
        if config.kind == "invert":
            phase = inversion(self.policy, run, config, renderer)
        else:
            pictures = run.load_targets(self.renderer_factory)()
            parsed = self._parse(config, pictures)
            if parsed is None:
                return None
            phase = cloning(self.policy, run, config, renderer, parsed.best(config.keep), pictures)
        if self._phase_state is not None:
            phase.load_state_dict(self._phase_state)
        return phase

    def _reinforcement(self, config: PhaseConfig) -> Reinforcement:
        run = self.config
        programs = real = None
        is_parsed = config.critic_real == "parsed"
        if config.reward.critic and (run.critic.sees_actions or is_parsed):
            programs = self._last_programs("critic_real: 'parsed'" if is_parsed else "critic.sees_actions")
            if is_parsed:
                real, programs = self._drawn(programs)
        return reinforcement(
            self.policy,
            run,
            config,
            self.renderer_factory,
            self._phase_state,
            critic=self.critic,
            programs=programs if run.critic.sees_actions else None,
            real=real,
            number=self.number,
        )

    def _last_programs(self, asking: str) -> ParsedPrograms:
        """Return the programs that the last phase "clone" imitated."""
        for number in reversed(range(self.number)):
            if self._parsed_file(number).exists():
                return ParsedPrograms.load(self._parsed_file(number)).best(self.config.phases[number].keep)
        raise ConfigError(f"{asking}: needs the programs of real pictures: a phase 'clone' before it")

    def _drawn(self, programs: ParsedPrograms) -> tuple[ImageSet, ParsedPrograms]:
        """Return the drawings of programs as a data set, and the programs by their rows in it."""
        drawn = programs.drawings(self.config.episode, self.renderer_factory)
        images = drawn[..., 0] if drawn.shape[-1] == 1 else drawn
        rows = np.arange(len(drawn), dtype=np.int64)
        return ImageSet("parsed", "train", images), dataclasses.replace(programs, index=rows)

    def _parsed_file(self, number: int) -> Path:
        return self.folder.path / f"parsed-{number}.npz"

    def _parse(self, config: PhaseConfig, pictures: ImageSet) -> ParsedPrograms | None:
        """Parse the data set in blocks, which the run folder keeps; None if stopped before the end."""
        path = self._parsed_file(self.number)
        if path.exists():
            return ParsedPrograms.load(path)
        rng = np.random.default_rng([self.config.run.seed, self.number, 2])
        rows = np.sort(rng.permutation(len(pictures))[: config.pictures])
        draft = path.with_suffix(".part.npz")
        parsed = ParsedPrograms.load(draft) if draft.exists() else None
        done = 0 if parsed is None else len(parsed.index)
        self.watcher.phase(f"{config.title}: parsing", len(rows), done)
        parse = self._parser(config)
        for first in range(done, len(rows), _PARSED_AT_ONCE):
            if self._stopping:
                return None
            chosen = rows[first : first + _PARSED_AT_ONCE]
            block = parse(pictures.batch(chosen), chosen)
            parsed = block if parsed is None else parsed.joined(block)
            parsed.save(draft)
            self.watcher.update(first + len(chosen), {"error": float(block.error.mean())})
        assert parsed is not None
        draft.replace(path)
        self.watcher.phase(config.title, config.frames, 0)
        return parsed

    def _parser(
        self, config: PhaseConfig
    ) -> Callable[[npt.NDArray[np.uint8], npt.NDArray[np.int64]], ParsedPrograms]:
        """Return what turns pictures with their rows in the data set into programs."""
        if config.parser == SEARCH:
            return lambda pictures, rows: parse_by_search(
                pictures, rows, self.config.episode, self.renderer_factory, self.planning
            )
        policy, episode = self.policy, self.config.episode
        if config.parser != ITSELF:
            policy, episode = load_agent(Path(config.parser))
        if not episode.is_conditional:
            raise AgentError(f"{config.parser}: unconditional, a parser must see what it draws")

        def parse(pictures: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> ParsedPrograms:
            result = reconstruct(
                policy,
                episode,
                self.renderer_factory,
                pictures,
                attempts=config.attempts,
                seed=int(rows[0]),
            )
            return ParsedPrograms(result.actions.astype(np.int16), result.error, rows)

        return parse

    def _evaluate(self) -> dict[str, float]:
        """Draw what was held out (conditional) or samples, keep a sheet of them, and return the scores."""
        if self.held_out is not None:
            pictures = self.held_out.batch(np.arange(len(self.held_out)))
            result = reconstruct(self.policy, self.config.episode, self.renderer_factory, pictures, seed=1)
            shown = result.canvas[:_NUM_SAMPLES]
            self.folder.save_samples(self.frames, three(shown), targets=pictures[:_NUM_SAMPLES])
            return {"score": result.score, "greedy_error": result.mean_error}
        side = self.config.episode.canvas_px
        environment = self.config.episode.environment(self.renderer_factory(_NUM_SAMPLES, side, side))
        episodes = play(self.policy, environment, targets=None, seed=1)
        self.folder.save_samples(self.frames, three(episodes.canvas[-1]))
        return {"ink": float(1 - episodes.canvas[-1].mean() / 255)}

    def _log(
        self, config: PhaseConfig, phase: Phase, values: Mapping[str, float], warning: str | None
    ) -> None:
        extra: dict[str, float | int | str | None] = {
            "phase": config.title,
            "phase_frames": phase.frames,
            "minutes": round(self.seconds / 60, 3),
        }
        if warning is not None:
            extra["warning"] = warning
        self.folder.log(self.frames, {**extra, **values})

    def _save(self, phase_state: dict[str, Any] | None, *, is_best: bool = False) -> None:
        state = {
            "number": self.number,
            "frames": self.frames,
            "updates": self.updates,
            "seconds": self.seconds,
            "best": self.best,
            "last": self._last,
            "phase": phase_state,
            "critic": self.critic.state_dict(),
        }
        weights = {"policy": arrays_of(self.policy), "critic": arrays_of(self.critic.critic)}
        metadata = {"policy": agent_metadata(self.config.policy, self.config.episode), "critic": {}}
        self.folder.save_checkpoint(self.frames, weights, metadata, state, is_best=is_best)

    def _restore(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.state
        load_arrays(self.policy, checkpoint.weights["policy"], str(self.folder.path))
        self.critic.load_state_dict(state["critic"])
        self.number, self.frames, self.updates = state["number"], state["frames"], state["updates"]
        self.seconds = state["seconds"]
        self.best, self._last, self._phase_state = state["best"], state["last"], state["phase"]

    def _begin_with(self, path: Path) -> None:
        given, _ = load_agent(path)
        if given.config != self.config.policy:
            raise AgentError(f"{path}: of another shape than this run's policy: {given.config}")
        self.policy.load_state_dict(given.state_dict())

    def _write_agent(self) -> None:
        about = read_about(self.folder.path)
        card = {
            "command": shlex.join(about["command"]),
            "configuration": tomllib.loads(self.folder.config_text),
            "seed": self.config.run.seed,
            "frames": self.frames,
            "updates": self.updates,
            "minutes": round(self.seconds / 60, 1),
            "parameters": sum(parameter.numel() for parameter in self.policy.parameters()),
            "created": about["created"],
            "resumed": len(about["resumed"]),
            "last": self._last,
        }
        metadata = agent_metadata(self.config.policy, self.config.episode)
        self.folder.save_agent(arrays_of(self.policy), metadata, card)
