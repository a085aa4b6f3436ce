from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.window import CSV, POLLS
from brt_watch.clock import StillClock
from brt_watch.errors import DamagedWindow, DatabaseRefused, DatabaseUnreachable, FeedFailed
from brt_watch.resources import Resources
from brt_watch.store.database import Store
from brt_watch.store.load import Loaded, copy_arrow
from tests.conftest import make_settings
from tests.integration.captured import capture, one, query
from tests.made_vehicles import NOON, body, vehicle


def test_records_are_signals_repeats_and_nothing_else(resources: Resources) -> None:
    same = body(vehicle("1", NOON), vehicle("2", NOON), vehicle("3", NOON))
    (folder,) = capture(resources, [same] * 39)
    loaded = pipeline.load(folder, resources)
    assert (loaded.records, loaded.signals, loaded.repeats) == (117, 3, 114)
    assert one(resources, "select count(*) from brt_raw") == 3
    assert query(resources, "select signals from brt_poll where signals > 0") == [{"signals": 3}]
    assert query(resources, "select records, signals, rejects, polls, captured_minutes from brt_window") == [
        {"records": 117, "signals": 3, "rejects": 0, "polls": 39, "captured_minutes": 13}
    ]


def test_brt_raw_has_the_users_columns_with_proper_types(resources: Resources) -> None:
    full = vehicle(
        "901008", NOON, placa="RIV8A74", id_migracao_trajeto="8970", capacidadePeVeiculo=0, capacidadeSentadoVeiculo=1
    )
    (folder,) = capture(resources, [body(full | {"novo": [1, "a"]})] * 39)
    pipeline.load(folder, resources)
    (row,) = query(resources, "select * from brt_raw")
    assert row == {
        "codigo": "901008",
        "placa": "RIV8A74",
        "linha": "22",
        "latitude": -23.006784,
        "longitude": -43.313043,
        "datahora": NOON - timedelta(seconds=20),
        "velocidade": 12.8,
        "id_migracao_trajeto": "8970",
        "sentido": "volta",
        "trajeto": "22 - JARDIM OCEÂNICO X ALVORADA (PARADOR) [VOLTA]",
        "hodometro": 176266.6,
        "direcao": 90,
        "ignicao": 1,
        "capacidade_pe_veiculo": 0,
        "capacidade_sentado_veiculo": 1,
        "extra": {"novo": [1, "a"]},
        "captured_at": NOON + timedelta(seconds=0.5),
        "capturer": resources.files.capturer,
        "tick": NOON,
        "load_id": 1,
    }


def test_the_data_are_treated_on_the_way(resources: Resources) -> None:
    odd = vehicle("1", NOON, placa="", linha="0", sentido="", trajeto='"x",\r\ny', direcao=" ", ignicao=None)
    (folder,) = capture(resources, [body(odd)] * 39)
    pipeline.load(folder, resources)
    (row,) = query(resources, "select placa, linha, sentido, trajeto, direcao, ignicao from brt_raw")
    assert row == {
        "placa": None,
        "linha": "0",
        "sentido": None,
        "trajeto": '"x",\r\ny',
        "direcao": 0,
        "ignicao": None,
    }


def test_loading_twice_equals_loading_once(resources: Resources) -> None:
    (folder,) = capture(resources, [])
    copy = folder.with_name(folder.name + ".copy")
    copy.mkdir()
    for file in folder.glob("*.*"):
        (copy / file.name).write_bytes(file.read_bytes())
    first = pipeline.load(folder, resources)
    before = query(resources, "select * from brt_raw order by 1, 6") + query(
        resources, "select * from brt_poll order by 2"
    )
    copy.rename(folder)
    again = resources.store.load_window(folder, read_manifest(folder))
    assert (first.again, again.again, again.signals) == (False, True, 0)
    after = query(resources, "select * from brt_raw order by 1, 6") + query(
        resources, "select * from brt_poll order by 2"
    )
    assert after == before


def test_a_loaded_window_lies_in_the_archive(resources: Resources) -> None:
    (folder,) = capture(resources, [])
    pipeline.load(folder, resources)
    assert resources.files.closed_windows() == []
    archived = resources.files.archive / "2026-11" / folder.name
    assert sorted(file.name for file in archived.iterdir()) == [
        "brt.csv.zst",
        "manifest.json",
        "polls.csv.zst",
        "raw",
        "rejects.csv.zst",
    ]


def test_the_ledger_of_every_tick_is_in_the_database(resources: Resources) -> None:
    (folder,) = capture(
        resources, [FeedFailed("unreachable", 'no "route"'), b"<html>", body(vehicle("1", latitude=None))]
    )
    pipeline.load(folder, resources)
    rows = query(resources, "select status, reason, detail, rejects, capturer from brt_poll order by tick")
    assert len(rows) == 39
    assert rows[0] == {
        "status": "failed",
        "reason": "unreachable",
        "detail": 'no "route"',
        "rejects": 0,
        "capturer": resources.files.capturer,
    }
    assert (rows[1]["reason"], rows[2]["rejects"]) == ("not_json", 1)
    (reject,) = query(resources, "select position, reason, record, tick from brt_reject")
    assert (reject["position"], reject["reason"], reject["tick"]) == (
        0,
        "position_missing",
        NOON + timedelta(seconds=40),
    )
    assert json.loads(reject["record"])["codigo"] == "1"


@pytest.mark.parametrize("feed", ["brt", "gtfs_rt"])
def test_first_sight_of_a_signal_is_kept_when_it_changes(resources: Resources, feed: str) -> None:
    """It is counted; only a recovered record is a disagreement."""
    resources.files.feed = replace(resources.files.feed, name=feed)
    answers = [body(vehicle("1", NOON, direcao=direction)) for direction in (10, 20, 30)]
    (folder,) = capture(resources, answers + [answers[-1]] * 36)
    pipeline.load(folder, resources)
    assert one(resources, "select direcao from brt_raw") == 10
    assert one(resources, "select conflicts from brt_window") == 1
    assert one(resources, "select count(*) from brt_disagreement") == 0


def test_signals_that_come_again_unchanged_are_no_conflict(resources: Resources) -> None:
    odd = vehicle("1", NOON, linha="", sentido="", direcao=" ", ignicao=None, velocidade=None)
    (folder,) = capture(resources, [body(odd)] * 39)
    assert pipeline.load(folder, resources).conflicts == 0


def test_texts_arrive_as_they_were_sent_whatever_is_in_them(resources: Resources) -> None:
    texts = ["a,b", 'say "22", twice', "two\r\nlines", " ", '"', ",", '," ",1,1,1,', "1", "", None]
    names = ("placa", "linha", "id_migracao_trajeto", "sentido", "trajeto")
    fleet = [vehicle(f"{code}{name}", NOON, direcao=" ", novo=code) for code in ("x,", '"', " \n") for name in names]
    fleet += [
        vehicle(f"{number} {name}", NOON, **{name: text}, direcao=number or " ", novo=text)
        for number, text in enumerate(texts)
        for name in names
    ]
    fleet += [vehicle("blank", NOON, trajeto=" ", hodometro=3, direcao=90, ignicao=1, novo=" ")]
    (folder,) = capture(resources, [body(*fleet)] * 39)
    loaded = pipeline.load(folder, resources)
    assert (loaded.signals, loaded.conflicts) == (len(fleet), 0)
    there = {row["codigo"]: row for row in query(resources, "select * from brt_raw")}
    for sent in fleet:
        row = there[sent["codigo"]]
        assert [row[name] for name in names] == [sent[name] or None for name in names]
        assert row["direcao"] == (0 if sent["direcao"] == " " else sent["direcao"])
        assert row["extra"]["novo"] == sent["novo"]


def test_a_signal_counts_at_the_first_poll_that_has_it(resources: Resources) -> None:
    answers = [
        body(*(vehicle(str(n), NOON + timedelta(seconds=20 * (poll // 3)), direcao=poll // 5) for n in range(4)))
        for poll in range(39)
    ]
    (folder,) = capture(resources, answers)
    loaded = pipeline.load(folder, resources)
    assert (loaded.records, loaded.signals, loaded.conflicts) == (39 * 4, 13 * 4, 5 * 4)
    seen = query(resources, "select signals from brt_poll order by tick")
    assert [row["signals"] for row in seen] == [4, 0, 0] * 13


def test_alerts_are_in_the_database(resources: Resources) -> None:
    (folder,) = capture(resources, [body(vehicle())] + [body(vehicle(novo=1))] * 2 + [body(vehicle())])
    pipeline.load(folder, resources)
    assert query(resources, "select event, code, subject, tick from brt_alert order by tick") == [
        {"event": "raised", "code": "field_appeared", "subject": "novo", "tick": NOON + timedelta(seconds=20)},
        {"event": "closed", "code": "field_appeared", "subject": "novo", "tick": NOON + timedelta(seconds=60)},
    ]


def test_two_capturers_of_the_same_feed_land_their_union(
    loaded_resources: Callable[..., Resources], clock: StillClock
) -> None:
    one_half = loaded_resources("one")
    capture(one_half, [body(vehicle(str(n), NOON)) for n in range(0, 20)] + [FeedFailed("unreachable")] * 6)
    clock.time = NOON
    other_half = loaded_resources("two")
    capture(other_half, [body(vehicle(str(n), NOON)) for n in range(10, 30)])
    for resources in (one_half, other_half):
        (folder,) = resources.files.closed_windows()
        pipeline.load(folder, resources)
    codes = {row["codigo"] for row in query(one_half, "select codigo from brt_raw where codigo <> '901008'")}
    assert codes == {str(n) for n in range(30)}
    assert one(one_half, "select count(*) from brt_raw where codigo = '15'") == 1
    assert query(one_half, "select count(*) as ticks from brt_poll group by capturer") == [{"ticks": 39}, {"ticks": 39}]


def test_signals_loaded_by_another_machine_are_repeats(
    loaded_resources: Callable[..., Resources], clock: StillClock
) -> None:
    def fleet(poll: int) -> bytes:
        at = NOON + poll * timedelta(seconds=20)
        ahead, far = (int((at + timedelta(days=days)).timestamp()) * 1000 for days in (1, 4000))
        now = [vehicle(str(number), at) for number in range(5)]
        return body(*now, vehicle("old", dataHora=poll), vehicle("ahead", dataHora=ahead), vehicle("far", dataHora=far))

    one_half = loaded_resources("one")
    (folder,) = capture(one_half, [FeedFailed("unreachable") if poll % 2 else fleet(poll) for poll in range(39)])
    assert pipeline.load(folder, one_half).signals == 20 * 8
    clock.time = NOON
    other_half = loaded_resources("two")
    (folder,) = capture(other_half, [fleet(poll) for poll in range(39)])
    loaded = pipeline.load(folder, other_half)
    assert (loaded.records, loaded.signals, loaded.conflicts) == (39 * 8, 19 * 8, 0)
    assert one(one_half, "select count(*) from brt_raw where load_id = 1") == 20 * 8
    assert query(one_half, "select sum(signals) as n from brt_poll group by load_id order by 1") == [
        {"n": 19 * 8},
        {"n": 20 * 8},
    ]


def test_stamps_of_other_months_wait_outside_until_their_month(resources: Resources, clock: StillClock) -> None:
    ahead = vehicle("ahead", dataHora=int((NOON + timedelta(days=60)).timestamp()) * 1000)
    (folder,) = capture(resources, [body(ahead, vehicle("old", dataHora=0), vehicle("1", NOON))] * 39)
    pipeline.load(folder, resources)
    assert one(resources, "select string_agg(codigo, ',' order by codigo) from brt_raw_outside") == "ahead,old"
    clock.time = NOON + timedelta(days=60)
    capture(resources, [], ticks=80)
    for folder in resources.files.closed_windows():
        pipeline.load(folder, resources)
    assert one(resources, "select string_agg(codigo, ',' order by codigo) from brt_raw_outside") == "old"
    assert one(resources, "select count(*) from brt_raw_2027_01 where codigo = 'ahead'") == 1


def test_two_loads_of_one_folder_take_each_window_once(resources: Resources) -> None:
    capture(resources, [], ticks=200)
    windows = pipeline.windows_to_load(resources)
    with ThreadPoolExecutor(2) as loads:
        one_load, other = (loads.submit(_load_all, windows, resources) for _ in range(2))
    assert sorted(loaded.again for loaded in one_load.result() + other.result()) == [False] * 5 + [True] * 5
    assert one(resources, "select count(*) from brt_window") == 5
    assert (resources.files.closed_windows(), resources.files.damaged.exists()) == ([], False)


def _load_all(windows: list[Path], resources: Resources) -> list[Loaded]:
    return [pipeline.load(folder, resources) for folder in windows]


MANY = """
insert into {table} ({columns}, load_id)
select {values}, -1
from generate_series(1, 20000) as number
"""


@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        (
            "brt_raw",
            "codigo, trajeto, latitude, longitude, captured_at, datahora, capturer, tick",
            "number, repeat('x', 60), 0, 0, '2026-11-01', '2026-11-01', 'another', '2026-11-01'",
        ),
        (
            "brt_poll",
            "capturer, status, reason, detail, body_sha256, raw, records, rejects, tick",
            "'another', 'ok', '', '', repeat('x', 64), '', 0, 0, '2025-01-01'::timestamptz + number * interval '20 s'",
        ),
        (
            "brt_reject",
            "capturer, position, reason, record, tick",
            "'another', number, '', repeat('x', 100), '2026-11-01'",
        ),
    ],
    ids=["brt_raw", "brt_poll", "brt_reject"],
)
def test_rows_of_a_load_are_found_by_index_before_a_vacuum(
    resources: Resources, table: str, columns: str, values: str
) -> None:
    moments = [NOON + tick * timedelta(seconds=20) for tick in range(80)]
    answers = [body(vehicle("1", moment), vehicle("x", latitude=None)) for moment in moments]
    first, second = capture(resources, answers, ticks=80)
    pipeline.load(first, resources)
    with resources.store.connection() as connection:
        for each in ("brt_raw_2026_11", "brt_poll", "brt_reject"):
            connection.execute(f"alter table {each} set (autovacuum_enabled = off)")
        # The load before was a large one.
        connection.execute("alter table brt_poll drop constraint brt_poll_load_id_fkey")
        connection.execute("alter table brt_reject drop constraint brt_reject_load_id_fkey")
        connection.execute(MANY.format(table=table, columns=columns, values=values))
    loaded = pipeline.load(second, resources)
    with resources.store.connection() as connection:
        connection.execute("set local enable_seqscan = off; set local enable_indexscan = off")
        pages = connection.execute(
            "select pg_relation_size(%s) / 8192 as pages", ("brt_raw_2026_11" if table == "brt_raw" else table,)
        ).fetchone()
        explained = connection.execute(
            f"explain (analyze, format json) select * from {table} where load_id = 2"
        ).fetchone()
    assert loaded.rejects
    assert loaded.signals
    assert pages
    assert pages["pages"] > 200
    read = re.findall(r'"(?:Lossy|Exact) Heap Blocks": (\d+)', json.dumps(explained))
    assert 0 < sum(map(int, read)) <= 64, "two ranges of pages"


@pytest.mark.parametrize("cut", [CSV, POLLS])
def test_window_that_differs_from_its_manifest_is_not_loaded(resources: Resources, cut: str) -> None:
    """It is set aside, so that it does not block the others; Postgres reads the polls before the records are read."""
    (folder,) = capture(resources, [])
    (folder / cut).write_bytes((folder / cut).read_bytes()[:-30])
    with pytest.raises(DamagedWindow):
        pipeline.load(folder, resources)
    assert (resources.files.damaged / folder.name / CSV).exists()
    assert resources.files.closed_windows() == []
    assert one(resources, "select count(*) from brt_window") == 0


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        # Postgres refuses a row long before DuckDB has made all of them.
        # DuckDB fails while Postgres waits; through Arrow, its errors are of the type OSError.
        ("select chr(0) as codigo, null::varchar as extra from range(1000000)", DatabaseRefused),
        ("select if(range = 500000, error('broken'), '') as codigo, '{}' as extra from range(1000000)", OSError),
    ],
)
def test_a_copy_ends_when_one_of_its_sides_fails(resources: Resources, rows: str, error: type[Exception]) -> None:
    def copy() -> None:
        with resources.store.connection() as connection, duckdb.connect() as window:
            connection.execute("create table codes (codigo text, extra jsonb)")
            copy_arrow(connection, window.execute(rows), "copy codes from stdin (format binary)")

    with pytest.raises(error):
        copy()
    assert one(resources, "select to_regclass('codes')") is None


def test_unreachable_database_is_a_sentence_and_window_waits(tmp_path: Path, resources: Resources) -> None:
    (folder,) = capture(resources, [])
    away = Store(make_settings(tmp_path, database_url=SecretStr("postgresql://me:geheim@127.0.0.1:9/x")))
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:9") as error:
        away.load_window(folder, read_manifest(folder))
    assert "geheim" not in str(error.value)
    assert resources.files.closed_windows() == [folder]


def test_the_csv_and_the_table_hold_the_same_signals(resources: Resources) -> None:
    (folder,) = capture(resources, [])
    with io.StringIO((folder / CSV).read_bytes().decode(), newline="") as file:
        in_csv = {(row["codigo"], int(row["dataHora"])) for row in csv.DictReader(file)}
    pipeline.load(folder, resources)
    rows = query(resources, "select codigo, (extract(epoch from datahora) * 1000)::bigint as ms from brt_raw")
    assert {(row["codigo"], row["ms"]) for row in rows} == in_csv


def test_what_is_newest_is_known_without_counting_the_ledger(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "totals", lambda store: pytest.fail("all was counted"))
    assert (resources.store.newest_load(), resources.store.newest_transform()) == (0, 0)
    for folder in capture(resources, [], ticks=100):
        pipeline.load(folder, resources)
    resources.store.begin_transform(2)  # never finished, so it does not count
    resources.store.finish_transform(resources.store.begin_transform(1), 0.1, "network")
    assert (resources.store.newest_load(), resources.store.newest_transform()) == (2, 1)


def test_before_there_are_tables_nothing_is_newest(resources: Resources) -> None:
    with resources.store.connection() as connection:
        connection.execute("drop table brt_transform, brt_raw, brt_reject, brt_poll, brt_window cascade")
    assert (resources.store.newest_load(), resources.store.newest_transform()) == (0, 0)


def test_the_schema_is_applied_once(resources: Resources) -> None:
    with psycopg.connect(resources.store.url, autocommit=True) as connection:
        connection.execute("create database empty_one")
    empty = Store(
        make_settings(Path("x"), database_url=SecretStr(resources.store.url.rsplit("/", 1)[0] + "/empty_one"))
    )
    steps = [
        "001_first",
        "002_network_of_a_transform",
        "003_reader",
        "004_polls_by_load",
        "005_rejects_by_load",
        "006_transform_id",
        "007_recovery",
        "008_further_feeds",
        "009_polls_of_feeds",
    ]
    assert empty.apply_schema() == steps
    assert empty.apply_schema() == []
    with psycopg.connect(resources.store.url, autocommit=True) as connection:
        connection.execute("drop database empty_one with (force)")
