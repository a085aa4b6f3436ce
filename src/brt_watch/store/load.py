"""Load one closed window into Postgres, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as compose
from psycopg.rows import tuple_row

from brt_watch import disk
from brt_watch.capture.ledger import CSV_FIELDS, csv_lines
from brt_watch.capture.manifest import Manifest
from brt_watch.capture.window import CSV, POLLS, REJECTS, read_ledger
from brt_watch.errors import DamagedWindow
from brt_watch.store import new_signals as sights
from brt_watch.store.connection import Connection, copy_file, statement
from brt_watch.store.migrations import bring_up_to_date
from brt_watch.store.new_signals import Sights

POLLS_AT_ONCE = 60
"""The polls of 20 minutes: what a load remembers at a time, however long the window."""

BATCH = 500
"""Records for which rows are made at a time, a hundred kilobytes."""


@dataclass(frozen=True)
class Loaded:
    """What a load did with a window: its records are signals, repeats of signals, and nothing else."""

    window: str
    records: int
    signals: int
    rejects: int
    conflicts: int = 0
    again: bool = False

    @property
    def repeats(self) -> int:
        """Records whose signal was there already."""
        return self.records - self.signals

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for a log event."""
        return {**asdict(self), "repeats": self.repeats}


def load_window(connection: Connection, folder: Path, manifest: Manifest, instead: bool) -> Loaded:
    """Load a closed window. A second load changes nothing unless `instead` replaces what the first one stored."""
    bring_up_to_date(connection)
    if instead:
        _forget(connection, manifest)
    values: dict[str, Any] = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    window = connection.execute(statement("insert_window"), values).fetchone()
    if window is None:
        return Loaded(manifest.window, manifest.records, 0, manifest.rejects, again=True)
    connection.execute(statement("stage_window"))
    copy_file(connection, folder / POLLS, "polls_csv")
    copy_file(connection, folder / REJECTS, "rejects_csv")
    ids = {"capturer": manifest.capturer, "load_id": window["load_id"]}
    connection.execute(statement("insert_polls"), ids)
    connection.execute(statement("insert_rejects"), ids)
    connection.execute(statement("ensure_months"))
    try:
        records, signals, conflicts = _load_records(connection, folder, ids)
    except (ValueError, KeyError, OverflowError) as error:
        raise DamagedWindow(folder=folder, difference=f"{CSV} cannot be read: {error!r}") from error
    if records != manifest.records:
        raise DamagedWindow(folder=folder, difference=f"{records} records, {manifest.records} in its manifest")
    connection.execute(statement("count_window"), ids | {"signals": signals, "conflicts": conflicts})
    connection.execute(statement("note_pages"))
    return Loaded(manifest.window, records, signals, manifest.rejects, conflicts)


def _forget(connection: Connection, manifest: Manifest) -> None:
    ids = {"capturer": manifest.capturer, "window": manifest.window}
    loaded = connection.execute(
        'select load_id from brt_window where capturer = %(capturer)s and "window" = %(window)s', ids
    ).fetchone()
    if loaded:
        for table in ("brt_raw", "brt_reject", "brt_poll", "brt_window"):
            delete = compose.SQL("delete from {} where load_id = %(load_id)s").format(compose.Identifier(table))
            connection.execute(delete, loaded)


def _load_records(connection: Connection, folder: Path, ids: dict[str, Any]) -> tuple[int, int, int]:
    """Copy the new signals of a window into brt_raw; returns how many records, signals and conflicts it has."""
    polls = [line.poll for line in read_ledger(folder) if line.poll.records]
    count, doubtful, ticks = 0, False, Counter[datetime]()
    with disk.open_file(folder / CSV) as file, connection.cursor(row_factory=tuple_row) as cursor:
        header = file.readline()
        if header != csv_lines([CSV_FIELDS]):
            raise ValueError(header)
        records = sights.records(file)
        while polls:
            some, polls = polls[:POLLS_AT_ONCE], polls[POLLS_AT_ONCE:]
            seen = Sights(some, ids)
            count += _copy_new(cursor, seen, islice(records, sum(poll.records for poll in some)))
            ticks.update(seen.signals)
            if seen.doubtful:
                if not doubtful:
                    cursor.execute(statement("stage_records"))
                    doubtful = True
                with cursor.copy("copy records_csv from stdin (format csv)") as copy:
                    copy.write(b"".join(seen.doubtful))
        count += sum(1 for _ in records)
        cursor.execute(statement("count_signals"), ids | {"ticks": list(ticks), "signals": list(ticks.values())})
        # Where nothing is in doubt nothing can differ.
        found = cursor.execute(statement("count_conflicts")).fetchone() if doubtful else None
    return count, ticks.total(), found[0] if found else 0


def _copy_new(cursor: psycopg.Cursor[Any], seen: Sights, records: Iterator[bytes]) -> int:
    """Copy the new signals of some polls into brt_raw; returns the number of records.

    Rows are made while Postgres takes in those before.
    """
    count = 0
    between = cursor.execute(statement("known_between"), (seen.since.decode(), seen.until.decode()))
    seen.known = {sights.key(*signal) for signal in between}
    with cursor.copy(statement("copy_signals")) as copy:
        while batch := list(islice(records, BATCH)):
            count += len(batch)
            copy.write(seen.new(batch))
    if moments := seen.moments_apart():
        known = {sights.key(*signal) for signal in cursor.execute(statement("known_at"), (moments,))}
        with cursor.copy(statement("copy_signals")) as copy:
            copy.write(seen.new_apart(known))
    return count
