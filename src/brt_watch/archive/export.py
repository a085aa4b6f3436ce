"""Export signals of the lake into a file, one day at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import IO, Any

import duckdb

from brt_watch import disk
from brt_watch.archive.lake import Lake
from brt_watch.capture.ledger import csv_lines
from brt_watch.store.connection import statement
from brt_watch.store.duck import quoted

AT_A_TIME = 50_000


class Form(str, Enum):
    """The format of an exported file."""

    PARQUET = "parquet"
    CSV = "csv"
    GEOJSON = "geojson"


def export_days(lake: Lake, days: Sequence[str], line: str, form: Form, target: Path) -> Iterator[int]:
    """Write the signals of some service days into a file; yields the rows so far after each day.

    The file appears only when everything is written.
    """
    write = {Form.PARQUET: _write_parquet, Form.CSV: _write_csv, Form.GEOJSON: _write_geojson}[form]
    with lake.session() as session, disk.writing_durably(target) as file:
        yield from write(session, file, days, f"linha = {quoted(line)}" if line else "true")


def _query(day: str, where: str) -> str:
    return statement("lake/export").format(day=quoted(day), where=where)


def _write_parquet(
    session: duckdb.DuckDBPyConnection, file: IO[bytes], days: Sequence[str], where: str
) -> Iterator[int]:
    import pyarrow
    from pyarrow import parquet

    rows = 0
    schema = session.execute(f"{_query('1970-01-01', 'false')}").to_arrow_table().schema
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for day in days:
            batches = session.execute(_query(day, where)).to_arrow_reader(AT_A_TIME)
            for batch in batches:
                writer.write_table(pyarrow.Table.from_batches([batch]))
                rows += batch.num_rows
            yield rows


def _write_csv(session: duckdb.DuckDBPyConnection, file: IO[bytes], days: Sequence[str], where: str) -> Iterator[int]:
    rows = 0
    columns = session.execute(_query("1970-01-01", "false")).description or []
    file.write(csv_lines([[column[0] for column in columns]]))
    for day in days:
        found = session.execute(_query(day, where))
        while some := found.fetchmany(AT_A_TIME):
            file.write(csv_lines([_text(value) for value in row] for row in some))
            rows += len(some)
        yield rows


def _write_geojson(
    session: duckdb.DuckDBPyConnection, file: IO[bytes], days: Sequence[str], where: str
) -> Iterator[int]:
    rows = 0
    file.write(b'{"type": "FeatureCollection", "features": [')
    for day in days:
        found = session.execute(_query(day, where))
        names = [column[0] for column in found.description or ()]
        while some := found.fetchmany(AT_A_TIME):
            for row in some:
                values = {name: _text(value) for name, value in zip(names, row, strict=True)}
                place = [values.pop("longitude"), values.pop("latitude")]
                feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": values}
                file.write((b",\n" if rows else b"\n") + json.dumps(feature, ensure_ascii=False).encode())
                rows += 1
        yield rows
    file.write(b"\n]}\n")


def _text(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
