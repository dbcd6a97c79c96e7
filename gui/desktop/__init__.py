"""What a Linux desktop knows of the studio: its place in the menu, its icon, its description."""

from __future__ import annotations

# The window names itself with it (QGuiApplication.setDesktopFileName), or a desktop shows it without an icon.
APPLICATION_ID = "io.github.spiral_studio.SpiralStudio"
