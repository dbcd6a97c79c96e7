"""Small parts that panels share."""

from __future__ import annotations
