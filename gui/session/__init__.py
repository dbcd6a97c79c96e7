"""What the studio edits and remembers: plain data, free of Qt, so that it can be tested without a window."""

from __future__ import annotations
