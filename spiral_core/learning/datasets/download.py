"""Fetching official files of data sets: over https, of known length and checksum, whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from spiral_core.errors import ConfigError, OutputError
from spiral_core.files import atomic_path, make_folder
from spiral_core.learning.datasets.catalog import CATALOG, SourceFile

_CHUNK: Final = 1 << 16
_SECONDS: Final = 30.0
_LOOPBACK: Final = ("127.0.0.1", "::1")

Report = Callable[[SourceFile, int], None]
"""Called with the file and how many of its bytes have come."""


def fetchable(name: str) -> tuple[SourceFile, ...]:
    """Return the files of a data set that are offered at an official address.

    Raises:
        ConfigError: No such data set, or none of its files is.
    """
    if name not in CATALOG:
        raise ConfigError(f"data set {name!r}, must be one of {', '.join(CATALOG)}")
    files = tuple(file for file in CATALOG[name].files if file.bases)
    if not files:
        raise ConfigError(f"{name}: cannot be fetched; {CATALOG[name].origin}")
    return files


def is_official(file: SourceFile, folder: Path) -> bool:
    """Return whether the data folder holds the file with the official contents."""
    try:
        with (folder / file.path).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def fetch(file: SourceFile, folder: Path, *, report: Report, bases: Sequence[str] | None = None) -> None:
    """Download one file into the data folder; what is there under its name is replaced when all is well.

    Args:
        file: Which file; where it goes is its `path`, nothing that a server says.
        folder: The data folder.
        report: Told of progress.
        bases: Addresses of folders to take it from instead of the official ones.

    Raises:
        OutputError: No address gives the official contents, or they cannot be written.
    """
    path = folder / file.path
    make_folder(path.parent)
    refusals = []
    for base in file.bases if bases is None else bases:
        url = base + file.name
        try:
            with atomic_path(path) as draft, draft.open("wb") as target:
                _copy(url, target, file, report)
        except _Refusal as error:
            refusals.append(f"{url}: {error}")
        else:
            return
    raise OutputError(f"{path}: not downloaded; " + "; ".join(refusals))


class _Refusal(Exception):  # noqa: N818  never leaves this module
    """What kept one address from giving the file."""


class _SafeRedirect(urllib.request.HTTPRedirectHandler):
    """Follows a server to another address only where that is as safe as the first."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise _Refusal(f"{url}: is no https address")


def _chunks(url: str) -> Iterator[bytes]:
    """Yield what an address gives; nothing that is wrong with the network is taken for a full disk."""
    _check_address(url)
    request = urllib.request.Request(url, headers={"User-Agent": "spiral-studio"})  # noqa: S310  checked above
    try:
        with urllib.request.build_opener(_SafeRedirect).open(request, timeout=_SECONDS) as answer:
            while chunk := answer.read(_CHUNK):
                yield chunk
    except urllib.error.HTTPError as error:
        raise _Refusal(f"{error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Refusal(str(getattr(error, "reason", None) or error)) from error


def _copy(url: str, target: IO[bytes], file: SourceFile, report: Report) -> None:
    digest, num = hashlib.sha256(), 0
    for chunk in _chunks(url):
        num += len(chunk)
        if num > file.size:
            raise _Refusal(f"more than {file.size} bytes came")
        digest.update(chunk)
        target.write(chunk)
        report(file, num)
    if num != file.size:
        raise _Refusal(f"{num} bytes came, must be {file.size}")
    if digest.hexdigest() != file.sha256:
        raise _Refusal(f"SHA-256 {digest.hexdigest()}, must be {file.sha256}")
