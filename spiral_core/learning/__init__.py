"""How agents learn: examples, losses and the loops that minimise them (torch)."""

from __future__ import annotations
