"""How good a painting is, and how ours compare."""

from __future__ import annotations
