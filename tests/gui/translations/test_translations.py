"""What the window says in other languages: all of it, with its numbers and keys, and really on the screen."""

from __future__ import annotations

import ast
import re
import shutil
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from PyQt6.QtCore import QCoreApplication, QLocale
from PyQt6.QtWidgets import QApplication, QDialogButtonBox
from pytestqt.qtbot import QtBot

from gui.exporting.dialog import ExportDialog
from gui.shortcuts import ShortcutSheet
from gui.timeline.stroke_list import StrokeList
from gui.translations import FOLDER, LANGUAGES, install, numbers
from gui.translations.update import SOURCES, extract
from gui.widgets.recovery import RecoveryDialog
from gui.window import StudioWindow
from tests.gui.session.strokes import stroke
from tests.gui.speaking import menus, mnemonic, painting, pressable, texts, window_in

OTHERS = [language for language in LANGUAGES if language != "en"]
SAME = {"", "Export", "MSE {}", "Phase", "Pause", "Spiral Studio", "Zoom", " s", "{} px"}
"""Texts that may be the same in another language."""


class Message(NamedTuple):
    """One text and what it is in another language; one form for each plural."""

    context: str
    source: str
    forms: tuple[str, ...]
    is_count: bool
    state: str | None


def messages(ts: Path) -> list[Message]:
    found = []
    for context in ET.parse(ts).getroot().findall("context"):  # noqa: S314  our own file
        for message in context.findall("message"):
            translation = message.find("translation")
            assert translation is not None
            is_count = message.get("numerus") == "yes"
            forms = [form.text or "" for form in translation.findall("numerusform")]
            found.append(
                Message(
                    context.findtext("name") or "",
                    message.findtext("source") or "",
                    tuple(forms) if is_count else (translation.text or "",),
                    is_count,
                    translation.get("type"),
                )
            )
    return found


def told_in_sources() -> set[tuple[str, str]]:
    """Return (class, text) of every `self.tr` in the sources, as Python itself reads them."""
    told = set()
    for path in SOURCES.rglob("*.py"):
        for holder in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(holder, ast.ClassDef):
                continue
            for call in ast.walk(holder):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr == "tr"
                ):
                    text = call.args[0]
                    assert isinstance(text, ast.Constant), f"{path}:{call.lineno}: must be one literal text"
                    told.add((holder.name, str(text.value)))
    return told


@pytest.fixture(params=OTHERS)
def spoken(
    request: pytest.FixtureRequest,
    qtbot: QtBot,
    qapp: QApplication,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StudioWindow]:
    with window_in(request.param, qtbot, qapp, tmp_path, monkeypatch) as window:
        yield window


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_translations_hold_what_the_sources_say_and_nothing_else(language: str, tmp_path: Path) -> None:
    kept, fresh = FOLDER / f"studio_{language}.ts", tmp_path / f"studio_{language}.ts"
    shutil.copy(kept, fresh)
    extract(fresh)
    assert fresh.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8"), "run `make translations`"
    assert {message.state for message in messages(kept)} == {None}, "nothing unfinished, nothing obsolete"
    assert all(form for message in messages(kept) for form in message.forms)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_sources_is_found(language: str) -> None:
    found = {(message.context, message.source) for message in messages(FOLDER / f"studio_{language}.ts")}
    assert found == told_in_sources()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_qt_reads_is_what_stands_in_the_translations(qapp: QApplication, language: str) -> None:
    install(qapp, language)
    for message in messages(FOLDER / f"studio_{language}.ts"):
        for number, form in zip((1, 2), message.forms, strict=False):
            n = number if message.is_count else -1
            read = QCoreApplication.translate(message.context, message.source, "", n)
            assert read == form.replace("%Ln", str(n)), "run `make translations`"
    install(qapp, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_for_numbers_and_names_survive(language: str) -> None:
    place = re.compile(r"\{[^}]*\}|%L?n|\*\.\w+")
    for message in messages(FOLDER / f"studio_{language}.ts"):
        for form in message.forms:
            assert Counter(place.findall(form)) == Counter(place.findall(message.source)), message
            assert (mnemonic(form) is None) == (mnemonic(message.source) is None), message
            assert form[:1].isspace() == message.source[:1].isspace(), message
            assert form.endswith("…") == message.source.endswith("…"), message


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_differs_from_the_english(language: str) -> None:
    same = {
        message.source
        for message in messages(FOLDER / f"studio_{language}.ts")
        if message.source in message.forms
    }
    assert same <= SAME


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_entries_of_a_menu_share_a_letter(
    language: str, qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with window_in(language, qtbot, qapp, tmp_path, monkeypatch) as window:
        seen = 0
        for title, actions in menus(window):
            letters = [letter for action in actions if (letter := mnemonic(action.text())) is not None]
            assert len(letters) == len(set(letters)), (title, letters)
            seen += len(letters)
        assert seen > 35


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_things_on_a_page_share_a_letter_with_alt(
    language: str, qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with window_in(language, qtbot, qapp, tmp_path, monkeypatch) as window:
        title, entries = next(menus(window))
        assert title == "menu bar"
        bar = [letter for entry in entries if (letter := mnemonic(entry.text())) is not None]
        window.training.notice.show()
        for page in (window.painting, window.training):
            window.pages.setCurrentWidget(page)
            shown = [window.training.pages.widget(index) for index in range(window.training.pages.count())]
            for part in shown if page is window.training else [None]:
                if part is not None:
                    window.training.pages.setCurrentWidget(part)
                on_page = list(pressable(page))
                letters = Counter(letter for letter, _ in on_page) + Counter(bar)
                assert len(on_page) > 9
                assert [letter for letter, count in letters.items() if count > 1] == [], on_page
        for dialog in (ExportDialog(tmp_path, "a", window), RecoveryDialog([], window)):
            letters = Counter(letter for letter, _ in pressable(dialog))
            assert max(letters.values()) == 1, letters


def test_the_window_speaks_the_language(spoken: StudioWindow, tmp_path: Path) -> None:
    told = {source for _, source in told_in_sources()} - SAME
    # The sheet and the dialogs are no part of the window until they are asked for.
    parts = [spoken, ExportDialog(tmp_path, "a", spoken), RecoveryDialog([], spoken)]
    english = sorted({text for part in parts for text in texts(part) if text in told})
    assert english == []
    assert len(set(texts(spoken))) > 120


def test_german_on_the_screen(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with window_in("de", qtbot, qapp, tmp_path, monkeypatch) as window:
        bar = window.menuBar()
        assert bar is not None
        titles = [action.text().replace("&", "") for action in bar.actions()]
        assert titles == ["Datei", "Bearbeiten", "Malen", "Ansicht", "Hilfe"]
        assert window.painting.welcome.open_button.text() == "Foto öff&nen…"
        save = ExportDialog(tmp_path, "a", window).buttons.button(QDialogButtonBox.StandardButton.Cancel)
        assert save is not None
        assert save.text().replace("&", "") == "Abbrechen", "Qt's own words are translated, too"
        assert "Strg+E" in ShortcutSheet(window.actions_.all(), window).text.toPlainText()
        window.studio.open_document(painting())
        window.painting.timeline.choose(0)
        window.painting.timeline.delete_chosen()
        assert window.actions_.undo.text() == "&Rückgängig: 1 Strich löschen"
        assert window.painting.panel.told.text().endswith("7 Striche")
        assert window.painting.timeline.editor.width_spin.text() == "33,5 %"


def test_one_stroke_is_not_strokes(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with window_in("en", qtbot, qapp, tmp_path, monkeypatch) as window:
        window.studio.open_document(painting())
        window.painting.timeline.list.selectAll()
        window.painting.timeline.delete_chosen()
        assert window.actions_.undo.text() == "&Undo Delete 8 strokes"
        window.undo()
        window.painting.timeline.choose(0)
        window.painting.timeline.delete_chosen()
        assert window.actions_.undo.text() == "&Undo Delete 1 stroke"


def test_numbers_are_written_as_the_language_does(qapp: QApplication) -> None:
    shown = {}
    for language in LANGUAGES:
        assert install(qapp, language) == language
        shown[language] = (
            numbers.whole(1234567),
            numbers.decimal(1234.5, 2),
            numbers.shortest(0.25),
            numbers.percent(0.404),
        )
    assert shown["en"] == ("1,234,567", "1,234.50", "0.25", "40%")
    assert shown["de"] == ("1.234.567", "1.234,50", "0,25", "40\N{NO-BREAK SPACE}%")
    model = StrokeList()
    model.show([stroke(0)])
    assert "25,1 % breit" in str(model.data(model.index(0)))
    install(qapp, "en")


def test_the_system_names_the_language_unless_one_was_chosen(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, language in (("de_AT", "de"), ("fr_FR", "en"), ("en_GB", "en")):
        monkeypatch.setattr(QLocale, "system", lambda name=name: QLocale(name))
        assert install(qapp, "system") == language
        assert QLocale().name() == {"fr_FR": "en_US"}.get(name, name)
        assert install(qapp, "en") == "en"
    monkeypatch.undo()
    install(qapp, "en")


def test_the_language_is_chosen_in_the_menu_and_kept(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with window_in("system", qtbot, qapp, tmp_path, monkeypatch) as window:
        system, english, german = window.actions_.languages.actions()
        assert system.isChecked()
        german.trigger()
        assert window.settings.value("language") == "de"
        bar = window.statusBar()
        assert bar is not None
        assert "next start" in bar.currentMessage()
    with window_in("de", qtbot, qapp, tmp_path, monkeypatch) as window:
        system, english, german = window.actions_.languages.actions()
        assert german.isChecked()
        assert (english.text(), german.text()) == ("&English", "&Deutsch")
