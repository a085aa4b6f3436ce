"""Signals as JSON, CSV, GeoJSON and Parquet, by the same names."""

from __future__ import annotations

import csv
import io

import msgspec

from brt_watch.web.signals import Signal
from brt_watch.web.snapshot import Encoded

NUMBERS = (*("latitude", "longitude", "velocidade", "hodometro", "progresso_m", "desvio_m", "velocidade_media_10_min"),)


def as_csv(signals: list[Signal]) -> Encoded:
    """Return signals as CSV (RFC 4180), moments as ISO 8601 in UTC, nulls as nothing."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Signal.__struct_fields__)
    writer.writerows((iso(signal), *msgspec.structs.astuple(signal)[1:]) for signal in signals)
    return Encoded(text.getvalue().encode(), "text/csv; charset=utf-8")


def iso(signal: Signal) -> str:
    """Return the moment of a signal in ISO 8601."""
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


def as_parquet(signals: list[Signal]) -> Encoded:
    """Return signals as a Parquet file, zstd inside."""
    # Only who asks for Parquet pays for the import.
    import pyarrow
    from pyarrow import parquet

    text, number, whole = pyarrow.string(), pyarrow.float64(), pyarrow.int16()
    types = {"datahora": pyarrow.timestamp("us", tz="UTC"), "direcao": whole, "ignicao": whole}
    types |= dict.fromkeys(NUMBERS, number)
    schema = pyarrow.schema([(name, types.get(name, text)) for name in Signal.__struct_fields__])
    columns = {name: [getattr(signal, name) for signal in signals] for name in Signal.__struct_fields__}
    table = pyarrow.table(columns, schema=schema)
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return Encoded(out.getvalue(), "application/vnd.apache.parquet")
