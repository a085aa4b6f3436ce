"""Signals as CSV, GeoJSON and Parquet, with the same names, page by page."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from brt_watch.web.signals import Signal
from brt_watch.web.snapshot import Encoded

Pages = Iterable[list[Signal]]

CSV_TYPE, PARQUET_TYPE = "text/csv; charset=utf-8", "application/vnd.apache.parquet"
NUMBERS = ("latitude", "longitude", "velocidade", "hodometro", "progresso_m", "desvio_m", "velocidade_media_10_min")
CHUNK_BYTES = 1 << 16
_RUNS_IN_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: Any) -> Any:
    """Return a cell of a CSV; a text that a spreadsheet would execute as a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUNS_IN_A_SPREADSHEET) else value


def as_csv(pages: Pages) -> Iterator[bytes]:
    """Yield signals as CSV (RFC 4180), times as ISO 8601 in UTC, nulls as empty fields."""
    yield _csv_lines([Signal.__struct_fields__])
    for signals in pages:
        yield _csv_lines((iso(signal), *map(safe_cell, msgspec.structs.astuple(signal)[1:])) for signal in signals)


def _csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def iso(signal: Signal) -> str:
    """Return the time of a signal in ISO 8601."""
    return signal.datahora.isoformat().replace("+00:00", "Z")


def as_geojson(signals: list[Signal]) -> Encoded:
    """Return signals as a FeatureCollection."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [signal.longitude, signal.latitude]},
            "properties": signal,
        }
        for signal in signals
    ]
    body = msgspec.json.encode({"type": "FeatureCollection", "features": features})
    return Encoded(body, "application/geo+json")


def as_parquet(pages: Pages) -> Iterator[bytes]:
    """Yield signals as a Parquet file, compressed with zstd, one row group per page."""
    # Imported here, so that only requests for Parquet pay for it.
    import pyarrow
    from pyarrow import parquet

    text, number, whole = pyarrow.string(), pyarrow.float64(), pyarrow.int16()
    types = {"datahora": pyarrow.timestamp("us", tz="UTC"), "direcao": whole, "azimute": whole, "ignicao": whole}
    types |= dict.fromkeys(NUMBERS, number)
    schema = pyarrow.schema([(name, types.get(name, text)) for name in Signal.__struct_fields__])
    with tempfile.TemporaryFile() as file:
        with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
            for signals in pages:
                columns = {name: [getattr(signal, name) for signal in signals] for name in Signal.__struct_fields__}
                writer.write_table(pyarrow.table(columns, schema=schema))
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
