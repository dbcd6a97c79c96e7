"""The desktop studio; not part of this release, see `gui.__main__`."""

from __future__ import annotations
