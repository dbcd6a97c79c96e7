"""Everything that turns a program into something outside: pixels, vector files, machine code, video.

Adapters know the core's programs and protocols, never one another, and never the learning system.
"""

from __future__ import annotations
