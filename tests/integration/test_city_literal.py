"""Each published defect of the city's table is there in its own rules (macros city_literal) and not in gps_brt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.resources import Resources
from brt_watch.transform import runner as transform
from tests.fleet import NOON
from tests.integration.captured import query

pytestmark = pytest.mark.with_network

SECOND = timedelta(seconds=1)

ON_THE_PATH = {"latitude": -22.916673, "longitude": -43.683695}
"""Where line 10 begins."""

COMPILED: dict[tuple[str, str, str], str] = {}
"""The database has the same name in each test of a process."""


def signal(resources: Resources, seconds: float = 0, age: float = 10, **columns: Any) -> None:
    """Put a signal into brt_raw: of 901008 on line 10, standing on its path, sent after noon."""
    sent = NOON + seconds * SECOND
    row = {
        **{"codigo": "901008", "linha": "10", "sentido": "ida", "velocidade": 0, **ON_THE_PATH, **columns},
        **{"datahora": sent, "captured_at": sent + age * SECOND, "tick": sent, "capturer": "test"},
    }
    with resources.store.connection() as connection:
        connection.execute(
            'insert into brt_window (capturer, "window", feed_url, code_version, first_tick, last_tick, polls,'
            " good_polls, captured_minutes, records, signals, conflicts, rejects)"
            " select 'test', (count(*) + 1)::text, '', '', now(), now(), 1, 1, 1, 1, 1, 0, 0 from brt_window"
        )
        connection.execute(
            f"insert into brt_raw ({', '.join(row)}, load_id)"
            f" select {', '.join(f'%({name})s' for name in row)}, max(load_id) from brt_window",
            row,
        )


def literal(resources: Resources, version: str = "v1", start: str = "'-infinity'", end: str = "'infinity'") -> str:
    """Return the city's rules as a statement; the other tests also use dbt's compiled form."""
    if (version, start, end) not in COMPILED:
        COMPILED[version, start, end] = _compile(resources, version, start, end)
    return COMPILED[version, start, end]


def _compile(resources: Resources, version: str, start: str, end: str) -> str:
    from dbt.cli.main import dbtRunner

    with transform._environment(resources.store.connection_parameters()):
        result = dbtRunner().invoke(
            [
                *("--quiet", "--no-send-anonymous-usage-stats", "--log-path", str(resources.settings.folder / "logs")),
                *("compile", "--inline", f'select * from {{{{ city_literal_{version}("{start}", "{end}") }}}} as city'),
                *("--project-dir", str(transform.DBT_PROJECT), "--profiles-dir", str(transform.DBT_PROJECT)),
                *("--target-path", str(resources.settings.folder / "dbt")),
            ]
        )
    assert result.success, result.exception
    code: str = result.result.results[0].node.compiled_code
    return code


def ours(resources: Resources) -> list[dict[str, Any]]:
    pipeline.transform(resources, "--select", "gps_brt")
    return query(resources, "select * from gps_brt order by id_veiculo, timestamp_gps")


def citys(resources: Resources, *arguments: str) -> list[dict[str, Any]]:
    return query(resources, f"{literal(resources, *arguments)} order by id_veiculo, timestamp_gps")


def test_speeds_keep_their_decimals(resources: Resources) -> None:
    signal(resources, velocidade=27.7)
    assert [row["velocidade_instantanea"] for row in ours(resources)] == [27.7]
    assert [row["velocidade_instantanea"] for row in citys(resources)] == [None]


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_signal_counts_by_age_not_by_minute_boundaries(resources: Resources, version: str) -> None:
    signal(resources, seconds=59, age=61)  # two minutes ended since it was sent
    signal(resources, seconds=60, age=119)  # one minute ended
    assert [row["flag_atrasado"] for row in ours(resources)] == [True, True]
    assert [row["timestamp_gps"] for row in citys(resources, version)] == [NOON + 60 * SECOND]


def test_a_run_does_not_begin_with_a_standing_bus(resources: Resources) -> None:
    for number in range(4):
        signal(resources, number * 20, latitude=ON_THE_PATH["latitude"] + number * 0.001, velocidade=20)
    at_half_past = f"'{NOON + 30 * SECOND}'"
    assert [row["flag_em_movimento"] for row in ours(resources)] == [True] * 4
    assert [row["flag_em_movimento"] for row in citys(resources, "v1", at_half_past)] == [False, True]


def test_a_second_run_adds_nothing(resources: Resources) -> None:
    signal(resources)
    assert len(ours(resources)) == len(ours(resources)) == 1
    code = literal(resources)
    with resources.store.connection() as connection:
        connection.execute(f"create table city as {code}")
        connection.execute(f"insert into city {code}")
    assert query(resources, "select count(*) as n from city") == [{"n": 2}]


def test_a_bus_without_a_line_is_still_there(resources: Resources) -> None:
    signal(resources, linha=None, sentido=None)
    assert [row["status"] for row in ours(resources)] == ["Parado terminal"]
    assert citys(resources) == []


def test_a_bus_that_changes_its_line_goes_on_moving(resources: Resources) -> None:
    signal(resources)
    signal(resources, 20, latitude=ON_THE_PATH["latitude"] + 0.001, linha="11")
    assert [row["flag_em_movimento"] for row in ours(resources)] == [False, True]
    assert [row["flag_em_movimento"] for row in citys(resources)] == [False, False]


def test_a_moving_bus_of_a_line_without_a_path_has_a_status(resources: Resources) -> None:
    signal(resources, linha="54")
    signal(resources, 20, linha="54", latitude=ON_THE_PATH["latitude"] + 0.001)
    assert [row["status"] for row in ours(resources)] == ["Parado terminal", "Operando fora trajeto"]
    assert [row["status"] for row in citys(resources)] == ["Parado terminal", None]


def test_a_bus_far_beside_its_path_is_not_on_it(resources: Resources) -> None:
    signal(resources, latitude=ON_THE_PATH["latitude"] + 0.003)
    assert [row["flag_trajeto_correto_hist"] for row in ours(resources)] == [False]
    assert [row["flag_trajeto_correto_hist"] for row in citys(resources, "v1")] == [True]
    assert [row["flag_trajeto_correto_hist"] for row in citys(resources, "v3")] == [False]


def test_the_analyses_count_every_signal(resources: Resources) -> None:
    signal(resources, velocidade=27.7)
    signal(resources, 20, linha=None)
    signal(resources, 40, latitude=0, longitude=0)
    signal(resources, 59, age=61)
    ours(resources)
    transform.run_dbt(resources.settings, resources.store.connection_parameters(), ["compile"])
    analyses = resources.settings.folder / "dbt" / "compiled" / "brt_watch" / "analyses"
    for row in query(resources, (analyses / "diferencas_da_prefeitura.sql").read_text()):
        assert row["sinais"] == 4
        assert row["tem"] + row["faltam_fora_da_area"] + row["faltam_sem_linha"] + 1 == 4
        assert row["velocidade_perdida"] == 1

    findings = {path.stem: query(resources, path.read_text()) for path in analyses.glob("achados_*.sql")}
    assert len(findings) == 4
    assert sum(row["sinais"] for row in findings["achados_de_qualidade"]) == 4
    assert sum(row["sinais"] for row in findings["achados_de_status"]) == 4
    assert [(row["fonte"], row["sinais"], row["mediana_m"]) for row in findings["achados_no_trajeto"]] == [
        ("test", 1, 0)
    ]
