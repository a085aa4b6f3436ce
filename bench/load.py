"""Loading a window against a bare COPY of its signals, and against pandas."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import psycopg

from bench import rig
from bench.made_vehicles import Capture, Fleet
from bench.rig import Result, Took
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import CSV
from brt_watch.store.database import Store
from brt_watch.store.embedded import Server
from brt_watch.store.window import reading_window

ROUNDS = 9
TO_SQL_ROUNDS = 3
REALISTIC = 1 / 2.3
"""The part of the vehicles that has a new signal in an answer: each signal is seen about 2.3 times."""

ROWS = "copy (select * from brt_raw where load_id = %s order by captured_at, codigo) to stdout (format csv)"

PLAIN_TABLE = """
create table plain (like brt_raw including all) partition by range (datahora);
create table plain_2026_11 partition of plain for values from ('2026-11-01Z') to ('2026-12-01Z');
create table plain_2026_12 partition of plain for values from ('2026-12-01Z') to ('2027-01-01Z');
create table plain_outside partition of plain default
"""
"""The columns, partitions, primary key and block range index of brt_raw."""


def load(rounds: int = ROUNDS) -> Iterator[Result]:
    """Load a window: rows/s against a bare COPY into a table like brt_raw, and against pandas.to_sql; N rounds."""
    with rig.folder() as data, rig.postgres() as server:

        def captured(name: str, fleet: Fleet) -> tuple[Store, list[Path]]:
            capture = Capture(data / name, fleet, database_url=rig.new_database(server, name))
            return capture.resources.store, capture.windows(rounds)

        scratch = Capture(data, Fleet(), database_url=rig.new_database(server, "scratch")).resources.store
        yield from _new_signals(server, *captured("new", Fleet()), scratch)
        yield from _realistic(*captured("realistic", Fleet(REALISTIC)))


def _new_signals(server: Server, store: Store, windows: list[Path], scratch: Store) -> Iterator[Result]:
    ours: list[Took] = []
    plain: list[Took] = []
    rows = [_rows(scratch, folder) for folder in windows]
    with psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute(PLAIN_TABLE)
        for number, folder in enumerate(windows):
            pair = [(ours, partial(_load, store, folder)), (plain, partial(_bare_copy, connection, rows[number]))]
            for times, action in pair if number % 2 else reversed(pair):
                times.append(rig.timed(action, server))
        signals, copied = (_count(connection, table) / len(windows) for table in ("brt_raw", "plain"))
    assert signals == copied, "both ways brought the same rows"
    ratios = sorted(copy.wall / load.wall for load, copy in zip(ours, plain, strict=True))
    note = f"{signals:.0f} rows a window, all new signals"
    plain_note = f"plain: bare COPY of the same rows as CSV into a table like brt_raw; {len(windows)} pairs"
    spread = f"ratios of the pairs {ratios[0]:.2f}, {median(ratios):.2f}, {ratios[-1]:.2f} (least, median, most)"
    walls = _per_second(signals, ours), _per_second(signals, plain)
    yield Result("load", "rows/s", *walls, f"{note}; {plain_note}; {spread}")
    processor_note = f"{note}; processor time of Postgres and this process; {plain_note}"
    # Means, for the server counts in hundredths of a second.
    processors = (1000 * signals / mean(took.processor for took in times) for times in (ours, plain))
    yield Result("load_processor", "rows/s", *processors, processor_note)
    yield _against_to_sql("load_to_sql", int(signals), ours, _to_sql(store, windows), note)


def _load(store: Store, folder: Path) -> None:
    """Load a window as the pipeline does, which begins to read it before it connects."""
    with tempfile.TemporaryDirectory() as work, reading_window(folder, Path(work)) as reading:
        store.load_window(folder, read_manifest(folder), reading=reading)


def _realistic(store: Store, windows: list[Path]) -> Iterator[Result]:
    ours = [rig.timed(partial(_load, store, folder)) for folder in windows]
    totals = store.totals()
    records, signals = totals.records // totals.windows, totals.signals // totals.windows
    note = f"{records} records a window, of which {signals} are new signals and the others repeat one"
    yield _against_to_sql("load_realistic", records, ours, _to_sql(store, windows), note)


def _against_to_sql(name: str, records: int, ours: list[Took], to_sql: list[Took], note: str) -> Result:
    plain = _per_second(records, to_sql) if to_sql else None
    how = "plain: pandas.to_sql of all records into a table without an index" if to_sql else rig.NO_PANDAS
    return Result(name, "records/s", _per_second(records, ours), plain, f"{note}; {how}")


def _per_second(rows: float, times: list[Took]) -> float:
    return rows / rig.wall(times) * 1000


def _rows(scratch: Store, folder: Path) -> bytes:
    """Load a window elsewhere; returns the rows that this adds, as CSV in the order of their capture."""
    scratch.load_window(folder, read_manifest(folder))
    newest = scratch.newest_load()
    with psycopg.connect(scratch.url) as connection, connection.cursor() as cursor, cursor.copy(ROWS, [newest]) as copy:
        return b"".join(map(bytes, copy))


def _bare_copy(connection: psycopg.Connection[Any], rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy("copy plain from stdin (format csv)") as copy:
        for start in range(0, len(rows), 1 << 20):
            copy.write(rows[start : start + (1 << 20)])


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    found = connection.execute(f"select count(*) from {table}").fetchone()
    return int(found[0]) if found else 0


def _to_sql(store: Store, windows: list[Path]) -> list[Took]:
    """Put windows into a table as pandas does; nothing when pandas is not installed."""
    if not (pandas := rig.pandas()):
        return []
    import sqlalchemy

    engine = sqlalchemy.create_engine(store.url.replace("postgresql:", "postgresql+psycopg:"))
    times = []
    for folder in windows[:TO_SQL_ROUNDS]:
        frame = pandas.read_csv(folder / CSV, dtype={"codigo": str, "linha": str})
        times.append(rig.timed(partial(frame.to_sql, "plain_pandas", engine, if_exists="append", index=False)))
    engine.dispose()
    return times
