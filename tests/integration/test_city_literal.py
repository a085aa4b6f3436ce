"""Each published defect of the city's table is there in its own rules (macros city_literal) and not in gps_brt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.resources import Resources
from brt_watch.store.embedded import Server
from brt_watch.transform import runner as transform
from tests import shared_postgres
from tests.conftest import make_settings
from tests.integration.captured import query
from tests.integration.conftest import share_dbt
from tests.made_vehicles import NOON

pytestmark = pytest.mark.with_network

SECOND = timedelta(seconds=1)

ON_THE_PATH = {"latitude": -22.916673, "longitude": -43.683695}
"""Where line 10 begins."""

NORTH = ON_THE_PATH["latitude"] + 0.001

SENT: dict[str, list[dict[str, Any]]] = {
    "with decimals": [{"velocidade": 27.7}],
    # Two minutes ended since the first was sent, and one since the second.
    "old": [{"seconds": 59, "age": 61}, {"seconds": 60, "age": 119}],
    "driving": [
        {"seconds": number * 20, "latitude": ON_THE_PATH["latitude"] + number * 0.001, "velocidade": 20}
        for number in range(4)
    ],
    "without a line": [{"linha": None, "sentido": None}],
    "with another line": [{}, {"seconds": 20, "latitude": NORTH, "linha": "11"}],
    "of a line without a path": [{"linha": "54"}, {"seconds": 20, "linha": "54", "latitude": NORTH}],
    "beside its path": [{"latitude": ON_THE_PATH["latitude"] + 0.003}],
}
"""The signals of the bus of each test. Unless they say otherwise: on line 10, standing on its path, sent at noon."""

CODES = {bus: f"9010{number:02}" for number, bus in enumerate(SENT)}

AT_HALF_PAST = f"'{NOON + 30 * SECOND}'"

LITERALS = {
    "v1": """{{ city_literal_v1("'-infinity'", "'infinity'") }}""",
    "v3": """{{ city_literal_v3("'-infinity'", "'infinity'") }}""",
    "from half past": f"""{{{{ city_literal_v1("{AT_HALF_PAST}", "'infinity'") }}}}""",
}
"""The city's rules by their version, and for a run that begins later."""


def signal(resources: Resources, seconds: float = 0, age: float = 10, **columns: Any) -> None:
    """Put a signal into brt_raw."""
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


def compile_literals(resources: Resources) -> dict[str, str]:
    """Return the city's rules as statements."""
    from dbt.cli.main import dbtRunner

    with transform._environment(resources.store.connection_parameters()):
        result = dbtRunner().invoke(
            [
                *("--quiet", "--no-send-anonymous-usage-stats", "--log-path", str(resources.settings.folder / "logs")),
                # In one run, which costs seconds.
                *("compile", "--inline", "\n;;\n".join(f"select * from {each} as city" for each in LITERALS.values())),
                *("--project-dir", str(transform.DBT_PROJECT), "--profiles-dir", str(transform.DBT_PROJECT)),
                *("--target-path", str(resources.settings.folder / "dbt")),
            ]
        )
    assert result.success, result.exception
    return dict(zip(LITERALS, result.result.results[0].node.compiled_code.split("\n;;\n"), strict=True))


@dataclass(frozen=True)
class Both:
    """The same signals by our rules and by the city's."""

    resources: Resources
    literals: dict[str, str]

    def ours(self, bus: str) -> list[dict[str, Any]]:
        return self._of(bus, "select * from gps_brt")

    def citys(self, bus: str, version: str = "v1") -> list[dict[str, Any]]:
        return self._of(bus, self.literals[version])

    def _of(self, bus: str, rows: str) -> list[dict[str, Any]]:
        where = f"where id_veiculo = '{CODES[bus]}' order by timestamp_gps"
        return query(self.resources, f"select * from ({rows}) as rows {where}")


def derive(resources: Resources) -> None:
    pipeline.transform(resources, "--select", "gps_brt")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server: Server, template_with_network: str, worker_id: str) -> Both:
    folder: Path = tmp_path_factory.mktemp("literal")
    address = shared_postgres.create(server, f"literal_{worker_id}", template_with_network)
    share_dbt(folder, server, f"literal_{worker_id}")
    resources = Resources.from_settings(make_settings(folder, database_url=address))
    for bus, signals in SENT.items():
        for each in signals:
            signal(resources, codigo=CODES[bus], **each)
    derive(resources)
    return Both(resources, compile_literals(resources))


def test_speeds_keep_their_decimals(both: Both) -> None:
    assert [row["velocidade_instantanea"] for row in both.ours("with decimals")] == [27.7]
    assert [row["velocidade_instantanea"] for row in both.citys("with decimals")] == [None]


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_signal_counts_by_age_not_by_minute_boundaries(both: Both, version: str) -> None:
    assert [row["flag_atrasado"] for row in both.ours("old")] == [True, True]
    assert [row["timestamp_gps"] for row in both.citys("old", version)] == [NOON + 60 * SECOND]


def test_a_run_does_not_begin_with_a_standing_bus(both: Both) -> None:
    assert [row["flag_em_movimento"] for row in both.ours("driving")] == [True] * 4
    assert [row["flag_em_movimento"] for row in both.citys("driving", "from half past")] == [False, True]


def test_a_second_run_adds_nothing(both: Both) -> None:
    before = query(both.resources, "select count(*) as n from gps_brt")
    derive(both.resources)
    assert query(both.resources, "select count(*) as n from gps_brt") == before == [{"n": 13}]
    code = both.literals["v1"]
    with both.resources.store.connection() as connection:
        connection.execute(f"create table city as {code}")
        once = connection.execute("select count(*) as n from city").fetchall()
        connection.execute(f"insert into city {code}")
    assert query(both.resources, "select count(*) as n from city") == [{"n": 2 * once[0]["n"]}]


def test_a_bus_without_a_line_is_still_there(both: Both) -> None:
    assert [row["status"] for row in both.ours("without a line")] == ["Parado terminal"]
    assert both.citys("without a line") == []


def test_a_bus_that_changes_its_line_goes_on_moving(both: Both) -> None:
    assert [row["flag_em_movimento"] for row in both.ours("with another line")] == [False, True]
    assert [row["flag_em_movimento"] for row in both.citys("with another line")] == [False, False]


def test_a_moving_bus_of_a_line_without_a_path_has_a_status(both: Both) -> None:
    statuses = [row["status"] for row in both.ours("of a line without a path")]
    assert statuses == ["Parado terminal", "Operando fora trajeto"]
    assert [row["status"] for row in both.citys("of a line without a path")] == ["Parado terminal", None]


def test_a_bus_far_beside_its_path_is_not_on_it(both: Both) -> None:
    assert [row["flag_trajeto_correto_hist"] for row in both.ours("beside its path")] == [False]
    assert [row["flag_trajeto_correto_hist"] for row in both.citys("beside its path")] == [True]
    assert [row["flag_trajeto_correto_hist"] for row in both.citys("beside its path", "v3")] == [False]


def test_the_analyses_count_every_signal(resources: Resources) -> None:
    signal(resources, velocidade=27.7)
    signal(resources, 20, linha=None)
    signal(resources, 40, latitude=0, longitude=0)
    signal(resources, 59, age=61)
    derive(resources)
    transform.run_dbt(
        resources.settings, resources.store.connection_parameters(), ["compile"], "--select", "resource_type:analysis"
    )
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
