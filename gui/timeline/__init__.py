"""Every stroke in time: scrub, play, choose, change, reorder."""

from __future__ import annotations
