from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spiral_core.errors import ConfigError, OutputError
from spiral_core.learning.datasets.catalog import CATALOG, SourceFile
from spiral_core.learning.datasets.download import fetch, fetchable, is_official

CONTENT = bytes(range(256)) * 1000
FILE = SourceFile(
    path="somewhere/file.bin",
    bases=("https://example.invalid/",),
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)

Answers = dict[str, tuple[int, dict[str, str], bytes]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answers], str]]:
    """Return what starts a server on this machine: paths to (status, headers, body) -> its address."""
    monkeypatch.setenv("no_proxy", "*")
    servers: list[ThreadingHTTPServer] = []

    def start(answers: Answers) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base's name
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ignore(file: SourceFile, num: int) -> None:
    pass


def test_a_file_comes_whole_and_is_told_of(tmp_path: Path, serve: Callable[[Answers], str]) -> None:
    base = serve({"/file.bin": (200, {}, CONTENT)})
    told: list[int] = []
    fetch(FILE, tmp_path, report=lambda file, num: told.append(num), bases=[base])
    assert (tmp_path / "somewhere/file.bin").read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)
    assert is_official(FILE, tmp_path)
    assert [path.name for path in (tmp_path / "somewhere").iterdir()] == ["file.bin"]


def test_the_next_address_is_tried(tmp_path: Path, serve: Callable[[Answers], str]) -> None:
    base = serve({"/good/file.bin": (200, {}, CONTENT), "/bad/file.bin": (200, {}, b"x")})
    fetch(FILE, tmp_path, report=ignore, bases=[f"{base}none/", f"{base}bad/", f"{base}good/"])
    assert is_official(FILE, tmp_path)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, b""), "404 Not Found"),
        ((200, {}, CONTENT[:-1]), "255999 bytes came, must be 256000"),
        ((200, {}, CONTENT + b"x"), "more than 256000 bytes came"),
        ((200, {}, CONTENT[:-1] + b"x"), f"SHA-256 .*, must be {FILE.sha256}"),
        ((200, {"Content-Length": "256000"}, CONTENT[:1000]), "IncompleteRead|1000 bytes came"),
        ((302, {"Location": "http://example.com/file.bin"}, b""), "http://example.com/file.bin: is no https"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "file:///etc/passwd: is no https|302"),
    ],
)
def test_anything_else_leaves_what_was_there(
    tmp_path: Path,
    serve: Callable[[Answers], str],
    answer: tuple[int, dict[str, str], bytes],
    message: str,
) -> None:
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "somewhere/file.bin").write_bytes(b"older")
    with pytest.raises(OutputError, match=message) as caught:
        fetch(FILE, tmp_path, report=ignore, bases=[serve({"/file.bin": answer})])
    assert str(tmp_path / "somewhere/file.bin") in str(caught.value)
    assert (tmp_path / "somewhere/file.bin").read_bytes() == b"older"
    assert len(list((tmp_path / "somewhere").iterdir())) == 1


@pytest.mark.parametrize("base", ["http://example.com/", "ftp://example.com/", "file:///etc/", "nothing"])
def test_only_https_is_spoken_with_other_machines(tmp_path: Path, base: str) -> None:
    with pytest.raises(OutputError, match="is no https address"):
        fetch(FILE, tmp_path, report=ignore, bases=[base])


def test_a_server_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(OutputError, match=r"127\.0\.0\.1:9/file\.bin: .*refused"):
        fetch(FILE, tmp_path, report=ignore, bases=["http://127.0.0.1:9/"])


def test_a_full_disk_is_not_taken_for_a_bad_server(tmp_path: Path, serve: Callable[[Answers], str]) -> None:
    base = serve({"/file.bin": (200, {}, CONTENT)})

    def no_space(file: SourceFile, num: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        fetch(FILE, tmp_path, report=no_space, bases=[base, base])


def test_official_addresses_are_https_with_length_and_checksum() -> None:
    for data_set in CATALOG.values():
        for file in data_set.files:
            assert all(base.startswith("https://") and base.endswith("/") for base in file.bases)
            assert ".." not in file.path
            assert not file.bases or (file.size > 0 and len(file.sha256) == 64)


def test_what_nobody_offers_says_how_to_come_by_it() -> None:
    assert [file.name for file in fetchable("omniglot-oneshot")] == ["one-shot-classification_all_runs.zip"]
    with pytest.raises(ConfigError, match="faces: cannot be fetched; it is put together"):
        fetchable("faces")
    with pytest.raises(ConfigError, match=r"celeba: cannot be fetched; accept the terms of https://mmlab"):
        fetchable("celeba")
    with pytest.raises(ConfigError, match="data set 'x', must be one of mnist"):
        fetchable("x")


@pytest.mark.data
def test_the_checksums_are_those_of_the_files_that_we_test_with(data_dir: Path) -> None:
    for data_set in CATALOG.values():
        for file in data_set.files:
            if file.sha256:
                assert is_official(file, data_dir), file.path
                assert (data_dir / file.path).stat().st_size == file.size
