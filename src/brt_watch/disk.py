"""Durable files: complete or absent, even after a crash."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import zstandard

from brt_watch.errors import FolderUnusable

PIECE = 1 << 20
"""Bytes of a long file held in memory at a time."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a full disk or an exhausted quota."""


def make_writable_folder(folder: Path) -> None:
    """Create a folder of the data folder, and its parents, unless it exists; raises FolderUnusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnusable(folder=folder, reason=error.strerror) from None
    if not os.access(folder, os.W_OK):
        raise FolderUnusable(folder=folder, reason=os.strerror(errno.EACCES))


def append(path: Path, data: bytes) -> int:
    """Append durably; returns the length of the file in bytes."""
    with path.open("ab") as file:
        if data:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return file.tell()


def write_durably(path: Path, data: bytes) -> None:
    """Write a whole file atomically and durably."""
    with writing_durably(path) as file:
        file.write(data)


@contextmanager
def writing_durably(path: Path) -> Iterator[IO[bytes]]:
    """Write a file piece by piece; it appears, complete, when the block ends without an error."""
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


@contextmanager
def writing_gzip(path: Path) -> Iterator[IO[bytes]]:
    """Write a gzip file like `writing_durably`; it has no name and no time in it: the same content, the same bytes."""
    with writing_durably(path) as into, gzip.GzipFile(filename="", mode="wb", fileobj=into, mtime=0) as writer:
        yield cast(IO[bytes], writer)


def sync_file(path: Path) -> None:
    """Make the content of a file durable that another library wrote."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and the parents that are missing, durably."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):
        sync_folder(made.parent)


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, whether it is packed or not."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        # Packed, perhaps just now.
        with packed(path).open("rb") as source, zstandard.ZstdDecompressor().stream_reader(source) as unpacked:
            yield io.BufferedReader(unpacked, PIECE)
    else:
        with file:
            yield file


def read(path: Path) -> bytes:
    """Return the content of a file, packed or not; empty if it does not exist."""
    try:
        with open_file(path) as file:
            return file.read()
    except FileNotFoundError:
        return b""


def sha256(path: Path) -> str:
    """Return the SHA-256 of the content of a file, packed or not."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def sources(folder: Path, *suffixes: str) -> Iterator[tuple[bytes, Path]]:
    """Yield the files of a folder with these endings, sorted, each after its name in it, ended by NUL, for a checksum.

    What dbt made of the others is left out.
    """
    for path in sorted(path for path in folder.rglob("*") if path.suffix in suffixes):
        within = path.relative_to(folder)
        if not {"target", "logs"} & set(within.parts):
            yield f"{within}\0".encode(), path


def packed(path: Path) -> Path:
    """Return the name of the packed file."""
    return path.with_name(path.name + ".zst")
