"""The only place that may open a port to a machine; this release writes files and opens none."""

from __future__ import annotations
