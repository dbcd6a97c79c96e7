"""Nothing that reached the journal is lost, whatever happens to its writer or its tail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.session.document import Document
from gui.session.edits import Put, Replace, Take
from gui.session.journal import Journal, find_leftovers, journals_folder
from spiral_core.errors import OutputError
from spiral_core.program import Color, Page
from tests.gui.session.strokes import strokes


def document(count: int = 2) -> Document:
    page = Page(width_mm=100, height_mm=80)
    return Document(photo=Path("/a b/ü.jpg"), aspect=0.75, page=page, strokes=strokes(count))


def content_of(found: Document | None) -> tuple[object, ...]:
    assert found is not None
    return found.photo, found.aspect, found.background, found.page, found.strokes


def test_what_a_dead_window_logged_comes_back(tmp_path: Path) -> None:
    opened = document()
    journal = Journal(tmp_path, opened)
    assert find_leftovers(tmp_path) == [], "a journal that is held is nobody's leftover"
    for edit in (Put(((2, strokes(1, 9)[0]),)), Take((0,)), Replace(tuple(strokes(3, 5)))):
        opened.apply(edit)
        journal.log(edit)
    journal.set_background(Color(0.2, 0.4, 0.6))
    opened.background = Color(0.2, 0.4, 0.6)
    journal.set_photo(Path("/another.png"))
    opened.photo = Path("/another.png")
    journal.sync()
    journal.close()
    (leftover,) = find_leftovers(tmp_path)
    assert leftover.problem == ""
    assert content_of(leftover.document) == content_of(opened)


def test_a_killed_process_leaves_journal_and_no_lock(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from gui.session.document import Document\n"
        "from gui.session.edits import Put\n"
        "from gui.session.journal import Journal\n"
        "from tests.gui.session.strokes import stroke\n"
        "journal = Journal(Path(sys.argv[1]), Document())\n"
        "for i in range(100): journal.log(Put(((i, stroke(i)),)))\n"
        "print('logged', flush=True); time.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "logged\n"
        assert find_leftovers(tmp_path) == []
        os.kill(process.pid, signal.SIGKILL)
    (leftover,) = find_leftovers(tmp_path)
    assert leftover.document is not None
    assert leftover.document.strokes == strokes(100)


@given(st.data())
def test_cut_off_anywhere_all_whole_lines_come_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journals")
    journal = Journal(folder, document())
    for i in range(3):
        journal.log(Put(((2 + i, strokes(1, 50 + i)[0]),)))
    journal.close()
    content = journal.path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    journal.path.write_bytes(content[:cut])
    (leftover,) = find_leftovers(folder)
    whole = content[:cut].count(b"\n")
    if whole == 0 and leftover.document is None:
        assert "is no journal" in leftover.problem
    else:
        assert content_of(leftover.document)[-1] == strokes(2) + strokes(max(whole - 1, 0), 50)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no journal"),
        (b"\x00\xff\n", "is no journal"),
        (b"[1, 2]\n", "is no journal"),
        (b'{"format": "spiral-journal", "version": 9}\n', "version 9"),
        (b"[" * 100_000 + b"\n", "is no journal"),
    ],
)
def test_a_broken_journal_is_told_and_stops_nothing(tmp_path: Path, content: bytes, words: str) -> None:
    good = Journal(tmp_path, document())
    good.close()
    (tmp_path / "broken.journal").write_bytes(content)
    (tmp_path / "folder.journal").mkdir()
    found = {leftover.path.name: leftover for leftover in find_leftovers(tmp_path)}
    assert found["broken.journal"].document is None
    assert words in found["broken.journal"].problem
    assert found["folder.journal"].document is None
    assert found[good.path.name].document is not None


def test_a_broken_line_costs_what_follows_it_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path, document())
    journal.log(Take((0,)))
    journal.close()
    with journal.path.open("ab") as file:
        file.write(json.dumps({"edit": {"take": [77]}}).encode() + b"\n" + b'{"edit": {"take": [0]}}\n')
    (leftover,) = find_leftovers(tmp_path)
    assert leftover.problem.startswith("broken from line 3 on")
    assert content_of(leftover.document)[-1] == strokes(1, 1)


def test_saved_work_leaves_nothing(tmp_path: Path) -> None:
    Journal(tmp_path, document()).discard()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        Journal(tmp_path / "file", document())


def test_journals_lie_where_the_person_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert journals_folder() == tmp_path / "spiral-studio" / "journals"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert journals_folder() == tmp_path / ".local/state/spiral-studio/journals"
