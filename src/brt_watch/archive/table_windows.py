"""Write the rows of a table of others as closed windows: whole days, up to a million rows in each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from brt_watch import disk
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.ledger import LEDGER_FIELDS, LedgerLine, csv_lines, ledger_row
from brt_watch.capture.manifest import write_manifest
from brt_watch.capture.window import CSV, POLLS, REJECTS
from brt_watch.clock import UTC, write_tick
from brt_watch.feeds.brt import COLUMNS
from brt_watch.model import Poll, Status
from brt_watch.store.connection import statement
from brt_watch.store.window import quoted

ROWS_OF_A_WINDOW = 1_000_000
"""A day with more is a window of its own."""


def write_windows(database: duckdb.DuckDBPyConnection, files: CaptureFiles, rows: int) -> Iterator[tuple[int, int]]:
    """Write the windows that are not there yet; yields (rows done, rows in all) after each, also of those there."""
    days = database.execute("select captured_at::date, count(*) from capturados group by 1 order by 1").fetchall()
    there = {folder.name for folder in (*files.closed_windows(), *files.archived())}
    done = 0
    for since, until, count in _spans(days):
        polls = _polls(database, since, until)
        name = write_tick(polls[0].tick)
        if name not in there:
            _write_window(database, files, files.windows / name, polls, since, until)
        done += count
        yield done, rows


def _spans(days: list[tuple[date, int]]) -> Iterator[tuple[date, date, int]]:
    """Yield (first day, day after the last, rows) of each window."""
    since, until, rows = None, None, 0
    for day, count in days:
        if since and until and rows + count > ROWS_OF_A_WINDOW:
            yield since, until, rows
            since, rows = None, 0
        since, until, rows = since or day, day + timedelta(days=1), rows + count
    if since and until:
        yield since, until, rows


def _polls(database: duckdb.DuckDBPyConnection, since: date, until: date) -> list[Poll]:
    found = database.execute(
        "select tick, captured_at, records, rejects, newest_ms, median_ms from polls "
        f"where captured_at >= {quoted(since)} and captured_at < {quoted(until)} order by tick"
    ).fetchall()
    return [_poll(*row) for row in found]


def _poll(tick: datetime, captured: datetime, records: int, rejects: int, newest: Any, median: Any) -> Poll:
    tick, captured = tick.replace(tzinfo=UTC), captured.replace(tzinfo=UTC)
    newest_at = datetime.fromtimestamp(newest / 1000, UTC) if newest is not None else None
    age = round(captured.timestamp() - median / 1000, 1) if median is not None else None
    return Poll(
        *(tick, Status.OK, "", ""),
        requested_at=captured,
        captured_at=captured,
        records=records,
        rejects=rejects,
        newest_signal_at=newest_at,
        median_age_seconds=age,
    )


def _write_window(
    database: duckdb.DuckDBPyConnection, files: CaptureFiles, folder: Path, polls: list[Poll], since: date, until: date
) -> None:
    # What is left of a process that died has no manifest.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    columns = ", ".join(f'{column.table_name} as "{column.name}"' for column in COLUMNS)
    span = {"since": quoted(since), "until": quoted(until)}
    queries = {
        CSV: statement("tables/window_records").format(columns=columns, **span),
        REJECTS: statement("tables/window_rejects").format(**span),
    }
    for name, query in queries.items():
        path = folder / name
        database.execute(f"copy ({query}) to {quoted(path)} (format csv, header true, new_line '\\r\\n')")
        disk.sync_file(path)
    # All files are complete before any poll counts.
    sizes = (folder / CSV).stat().st_size, (folder / REJECTS).stat().st_size
    lines = csv_lines([LEDGER_FIELDS, *(ledger_row(LedgerLine(poll, *sizes)) for poll in polls)])
    disk.write_durably(folder / POLLS, lines)
    sha256 = {name: disk.sha256(folder / name) for name in (POLLS, CSV, REJECTS)}
    write_manifest(folder, polls, files.capturer, files.feed_url, files.feed.name, sha256)
    disk.sync_folder(folder.parent)
