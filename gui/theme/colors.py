"""The named colours of the studio, light and dark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colors:
    """Every colour that the studio draws with, as "#rrggbb".

    Attributes:
        dark: Whether light text stands on dark ground.
        window: Ground of windows, docks and tool bars.
        base: Ground of lists, curves and text fields.
        alternate: Every second row of a list.
        raised: Ground of buttons.
        hover: Ground of buttons and rows under the pointer.
        pressed: Ground of buttons held down or switched on.
        text: Text and icons.
        muted: Text of less weight: units, hints, placeholders.
        disabled: Text and icons of what cannot be used now.
        accent: The one colour that leads the eye: the main button, what is selected.
        accent_hover: The main button under the pointer.
        accent_text: Text on `accent`.
        progress: How far work has come, pale or dark enough for `text` to run across it.
        link: Links in text, and icons that are switched on.
        border: Lines that part areas; nothing depends on seeing them.
        outline: Edges that must be seen to find a control: text fields, check boxes, slider handles.
        focus: The ring around what has the keyboard.
        danger: Ground of the Stop button, and of what cannot be undone.
        danger_hover: The same under the pointer.
        danger_text: Text on `danger`.
        error: Words and icons that tell of an error.
        warning: Words and icons that warn.
        success: Words and icons that say that all went well.
        tooltip: Ground of tool tips.
        tooltip_text: Text of tool tips.
        surround: What lies around a painting.
        surround_text: Text on `surround`.
        curves: Colours of curves on `base`, in the order in which they are given out.
    """

    dark: bool
    window: str
    base: str
    alternate: str
    raised: str
    hover: str
    pressed: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    accent_text: str
    progress: str
    link: str
    border: str
    outline: str
    focus: str
    danger: str
    danger_hover: str
    danger_text: str
    error: str
    warning: str
    success: str
    tooltip: str
    tooltip_text: str
    surround: str
    surround_text: str
    curves: tuple[str, ...]


# Grays without a hue, as next to a coloured gray every painting would look tinted the other way. The surround
# is halfway between black and white to the eye (L* = 50) and the same in both themes: how a painting looks
# must not depend on the theme. The accent is a teal, far from the red of Stop for colour-blind eyes, too. The
# curves have the hues of Okabe and Ito's set, moved until each stands out from the ground and, to all kinds
# of colour-blind eyes, from the others.
LIGHT = Colors(
    dark=False,
    window="#f1f1f1",
    base="#ffffff",
    alternate="#f7f7f7",
    raised="#fcfcfc",
    hover="#e7e7e7",
    pressed="#dadada",
    text="#1e1e1e",
    muted="#5c5c5c",
    disabled="#9b9b9b",
    accent="#0b6b6b",
    accent_hover="#0f7c7b",
    accent_text="#ffffff",
    progress="#4b9c99",
    link="#0b6668",
    border="#d2d2d2",
    outline="#858585",
    focus="#0d8583",
    danger="#c4231c",
    danger_hover="#ad1a14",
    danger_text="#ffffff",
    error="#b3201a",
    warning="#8a5200",
    success="#1b6e3c",
    tooltip="#2b2b2b",
    tooltip_text="#f5f5f5",
    surround="#777777",
    surround_text="#000000",
    curves=("#004f7e", "#b34400", "#008159", "#af678e", "#cb8600", "#009dce", "#1e1e1e"),
)
DARK = Colors(
    dark=True,
    window="#262626",
    base="#1c1c1c",
    alternate="#212121",
    raised="#343434",
    hover="#3e3e3e",
    pressed="#4a4a4a",
    text="#e8e8e8",
    muted="#aaaaaa",
    disabled="#707070",
    accent="#4dbcb3",
    accent_hover="#66cdc4",
    accent_text="#0c1f1e",
    progress="#2a726e",
    link="#5cc8bf",
    border="#3d3d3d",
    outline="#858585",
    focus="#5cd0c7",
    danger="#d73a33",
    danger_hover="#c42e27",
    danger_text="#ffffff",
    error="#ff8a80",
    warning="#f2b74b",
    success="#6fce91",
    tooltip="#e8e8e8",
    tooltip_text="#1e1e1e",
    surround="#777777",
    surround_text="#000000",
    curves=("#59a6e7", "#d95b01", "#01996a", "#c972a1", "#fae049", "#8ddeff", "#e8e8e8"),
)
