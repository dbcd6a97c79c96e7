"""Brings the translations up to date with the sources: `make translations`.

Not for the window. Needs `lrelease`, which PyQt6 does not bring along (Debian: qt6-l10n-tools).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from gui.translations import FOLDER, LANGUAGES

SOURCES: Final = Path(__file__).parents[1]
_LRELEASE: Final = ("lrelease6", "/usr/lib/qt6/bin/lrelease", "lrelease-qt6", "pyside6-lrelease", "lrelease")


def extract(ts: Path) -> None:
    """Bring a .ts file up to date with the sources; one that is not there is made."""
    command = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", "--no-obsolete", "--no-summary"]
    subprocess.run([*command, "--ts", str(ts), str(SOURCES)], check=True)  # noqa: S603  our own arguments
    tree = ET.parse(ts)  # noqa: S314  our own file
    root = tree.getroot()
    root.set("language", ts.stem.removeprefix("studio_"))
    root.set("sourcelanguage", "en")
    for context in root.findall("context"):
        for message in context.findall("message"):
            # Line numbers would change with every change of the sources.
            for location in message.findall("location"):
                message.remove(location)
            # English needs the forms of its plurals only; the rest stands in the sources.
            if ts.stem.endswith("_en") and message.get("numerus") != "yes":
                context.remove(message)
        if context.find("message") is None:
            root.remove(context)
    ET.indent(tree, "    ")
    words = ET.tostring(root, encoding="unicode")
    ts.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{words}\n', encoding="utf-8")


def main() -> int:
    """Bring all files up to date; return the exit code."""
    named = os.environ.get("LRELEASE")
    names = (named,) if named else _LRELEASE
    lrelease = next((found for name in names if (found := shutil.which(name))), None)
    if lrelease is None:
        sys.stderr.write("make translations: needs Qt's lrelease (Debian: apt install qt6-l10n-tools)\n")
        return 2
    for language in LANGUAGES:
        ts = FOLDER / f"studio_{language}.ts"
        extract(ts)
        command = [lrelease, str(ts), "-qm", str(ts.with_suffix(".qm"))]
        code = subprocess.run(command, check=False).returncode  # noqa: S603  our own arguments
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
