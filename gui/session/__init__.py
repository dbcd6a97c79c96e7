"""What is edited, what was chosen, what was trained: plain data, no Qt."""

from __future__ import annotations
