"""The processes beside the window: how they are started, asked and stopped."""

from __future__ import annotations
