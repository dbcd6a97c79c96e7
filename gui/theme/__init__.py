"""How the studio looks: colours, style, icons.

A window does three things: it calls `theme.apply(app, "system")` once at the start, gives every action its
`icons.icon("play")`, and, where it draws by itself, hears of new colours by `theme.theme_of(app).changed`. A
button is given its rank before it is shown: `setProperty("primary", True)` or `setProperty("danger", True)`.
"""

from __future__ import annotations
