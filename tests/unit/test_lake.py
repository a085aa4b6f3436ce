from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.parquet as parquet
import pytest
from typer.testing import CliRunner

from brt_watch import disk, pipeline
from brt_watch.archive import code_version, lake_marts
from brt_watch.archive import lake as lakes
from brt_watch.archive import publish as publishing
from brt_watch.archive.export import Form, export_days
from brt_watch.archive.importing import Import
from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_marts import Days
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.lake_session import open_lake
from brt_watch.archive.publish import Publisher
from brt_watch.archive.rebuild import rebuild, windows_to_rebuild
from brt_watch.archive.windows import pack
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import OpenWindow
from brt_watch.cli import app
from brt_watch.clock import UTC
from brt_watch.errors import DamagedWindow, LakeEmpty, MixedData, ModelsInUse
from brt_watch.feeds.brt import parse
from brt_watch.feeds.record import COLUMNS
from brt_watch.model import Poll, Status
from brt_watch.network.city import city_of
from brt_watch.resources import Resources
from brt_watch.web.lake_reader import LakeReader
from tests.made_vehicles import NOON, body, vehicle

STEP = timedelta(seconds=20)


class Recorder:
    """Windows of a data folder without an API, and its lake."""

    def __init__(self, data: Path) -> None:
        self.files = CaptureFiles(data, "http://feed")
        self.lake = Lake(data / "lake")
        (data / "run").mkdir(parents=True)

    def window(self, *answers: list[dict[str, Any]], at: Any = NOON) -> Path:
        """Return a closed window with these answers, one a poll."""
        window: OpenWindow = self.files.new_window(at)
        for number, records in enumerate(answers):
            tick = at + number * STEP
            poll = Poll(tick, Status.OK, requested_at=tick, captured_at=tick + timedelta(seconds=0.5))
            window.record(poll, parse(body(*records)))
        return self.files.close(window)

    def add(self, folder: Path, instead: bool = False) -> int:
        return self.lake.add(folder, read_manifest(folder), instead).signals

    def rows(self) -> list[tuple[Any, ...]]:
        with self.lake.session() as session:
            return session.execute("select * exclude (load_id) from brt_raw order by codigo, datahora").fetchall()


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "data")


def fleet(poll: int, buses: int = 5) -> list[dict[str, Any]]:
    return [vehicle(str(number), NOON + (poll // 2) * STEP) for number in range(buses)]


def test_a_window_is_in_the_lake_once(recorder: Recorder) -> None:
    folder = recorder.window(*map(fleet, range(6)))
    assert recorder.add(folder) == 15
    assert recorder.add(folder) == 0
    pack(folder)
    assert recorder.add(folder) == 0
    assert len(recorder.rows()) == 15
    with recorder.lake.session() as session:
        assert session.execute("select signals from brt_poll order by tick").fetchall() == [(5,), (0,)] * 3
        assert session.execute("select polls, records, signals from brt_window").fetchall() == [(6, 30, 15)]


def test_a_window_of_many_months_is_in_the_lake_once(recorder: Recorder) -> None:
    """As those of imported tables."""
    window = recorder.files.new_window(NOON)
    for days in (0, 35, 70, 105):
        tick = NOON + timedelta(days=days)
        poll = Poll(tick, Status.OK, requested_at=tick, captured_at=tick + timedelta(seconds=0.5))
        window.record(poll, parse(body(vehicle("1", tick), vehicle("2", tick, latitude="?"))))
    folder = recorder.files.close(window)
    manifest = read_manifest(folder)
    assert [recorder.lake.add(folder, manifest).again for _ in range(2)] == [False, True]
    assert recorder.lake.newest_load() == 1
    assert recorder.lake.add_rejects(folder, manifest)
    with recorder.lake.session() as session:
        assert session.execute("select polls, records, rejects from brt_window").fetchall() == [(4, 4, 4)]


def test_values_come_back_exactly(recorder: Recorder) -> None:
    """Also those that six decimals cannot hold, as the unrounded ones of 2021."""
    odd = [
        *(vehicle("1", latitude=-23.00179333333333, longitude=1e-7), vehicle("2", latitude=0, longitude=-180)),
        *(
            vehicle("3", velocidade=12.1, hodometro=-1616788.296),
            vehicle("4", velocidade=999999999999999.0, direcao=" "),
        ),
        *(vehicle("5", placa="", linha=None, novo={"a": [1, "é"]}), vehicle("6 '\"\r\n,", trajeto='x"y,\r\nz')),
        *(vehicle("7", dataHora=0), vehicle("8", dataHora=253_402_300_799_999), vehicle("9", dataHora=1795435197123)),
    ]
    recorder.add(recorder.window(odd))
    records = parse(body(*odd)).records
    with recorder.lake.session() as session:
        for record in records:
            columns = ", ".join(each.table_name for each in COLUMNS)
            found = session.execute(
                f"select {columns}, epoch_ms(datahora) from brt_raw where codigo = ?", [record.vehicle]
            ).fetchone()
            assert found
            *values, stamp = found
            assert stamp == record.stamp_ms
            for column, sent, value in zip(COLUMNS, record, values, strict=True):
                if column.name != "dataHora":
                    assert value == (0 if sent == " " else sent or None if isinstance(sent, str) else sent), column.name


def test_rejected_records_are_in_the_lake_too(recorder: Recorder) -> None:
    """With the columns of brt_reject, once, and where a page without Postgres finds why."""

    def rejects() -> list[tuple[Any, ...]]:
        with recorder.lake.session() as session:
            return session.execute("select tick, position, reason, record from brt_reject order by 1, 2").fetchall()

    recorder.add(recorder.window(fleet(0)))
    assert rejects() == []
    at = NOON + timedelta(minutes=13)
    broken = [vehicle('x"y,\r\n', at, latitude=None), vehicle("8", at), vehicle("9", at, longitude=999)]
    folder = recorder.window(broken, broken[:1], at=at)
    expected = [
        (at, 0, "position_missing", body(broken[0])[13:-2].decode()),
        (at, 2, "position_out_of_range", body(broken[2])[13:-2].decode()),
        (at + STEP, 0, "position_missing", body(broken[0])[13:-2].decode()),
    ]
    for instead in (False, False, True):
        recorder.add(folder, instead)
        assert rejects() == expected
    counts = recorder.lake.windows(recorder.files.capturer)[folder.name]
    assert counts["rejects"] == counts["rejects_there"] == 3
    reader = LakeReader(recorder.lake, recorder.files)
    found = reader.rows("web_rejects", de=at, ate=at + timedelta(hours=1))
    assert found == [{"reason": "position_missing", "count": 2}, {"reason": "position_out_of_range", "count": 1}]
    assert reader.rows("web_rejects", de=NOON, ate=at) == []


def test_the_first_sight_of_a_signal_stays(recorder: Recorder) -> None:
    recorder.add(recorder.window([vehicle("1", NOON, direcao=10)], [vehicle("1", NOON, direcao=20)]))
    later = recorder.window([vehicle("1", NOON, direcao=30)], at=NOON + timedelta(minutes=13))
    assert recorder.add(later) == 0
    with recorder.lake.session() as session:
        assert session.execute("select direcao from brt_raw").fetchall() == [(10,)]


def test_days_turn_at_three_in_rio_and_late_windows_join_theirs(recorder: Recorder) -> None:
    three = NOON.replace(hour=6)
    before, after = vehicle("1", three), vehicle("2", three + timedelta(seconds=20))
    recorder.add(recorder.window([after, before], at=three))
    assert recorder.lake.days() == ["2026-11-22", "2026-11-23"]
    assert recorder.add(recorder.window(fleet(0), at=three - timedelta(minutes=13))) == 5
    assert [path.name for path in recorder.lake.day_file("2026-11-23").parent.iterdir()] == ["sinais.parquet"]
    assert len(recorder.rows()) == 7


@pytest.mark.parametrize("dies_at", range(4))
def test_a_process_killed_while_adding_loses_nothing(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Nor does it double anything."""
    answers = [[vehicle("1", NOON - timedelta(days=day)) for day in range(2)][::-1] + fleet(day) for day in range(3)]
    folder = recorder.window(*answers)
    whole = Recorder(tmp_path / "whole")
    whole.files = recorder.files
    assert whole.add(folder) > 0
    replaces = 0

    class Died(Exception):
        pass

    def replace(*arguments: Any) -> None:
        nonlocal replaces
        if replaces == dies_at:
            raise Died
        replaces += 1
        original(*arguments)

    original: Callable[..., None] = lakes.replace_parquet
    monkeypatch.setattr(lakes, "replace_parquet", replace)
    try:
        recorder.add(folder)
    except Died:
        monkeypatch.setattr(lakes, "replace_parquet", original)
        recorder.add(folder)
    assert recorder.rows() == whole.rows()
    with recorder.lake.session() as session, whole.lake.session() as other:
        for view in ("brt_poll", "brt_window"):
            query = f"select * exclude (load_id) from {view} order by 1, 2"
            assert session.execute(query).fetchall() == other.execute(query).fetchall()


def test_a_day_outlives_a_power_loss_with_its_polls(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is durable once the one that it lies in is synced."""
    synced = mock.Mock(wraps=disk.sync_folder)
    monkeypatch.setattr(disk, "sync_folder", synced)
    recorder.add(recorder.window(fleet(0)))
    parents = [path.parent for path in recorder.lake.folder.parent.rglob("lake/**/*=*/*.parquet")]
    assert len(parents) == 2
    for folder in parents:
        while folder != recorder.files.data:
            assert mock.call(folder.parent) in synced.call_args_list
            folder = folder.parent


def test_a_window_read_again_replaces_what_it_brought(recorder: Recorder) -> None:
    folder = recorder.window(fleet(0), fleet(2))
    recorder.add(folder)
    other = recorder.window(fleet(4), at=NOON + timedelta(minutes=13))
    recorder.add(other)
    before = recorder.rows()
    assert recorder.add(folder, instead=True) == 10
    assert recorder.rows() == before
    assert recorder.lake.windows(recorder.files.capturer)[folder.name]["signals_there"] == 10


def test_a_reader_with_a_glob_never_sees_a_signal_twice(recorder: Recorder) -> None:
    """DuckDB opens a file twice in a query. When it is replaced in between the query may fail; it is never wrong."""
    folders = [
        recorder.window(*(fleet(poll + 6 * number, 50) for poll in range(6)), at=NOON + number * timedelta(minutes=13))
        for number in range(5)
    ]
    recorder.add(folders[0])
    done = threading.Event()
    seen: list[tuple[int, int]] = []
    query = f"select count(*), count(distinct (codigo, datahora)) from '{recorder.lake.signals_glob}'"

    def read() -> None:
        with duckdb.connect() as reader:
            while not done.is_set():
                with suppress(duckdb.Error):
                    seen.extend(reader.execute(query).fetchall())

    thread = threading.Thread(target=read)
    thread.start()
    for folder in folders[1:]:
        recorder.add(folder)
    done.set()
    thread.join()
    assert seen
    assert all(rows == signals for rows, signals in seen)
    assert [rows for rows, _ in seen] == sorted(rows for rows, _ in seen)


def test_other_readers_need_none_of_our_code(recorder: Recorder) -> None:
    recorder.add(recorder.window(*map(fleet, range(4))))
    file = recorder.lake.day_file("2026-11-23")
    schema = parquet.read_schema(file)
    assert str(schema.field("latitude").type) == "decimal128(9, 6)"
    assert str(schema.field("datahora").type) == "timestamp[us, tz=UTC]"
    assert not any("dictionary" in str(field.type) for field in schema)
    import pandas

    frame = pandas.read_parquet(recorder.lake.folder / "feed=brt")
    assert list(frame["data"].astype(str).unique()) == ["2026-11-23"]
    assert frame["latitude"].astype(float).iloc[0] == -23.006784
    import polars

    rows = polars.scan_parquet(recorder.lake.signals_glob, hive_partitioning=True).collect()
    assert rows.height == len(frame) == 10
    assert rows["longitude"].cast(polars.Float64)[0] == -43.313043


SIGNALS_OF_A_FLEET = """
with sinais as (
    select
        i % 100 as bus,
        i // 100 as step,
        hash(i) % 1000000 / 1000000 as chance,
        hash(-i) % 1000000 / 1000000 as other
    from range(20000) as numbers(i)
)
select
    cast(901000 + bus as varchar) as id_veiculo,
    timestamp '2022-06-30 05:00:00' + to_seconds(21 * step + cast(20 * other as integer)) as timestamp_gps,
    timestamp '2022-06-30 05:00:40' + to_seconds(21 * step) as timestamp_captura,
    round(-22.9 - bus / 3000 - step * 0.001 + chance / 10000, 6) as latitude,
    round(-43.3 - bus / 1000 - step * 0.001 - other / 10000, 6) as longitude,
    round(176266.6 + bus * 1000 + step * 0.2 + other / 5, 1) as hodometro,
    cast(other * 360 as integer) as direcao,
    cast(bus % 30 as varchar) as servico,
    'ITI IDA - ' || bus % 30 || ' MATO ALTO X ALVORADA (EXPRESSO)' as sentido,
    cast(chance * 60 as integer) as velocidade
from sinais
"""
"""100 buses for an hour, each on its way with a little chance, in the form of the city's table."""


def test_a_signal_takes_twelve_bytes_at_most(make_resources: Callable[..., Resources], tmp_path: Path) -> None:
    """Because a day is sorted by vehicle and time, and its numbers are packed by their differences."""
    file = tmp_path / "tabela.parquet"
    duckdb.sql(f"copy ({SIGNALS_OF_A_FLEET}) to '{file}' (format parquet)")
    resources = make_resources(database_url="none")
    source = Import.of(file, resources)
    list(source.write_table({}, []))
    assert sum(each.signals for each in source.load(pipeline.load)) == 20_000
    written = resources.lake.day_file("2022-06-30")
    # Real days take 10, these 8; not packed by differences they take 12.
    assert written.stat().st_size / 20_000 <= 9
    metadata = parquet.ParquetFile(written).metadata.row_group(0)
    columns = [metadata.column(number) for number in range(metadata.num_columns)]
    packed = {each.path_in_schema for each in columns if "DELTA_BINARY_PACKED" in each.encodings}
    assert packed >= {"latitude", "longitude"}
    assert {each.compression for each in columns} == {"ZSTD"}
    rows = parquet.read_table(written, columns=["codigo", "datahora"]).to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["codigo"], row["datahora"]))
    ages = f"""
        select round(median(epoch(timestamp_captura) - epoch(timestamp_gps)), 1) from '{file}'
        group by timestamp_captura order by timestamp_captura
    """
    with resources.lake.session() as session:
        found = session.execute("select median_age_seconds from brt_poll order by tick").fetchall()
    assert found == duckdb.sql(ages).fetchall()


def test_a_damaged_window_leaves_the_lake_as_it_was(recorder: Recorder) -> None:
    recorder.add(recorder.window(fleet(0)))
    before = recorder.rows()
    folder = recorder.window(fleet(4), at=NOON + timedelta(minutes=13))
    manifest = read_manifest(folder)
    with (folder / "brt.csv").open("ab") as file:
        file.write(b"2026-11-23T12:00:00.000000Z,1,,,x,y,z,,,,,,,,,,\r\n")
    with pytest.raises(DamagedWindow):
        recorder.lake.add(folder, manifest)
    assert recorder.rows() == before
    assert not list(recorder.lake.folder.glob(".work-*"))


def test_the_signals_of_some_days_are_exported(recorder: Recorder, tmp_path: Path) -> None:
    import pandas

    recorder.add(recorder.window(fleet(0), [vehicle("9", NOON, linha="35"), vehicle("8", NOON - timedelta(days=1))]))
    target = tmp_path / "file"
    for form in Form:
        assert list(export_days(recorder.lake, recorder.lake.days(), "", form, target)) == [1, 7]
        if form is Form.PARQUET:
            assert pandas.read_parquet(target)["latitude"].sum() == pytest.approx(7 * -23.006784)
        elif form is Form.CSV:
            assert len(pandas.read_csv(target)) == 7
        else:
            features = json.loads(target.read_text())["features"]
            assert features[0]["geometry"] == {"type": "Point", "coordinates": [-43.313043, -23.006784]}
    assert list(export_days(recorder.lake, ["2026-11-23"], "35", Form.CSV, target)) == [1]
    assert list(export_days(recorder.lake, ["2026-11-23"], "x'y", Form.GEOJSON, target)) == [0]
    assert json.loads(target.read_text())["features"] == []


CLOCKS_GO_BACK = datetime(2026, 11, 1, 6, tzinfo=UTC)
"""In New York, where the service day of October 31 therefore has 25 hours: from 07:00 to 08:00 UTC."""

MOMENTS = [CLOCKS_GO_BACK.replace(hour=hour, minute=minute) for hour, minute in ((5, 58), (6, 2), (7, 58), (8, 2))]


@pytest.mark.parametrize("is_older", [False, True])
def test_days_of_a_lake_turn_by_the_citys_clocks(recorder: Recorder, is_older: bool) -> None:
    """A lake that began to turn at 06:00 UTC goes on so: a signal is found again in the file of its day."""
    lake = recorder.lake = Lake(recorder.lake.folder, ZoneInfo("America/New_York"))
    moments = [vehicle("1", moment) for moment in MOMENTS]
    if is_older:
        lake = recorder.lake = Lake(recorder.lake.folder)
        recorder.add(recorder.window(moments[:1], at=CLOCKS_GO_BACK - timedelta(hours=1)))
        lake = recorder.lake = Lake(recorder.lake.folder, ZoneInfo("America/New_York"))
    folder = recorder.window(moments, at=CLOCKS_GO_BACK)
    recorder.add(folder)
    assert recorder.add(folder, instead=True) == len(MOMENTS) - is_older
    with lake.session() as session:
        rows = session.execute("select data::text, count(*) from brt_raw group by 1 order by 1").fetchall()
    october, november = ("2026-10-31", 1 if is_older else 3), ("2026-11-01", 3 if is_older else 1)
    assert rows == [october, november]
    assert [str(lake.turn.day(moment)) for moment in MOMENTS].count("2026-10-31") == october[1]
    begin, end = lake.turn.span("2026-10-31")
    assert (end - begin) / timedelta(hours=1) == (24 if is_older else 25)
    models = LakeModels(lake)
    number = models.begin_transform(1)
    with duckdb.connect(str(models.file)) as dbt:
        dbt.execute(
            "create table public.gps_brt as select datahora as timestamp_gps, 1 as derived_by from public.brt_raw"
        )
    models.finish_transform(number, 1.0, "abc")
    with open_lake(lake) as session:
        query = "select dia_operacao::text, count(*) from gps_brt group by 1 order by 1"
        assert session.execute(query).fetchall() == rows
    values = {"de": MOMENTS[2], "ate": MOMENTS[3]}
    assert LakeReader(lake, recorder.files)._days(values) == Days("2026-10-31", "2026-11-01")


def test_a_query_sees_the_lake_and_the_models_on_it(recorder: Recorder) -> None:
    with pytest.raises(LakeEmpty), open_lake(recorder.lake):
        pass
    recorder.add(recorder.window(fleet(0)))
    models = LakeModels(recorder.lake)
    assert (models.newest_load(), models.newest_transform(), models.newest_network()) == (1, 0, "")
    number = models.begin_transform(models.newest_load())
    with duckdb.connect(str(models.file)) as session:
        session.execute("create table public.generate_view as select codigo from public.brt_raw")
    assert models.newest_transform() == 0
    models.finish_transform(number, 1.5, "abc")
    assert (models.newest_transform(), models.newest_network(), models.vehicles()) == (1, "abc", 5)
    totals = models.totals()
    assert (totals.windows, totals.records, totals.signals, totals.transformed_load_id) == (1, 5, 5, 1)
    with open_lake(recorder.lake) as session:
        query = "select count(*) from generate_view inner join brt_raw using (codigo)"
        assert session.execute(query).fetchall() == [(5,)]


def test_only_changed_days_of_the_models_are_published(recorder: Recorder) -> None:
    """The content of dbt's file is published by service day, so that no reader waits for the lock of that file."""
    recorder.add(recorder.window(fleet(0)))
    models = LakeModels(recorder.lake)

    def run(*statements: str) -> None:
        number = models.begin_transform(1)
        with duckdb.connect(str(models.file)) as dbt:
            for each in statements:
                dbt.execute(each.format(run=number))
        models.finish_transform(number, 1.0, "abc")

    def files() -> dict[str, int]:
        return {
            str(path.relative_to(models.marts.folder)): path.stat().st_ino
            for path in models.marts.folder.rglob("*.parquet")
            if path.name != "brt_transform.parquet" and path.parent.name != "_schemas"
        }

    run(
        "create table public.viagens (id int, dia_operacao date, derived_by bigint)",
        "insert into public.viagens values (1, '2026-11-22', {run}), (2, '2026-11-23', {run})",
        "create table public.gps_brt (id int, timestamp_gps timestamptz, derived_by bigint)",
        "insert into public.gps_brt values (1, '2026-11-23 05:59:59+00', {run}), (2, '2026-11-23 06:00:00+00', {run})",
        "create table public.linhas (linha text)",
        "create table public.previsao_acerto (dia_operacao date, derived_by bigint)",
        "create table public.int_viagens__dias (dia_operacao date)",
        "create view public.so_viagens as select id, dia_operacao from public.viagens",
    )
    before = files()
    days = ("2026-11-22", "2026-11-23")
    assert set(before) == {
        "linhas/linhas.parquet",
        *(f"{name}/dia_operacao={day}/{name}.parquet" for name in ("viagens", "gps_brt") for day in days),
    }
    with open_lake(recorder.lake) as session:
        assert session.execute("select id, dia_operacao::text from so_viagens order by 1").fetchall() == [
            (1, "2026-11-22"),
            (2, "2026-11-23"),
        ]
        assert session.execute("select id from gps_brt where dia_operacao = '2026-11-23'").fetchall() == [(2,)]
        assert session.execute("select dia_operacao from previsao_acerto").fetchall() == []
    with open_lake(recorder.lake, ["so_viagens"], Days("2026-11-23", "2026-11-30")) as session:
        assert session.execute("select id from so_viagens").fetchall() == [(2,)]
    run(
        "insert into public.viagens values (3, '2026-11-24', {run})",
        "insert into public.int_viagens__dias values ('2026-11-22'), ('2026-11-24')",
        "delete from public.viagens where dia_operacao = '2026-11-22'",
    )
    after = files()
    assert {name for name in before if name not in after} == {"viagens/dia_operacao=2026-11-22/viagens.parquet"}
    assert {name for name in after if after[name] != before.get(name)} == {
        "viagens/dia_operacao=2026-11-24/viagens.parquet",
        "gps_brt/dia_operacao=2026-11-22/gps_brt.parquet",
    }


def test_an_interrupted_publication_is_done_again(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder.add(recorder.window(fleet(0)))
    models = LakeModels(recorder.lake)
    number = models.begin_transform(1)
    with duckdb.connect(str(models.file)) as dbt:
        dbt.execute(
            f"create table public.viagens as select 1 as id, date '2026-11-23' as dia_operacao, {number} as derived_by"
        )
    with monkeypatch.context() as patch:
        patch.setattr(lake_marts, "replace_parquet", killed)
        with pytest.raises(KeyboardInterrupt):
            models.finish_transform(number, 1.0, "abc")
    assert models.newest_transform() == 0
    models.finish_transform(models.begin_transform(1), 1.0, "abc")
    assert models.newest_transform() == 1
    with open_lake(recorder.lake) as session:
        assert session.execute("select id from viagens").fetchall() == [(1,)]


def test_a_held_file_of_models_is_named_in_a_sentence(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder.add(recorder.window(fleet(0)))
    models = LakeModels(recorder.lake)
    models.finish_transform(models.begin_transform(1), 1.0, "abc")
    monkeypatch.setattr("brt_watch.archive.lake_models.PATIENCE_SECONDS", 0)
    hold = f"import duckdb; c = duckdb.connect({str(models.file)!r}); print('up', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(ModelsInUse, match="another program has opened"):
            models.begin_transform(1)
        # Whoever only reads does not notice.
        assert models.newest_transform() == 1
        holder.communicate(b"\n")


def test_a_query_of_models_not_derived_names_the_command(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder.add(recorder.window(fleet(0)))
    monkeypatch.setenv("BRT_WATCH_DATA", str(recorder.files.data))
    hint = "No model is derived on the lake yet: brt-watch transform --on lake"
    refused = CliRunner().invoke(app, ["lake", "query", "select * from viagens"])
    assert (refused.exit_code, hint in refused.output) == (1, True)
    assert hint not in CliRunner().invoke(app, ["lake", "query", "select nada from brt_raw"]).output
    models = LakeModels(recorder.lake)
    models.finish_transform(models.begin_transform(1), 1.0, "abc")
    assert hint not in CliRunner().invoke(app, ["lake", "query", "select * from viagem"]).output


def test_a_rebuilt_window_has_the_lakes_models_derived_again(make_resources: Callable[..., Resources]) -> None:
    """A replaced window has new load numbers: an increment would see its signals twice."""
    resources = make_resources(database_url="none")
    pipeline.capture(NOON, resources)
    resources.clock.sleep_until(NOON + timedelta(minutes=40))
    for minute in range(40):
        pipeline.capture(NOON + timedelta(minutes=40 + minute), resources)
    for folder in pipeline.windows_to_load(resources):
        pipeline.load(folder, resources)
    models = LakeModels(resources.lake)
    models.finish_transform(models.begin_transform(models.newest_load()), 1.0, "abc")
    assert not pipeline.transform_is_due(resources)
    rebuild(windows_to_rebuild(resources, None)[0], resources, from_raw=False)
    assert models.newest_network() == ""
    assert pipeline.transform_is_due(resources)


def killed(*arguments: object) -> None:
    raise KeyboardInterrupt


# frictionless leaves files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_finished_days_are_published_once(recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run without changes writes nothing; a changed day, or one from newer code, gives the reason."""
    day = timedelta(days=1)
    recorder.add(recorder.window(fleet(0), [vehicle("9", NOON - day), vehicle("8", NOON - 2 * day)]))
    folder = tmp_path / "site"

    def publish() -> dict[str, str]:
        publisher = Publisher(recorder.lake, folder, "network", city_of(tmp_path), simulated=True)
        return {day: reason for day, reason in publisher.publish(NOON + timedelta(hours=8)) if reason}

    assert publish() == {"2026-11-21": "new", "2026-11-22": "new"}
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert publish() == {}
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    recorder.add(recorder.window([vehicle("7", NOON - day)], at=NOON + timedelta(minutes=13)))
    assert publish() == {"2026-11-22": "its signals changed"}
    monkeypatch.setattr(publishing, "exact_version", lambda: "99")
    assert set(publish()) == {"2026-11-21", "2026-11-22"}
    days = json.loads((folder / "manifest.json").read_text())["days"]
    assert [entry["rows"] for entry in days] == [1, 2]
    assert days[0]["made_again_because"].startswith("made by version")
    for file in days[1]["files"]:
        assert disk.sha256(folder / file["path"]) == file["sha256"]
    page = (folder / "index.html").read_text()
    for words in ("DADOS SIMULADOS", "SIMULATED DATA", "<title>Sinais de GPS / GPS signals:"):
        assert words in page
    assert page.count('<span lang="en">again</span>') == 2
    assert "0.0 MB" not in page
    import frictionless

    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["type", "message"])
    described = {
        each["path"]: each["bytes"] for each in json.loads((folder / "datapackage.json").read_text())["resources"]
    }
    assert described == {file["path"]: file["bytes"] for entry in days for file in entry["files"]}


def test_an_interrupted_publication_goes_on_where_it_was(recorder: Recorder, tmp_path: Path) -> None:
    """What its manifest lists is complete at any moment, and earlier days stay listed."""
    day = timedelta(days=1)
    recorder.add(recorder.window([vehicle("9", NOON - day), vehicle("8", NOON - 2 * day)]))
    folder = tmp_path / "site"

    def publisher(network: str = "network") -> Publisher:
        return Publisher(recorder.lake, folder, network, city_of(tmp_path), simulated=False)

    def listed() -> list[tuple[str, str]]:
        days = json.loads((folder / "manifest.json").read_text())["days"]
        for file in (file for entry in days for file in entry["files"]):
            assert disk.sha256(folder / file["path"]) == file["sha256"]
        return [(entry["day"], entry["network_sha256"]) for entry in days]

    now = NOON + timedelta(hours=8)
    assert next(publisher().publish(now)) == ("2026-11-21", "new")
    assert listed() == [("2026-11-21", "network")]
    assert list(publisher().publish(now)) == [("2026-11-21", ""), ("2026-11-22", "new")]
    assert next(publisher("other").publish(now))[1] == "the network changed"
    assert listed() == [("2026-11-21", "other"), ("2026-11-22", "network")]
    assert list(publisher("other").publish(now)) == [("2026-11-21", ""), ("2026-11-22", "the network changed")]


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_and_real_days_are_not_published_together(
    recorder: Recorder, tmp_path: Path, simulated: bool
) -> None:
    recorder.add(recorder.window([vehicle("9", NOON - timedelta(days=1))]))

    def publish(simulated: bool) -> list[tuple[str, str]]:
        publisher = Publisher(recorder.lake, tmp_path / "site", "network", city_of(tmp_path), simulated)
        return list(publisher.publish(NOON + timedelta(hours=8)))

    assert publish(simulated) == [("2026-11-22", "new")]
    before = (tmp_path / "site" / "manifest.json").read_bytes()
    with pytest.raises(MixedData, match="would mix real and simulated data"):
        publish(not simulated)
    assert (tmp_path / "site" / "manifest.json").read_bytes() == before


def test_the_exact_version_changes_with_the_code(tmp_path: Path) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\+[0-9a-f]{12}", code_version.exact_version())
    file = tmp_path / "models" / "viagens.sql"
    file.parent.mkdir()
    sums = []
    for text in ("select 1", "select 2"):
        file.write_text(text)
        sums.append(code_version._checksum(tmp_path))
    assert sums[0] != sums[1]
