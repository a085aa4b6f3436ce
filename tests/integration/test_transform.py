from __future__ import annotations

import json
import random
import time
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from brt_watch import pipeline
from brt_watch.cli import steps
from brt_watch.clock import StillClock
from brt_watch.errors import TransformFailed
from brt_watch.network import SEEDS as SEEDS_FOLDER
from brt_watch.network import read_network, read_seed
from brt_watch.resources import Resources
from brt_watch.transform import runner as transform
from tests import parsed
from tests.conftest import ScriptedFeed
from tests.integration.captured import capture, query
from tests.made_vehicles import NOON, body, vehicle

pytestmark = pytest.mark.with_network

DATA_TESTS = 12

OF_THE_NETWORK = (
    *("versoes", "estacoes", "plano", "trechos", "trechos_repetidos"),
    *("celulas_trechos", "celulas_estacoes", "celulas_garagens"),
)
"""The models int_rede__..., built when the network is loaded."""

MODELS = sum(1 for _ in (transform.DBT_PROJECT / "models").rglob("*.sql")) - len(OF_THE_NETWORK)
"""Those apart from the network."""

OF_VIEWS = ("staging", "intermediate", "intermediate/agora")
"""Folders whose models are views unless they say otherwise."""

VIEWS = sum(
    "materialized='view'" in text or (folder in OF_VIEWS and "materialized=" not in text)
    for folder, text in (
        (str(path.parent.relative_to(transform.DBT_PROJECT / "models")), path.read_text(encoding="utf-8"))
        for path in (transform.DBT_PROJECT / "models").rglob("*.sql")
    )
)
"""Those that stay as they are after a load."""

ONLY_GPS, ONLY_VIEW = ("--select", "+gps_brt"), ("--select", "+generate_view")
"""For tests that do not look at the other models: an increment of all of them takes five seconds."""

VIEWS_STAY = "config.materialized:view"
"""Excluded, as of an increment of all models."""

SEEDS = sum(1 for _ in SEEDS_FOLDER.glob("*.csv"))
"""The network, the changes of its meaning, and the yardsticks of forecasts."""


def load_all(resources: Resources) -> None:
    for folder in resources.files.closed_windows():
        pipeline.load(folder, resources)


def moving_fleet(seed: int, polls: int) -> list[bytes]:
    """Return answers in which buses drive on paths and beside them, and signal at random moments.

    Signals come out of order and from the future, labels change, some are wrong, and odometers jump.
    """
    chance = random.Random(seed)
    paths = list(read_network().paths.values())
    buses = [(901000 + number, chance.choice(paths), chance.random()) for number in range(20)]
    answers = []
    for poll in range(polls):
        records = []
        for number, path, begun in buses:
            if chance.random() > 0.7:
                continue
            sent = NOON + poll * timedelta(seconds=20) - timedelta(seconds=chance.choice([-7200, 0, 0, 0, 60, 900]))
            place = int((begun + poll / polls) * len(path.metres)) % len(path.metres)
            line = path.linha if chance.random() < 0.9 else chance.choice(["0", "35", "nova"])
            records.append(
                vehicle(
                    str(number),
                    sent,
                    latitude=path.latitudes[place] + chance.choice([0, 0, 0.0002, 0.003]),
                    longitude=path.longitudes[place],
                    velocidade=chance.randrange(60),
                    linha=line,
                    sentido=path.sentido if chance.random() < 0.8 else "ida",
                    hodometro=chance.choice([poll / 10, 0]),
                )
            )
        answers.append(body(*records or [vehicle()]))
    return answers


def without_run(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop the number of the run that wrote each row; they come in one order."""
    return sorted(({name: value for name, value in row.items() if name != "derived_by"} for row in rows), key=str)


def expected_view(resources: Resources) -> list[dict[str, Any]]:
    """The rule of generate_view, in one plain statement over all of brt_raw."""
    return query(
        resources,
        """
        select distinct on (codigo) codigo, latitude, longitude, velocidade, datahora
        from brt_raw
        order by codigo, datahora > captured_at + interval '1 hour', datahora desc
        """,
    )


def test_increments_equal_a_full_refresh_in_any_load_order(resources: Resources) -> None:
    feed = resources.client
    assert isinstance(feed, ScriptedFeed)
    capture(resources, moving_fleet(seed=1, polls=200), ticks=118)
    first, middle, last = resources.files.closed_windows()
    models = (
        *("gps_brt", "posicao_atual", "cobertura_captura", "viagens", "passagens", "intervalos"),
        *("regularidade_hora", "velocidade_trecho", "oferta_hora"),
    )
    only = ("--select", *(f"+{model}" for model in models), "+generate_view", "--exclude", "tag:rede", "test_type:data")
    pipeline.load(last, resources)
    derived = pipeline.transform(resources)
    assert (derived.models, derived.tests) == (MODELS - VIEWS, DATA_TESTS)
    assert resources.store.view() == expected_view(resources)
    # The middle one changes rows on both of its sides.
    for folder in (first, middle):
        pipeline.load(folder, resources)
        pipeline.transform(resources, *only, VIEWS_STAY)
        assert resources.store.view() == expected_view(resources)
    increments = [without_run(query(resources, f"select * from {model}")) for model in models]
    assert all(increments)
    pipeline.transform(resources, "--full-refresh", *only)
    assert [without_run(query(resources, f"select * from {model}")) for model in models] == increments
    assert query(
        resources, "select sum(consultas_previstas) as polls, sum(sinais_novos) as signals from cobertura_captura"
    ) == (
        query(
            resources, "select count(distinct tick) as polls, (select count(*) from brt_raw) as signals from brt_poll"
        )
    )


POLL = timedelta(minutes=1)
"""Between two polls of the shuttles."""

NIGHT = datetime(2026, 11, 24, 5, tzinfo=timezone.utc)
"""Two in the morning in Rio: an hour before the turn of the service day."""


def shuttles(polls: int) -> list[bytes]:
    """Return answers in which three buses drive a line back and forth, half an hour each way, stopping at its ends.

    All are on their way when the service day turns.
    """
    paths = read_network().paths
    ways = [paths["50", "ida"], paths["50", "volta"]]
    answers = []
    for poll in range(polls):
        records = []
        for number in range(3):
            turn, second = divmod(poll * POLL.seconds + number * 600 + 300, 1800)
            path = ways[turn % 2]
            metres = path.metres[-1] * min(1.0, second / 1560)
            place = bisect_left(path.metres, metres)
            records.append(
                vehicle(
                    str(902000 + number),
                    NIGHT + poll * POLL,
                    latitude=path.latitudes[place],
                    longitude=path.longitudes[place],
                    velocidade=30 if second < 1560 else 0,
                    linha="50",
                    sentido=path.sentido,
                    trajeto="",
                )
            )
        answers.append(body(*records))
    return answers


DERIVED = ("viagens", "passagens", "intervalos", "int_viagens__cortes", "int_viagens__viradas")
"""What is compared after the night of the shuttles."""

ONLY_DERIVED = ("--select", "+intervalos", "+int_viagens__cortes", "--exclude", "test_type:data", "test_type:unit")

CUT = "select count(corte) = count(*) as all_days from int_viagens__dias"
"""Whether every day that a run makes is made from its middle on."""

CUT_AFTER_EACH = [False, True, True, True, False]


def night_of_shuttles(resources: Resources) -> list[list[Path]]:
    """Capture a night; returns its windows in the order in which they come.

    Windows that follow a whole trip make the day again from its middle on; a late one goes back behind it. The last one
    to come is that in which the service day turned.
    """
    assert isinstance(resources.clock, StillClock)
    resources.clock.time = NIGHT
    polls = timedelta(hours=4.5) // POLL
    capture(resources, shuttles(polls), ticks=polls)
    windows = resources.files.closed_windows()
    late, of_the_turn = windows.pop(-4), windows.pop(4)
    return [windows[:-4], windows[-4:-2], [late], windows[-2:], [of_the_turn]]


def assert_trips_go_through_the_turn(trips: list[dict[str, Any]], headways: list[dict[str, Any]]) -> None:
    """Of the three buses that are on their way when the service day turns."""
    turn = NIGHT + timedelta(hours=1)
    through = [trip for trip in trips if trip["partida"] < turn < trip["chegada"]]
    assert [(trip["dia_operacao"], trip["tipo"]) for trip in through] == [(date(2026, 11, 23), "completa")] * 3
    # Headways after the turn are of the new day, whatever trip made them; one bus was at its last station by then.
    of_the_new_day = {row["id_viagem_anterior"] for row in headways if row["dia_operacao"] == date(2026, 11, 24)}
    assert len({trip["id_viagem"] for trip in through} & of_the_new_day) == 2


@pytest.mark.deep
def test_a_day_that_continues_after_a_cut_equals_a_full_refresh(loaded_resources: Callable[..., Resources]) -> None:
    """The rules are the same on the lake, where test_lake_increments holds this; any order of loads is tested above."""
    resources = loaded_resources(poll_seconds=POLL.seconds)
    only = (*ONLY_DERIVED, "tag:rede")

    def derived() -> list[list[dict[str, Any]]]:
        return [without_run(query(resources, f"select * from {model}")) for model in DERIVED]

    cut = []
    for loaded in night_of_shuttles(resources):
        for folder in loaded:
            pipeline.load(folder, resources)
        pipeline.transform(resources, *only, VIEWS_STAY)
        cut += query(resources, CUT)
    assert [days["all_days"] for days in cut] == CUT_AFTER_EACH
    increments = derived()
    assert all(increments)
    pipeline.transform(resources, "--full-refresh", *only)
    assert derived() == increments
    assert_trips_go_through_the_turn(increments[0], increments[2])


def test_a_row_that_a_late_neighbour_changes_is_marked_as_new(resources: Resources) -> None:
    """A row keeps the load of its signal, so models built on the mart must follow the run that wrote the row."""
    capture(resources, moving_fleet(seed=2, polls=80), ticks=80)
    first, second = resources.files.closed_windows()[:2]
    pipeline.load(second, resources)
    pipeline.transform(resources, *ONLY_GPS)
    before = query(resources, "select max(derived_by) as run, max(load_id) as load from gps_brt")[0]
    pipeline.load(first, resources)
    pipeline.transform(resources, *ONLY_GPS)
    again = f"select count(*) as n from gps_brt where load_id = {before['load']} and derived_by > {before['run']}"
    assert query(resources, again)[0]["n"] > 0
    pipeline.transform(resources, "--full-refresh", *ONLY_GPS)
    assert query(resources, "select count(distinct derived_by) as n from gps_brt") == [{"n": 1}]


def test_a_signal_after_a_silence_is_compared_with_the_one_before(resources: Resources) -> None:
    """An increment reads minutes before a new signal, and beyond them the last signal of the hour before."""
    silent = range(20, 120)
    answers = [
        body(vehicle())
        if poll in silent
        else body(vehicle("901500", NOON + poll * timedelta(seconds=20), latitude=-23 + poll / 10000))
        for poll in range(156)
    ]
    *first, last = capture(resources, answers, ticks=157)
    for folders in (first, [last]):
        for folder in folders:
            pipeline.load(folder, resources)
        pipeline.transform(resources, *ONLY_GPS)
    after = """
        select distancia from gps_brt as signal
        where id_veiculo = '901500' and exists (
            select 1 from gps_brt as before
            where before.id_veiculo = signal.id_veiculo and before.timestamp_gps < signal.timestamp_gps
            having max(before.timestamp_gps) < signal.timestamp_gps - interval '30 minutes'
        )
    """
    assert [row["distancia"] > 1000 for row in query(resources, after)] == [True]
    increments = without_run(query(resources, "select * from gps_brt"))
    pipeline.transform(resources, "--full-refresh", *ONLY_GPS)
    assert without_run(query(resources, "select * from gps_brt")) == increments


def test_the_transform_is_due_after_a_load_and_only_then(resources: Resources) -> None:
    assert not pipeline.transform_is_due(resources)
    capture(resources, [])
    load_all(resources)
    assert pipeline.transform_is_due(resources)
    pipeline.transform(resources, *ONLY_VIEW)
    assert not pipeline.transform_is_due(resources)


def test_of_two_machines_that_find_a_new_load_one_derives(resources: Resources) -> None:
    capture(resources, [])
    load_all(resources)
    with ThreadPoolExecutor(1) as other:
        with resources.store.alone_transforming():
            waiting = other.submit(pipeline.transform_if_due, resources)
            while not query(resources, "select from pg_locks where locktype = 'advisory' and not granted"):
                time.sleep(0.05)
            run = resources.store.begin_transform(resources.store.newest_load())
            resources.store.finish_transform(run, 0.1, transform.definitions_sha256(resources.settings.folder))
        assert waiting.result() is None


def test_the_view_does_not_read_the_history(resources: Resources) -> None:
    plan = query(resources, "explain select * from generate_view")
    assert "posicao_atual" in str(plan)
    assert "brt_raw" not in str(plan)


def test_every_rule_of_the_models_holds(resources: Resources) -> None:
    derived = transform.run_dbt(
        resources.settings, resources.store.connection_parameters(), ["test"], "--select", "test_type:unit"
    )
    assert derived.tests >= 31, "all of them ran"


def test_every_column_of_every_model_is_described(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command `docs` writes the dictionary and dbt's site, from the same descriptions."""
    monkeypatch.setenv("BRT_WATCH_DATA", str(resources.settings.folder))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", resources.store.url)
    steps.docs()
    folder = resources.settings.folder / "dbt"
    assert "models.md was up to date" in capsys.readouterr().out
    assert (folder / "static_index.html").exists()
    manifest = json.loads((folder / "manifest.json").read_text())["nodes"]
    catalog = json.loads((folder / "catalog.json").read_text())["nodes"]
    models = [name for name in catalog if name.startswith(("model.", "seed."))]
    assert len(models) == MODELS + len(OF_THE_NETWORK) + SEEDS
    for model in models:
        assert manifest[model]["description"].startswith("One row is")
        described = {name for name, column in manifest[model]["columns"].items() if column["description"]}
        assert described == set(catalog[model]["columns"]), model


def test_the_network_is_loaded_when_it_is_another_one(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    points = sum(1 for _ in read_seed(SEEDS_FOLDER, "linha_trajetos"))
    assert query(resources, "select count(*) as n from linha_trajetos") == [{"n": points}]
    # As a release before left it.
    with resources.store.connection() as connection:
        connection.execute("alter table linhas drop column valido_desde")
    monkeypatch.setattr(transform, "definitions_sha256", lambda folder: "another")
    # Of each kind that is left out otherwise: a reference file, a model of the network, a view.
    kinds = ("linhas", "int_rede__versoes", "stg_brt__sinais")
    assert pipeline.transform(resources, "--select", *kinds).models == len(kinds)
    assert "valido_desde" in resources.store.columns(["linhas"])["linhas"]
    assert resources.store.newest_network() == "another"


def test_freshness_warns_after_30_min_and_fails_after_2_h(resources: Resources) -> None:
    capture(resources, [])
    load_all(resources)
    found = []
    for minutes in (29, 31, 119, 121):
        with resources.store.connection() as connection:
            connection.execute("update brt_window set loaded_at = now() - make_interval(mins => %s)", [minutes])
        with pytest.raises(TransformFailed, match="brt_window") if minutes > 120 else nullcontext():
            transform.run_dbt(resources.settings, resources.store.connection_parameters(), ["source", "freshness"])
        sources = json.loads((resources.settings.folder / "dbt" / "sources.json").read_text())
        found += [result["status"] for result in sources["results"]]
    assert found == ["pass", "warn", "warn", "error"]


def test_a_table_with_columns_of_another_version_is_made_again(resources: Resources) -> None:
    capture(resources, [])
    load_all(resources)
    # The table is there since the network was loaded.
    with resources.store.connection() as connection:
        connection.execute("alter table gps_brt add column velha integer")
        connection.execute("update brt_transform set network_sha256 = 'of another version'")
    pipeline.transform(resources, "--select", "gps_brt")
    assert "velha" not in resources.store.columns(["gps_brt"])["gps_brt"]


def test_engines_keep_what_dbt_parsed_for_each(make_resources: Callable[..., Resources]) -> None:
    resources = make_resources()
    kept = resources.settings.folder / "dbt" / parsed.NAME
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"for Postgres")
    lake = parsed.duckdb(resources.settings.folder / "models.duckdb")
    parsed.lend(kept.parent / "duckdb", lake)
    transform.run_dbt(resources.settings, lake, ["--no-write-json", "parse"])
    assert kept.read_bytes() == b"for Postgres"


def test_what_dbt_complains_of_is_in_the_error(
    make_resources: Callable[..., Resources],
) -> None:
    resources = make_resources(database_url=SecretStr("postgresql://brt_watch:geheim@127.0.0.1:9/x"))
    parsed.lend(resources.settings.folder / "dbt", parsed.postgres("x", 9))
    with pytest.raises(TransformFailed, match=r"127\.0\.0\.1"):
        transform.build(resources.settings, resources.store.connection_parameters())
