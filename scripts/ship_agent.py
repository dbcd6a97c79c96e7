"""Puts a trained agent where `spiral` finds it by name: half precision weights, its card with scores.

    python scripts/ship_agent.py RUN NAME [--scores FOLDER ...] [--note TEXT]

RUN is a finished run's folder; each FOLDER holds the scores.json of a `spiral evaluate -o FOLDER`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from spiral_core.agent.weights import SHIPPED_FOLDER, load_weights, save_weights
from spiral_core.files import make_folder, write_atomic


def main() -> None:
    """Read the command line and ship."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--scores", type=Path, nargs="*", default=[])
    parser.add_argument("--note", default="")
    arguments = parser.parse_args()
    weights, metadata = load_weights(arguments.run / "agent.safetensors")
    card = json.loads((arguments.run / "card.json").read_text(encoding="utf-8"))
    if arguments.note:
        card = {"note": arguments.note, **card}
    card["scores"] = [
        json.loads((folder / "scores.json").read_text(encoding="utf-8")) for folder in arguments.scores
    ]
    folder = make_folder(SHIPPED_FOLDER / arguments.name)
    save_weights(folder / "agent.safetensors", dict(weights), metadata, half=True)
    write_atomic(folder / "card.json", json.dumps(card, indent=2) + "\n")
    print(f"wrote {folder}")  # noqa: T201


if __name__ == "__main__":
    main()
