"""Files for screens, printers and machines out of the open painting."""

from __future__ import annotations
