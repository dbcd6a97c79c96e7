"""Menu entry, icon and description: what they say, and that they come and go as a whole."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtSvg import QSvgRenderer
from PyQt6.QtWidgets import QApplication

from gui.desktop import APPLICATION_ID, install
from spiral_core.errors import OutputError

SHARED = {
    f"share/applications/{APPLICATION_ID}.desktop",
    f"share/icons/hicolor/scalable/apps/{APPLICATION_ID}.svg",
    f"share/metainfo/{APPLICATION_ID}.metainfo.xml",
}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a `spiral-gui` in a place whose name is as nasty as names can be."""
    path = tmp_path / 'my "own" $place, 50 % of `it` \\ here' / "spiral-gui"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    monkeypatch.setattr(install, "studio_command", lambda: path)
    return path


def entry(path: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, encoding="utf-8")
    assert parser.sections() == ["Desktop Entry"]
    return parser["Desktop Entry"]


def shipped(suffix: str) -> Path:
    return Path(str(resources.files("gui.desktop") / f"{APPLICATION_ID}{suffix}"))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("command")
def test_install_and_uninstall_touch_just_their_files(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    other = prefix / "share/applications/other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("other")
    for _ in range(2):  # a second time takes the place of the first
        written = install.install(prefix)
        assert {path.relative_to(prefix).as_posix() for path in written} == SHARED
        assert files(prefix) == SHARED | {"share/applications/other.desktop"}
    assert install.uninstall(prefix) == written
    assert files(prefix) == {"share/applications/other.desktop"}
    assert install.uninstall(prefix) == []


def test_home_is_where_it_goes_unless_told(
    tmp_path: Path, command: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    install.install()
    assert files(tmp_path / "home") == {f".local/{name}" for name in SHARED}
    install.uninstall()
    assert files(tmp_path / "home") == set()
    assert command.exists()


def test_entry_starts_the_running_environments_studio(tmp_path: Path, command: Path) -> None:
    written = install.install(tmp_path / "prefix")
    line = entry(written[0])["Exec"]
    # Undone in the order of the specification: the string's backslashes, the quoted words (as a shell reads
    # them), the codes.
    unescaped = line.replace("\\\\", "\\")
    shell = ["/bin/sh", "-c", f"printf '%s\\n' {unescaped}"]
    read = subprocess.run(shell, check=True, capture_output=True, text=True)
    assert [word.replace("%%", "%") for word in read.stdout.splitlines()] == [str(command), "%F"]


def test_entry_without_a_studio_to_start_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "studio_command", lambda: tmp_path / "bin/spiral-gui")
    with pytest.raises(OutputError, match="bin/spiral-gui: is not there"):
        install.install(tmp_path / "prefix")
    assert not (tmp_path / "prefix").exists()


@pytest.mark.usefixtures("command")
def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match="share/applications: cannot make this folder"):
        install.install(tmp_path)


def test_command_is_the_environments_own() -> None:
    assert install.studio_command() == Path(sys.prefix) / "bin" / "spiral-gui"


def test_entry_says_what_desktops_ask_for() -> None:
    said = entry(shipped(".desktop"))
    assert said["Type"] == "Application"
    assert said["Name"] == "Spiral Studio"
    assert said["Exec"] == "spiral-gui %F"
    assert said["Icon"] == said["StartupWMClass"] == APPLICATION_ID
    assert said["MimeType"].rstrip(";").split(";") == ["image/png", "image/jpeg", "image/webp"]
    assert said["Categories"].startswith("Graphics;")


def test_description_names_the_same_application() -> None:
    root = ElementTree.parse(shipped(".metainfo.xml")).getroot()  # noqa: S314 (our own file)
    assert root.get("type") == "desktop-application"
    assert root.findtext("id") == APPLICATION_ID
    assert root.findtext("launchable") == f"{APPLICATION_ID}.desktop"
    assert root.findtext("project_license") == "GPL-3.0-or-later"
    assert root.findtext("metadata_license") == "CC0-1.0"
    types = [element.text for element in root.iterfind("provides/mediatype")]
    assert types == entry(shipped(".desktop"))["MimeType"].rstrip(";").split(";")


def test_icon_is_drawn_with_its_corners_clear(qapp: QApplication) -> None:
    assert qapp is not None
    drawing = QSvgRenderer(str(shipped(".svg")))
    assert drawing.isValid()
    assert drawing.viewBoxF().width() == drawing.viewBoxF().height()
    image = QImage(128, 128, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    drawing.render(painter)
    painter.end()
    assert [image.pixelColor(*at).alpha() for at in ((0, 0), (127, 0), (0, 127), (127, 127))] == [0] * 4
    assert len({image.pixel(x, y) for x in range(128) for y in range(128)}) > 500


@pytest.mark.usefixtures("command")
def test_judges_of_the_desktop_agree_where_they_are_at_hand(tmp_path: Path) -> None:
    menu_entry, _, description = install.install(tmp_path / "prefix")
    for judge in (
        ["desktop-file-validate", str(menu_entry)],
        ["desktop-file-validate", str(shipped(".desktop"))],
        ["appstreamcli", "validate", "--no-net", str(description)],
    ):
        if shutil.which(judge[0]):
            done = subprocess.run(judge, check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
