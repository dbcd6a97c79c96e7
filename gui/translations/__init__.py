"""The languages of the window, by Qt's own means.

Texts stand in English in the sources, as `self.tr("...")`; counts as `%Ln` with the number as third argument.
`studio_xx.ts` holds what they are in another language, `studio_en.ts` the English forms for one and for many.
`make translations` brings the .ts files up to date with the sources, and the .qm files, which are what Qt
reads, with them. A new language is a new `studio_xx.ts` and a line in `LANGUAGES`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt6.QtCore import QLibraryInfo, QLocale, QTranslator
from PyQt6.QtWidgets import QApplication

FOLDER: Final = Path(__file__).parent
LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""What there is, each by its own name; the first is taken where a system speaks none of them."""


def install(app: QApplication, language: str | None = None) -> str:
    """Let everything that is built from now on speak a language.

    Args:
        app: The application.
        language: One of `LANGUAGES`; None, or what is none, for the system's.

    Returns:
        The language that it is.
    """
    spoken = language if language in LANGUAGES else _of_system()
    system = QLocale.system()
    wanted = QLocale(spoken)
    # A system in the same language keeps its own way to write numbers: Austria's, Canada's.
    QLocale.setDefault(system if system.language() == wanted.language() else wanted)
    for old in app.findChildren(QTranslator):
        app.removeTranslator(old)
        old.deleteLater()
    # Qt's own words, those on its standard buttons, come with PyQt6. The last one installed is asked first.
    words = (
        (f"qtbase_{spoken}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        (f"studio_{spoken}", str(FOLDER)),
    )
    for name, folder in words:
        translator = QTranslator(app)
        if translator.load(name, folder):
            app.installTranslator(translator)
    return spoken


def _of_system() -> str:
    for name in QLocale.system().uiLanguages():
        if (language := name.replace("_", "-").split("-")[0]) in LANGUAGES:
            return language
    return next(iter(LANGUAGES))
