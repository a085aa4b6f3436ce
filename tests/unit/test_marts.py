"""What is read from the marts: the same statement on DuckDB as on Postgres, and documented columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from brt_watch.archive.lake import Lake
from brt_watch.clock import RIO, UTC, begin_of_day, service_day
from brt_watch.errors import NotDerived
from brt_watch.marts import rows
from brt_watch.marts.selection import Selection, for_duckdb
from brt_watch.marts.tables import (
    HEADWAYS,
    PASSAGES,
    REGULARITY,
    REGULARITY_DAYS,
    SERVICE,
    SERVICE_DAYS,
    SPEEDS,
    TRIPS,
    Mart,
)
from brt_watch.reports.tides import TableOfDay

DAY = date(2026, 11, 24)


def found(mart: Mart, selection: Selection, *rows: dict[str, object]) -> list[tuple[object, ...]]:
    """Return the rows that a selection finds in a DuckDB table with the mart's columns."""
    with duckdb.connect() as session:
        session.execute("set TimeZone = 'UTC'")
        columns = ", ".join(f"{column.source} {column.type}" for column in mart.columns)
        session.execute(f"create table {mart.model} ({columns})")
        for row in rows:
            names = ", ".join(f"${name} as {name}" for name in row)
            session.execute(f"insert into {mart.model} by name select {names}", row)
        return session.execute(*for_duckdb(selection)).fetchall()


def test_an_hour_counts_when_it_begins_in_the_period() -> None:
    hours = [{"dia_operacao": DAY, "hora_operacao": hour, "linha": "22"} for hour in (3, 9, 10, 26)]
    nine = datetime(2026, 11, 24, 8, 30, tzinfo=RIO), datetime(2026, 11, 24, 10, tzinfo=RIO)
    hits = found(REGULARITY, Selection.of_period(REGULARITY, *nine, RIO, {"linha": "22"}), *hours)
    assert [row[3] for row in hits] == [9]
    # 02:00 belongs to the service day before, as its hour 26.
    night = datetime(2026, 11, 25, 1, 59, tzinfo=RIO), datetime(2026, 11, 25, 3, tzinfo=RIO)
    assert [row[3] for row in found(REGULARITY, Selection.of_period(REGULARITY, *night, RIO), *hours)] == [26]


def test_days_count_when_they_begin_the_worst_line_first() -> None:
    days = [
        {"dia_operacao": date(2026, 11, day), "linha": line, "fracao_realizada": share}
        for day, line, share in ((24, "10", None), (24, "22", 0.9), (24, "35", 0.5), (25, "22", 0.8))
    ]
    begin, end = datetime(2026, 11, 24, 3, tzinfo=RIO), datetime(2026, 11, 25, 3, tzinfo=RIO)
    hits = found(SERVICE_DAYS, Selection.of_period(SERVICE_DAYS, begin, end, RIO), *days)
    assert [row[2] for row in hits] == ["35", "22", "10"]
    later = Selection.of_period(SERVICE_DAYS, begin + timedelta(minutes=1), end + timedelta(minutes=1), RIO)
    assert [row[0] for row in found(SERVICE_DAYS, later, *days)] == [date(2026, 11, 25)]


def test_a_filter_is_a_value_and_never_part_of_a_statement() -> None:
    cruel = "'; drop table viagens; --"
    selection = Selection.of_day(TRIPS, DAY, {"linha": cruel})
    assert cruel not in selection.for_postgres()[0]
    assert (
        len(found(TRIPS, selection, {"dia_operacao": DAY, "linha": cruel}, {"dia_operacao": DAY, "linha": "22"})) == 1
    )


def test_the_columns_are_those_that_dbt_documents() -> None:
    for mart in (TRIPS, PASSAGES, HEADWAYS, REGULARITY, REGULARITY_DAYS, SPEEDS, SERVICE, SERVICE_DAYS):
        names = [column.name for column in mart.columns]
        assert "dia_operacao" in names
        assert not {"derived_by", "id_veiculo"} & set(names)
        assert all(column.description and column.type for column in mart.columns)
        used = {each.partition(" ")[0] for each in (*mart.order, mart.moment or "dia_operacao")}
        assert used <= {column.source for column in mart.columns}


def test_hours_and_days_are_those_of_the_city() -> None:
    """Boston puts its clocks back on 2026-11-01 at 06:00 UTC, in the service day before, which has 25 hours."""
    boston = ZoneInfo("America/New_York")
    sunday = date(2026, 11, 1)
    assert begin_of_day(sunday, boston) - begin_of_day(sunday - timedelta(days=1), boston) == timedelta(hours=25)
    hours = [{"dia_operacao": sunday - timedelta(days=1), "hora_operacao": hour} for hour in (23, 24, 25, 26, 27)]
    hours += [{"dia_operacao": sunday, "hora_operacao": 3}]
    # From one o'clock, before the change, until four, after it.
    period = datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)
    hits = found(REGULARITY, Selection.of_period(REGULARITY, *period, boston), *hours)
    names = [column.name for column in REGULARITY.columns]
    assert [row[names.index("hora_operacao")] for row in hits] == [25, 26, 27, 3]
    days = [{"dia_operacao": sunday + timedelta(days=number)} for number in (-1, 0, 1)]
    begin = datetime(2026, 11, 1, 8, tzinfo=UTC)
    hits = found(SERVICE_DAYS, Selection.of_period(SERVICE_DAYS, begin, begin + timedelta(days=1), boston), *days)
    assert [row[0] for row in hits] == [sunday]


def test_a_service_day_turns_at_three() -> None:
    assert service_day(datetime(2026, 11, 25, 2, 59, tzinfo=RIO), RIO) == DAY
    assert service_day(datetime(2026, 11, 25, 3, tzinfo=RIO), RIO) == date(2026, 11, 25)


def test_a_model_that_is_missing_is_no_empty_day(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def without_models(*_: object) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as session:
            yield session

    monkeypatch.setattr(rows, "open_lake", without_models)
    with pytest.raises(NotDerived, match="no viagens yet"):
        list(rows.from_lake(Lake(Path()), Selection.of_day(TRIPS, DAY)))
    with pytest.raises(NotDerived, match="no tides_stop_visits yet"):
        list(rows.from_lake(Lake(Path()), TableOfDay("stop_visits", DAY, RIO)))
