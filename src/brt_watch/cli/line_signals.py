"""The signals of a line: from captures in files, from the windows on disk, or from Postgres."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

from brt_watch.archive.importing import is_table
from brt_watch.archive.sources import read_source
from brt_watch.archive.tables import read_table
from brt_watch.errors import NetworkError, NotTheContract
from brt_watch.feeds import brt
from brt_watch.feeds.record import Record
from brt_watch.network.learning import Seen
from brt_watch.store.connection import statement
from brt_watch.store.database import Store
from brt_watch.store.duck import open_duckdb


def windows_of(folder: Path) -> list[Path]:
    """Return the CSV files of the windows in a data folder, including imports and archive."""
    return sorted(folder.rglob("brt.csv*"))


def signals_in_files(files: Iterable[Path], linha: str, utc: Iterable[str] = ()) -> list[Seen]:
    """Return the signals of a line in captures of any format; raises ImportFailed, RecordingError, NetworkError."""
    seen: set[Seen] = set()
    for file in files:
        seen.update(_in_table(file, linha, utc) if is_table(file) else _in_answers(file, linha))
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


def _in_answers(file: Path, linha: str) -> Iterator[Seen]:
    for answer in read_source(file).answers:
        try:
            records = cast("Sequence[Record]", brt.parse(answer.body).records)
        except NotTheContract:
            continue
        for record in records:
            if record.linha == linha:
                at = (record.latitude, record.longitude)
                yield Seen(record.codigo, record.stamp_ms / 1000, record.sentido or "", *at, record.velocidade or 0.0)


def _in_table(file: Path, linha: str, utc: Iterable[str]) -> Iterator[Seen]:
    with (
        tempfile.TemporaryDirectory(prefix="brt-watch-learn-") as work,
        open_duckdb(Path(work) / "rows.duckdb") as database,
    ):
        read_table(file, database, {}, utc, Path(work))
        rows = database.execute(
            "select codigo, datahora / 1000.0, coalesce(sentido, ''), latitude, longitude, coalesce(velocidade, 0) "
            "from capturados where reason is null and linha = ?",
            [linha],
        )
        yield from (Seen(*row) for row in rows.fetchall())
