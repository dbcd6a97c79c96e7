"""The painting itself: canvas and what the agent is asked for."""

from __future__ import annotations
