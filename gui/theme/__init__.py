"""How the studio looks: colours, style, icons.

A window does three things: `theme.apply(app, "system")` once at the start, `icons.icon("play")` for every action,
and, where it draws by itself, `theme.theme_of(app).changed.connect(...)` to hear of new colours.
"""

from __future__ import annotations
