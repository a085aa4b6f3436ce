"""Write the rows of an imported table as closed windows, packed: whole days, up to a million rows in each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO

import duckdb

from brt_watch import __version__, disk
from brt_watch.archive.windows import LARGE_LEVEL, Packed, packing
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import Manifest, save_manifest
from brt_watch.capture.window import CSV, POLLS, REJECTS
from brt_watch.clock import UTC, write_moment, write_tick
from brt_watch.feeds.record import COLUMNS
from brt_watch.store.connection import statement
from brt_watch.store.duck import quoted

ROWS_OF_A_WINDOW = 1_000_000
"""A day with more rows is a separate window."""


def write_windows(database: duckdb.DuckDBPyConnection, files: CaptureFiles, rows: int) -> Iterator[tuple[int, int]]:
    """Write the missing windows; yields (rows done, total rows) after each, including existing ones."""
    days = database.execute("select captured_at::date, count(*) from capturados group by 1 order by 1").fetchall()
    there = {folder.name for folder in (*files.closed_windows(), *files.archived())}
    done = 0
    for since, until, count in _spans(days):
        span = {"since": quoted(since), "until": quoted(until)}
        (totals,) = database.execute(statement("tables/window_totals").format(**span)).fetchall()
        name = write_tick(totals[0].replace(tzinfo=UTC))
        if name not in there:
            _write_window(database, files, files.windows / name, span, totals)
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


def _write_window(
    database: duckdb.DuckDBPyConnection,
    files: CaptureFiles,
    folder: Path,
    span: dict[str, str],
    totals: tuple[datetime, datetime, int, int, int, int],
) -> None:
    # The remains of a dead process have no manifest.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    columns = ", ".join(f'{column.table_name} as "{column.name}"' for column in COLUMNS)
    records_csv = _write(database, statement("tables/window_records").format(columns=columns, **span), folder / CSV)
    rejects_csv = _write(database, statement("tables/window_rejects").format(**span), folder / REJECTS)
    sizes = {"csv_bytes": records_csv.length, "rejects_bytes": rejects_csv.length}
    polls_csv = _write(database, statement("tables/window_polls").format(**sizes, **span), folder / POLLS)
    first, last, polls, minutes, records, rejects = totals
    manifest = Manifest(
        window=folder.name,
        capturer=files.capturer,
        feed_url=files.feed_url,
        code_version=__version__,
        first_tick=write_moment(first.replace(tzinfo=UTC)),
        last_tick=write_moment(last.replace(tzinfo=UTC)),
        polls=polls,
        good_polls=polls,
        captured_minutes=minutes,
        records=int(records),
        rejects=int(rejects),
        sha256={POLLS: polls_csv.sha256, CSV: records_csv.sha256, REJECTS: rejects_csv.sha256},
        feed=files.feed.name,
    )
    save_manifest(folder, manifest)
    disk.sync_folder(folder.parent)


def _write(database: duckdb.DuckDBPyConnection, query: str, path: Path) -> Packed:
    """Write the rows of a query as a packed CSV, while DuckDB makes them."""
    with (
        packing(path, LARGE_LEVEL) as packed,
        _rows_as_csv(database, query) as rows,
    ):
        while piece := rows.read(disk.PIECE):
            packed.write(piece)
    return packed


@contextmanager
def _rows_as_csv(database: duckdb.DuckDBPyConnection, query: str) -> Iterator[IO[bytes]]:
    """Open the rows of a query as CSV, through a pipe, while DuckDB makes them.

    An error of DuckDB is raised at the end of the block: until then it looks like the end of the rows.
    """
    reader, writer = os.pipe()

    def write() -> None:
        try:
            database.execute(f"copy ({query}) to '/dev/fd/{writer}' (format csv, header true, new_line '\\r\\n')")
        finally:
            os.close(writer)

    with ThreadPoolExecutor(1) as threads:
        written = threads.submit(write)
        with os.fdopen(reader, "rb") as rows:
            yield rows
        written.result()
