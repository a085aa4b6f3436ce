"""Load one closed window into Postgres, in the caller's transaction."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from pgpq import ArrowToPostgresBinaryEncoder
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb
from psycopg import sql as compose

from brt_watch.capture.manifest import Manifest
from brt_watch.capture.window import POLLS, REJECTS
from brt_watch.errors import DamagedWindow
from brt_watch.feeds.its_minutes import FEED as RECOVERED
from brt_watch.feeds.record import COLUMNS
from brt_watch.store.connection import Connection, copy_file, copy_rows, statement
from brt_watch.store.duck import quoted
from brt_watch.store.migrations import bring_up_to_date
from brt_watch.store.window import Reading, reading_window

ROWS_AT_ONCE = 8_192
"""Postgres inserts some rows while the next ones are encoded."""


@dataclass(frozen=True)
class Loaded:
    """The result of a load: every record of the window is a new signal or a repeat."""

    window: str
    records: int
    signals: int
    rejects: int
    conflicts: int = 0
    again: bool = False

    @property
    def repeats(self) -> int:
        """Records whose signal was already stored."""
        return self.records - self.signals

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for a log event."""
        return {**asdict(self), "repeats": self.repeats}


def load_window(
    connection: Connection,
    folder: Path,
    manifest: Manifest,
    instead: bool,
    reading: Reading | None = None,
) -> Loaded:
    """Load a closed window. A second load changes nothing unless `instead` replaces what the first one stored.

    `reading` holds its tables, if it is being read already.
    """
    bring_up_to_date(connection)
    if instead:
        _forget(connection, manifest)
    values: dict[str, Any] = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    window = connection.execute(statement("insert_window"), values).fetchone()
    if window is None:
        return Loaded(manifest.window, manifest.records, 0, manifest.rejects, again=True)
    ids = {"capturer": manifest.capturer, "load_id": window["load_id"], "feed": manifest.feed}
    with tempfile.TemporaryDirectory() as work, reading_window(folder, Path(work), reading) as tables:
        # Meanwhile Postgres takes everything else.
        connection.execute(statement("stage_window"))
        try:
            copy_file(connection, folder / POLLS, "polls_csv")
            copy_file(connection, folder / REJECTS, "rejects_csv")
            connection.execute(statement("insert_polls"), ids)
            connection.execute(statement("insert_rejects"), ids)
        except psycopg.DataError:
            # Raises DamagedWindow if the window is to blame: only then is it set aside.
            tables.result()
            raise
        connection.execute(statement("ensure_months"))
        records, signals, conflicts = _load_records(connection, tables.result(), Path(work), ids)
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
        for table in ("brt_disagreement", "brt_raw", "brt_reject", "brt_poll", "brt_window"):
            delete = compose.SQL("delete from {} where load_id = %(load_id)s").format(compose.Identifier(table))
            connection.execute(delete, loaded)


def _load_records(
    connection: Connection, window: duckdb.DuckDBPyConnection, work: Path, ids: dict[str, Any]
) -> tuple[int, int, int]:
    """Copy the new signals of a window into brt_raw; returns the numbers of records, signals and conflicts."""
    known, doubtful = (work / f"{name}.csv" for name in ("known", "doubtful"))
    _fetch_known(connection, window, known)
    window.execute(statement("window/known").format(csv=quoted(known)))
    window.execute(statement("window/new_signals"))
    columns = ", ".join(column.table_name for column in COLUMNS)
    rows = statement("window/new_rows").format(
        columns=columns, capturer=quoted(ids["capturer"]), load_id=ids["load_id"]
    )
    copy_arrow(connection, window.execute(rows), statement("copy_signals").format(columns=columns))
    ticks = window.execute("select tick, count(*) from novos group by tick").fetchall()
    counted = {"ticks": [tick for tick, _ in ticks], "signals": [signals for _, signals in ticks]}
    connection.execute(statement("count_signals"), ids | counted)
    records = _number(window.execute("select count(*) from registros").fetchone())
    signals = sum(counted["signals"])
    if records == signals:
        # No record repeats a signal, so none can contradict one.
        return records, signals, 0
    window.execute(f"copy ({statement('window/doubtful_records')}) to {quoted(doubtful)} (header false)")
    return records, signals, _conflicts(connection, doubtful, ids)


def copy_arrow(connection: Connection, query: duckdb.DuckDBPyConnection, copy_from: str) -> None:
    """Run a COPY FROM STDIN in the binary format with the rows of an executed query; `extra` becomes jsonb."""
    rows = query.to_arrow_reader(ROWS_AT_ONCE)
    encoders = {field.name: ArrowToPostgresBinaryEncoder.infer_encoder(field) for field in rows.schema}
    encoders["extra"] = StringEncoderBuilder.new_with_output(rows.schema.field("extra"), Jsonb())
    encoder = ArrowToPostgresBinaryEncoder.new_with_encoders(rows.schema, encoders)
    with connection.cursor() as cursor, cursor.copy(copy_from) as copy:
        copy.write(encoder.write_header())
        for batch in rows:
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())


def _fetch_known(connection: Connection, window: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Write the keys of the signals that brt_raw may have in common with a window.

    No other load runs meanwhile, so a key that is not there now is new.
    """
    since, until = window.execute("select min(captured_at), max(captured_at) from registros").fetchone() or (None, None)
    others = window.execute(statement("window/other_moments")).fetchall()
    values = {"since": since, "until": until, "others": [moment for (moment,) in others]}
    with connection.cursor().copy(statement("known_signals"), values) as rows, file.open("wb") as into:
        for row in rows:
            into.write(row)


def _conflicts(connection: Connection, doubtful: Path, ids: dict[str, Any]) -> int:
    # Without doubtful records nothing can differ.
    if not doubtful.stat().st_size:
        return 0
    connection.execute(statement("stage_doubtful"))
    copy_rows(connection, doubtful, "copy doubtful from stdin (format csv)")
    # Of recovered records only; a feed of its own that repeats a stamp with other content is counted.
    is_recovered = ids["feed"] == RECOVERED.name
    found = connection.execute(statement("insert_disagreements" if is_recovered else "count_conflicts"), ids).fetchone()
    return int(found["conflicts"]) if found else 0


def _number(row: tuple[Any, ...] | None) -> int:
    return int(row[0]) if row else 0
