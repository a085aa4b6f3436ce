"""The lake: all signals and polls as Parquet, for years of history without a server.

    lake/feed=brt/data=2026-11-23/sinais.parquet     the signals of a service day (lake_turn)
    lake/polls/feed=brt/mes=2026-11/polls.parquet    the ledger of a month (UTC)
    lake/rejects/feed=brt/mes=2026-11/rejects.parquet    the records of a month that broke a rule, if there are any
    lake/divergencias/data=2026-11-23/sinais.parquet recovered records that contradict a signal of the day

A day is always one file, sorted by vehicle and time. A window is merged into the files of its days, each replaced in
one step, so any reader sees a day with the window or without it, and never twice. The polls are written last: from then
on a window counts as in the lake. Types, sizes and the reason for whole days: docs/decisions/0009-the-lake.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from brt_watch import disk, lock
from brt_watch.archive.lake_files import listed, remove_remains, replace_parquet, work_folder
from brt_watch.archive.lake_turn import OF_RIO, Turn, keep_turn, kept_turn, of_city
from brt_watch.capture.ledger import LEDGER_FIELDS, REJECT_FIELDS
from brt_watch.capture.manifest import Manifest
from brt_watch.capture.window import POLLS, REJECTS
from brt_watch.errors import LakeEmpty
from brt_watch.feeds.brt import ZONE
from brt_watch.feeds.its_minutes import FEED as RECOVERED
from brt_watch.feeds.record import COLUMNS
from brt_watch.store.connection import statement
from brt_watch.store.duck import open_duckdb, quoted
from brt_watch.store.load import Loaded
from brt_watch.store.window import Reading, open_window

SIGNALS = "sinais.parquet"
DISAGREEMENTS = "divergencias/data={}/sinais.parquet"
REJECTED = "rejects/feed=*/mes=*/*.parquet"

COLUMNS_OF_LAKE = (
    *(column.table_name for column in COLUMNS),
    *("latitude_exata", "longitude_exata", "captured_at", "tick", "capturer", "load_id"),
)


@dataclass(frozen=True)
class Lake:
    """The lake of a data folder."""

    folder: Path
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(ZONE))
    """The zone of the city's clocks."""

    @property
    def turn(self) -> Turn:
        """When its days turn: as they did when it began, else by the city's clocks."""
        return kept_turn(self.folder) or (OF_RIO if self.days() else of_city(self.zone))

    @property
    def signals_glob(self) -> str:
        """The files of all days."""
        return str(self.folder / "feed=*" / "data=*" / "*.parquet")

    @property
    def is_empty(self) -> bool:
        """Whether it contains no window yet, judged by the polls, which are written last."""
        return not self.days() or not any(self.folder.glob("polls/feed=*/mes=*/*.parquet"))

    def days(self) -> list[str]:
        """Return the service days that have signals, oldest first."""
        return sorted(path.parent.name.removeprefix("data=") for path in self.folder.glob(f"feed=brt/data=*/{SIGNALS}"))

    def day_file(self, day: object) -> Path:
        """Return the file of a service day."""
        return self.folder / "feed=brt" / f"data={day}" / SIGNALS

    def add(
        self,
        folder: Path,
        manifest: Manifest,
        instead: bool = False,
        reading: Reading | None = None,
    ) -> Loaded:
        """Merge a closed window into the lake. Safe to repeat; `instead` replaces its earlier rows.

        `reading` holds the tables of the window, if it is being read already. Raises DamagedWindow. A process that dies
        here has added part of the window; the next one adds the rest.
        """
        run = self.folder.parent / "run"
        with (
            lock.hold(run / "lake.lock", "A change of the lake", patience_seconds=600),
            work_folder(self.folder) as work,
            open_window(folder, work, reading) as window,
        ):
            remove_remains(self.folder)
            window.execute("set TimeZone = 'UTC'; set threads = 2")
            values = {"capturer": quoted(manifest.capturer), "window": quoted(manifest.window)}
            if self._has(window, manifest) and not instead:
                return Loaded(manifest.window, manifest.records, 0, manifest.rejects, again=True)
            load_id = self._next_load(window)
            self._read_csv(window, "polls_of_window", folder / POLLS, LEDGER_FIELDS, manifest, load_id)
            self._read_csv(window, "rejects_of_window", folder / REJECTS, REJECT_FIELDS, manifest, load_id)
            if (turn := self.turn) != OF_RIO:
                keep_turn(self.folder, turn)
            if instead:
                self._remove(window, values["capturer"])
            self._find_new(window, manifest, load_id)
            days = [day for (day,) in window.execute("select distinct dia from novos order by dia").fetchall()]
            there = [self.day_file(day) for day in days if self.day_file(day).exists()]
            is_recovered = manifest.feed == RECOVERED.name
            conflicts = self._keep_disagreements(window, there, values) if is_recovered else 0
            if there:
                window.execute(statement("lake/drop_known").format(files=listed(there)))
            for (day,) in window.execute("select distinct dia from novos order by dia").fetchall():
                self._write_day(window, self.day_file(day), f"dia = {quoted(day)}")
            written = [self.day_file(day) for day in days]
            if written:
                window.execute(statement("lake/seen_by_poll").format(files=listed(written), **values))
            if manifest.rejects or instead:
                self._write_months(window, "rejects", "rejeitados", values)
            self._write_months(window, "polls", "ledger", values)
            ((records, signals),) = window.execute("select sum(records), sum(signals) from ledger").fetchall()
        return Loaded(manifest.window, int(records or 0), int(signals or 0), manifest.rejects, conflicts)

    def add_rejects(self, folder: Path, manifest: Manifest) -> bool:
        """Add the rejects of a window that is there without them, as in an older lake; False if it is not there."""
        run = self.folder.parent / "run"
        with lock.hold(run / "lake.lock", "A change of the lake", patience_seconds=600), open_duckdb() as window:
            window.execute("set TimeZone = 'UTC'")
            if not self._has(window, manifest, ["polls"]):
                return False
            load_id = self._next_load(window)
            self._read_csv(window, "polls_of_window", folder / POLLS, LEDGER_FIELDS, manifest, load_id)
            self._read_csv(window, "rejects_of_window", folder / REJECTS, REJECT_FIELDS, manifest, load_id)
            values = {"capturer": quoted(manifest.capturer), "window": quoted(manifest.window)}
            self._write_months(window, "rejects", "rejeitados", values)
        return True

    def newest_load(self) -> int:
        """Return the number of the newest merge, 0 before the first."""
        with open_duckdb() as session:
            return self._next_load(session) - 1

    def newest_load_of(self, day: str) -> int:
        """Return the number of the newest merge that brought a signal of a day."""
        with open_duckdb() as session:
            query = f"select max(load_id) from read_parquet({quoted(self.day_file(day))})"
            ((newest,),) = session.execute(query).fetchall()
        return int(newest or 0)

    def missing(self, folder: Path, manifest: Manifest) -> int:
        """Count the signals of a window that the lake lacks or has with other content; raises DamagedWindow."""
        with work_folder(self.folder) as work, open_window(folder, work) as window:
            window.execute("set TimeZone = 'UTC'")
            self._find_new(window, manifest)
            days = [day for (day,) in window.execute("select distinct dia from novos").fetchall()]
            there = [self.day_file(day) for day in days if self.day_file(day).exists()]
            if not there:
                ((count,),) = window.execute("select count(*) from novos").fetchall()
                return int(count)
            names = [name for name in COLUMNS_OF_LAKE if name not in ("codigo", "datahora", "load_id")]
            ours, theirs = (", ".join(f"{table}.{name}" for name in names) for table in ("novos", "lago"))
            query = statement("lake/missing").format(files=listed(there), ours=ours, theirs=theirs)
            ((count,),) = window.execute(query).fetchall()
            return int(count)

    def day_sums(self, capturers: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Return rows and checksum of each service day, of the signals that these capturers saw first."""
        if self.is_empty:
            return {}
        numbers = {
            name: f"coalesce(regexp_replace(cast({name} as varchar), '\\.0$', ''), '~')"
            for name in ("latitude", "longitude", "velocidade", "hodometro")
        }
        names = ", ".join(map(quoted, capturers))
        with self.session() as session:
            found = session.execute(statement("lake/sums").format(capturers=names, **numbers)).fetchall()
        return {day: (int(rows), str(checksum)) for day, rows, checksum in found}

    def day_extras(self, capturers: Sequence[str]) -> list[tuple[str, str, int]]:
        """Return service day, unknown fields as JSON, and the sum of the keys of the signals that have them."""
        if self.is_empty:
            return []
        names = ", ".join(map(quoted, capturers))
        with self.session() as session:
            found = session.execute(statement("lake/extras").format(capturers=names)).fetchall()
        return [(day, extra, int(keys)) for day, extra, keys in found]

    def windows(self, capturer: str) -> dict[str, dict[str, int]]:
        """Return, for each window of a capturer, its counts in the ledger, its signals in the lake, and its merge."""
        if self.is_empty:
            return {}
        with self.session() as session:
            found = session.execute(statement("lake/windows").format(capturer=quoted(capturer))).fetchall()
        names = ("polls", "records", "rejects", "signals", "signals_there", "rejects_there", "load_id")
        return {name: dict(zip(names, counts, strict=True)) for name, *counts in found}

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open DuckDB with views of the lake that have the columns of the tables in Postgres."""
        with work_folder(self.folder) as work, open_duckdb() as session:
            session.execute(f"set temp_directory = {quoted(work)}; set TimeZone = 'UTC'")
            self.define_views(session)
            yield session

    def define_views(self, session: duckdb.DuckDBPyConnection, schema: str = "main") -> None:
        """Create the views of the lake in a schema of a DuckDB database; raises LakeEmpty before the first window."""
        if self.is_empty:
            raise LakeEmpty(folder=self.folder)
        define_views(session, schema, str(self.folder))

    def _has(
        self, window: duckdb.DuckDBPyConnection, manifest: Manifest, kinds: Sequence[str] = ("polls", "rejects")
    ) -> bool:
        """Whether all polls and rejects of a window are there."""
        first, last = manifest.first_tick[:7], manifest.last_tick[:7]
        for kind in kinds:
            count = getattr(manifest, kind)
            # A window of an imported table may hold many months.
            files = self.folder.glob(f"{kind}/feed=brt/mes=*/{kind}.parquet")
            there = [path for path in files if first <= path.parent.name.removeprefix("mes=") <= last]
            of_window = f"capturer = {quoted(manifest.capturer)} and janela = {quoted(manifest.window)}"
            query = f"select count(*) from read_parquet({listed(there)}) where {of_window}"
            if count and (not there or window.execute(query).fetchall() != [(count,)]):
                return False
        return True

    def _next_load(self, window: duckdb.DuckDBPyConnection) -> int:
        files = sorted(self.folder.glob("polls/*/*/*.parquet"))
        if not files:
            return 1
        ((newest,),) = window.execute(f"select max(load_id) from read_parquet({listed(files)})").fetchall()
        return int(newest or 0) + 1

    def _find_new(self, window: duckdb.DuckDBPyConnection, manifest: Manifest, load_id: int = 0) -> None:
        day = self.turn.sql("make_timestamptz(epoch_us(registros.datahora))")
        query = statement("lake/new_signals")
        window.execute(query.format(capturer=quoted(manifest.capturer), load_id=load_id, day=day))

    def _read_csv(
        self,
        window: duckdb.DuckDBPyConnection,
        query: str,
        path: Path,
        fields: Sequence[str],
        manifest: Manifest,
        load_id: int,
    ) -> None:
        """Read the ledger or the rejects of a window into a table of their own."""
        window.execute(
            statement(f"lake/{query}").format(
                csv=quoted(path if path.exists() else disk.packed(path)),
                columns=dict.fromkeys(fields, "VARCHAR"),
                capturer=quoted(manifest.capturer),
                window=quoted(manifest.window),
                feed_url=quoted(manifest.feed_url),
                code_version=quoted(manifest.code_version),
                load_id=load_id,
            )
        )

    def _keep_disagreements(
        self, window: duckdb.DuckDBPyConnection, there: Sequence[Path], values: dict[str, str]
    ) -> int:
        """Keep the records that contradict a signal of another capturer; returns how many there are."""
        if not there:
            return 0
        window.execute(statement("lake/disagreements").format(files=listed(there)))
        others = f"not (capturer = {values['capturer']} and tick in (select tick from ledger))"
        found = window.execute("select dia, count(*) from divergentes group by dia order by dia").fetchall()
        for day, _ in found:
            path = self.folder / DISAGREEMENTS.format(day)
            self._write_day(window, path, f"dia = {quoted(day)}", others, "divergentes")
        return sum(int(count) for _, count in found)

    def _write_day(
        self, window: duckdb.DuckDBPyConnection, path: Path, new: str, kept: str = "true", table: str = "novos"
    ) -> None:
        """Replace the file of a day by one with the `kept` signals of the old one and the `new` ones of a table."""
        columns = ", ".join(COLUMNS_OF_LAKE)
        parts = [f"select {columns} from read_parquet({quoted(path)}) where {kept}"] if path.exists() else []
        parts += [f"select {columns} from {table} where {new}"] if new else []
        query = f"select * from ({' union all '.join(parts)}) order by codigo, datahora"
        replace_parquet(window, query, path)

    def _remove(self, window: duckdb.DuckDBPyConnection, capturer: str) -> None:
        """Remove the signals and disagreements that a window brought before."""
        of_window = f"capturer = {capturer} and tick in (select tick from ledger)"
        for pattern in ("feed=*/data=*/*.parquet", DISAGREEMENTS.format("*")):
            if not any(self.folder.glob(pattern)):
                continue
            files = quoted(self.folder / pattern)
            query = statement("lake/days_of_window").format(files=files, capturer=capturer)
            for (name,) in window.execute(query).fetchall():
                self._write_day(window, Path(name), "", f"not ({of_window})")

    def _write_months(self, window: duckdb.DuckDBPyConnection, kind: str, table: str, values: dict[str, str]) -> None:
        """Replace the rows of a window in the files of its months by those of a table."""
        for (month,) in window.execute("select distinct mes from ledger order by mes").fetchall():
            path = self._month_file(kind, month)
            query = f"select * exclude (mes) from {table} where mes = {quoted(month)}"
            if path.exists():
                others = f"not (capturer = {values['capturer']} and janela = {values['window']})"
                query = f"select * from read_parquet({quoted(path)}) where {others} union all by name {query}"
            replace_parquet(window, f"select * from ({query}) order by capturer, tick", path)

    def _month_file(self, kind: str, month: str) -> Path:
        return self.folder / kind / "feed=brt" / f"mes={month}" / f"{kind}.parquet"


def define_views(session: duckdb.DuckDBPyConnection, schema: str, address: str) -> None:
    """Create the views of a lake at a folder, or an address that the session can read."""
    session.execute(statement("lake/brt_raw").format(schema=schema, files=quoted(f"{address}/feed=*/data=*/*.parquet")))
    for view in ("brt_poll", "brt_window", "brt_alert"):
        polls = quoted(f"{address}/polls/feed=*/mes=*/*.parquet")
        session.execute(statement(f"lake/{view}").format(schema=schema, files=polls))
    for view, pattern in (("brt_disagreement", DISAGREEMENTS.format("*")), ("brt_reject", REJECTED)):
        files = quoted(f"{address}/{pattern}")
        ((found,),) = session.execute(f"select count(*) from glob({files})").fetchall()
        session.execute(statement(f"lake/{view}" if found else f"lake/{view}_none").format(schema=schema, files=files))
