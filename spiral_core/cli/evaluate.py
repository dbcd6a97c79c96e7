"""`spiral evaluate` and `spiral sample`: what an agent's drawings are worth, and what they look like."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.mypaint import mypaint_renderer
from spiral_core.cli.agents import agent_file
from spiral_core.cli.parsing import Verbs, positive_number, whole_number
from spiral_core.errors import AgentError
from spiral_core.files import make_folder, write_atomic

if TYPE_CHECKING:
    from spiral_core.agent.policy_file import AnyPolicy
    from spiral_core.learning.rollout import EpisodeConfig

_MANY = 1_000_000


def add_parser(verbs: Verbs) -> None:
    """Describe both verbs."""
    evaluate = verbs.add_parser(
        "evaluate",
        help="score an agent's drawings (needs torch)",
        description="Score an agent's drawings: a conditional one's by the error of its drawings of a data\n"
        "set, an unconditional one's by what a digit classifier makes of its samples.",
        epilog="examples:\n"
        "  spiral evaluate mnist_conditional mnist\n"
        "  spiral evaluate mnist_conditional mnist --attempts 16 --limit 2000 -o report\n"
        "  spiral evaluate runs/digits/agent.safetensors omniglot-oneshot\n"
        "  spiral evaluate mnist_unconditional mnist --samples 10000",
    )
    evaluate.add_argument("agent", metavar="AGENT", help="name of a shipped agent, or a weights file")
    evaluate.add_argument("data", metavar="DATA", help="a data set of `spiral data`, or folder:PATH")
    evaluate.add_argument("--split", metavar="NAME", default="test", help="default: test")
    evaluate.add_argument(
        "--limit", metavar="N", type=whole_number(1, _MANY), help="at most this many pictures"
    )
    evaluate.add_argument(
        "--attempts",
        metavar="N",
        type=whole_number(1, 1024),
        default=1,
        help="drawings of each picture, the best of which counts (default: 1, the likeliest strokes)",
    )
    evaluate.add_argument(
        "--samples",
        metavar="N",
        type=whole_number(2, _MANY),
        default=4096,
        help="drawings of an unconditional agent (default: 4096)",
    )
    evaluate.add_argument(
        "-o", "--output", metavar="FOLDER", type=Path, help="write scores.json and a sheet of drawings there"
    )
    _add_sampling(evaluate)
    evaluate.set_defaults(run=run_evaluate)
    sample = verbs.add_parser(
        "sample",
        help="let an agent draw (needs torch)",
        description="Write a sheet of an agent's drawings: samples of an unconditional agent, or the\n"
        "pictures of a data set above a conditional agent's drawings of them.",
        epilog="examples:\n"
        "  spiral sample mnist_unconditional -o digits.png\n"
        "  spiral sample mnist_conditional --data mnist --count 32 -o drawn.png",
    )
    sample.add_argument("agent", metavar="AGENT", help="name of a shipped agent, or a weights file")
    sample.add_argument("-o", "--output", metavar="PNG", type=Path, required=True, help="the sheet")
    sample.add_argument(
        "--count", metavar="N", type=whole_number(1, 4096), default=64, help="how many drawings (default: 64)"
    )
    sample.add_argument("--data", metavar="DATA", help="what a conditional agent draws")
    sample.add_argument("--split", metavar="NAME", default="test", help="default: test")
    _add_sampling(sample)
    sample.set_defaults(run=run_sample)


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--temperature",
        metavar="T",
        type=positive_number,
        default=1.0,
        help="below 1 keeps nearer to the likeliest strokes (default: 1)",
    )
    parser.add_argument("--seed", metavar="N", type=whole_number(0, 2**31 - 1), default=0, help="default: 0")


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Score an agent."""
    policy, episode = _load(arguments.agent)
    from spiral_core.evaluation.digits import DigitClassifier
    from spiral_core.evaluation.drawings import draw_samples, score_digit_samples, score_reconstructions
    from spiral_core.evaluation.sheets import drawing_sheet
    from spiral_core.learning.datasets import load

    pictures = load(arguments.data, arguments.split, side=episode.canvas_px, limit=arguments.limit)
    content: dict[str, Any] = {"agent": arguments.agent, "data": arguments.data, "split": arguments.split}
    if episode.is_conditional:
        scores, result = score_reconstructions(
            policy,
            episode,
            mypaint_renderer,
            pictures,
            attempts=arguments.attempts,
            temperature=arguments.temperature,
            seed=arguments.seed,
            reader=DigitClassifier.load() if arguments.data == "mnist" else None,
        )
        content |= scores.to_json()
        sheet = drawing_sheet(result.canvas[:64], pictures.batch(range(min(64, len(pictures)))))
        print(
            f"{scores.pictures} pictures, {scores.attempts} attempts each: error {scores.error:.5f} "
            f"({scores.low:.5f} to {scores.high:.5f}), blank {scores.blank_error:.5f}, "
            f"score {scores.score:.4f}"
        )
        if scores.read_rightly is not None:
            print(f"read rightly by the digit classifier: {100 * scores.read_rightly:.2f} %")
    else:
        if arguments.data != "mnist":
            raise AgentError(f"{arguments.agent}: unconditional; only mnist's digits have a reader")
        drawings = draw_samples(
            policy,
            episode,
            mypaint_renderer,
            arguments.samples,
            temperature=arguments.temperature,
            seed=arguments.seed,
        )
        other = load(arguments.data, "train", side=episode.canvas_px, limit=10_000)
        found = score_digit_samples(drawings, pictures, other, DigitClassifier.load())
        content |= {"temperature": arguments.temperature, **found.to_json()}
        sheet = drawing_sheet(drawings[:64])
        shares = " ".join(f"{digit}:{100 * share:.1f}" for digit, share in enumerate(found.classes))
        print(
            f"{found.samples} samples: {100 * found.confident:.1f} % called a digit with confidence > 0.9; "
            f"Fréchet distance {found.frechet:.3f} (real digits: {found.real_frechet:.3f})\n"
            f"classes in %: {shares}"
        )
    if arguments.output is not None:
        folder = make_folder(arguments.output)
        write_atomic(folder / "scores.json", json.dumps(content, indent=2) + "\n")
        write_atomic(folder / "drawings.png", sheet)
        print(f"in {folder}: scores.json, drawings.png")
    return 0


def run_sample(arguments: argparse.Namespace) -> int:
    """Let an agent draw."""
    policy, episode = _load(arguments.agent)
    from spiral_core.evaluation.drawings import draw_samples
    from spiral_core.evaluation.sheets import drawing_sheet
    from spiral_core.learning.datasets import load
    from spiral_core.learning.reconstruction import reconstruct

    if episode.is_conditional:
        if arguments.data is None:
            raise AgentError(f"{arguments.agent}: conditional, needs pictures to draw: --data")
        pictures = load(
            arguments.data,
            arguments.split,
            side=episode.canvas_px,
            limit=arguments.count,
            seed=arguments.seed,
        )
        targets = pictures.batch(range(len(pictures)))
        result = reconstruct(policy, episode, mypaint_renderer, targets, seed=arguments.seed)
        sheet = drawing_sheet(result.canvas, targets)
        print(f"error {result.mean_error:.5f}, score {result.score:.4f}")
    else:
        drawings = draw_samples(
            policy,
            episode,
            mypaint_renderer,
            arguments.count,
            temperature=arguments.temperature,
            seed=arguments.seed,
        )
        sheet = drawing_sheet(drawings)
    write_atomic(arguments.output, sheet)
    print(f"wrote {arguments.output}")
    return 0


def _load(name: str) -> tuple[AnyPolicy, EpisodeConfig]:
    path = agent_file(name)
    try:
        from spiral_core.learning.agent_file import load_agent
        from spiral_core.learning.pretraining import use_threads
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise AgentError("this needs torch, which is not installed: pip install torch") from error
    use_threads(1)
    return load_agent(path)
