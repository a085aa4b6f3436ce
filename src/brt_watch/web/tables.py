"""The marts as JSON, CSV and Parquet: written completely to a temporary file before they are sent."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import IO, Any

from brt_watch.marts.tables import Column
from brt_watch.web.formats import CHUNK_BYTES, safe_cell

Batches = Iterable[Sequence[Sequence[Any]]]
Write = Callable[[IO[bytes], Sequence[Column], Batches], None]


def spooled(write: Write, columns: Sequence[Column], batches: Batches) -> IO[bytes]:
    """Return a temporary file with all rows; if the batches raise, the file is removed."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        write(file, columns, batches)
        stack.pop_all()
    return file


def write_csv(file: IO[bytes], columns: Sequence[Column], batches: Batches) -> None:
    """Write a CSV (RFC 4180): times as ISO 8601 in UTC, nulls as empty fields."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text)
        writer.writerow([column.name for column in columns])
        for rows in batches:
            writer.writerows([_cell(value) for value in row] for row in rows)
    finally:
        # The file stays open.
        text.detach()


def _cell(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else safe_cell(value)


def write_parquet(file: IO[bytes], columns: Sequence[Column], batches: Batches) -> None:
    """Write a Parquet file, compressed with zstd, one row group per batch."""
    # Imported here, so that only requests for Parquet pay for it.
    import pyarrow
    from pyarrow import parquet

    types = {
        "text": pyarrow.string(),
        "boolean": pyarrow.bool_(),
        "integer": pyarrow.int32(),
        "bigint": pyarrow.int64(),
        "double precision": pyarrow.float64(),
        "date": pyarrow.date32(),
        "timestamp with time zone": pyarrow.timestamp("us", tz="UTC"),
    }
    schema = pyarrow.schema(
        [pyarrow.field(each.name, types[each.type], metadata={"description": each.description}) for each in columns]
    )
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in batches:
            values = [list(each) for each in zip(*rows, strict=True)]
            writer.write_table(pyarrow.table(values, schema=schema))


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file from its beginning, and close it."""
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
