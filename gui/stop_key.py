"""The keys that stop the painter, wherever the keyboard is: in a field, in a menu, in a dialog.

Qt asks a shortcut's window first whether a dialog blocks it, so a shortcut of the window is dead as long as
one is open, and a field may take the key for itself. A person who wants to stop must not have to close
anything first. So the keys are taken before Qt hands them to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtGui import QKeyEvent, QKeySequence

_PRESSES: Final = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)


class StopKey(QObject):
    """Does something at its keys, as the application's event filter.

    Args:
        keys: Each a single key with its modifiers.
        act: What to do. A press can call it twice, so that twice must be the same as once.
        parent: Who owns this.
    """

    def __init__(
        self, keys: Iterable[QKeySequence], act: Callable[[], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._keys = frozenset(keys)
        self._act = act

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        # Every event of the program comes past here: the cheapest question first.
        if event is None or event.type() not in _PRESSES or not isinstance(event, QKeyEvent):
            return False
        if QKeySequence(event.keyCombination()) not in self._keys:
            return False
        # The override comes first, and comes even where a dialog swallows the press. Accepted, it tells Qt
        # that the key is no shortcut's, so that the menu's action does not stop once more.
        event.accept()
        if not event.isAutoRepeat():
            self._act()
        return True
