"""The desktop studio: one window to paint, edit, export and train.

The window's process imports neither torch nor mujoco nor libmypaint. Where what stands:

    session/     what is edited, its journal, what was chosen: plain data, no Qt
    processes/   the workers beside the window, the pipes and the shared pictures between them
    theme/       colours and icons, light and dark
    translations/   what the window says in other languages, and numbers as they write them
    widgets/     small parts that panels share
    painting/, timeline/, training/   a folder a panel
    window       puts the panels together, one line each
"""

from __future__ import annotations
