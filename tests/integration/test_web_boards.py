"""The addresses of the marts against the models' own tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow.parquet as parquet
import pytest
from fastapi import FastAPI

from brt_watch.resources import Resources
from brt_watch.store.embedded import Server
from brt_watch.web.app import create_app
from brt_watch.web.mart_schemas import ANSWERS
from brt_watch.web.routes import marts
from tests import shared_postgres
from tests.ask_web import ask
from tests.conftest import make_settings

TRIP = """insert into viagens (id_viagem, id_veiculo, dia_operacao, linha, sentido, partida, chegada, distancia_km,
    velocidade_media_kmh, cobertura, estacoes_passadas, estacoes_previstas, tipo, confianca, motivo_inicio, motivo_fim)
    values ('=t', '901008', '2026-11-24', '22', 'ida', '2026-11-24 23:50-03', '2026-11-25 00:10-03', 6.3, 19.9, 1, 9, 9,
    'completa', 'alta', 'terminal', 'terminal')"""
PASSAGE = """insert into passagens (id_viagem, id_veiculo, dia_operacao, linha, sentido, ordem, estacao_id, chegada,
    partida, incerteza_chegada_segundos, metodo) values ('=t', '901008', '2026-11-24', '22', 'ida', 2, 'TOBSE',
    '2026-11-25 00:01-03', '2026-11-25 00:02-03', 9, 'na estação')"""
HEADWAY = """insert into intervalos (escopo, dia_operacao, linha, sentido, estacao_id, id_viagem, id_veiculo, partida,
    hora_operacao, intervalo_segundos, flag_desconhecido) values ('{}', '2026-11-24', {}, '{}', 'TOBSE', '=t', '901008',
    '2026-11-25 00:02-03', 24, 300, false)"""
HOUR = (
    "insert into regularidade_hora (dia_operacao, linha, sentido, hora_operacao) values ('2026-11-24', '22', 'ida', {})"
)
SPEED = """insert into velocidade_trecho (dia_operacao, linha, sentido, hora_operacao, ordem, de_estacao_id,
    ate_estacao_id, velocidade_p50_kmh) values ('2026-11-24', '22', 'ida', 24, 1, 'TOTAL', 'TOBSE', 31.5)"""
SERVICE = """insert into oferta_hora (dia_operacao, linha, sentido, hora_operacao, viagens_previstas)
    values ('2026-11-24', '22', 'ida', 24, 5)"""
SCORED = """insert into previsao_acerto (dia_operacao, linha, tipo, metodo, horizonte_min, previsoes, nunca_chegaram,
    sem_desfecho, previsoes_transitapp, certas_transitapp, certas_mbta, certas_calitp, na_faixa,
    erro_mediano_s, erro_absoluto_s, oscilacao_min)
    values (current_date - {}, '22', '{}', '{}', {}, 100, 5, 2, 80, {}, 70, 60, 57, 4.0, 40.0, 0.25)"""
ROWS = [
    *(TRIP, PASSAGE, HEADWAY.format("linha", "'22'", "ida"), HEADWAY.format("todas", "null", "leste")),
    *(HOUR.format(23), HOUR.format(26), SPEED, SERVICE),
]
SCORES = [
    *((2, "a caminho", "previsão", 0, 80), (2, "a caminho", "previsão", 3, 40)),
    *((1, "a caminho", "previsão", 0, 60), (1, "a caminho", "prefeitura", 0, 8)),
    *((1, "no terminal", "previsão", 0, 20), (40, "a caminho", "x", 0, 1)),
]
PERIOD = "de=2026-11-25T02:00:00Z&ate=2026-11-25T04:00:00Z"
"""From 23:00 to 01:00 in Rio: a trip after midnight belongs to the service day before."""


@pytest.fixture(scope="module")
def app(
    tmp_path_factory: pytest.TempPathFactory, server: Server, template_with_network: str, worker_id: str
) -> Iterator[FastAPI]:
    """The page on a database that no test of this file changes."""
    address = shared_postgres.create(server, f"boards_{worker_id}", template_with_network)
    with psycopg.connect(address.get_secret_value()) as connection:
        for row in [*ROWS, *(SCORED.format(*case) for case in SCORES)]:
            connection.execute(row)
    app = create_app(Resources.from_settings(make_settings(tmp_path_factory.mktemp("boards"), database_url=address)))
    yield app
    app.state.deps.history.reader.close()


def found(app: FastAPI, address: str) -> list[dict[str, Any]]:
    answer = ask(app, f"/api/v1/{address}")
    assert answer.status_code == 200, answer.text
    (rows,) = (value for value in answer.json().values() if isinstance(value, list))
    return list(rows)


def test_the_addresses_of_the_marts_give_their_rows(app: FastAPI) -> None:
    (trip,) = found(app, f"trips?linha=22&codigo=901008&{PERIOD}")
    assert (trip["partida"], trip["tipo"], trip["cobertura"]) == ("2026-11-25T02:50:00Z", "completa", 1.0)
    (passage,) = found(app, f"passages?linha=22&sentido=ida&{PERIOD}")
    assert (passage["estacao_id"], passage["chegada"]) == ("TOBSE", "2026-11-25T03:01:00Z")
    assert [row["sentido"] for row in found(app, f"headways?{PERIOD}")] == ["ida"]
    assert [row["sentido"] for row in found(app, f"headways?{PERIOD}&escopo=todas")] == ["leste"]
    # Of an hour its beginning counts: from 23:00 on, and not 02:00 any more.
    assert [row["hora_operacao"] for row in found(app, f"regularity?{PERIOD}")] == [23]
    assert [row["hora_operacao"] for row in found(app, "regularity?dia=2026-11-24")] == [23, 26]
    assert [row["sentido"] for row in found(app, "regularity/days?dia=2026-11-24")] == ["ambos", "ida"]
    assert [row["velocidade_p50_kmh"] for row in found(app, f"speeds?{PERIOD}&estacao=TOBSE")] == [31.5]
    (hour,) = found(app, "service?dia=2026-11-24&linha=22")
    assert (hour["viagens_previstas"], hour["viagens_realizadas"]) == (5.0, None)
    (day,) = found(app, "service/days?dia=2026-11-24")
    assert (day["viagens_previstas"], day["viagens_realizadas"], day["fracao_realizada"]) == (5.0, None, None)
    for nothing in (f"passages?linha=22&{PERIOD}&estacao=TOTAL", f"trips?linha=10&{PERIOD}", "trips?dia=2026-11-25"):
        assert found(app, nothing) == []


def test_the_score_of_forecasts_is_by_day_and_band(app: FastAPI) -> None:
    """TransitApp's figure is the mean of the bands, a day's as well as that of all days; terminals are apart."""
    answer = ask(app, "/api/v1/forecasts/score?linha=22").json()
    methods = {each["metodo"]: each for each in answer["metodos"]}
    assert (answer["dias"], set(methods)) == (2, {"previsão", "prefeitura"})
    assert methods["previsão"]["transitapp"] == pytest.approx((140 / 160 + 40 / 80) / 2)
    assert (methods["previsão"]["previsoes"], methods["previsão"]["nunca_chegaram"]) == (300, 15)
    assert methods["previsão"]["sem_desfecho"] == 6
    assert methods["previsão"]["oscilacao_min"] == pytest.approx(0.25)
    assert [day["transitapp"] for day in answer["por_dia"]] == [0.75, 0.75]
    assert [day["previsoes"] for day in answer["por_dia"]] == [200, 100]
    names = ("horizonte_min", "transitapp", "cedo_s", "tarde_s")
    bands = [tuple(band[name] for name in names) for band in answer["por_faixa"]]
    assert bands == [(0, 0.875, -30, 90), (3, 0.5, -60, 150)]
    assert answer["no_terminal"]["transitapp"] == 0.25
    assert ask(app, "/api/v1/forecasts/score?linha=35").json()["metodos"] == []
    # Of a station: the lines that stop there.
    assert ask(app, "/api/v1/forecasts/score?estacao=TOBMP").json()["metodos"] == answer["metodos"]
    assert ask(app, "/api/v1/forecasts/score?estacao=TCMAD").json()["metodos"] == []


def test_a_mart_comes_whole_as_csv_and_parquet(app: FastAPI) -> None:
    for answer in ANSWERS:
        address = answer.schema.lower().replace("days", "/days")
        plain = found(app, f"{address}?dia=2026-11-24")
        text = ask(app, f"/api/v1/{address}?dia=2026-11-24&format=csv")
        assert f'filename="{answer.mart.model}-2026-11-24.csv"' in text.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(text.text)))
        assert list(rows[0]) == [column.name for column in answer.mart.columns]
        assert len(rows) == len(plain)
        # A spreadsheet runs no cell.
        assert rows[0].get("id_viagem", "'=t") == "'=t"
        packed = ask(app, f"/api/v1/{address}?dia=2026-11-24&format=parquet").content
        table = parquet.read_table(io.BytesIO(packed))
        assert (table.num_rows, table.column_names) == (len(plain), list(rows[0]))
        assert table.schema.field(0).metadata[b"description"].decode() == answer.mart.columns[0].description


def test_too_much_is_refused_and_not_cut_off(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marts, "MOST_ROWS", 1)
    monkeypatch.setattr(marts, "MOST_ROWS_OF_A_FILE", 1)
    for format in ("json", "csv", "parquet"):
        answer = ask(app, f"/api/v1/regularity?dia=2026-11-24&format={format}")
        assert (answer.status_code, "more than 1 rows" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (f"trips?{PERIOD}&line=22", "Unknown parameter line"),
        (f"trips?linha=X1&{PERIOD}", "allowed are"),
        (f"passages?estacao=X1&{PERIOD}", "allowed are"),
        ("trips?dia=2026-11-24&de=2026-11-24T00:00:00Z", "not both"),
        ("service?dia=1899-01-01", "between the years"),
        ("service?de=2026-11-01T00:00:00Z&ate=2026-11-03T00:00:00Z", "24 hours"),
        ("headways?linha=22&escopo=todas", "leave out linha"),
        ("headways?sentido=norte", "with escopo=todas"),
        ("headways?escopo=todas&sentido=ida", "with escopo=linha"),
        ("speeds?codigo=901008", "Unknown parameter codigo"),
    ],
)
def test_what_a_mart_cannot_be_asked_is_refused(app: FastAPI, address: str, problem: str) -> None:
    answer = ask(app, f"/api/v1/{address}")
    assert (answer.status_code, problem in answer.json()["detail"]) == (422, True), answer.text
