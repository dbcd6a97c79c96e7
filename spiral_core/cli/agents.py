"""Shipped agents by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from spiral_core.agent.weights import SHIPPED_FOLDER
from spiral_core.errors import AgentError

WEIGHTS_SUFFIX: Final = ".safetensors"


def agent_file(name: str, *also: str, use: Callable[[Path], object] | None = None) -> Path:
    """Return the weights file of a shipped agent, or of one given by its path.

    Args:
        name: What the user said.
        also: Other words that would have been valid, for the error.
        use: What will be done with the file; agents for which it raises an AgentError are not called valid.

    Raises:
        AgentError: There is no such agent; the message lists the shipped ones.
    """
    if name.endswith(WEIGHTS_SUFFIX):
        return Path(name)
    shipped = {path.parent.name: path for path in SHIPPED_FOLDER.glob(f"*/agent{WEIGHTS_SUFFIX}")}
    if name not in shipped:
        valid = [known for known in sorted(shipped) if use is None or _is_usable(shipped[known], use)]
        raise AgentError(
            f"agent {name!r}: no such agent; valid: {', '.join([*valid, *also])}, "
            f"or a weights file ({WEIGHTS_SUFFIX})"
        )
    return shipped[name]


def _is_usable(path: Path, use: Callable[[Path], object]) -> bool:
    try:
        use(path)
    except AgentError:
        return False
    return True
