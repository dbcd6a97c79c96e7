"""The core of Spiral Studio: programs, environments, learning and search.

Importing this package imports nothing else, so that an exporter or the window never pays for torch.
"""

from __future__ import annotations

__version__ = "0.1.0"
