"""Training engines, the trainer and the folder that a run lives in."""

from __future__ import annotations
