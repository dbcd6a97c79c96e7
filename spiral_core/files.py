"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spiral_core.errors import OutputError


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends well.

    Whatever goes wrong, `path` keeps what it held before, and nothing is left beside it.

    Raises:
        OutputError: The folder is missing, the disk is full or the place cannot be written to.
    """
    final = Path(os.path.realpath(path))
    draft = final.with_name(f".{final.stem[:80]}.{os.getpid()}.part{final.suffix[:20]}")
    try:
        if final.exists() and not final.is_file():
            raise OutputError(f"{path}: is there already and is no regular file")
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(final)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def write_atomic(path: Path | str, content: bytes | str) -> None:
    """Write a whole file in one go; text as UTF-8 with plain newlines.

    Raises:
        OutputError: The place cannot be written to.
    """
    with atomic_path(path) as draft:
        draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def make_folder(path: Path | str) -> Path:
    """Make a folder with its parents unless it is there.

    Raises:
        OutputError: Something else is in the way, or it may not be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot make this folder: {error.strerror or error}") from error
    return Path(path)
