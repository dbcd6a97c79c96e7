"""The workers beside the window, and what lies between: pipes and shared pictures."""

from __future__ import annotations
