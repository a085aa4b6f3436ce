"""Imported text files: packed or not, in UTF-8 or in the Windows code page."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

PIECE = 1 << 20


@contextmanager
def open_bytes(file: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked; raises OSError, also for damaged packed content."""
    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as opened:
        try:
            yield cast(IO[bytes], opened)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(f"the gzip file is damaged ({error})") from error


def in_utf8(file: Path, work: Path) -> Path:
    """Return the file if it is plain UTF-8, otherwise a copy in UTF-8 in the folder `work`."""
    encoding = "utf-8" if _is_utf8(file) else "cp1252"
    if encoding == "utf-8" and file.suffix != ".gz":
        return file
    copy = work / "text.csv"
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with open_bytes(file) as source, copy.open("w", encoding="utf-8", newline="") as into:
        while piece := source.read(PIECE):
            into.write(decoder.decode(piece))
        into.write(decoder.decode(b"", final=True))
    return copy


def first_line(file: Path) -> str:
    """Return the first line of a text in UTF-8, without a byte order mark."""
    with file.open(encoding="utf-8-sig", errors="replace") as text:
        return text.readline().rstrip("\r\n")


def _is_utf8(file: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(file) as source:
        try:
            while piece := source.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def json_place(text: bytes, error: Exception, first: int = 1) -> str:
    """Return where a text is not valid JSON: line (counted from `first`), column, value, and msgspec's reason."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    # For trailing content, msgspec names the byte after its first one.
    at = int(found[1]) - ("trailing" in str(error)) if found else len(text)
    line_at = text.rfind(b"\n", 0, at) + 1
    line, column = first + text.count(b"\n", 0, at), len(text[line_at:at].decode(errors="replace")) + 1
    value = text[at : at + 40] if at < len(text) else text[max(line_at, at - 40) :]
    return f"line {line}, column {column}: {value.decode(errors='backslashreplace')!r} ({error})"
