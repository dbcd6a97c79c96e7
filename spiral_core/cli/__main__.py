"""`python -m spiral_core.cli` is the command `spiral`."""

from __future__ import annotations

import sys

from spiral_core.cli import main

sys.exit(main())
