"""Each published defect of the city's table is there in its own rules (macros city_literal) and not in gps_brt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.pipeline import Parts
from brt_watch.transform import runner as transform
from tests.fleet import NOON
from tests.integration.captured import query

pytestmark = pytest.mark.with_network

SECOND = timedelta(seconds=1)

ON_THE_PATH = {"latitude": -22.916673, "longitude": -43.683695}
"""Where line 10 begins."""

COMPILED: dict[tuple[str, str, str], str] = {}
"""The database has the same name in each test of a process."""


def signal(parts: Parts, seconds: float = 0, age: float = 10, **columns: Any) -> None:
    """Put a signal into brt_raw: of 901008 on line 10, standing on its path, sent after noon."""
    sent = NOON + seconds * SECOND
    row = {
        **{"codigo": "901008", "linha": "10", "sentido": "ida", "velocidade": 0, **ON_THE_PATH, **columns},
        **{"datahora": sent, "captured_at": sent + age * SECOND, "tick": sent, "capturer": "test"},
    }
    with parts.store.connection() as connection:
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


def literal(parts: Parts, version: str = "v1", start: str = "'-infinity'", end: str = "'infinity'") -> str:
    """Return the city's rules as a statement; what dbt made of them serves the other tests, too."""
    if (version, start, end) not in COMPILED:
        COMPILED[version, start, end] = _compile(parts, version, start, end)
    return COMPILED[version, start, end]


def _compile(parts: Parts, version: str, start: str, end: str) -> str:
    from dbt.cli.main import dbtRunner

    with transform._environment(parts.store.connection_parameters()):
        result = dbtRunner().invoke(
            [
                *("--quiet", "--no-send-anonymous-usage-stats", "--log-path", str(parts.settings.folder / "logs")),
                *("compile", "--inline", f'select * from {{{{ city_literal_{version}("{start}", "{end}") }}}} as city'),
                *("--project-dir", str(transform.DBT_PROJECT), "--profiles-dir", str(transform.DBT_PROJECT)),
                *("--target-path", str(parts.settings.folder / "dbt")),
            ]
        )
    assert result.success, result.exception
    code: str = result.result.results[0].node.compiled_code
    return code


def ours(parts: Parts) -> list[dict[str, Any]]:
    pipeline.transform(parts, "--select", "gps_brt")
    return query(parts, "select * from gps_brt order by id_veiculo, timestamp_gps")


def citys(parts: Parts, *arguments: str) -> list[dict[str, Any]]:
    return query(parts, f"{literal(parts, *arguments)} order by id_veiculo, timestamp_gps")


def test_speeds_keep_their_decimals(parts: Parts) -> None:
    signal(parts, velocidade=27.7)
    assert [row["velocidade_instantanea"] for row in ours(parts)] == [27.7]
    assert [row["velocidade_instantanea"] for row in citys(parts)] == [None]


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_a_signal_counts_by_its_age_and_not_by_the_minutes_that_ended(parts: Parts, version: str) -> None:
    signal(parts, seconds=59, age=61)  # two minutes ended since it was sent
    signal(parts, seconds=60, age=119)  # one minute ended
    assert [row["flag_atrasado"] for row in ours(parts)] == [True, True]
    assert [row["timestamp_gps"] for row in citys(parts, version)] == [NOON + 60 * SECOND]


def test_a_run_does_not_begin_with_a_standing_bus(parts: Parts) -> None:
    for number in range(4):
        signal(parts, number * 20, latitude=ON_THE_PATH["latitude"] + number * 0.001, velocidade=20)
    at_half_past = f"'{NOON + 30 * SECOND}'"
    assert [row["flag_em_movimento"] for row in ours(parts)] == [True] * 4
    assert [row["flag_em_movimento"] for row in citys(parts, "v1", at_half_past)] == [False, True]


def test_a_second_run_adds_nothing(parts: Parts) -> None:
    signal(parts)
    assert len(ours(parts)) == len(ours(parts)) == 1
    code = literal(parts)
    with parts.store.connection() as connection:
        connection.execute(f"create table city as {code}")
        connection.execute(f"insert into city {code}")
    assert query(parts, "select count(*) as n from city") == [{"n": 2}]


def test_a_bus_without_a_line_is_still_there(parts: Parts) -> None:
    signal(parts, linha=None, sentido=None)
    assert [row["status"] for row in ours(parts)] == ["Parado terminal"]
    assert citys(parts) == []


def test_a_bus_that_changes_its_line_goes_on_moving(parts: Parts) -> None:
    signal(parts)
    signal(parts, 20, latitude=ON_THE_PATH["latitude"] + 0.001, linha="11")
    assert [row["flag_em_movimento"] for row in ours(parts)] == [False, True]
    assert [row["flag_em_movimento"] for row in citys(parts)] == [False, False]


def test_a_moving_bus_of_a_line_without_a_path_has_a_status(parts: Parts) -> None:
    signal(parts, linha="67")
    signal(parts, 20, linha="67", latitude=ON_THE_PATH["latitude"] + 0.001)
    assert [row["status"] for row in ours(parts)] == ["Parado terminal", "Operando fora trajeto"]
    assert [row["status"] for row in citys(parts)] == ["Parado terminal", None]


def test_a_bus_far_beside_its_path_is_not_on_it(parts: Parts) -> None:
    signal(parts, latitude=ON_THE_PATH["latitude"] + 0.003)
    assert [row["flag_trajeto_correto_hist"] for row in ours(parts)] == [False]
    assert [row["flag_trajeto_correto_hist"] for row in citys(parts, "v1")] == [True]
    assert [row["flag_trajeto_correto_hist"] for row in citys(parts, "v3")] == [False]


def test_the_analyses_count_every_signal(parts: Parts) -> None:
    signal(parts, velocidade=27.7)
    signal(parts, 20, linha=None)
    signal(parts, 40, latitude=0, longitude=0)
    signal(parts, 59, age=61)
    ours(parts)
    transform.run_dbt(parts.settings, parts.store.connection_parameters(), ["compile"])
    analyses = parts.settings.folder / "dbt" / "compiled" / "brt_watch" / "analyses"
    for row in query(parts, (analyses / "diferencas_da_prefeitura.sql").read_text()):
        assert row["sinais"] == 4
        assert row["tem"] + row["faltam_fora_da_area"] + row["faltam_sem_linha"] + 1 == 4
        assert row["velocidade_perdida"] == 1

    findings = {path.stem: query(parts, path.read_text()) for path in analyses.glob("achados_*.sql")}
    assert len(findings) == 4
    assert sum(row["sinais"] for row in findings["achados_de_qualidade"]) == 4
    assert sum(row["sinais"] for row in findings["achados_de_status"]) == 4
    assert [(row["fonte"], row["sinais"], row["mediana_m"]) for row in findings["achados_no_trajeto"]] == [
        ("test", 1, 0)
    ]
