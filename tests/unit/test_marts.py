"""What is read from the marts: the same statement on DuckDB as on Postgres, and documented columns."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb

from brt_watch.clock import RIO
from brt_watch.marts.selection import Selection, for_duckdb, service_day
from brt_watch.marts.tables import HEADWAYS, PASSAGES, REGULARITY, SERVICE, SERVICE_DAYS, SPEEDS, TRIPS, Mart

DAY = date(2026, 11, 24)


def found(mart: Mart, selection: Selection, *rows: dict[str, object]) -> list[tuple[object, ...]]:
    """Return what a selection finds in a table of the mart's columns on DuckDB."""
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
    rows = found(REGULARITY, Selection.of_period(REGULARITY, *nine, {"linha": "22"}), *hours)
    assert [row[3] for row in rows] == [9]
    # 02:00 belongs to the service day before, as its hour 26.
    night = datetime(2026, 11, 25, 1, 59, tzinfo=RIO), datetime(2026, 11, 25, 3, tzinfo=RIO)
    assert [row[3] for row in found(REGULARITY, Selection.of_period(REGULARITY, *night), *hours)] == [26]


def test_days_count_when_they_begin_the_worst_line_first() -> None:
    days = [
        {"dia_operacao": date(2026, 11, day), "linha": line, "fracao_realizada": share}
        for day, line, share in ((24, "10", None), (24, "22", 0.9), (24, "35", 0.5), (25, "22", 0.8))
    ]
    begin, end = datetime(2026, 11, 24, 3, tzinfo=RIO), datetime(2026, 11, 25, 3, tzinfo=RIO)
    rows = found(SERVICE_DAYS, Selection.of_period(SERVICE_DAYS, begin, end), *days)
    assert [row[2] for row in rows] == ["35", "22", "10"]
    later = Selection.of_period(SERVICE_DAYS, begin + timedelta(minutes=1), end + timedelta(minutes=1))
    assert [row[0] for row in found(SERVICE_DAYS, later, *days)] == [date(2026, 11, 25)]


def test_a_filter_is_a_value_and_never_part_of_a_statement() -> None:
    cruel = "'; drop table viagens; --"
    selection = Selection.of_day(TRIPS, DAY, {"linha": cruel})
    assert cruel not in selection.for_postgres()[0]
    assert (
        len(found(TRIPS, selection, {"dia_operacao": DAY, "linha": cruel}, {"dia_operacao": DAY, "linha": "22"})) == 1
    )


def test_the_columns_are_those_that_dbt_documents() -> None:
    for mart in (TRIPS, PASSAGES, HEADWAYS, REGULARITY, SPEEDS, SERVICE, SERVICE_DAYS):
        names = [column.name for column in mart.columns]
        assert "dia_operacao" in names
        assert not {"derived_by", "id_veiculo"} & set(names)
        assert all(column.description and column.type for column in mart.columns)
        used = {each.partition(" ")[0] for each in (*mart.order, mart.moment or "dia_operacao")}
        assert used <= {column.source for column in mart.columns}


def test_a_service_day_turns_at_three() -> None:
    assert service_day(datetime(2026, 11, 25, 2, 59, tzinfo=RIO)) == DAY
    assert service_day(datetime(2026, 11, 25, 3, tzinfo=RIO)) == date(2026, 11, 25)
