"""The signals of a line: from captures in files, from the windows on disk, or from Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from brt_watch.archive.sources import read_source
from brt_watch.errors import NetworkError, NotTheContract
from brt_watch.feeds import brt
from brt_watch.network.learning import Seen
from brt_watch.store.connection import statement
from brt_watch.store.database import Store


def windows_of(folder: Path) -> list[Path]:
    """Return the tables of the windows in a data folder, imports and archive included."""
    return sorted(folder.rglob("brt.csv*"))


def signals_in_files(files: Iterable[Path], linha: str, utc: Iterable[str] = ()) -> list[Seen]:
    """Return the signals of a line in captures of any form; raises ImportFailed, RecordingError, NetworkError."""
    seen: set[Seen] = set()
    for file in files:
        for answer in read_source(file, utc=utc).answers:
            try:
                records = cast("Sequence[brt.Record]", brt.parse(answer.body).records)
            except NotTheContract:
                continue
            for record in records:
                if record.linha == linha:
                    at = (record.latitude, record.longitude)
                    seen.add(
                        Seen(
                            record.vehicle, record.stamp_ms / 1000, record.sentido or "", *at, record.velocidade or 0.0
                        )
                    )
    if not seen:
        raise NetworkError(where=f"line {linha}", problem="no capture has a signal of it")
    return sorted(seen)


def signals_in_database(store: Store, linha: str) -> list[Seen]:
    """Return the signals of a line in Postgres; raises DatabaseUnreachable, NetworkError."""
    with store.connection() as connection:
        rows = connection.execute(statement("signals_of_line"), {"linha": linha}).fetchall()
    if not rows:
        raise NetworkError(where=f"line {linha}", problem="the database has no signal of it")
    return [Seen(**row) for row in rows]
