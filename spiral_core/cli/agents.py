"""Shipped agents by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spiral_core.errors import AgentError

SHIPPED_FOLDER: Final = Path(__file__).parents[2] / "configs" / "agents"
WEIGHTS_SUFFIX: Final = ".safetensors"


def agent_file(name: str, *also: str) -> Path:
    """Return the weights file of a shipped agent, or of one given by its path.

    Args:
        name: What the user said.
        also: Other words that would have been valid, for the error.

    Raises:
        AgentError: There is no such agent; the message lists the shipped ones.
    """
    if name.endswith(WEIGHTS_SUFFIX):
        return Path(name)
    shipped = {path.parent.name: path for path in SHIPPED_FOLDER.glob(f"*/agent{WEIGHTS_SUFFIX}")}
    if name not in shipped:
        raise AgentError(
            f"agent {name!r}: no such agent; valid: {', '.join([*sorted(shipped), *also])}, "
            f"or a weights file ({WEIGHTS_SUFFIX})"
        )
    return shipped[name]
