"""Windows of these tests are drawn to memory; the few that need a real screen say so."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
