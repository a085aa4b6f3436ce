"""The addresses of trips and passages against the models' own tables."""

from __future__ import annotations

import psycopg
import pytest

from brt_watch.pipeline import Resources
from brt_watch.web.app import create_app
from tests.ask_web import ask

TRIP = """insert into viagens (id_viagem, id_veiculo, dia_operacao, linha, sentido, partida, chegada, distancia_km,
    velocidade_media_kmh, cobertura, estacoes_passadas, estacoes_previstas, tipo, confianca, motivo_inicio, motivo_fim)
    values ('t', '901008', '2026-11-24', '22', 'ida', '2026-11-24 23:50-03', '2026-11-25 00:10-03', 6.3, 19.9, 1, 9, 9,
    'completa', 'alta', 'terminal', 'terminal')"""
PASSAGE = """insert into passagens (id_viagem, id_veiculo, dia_operacao, linha, sentido, ordem, estacao_id, chegada,
    partida, incerteza_chegada_segundos, metodo) values ('t', '901008', '2026-11-24', '22', 'ida', 2, 'TOBSE',
    '2026-11-25 00:01-03', '2026-11-25 00:02-03', 9, 'na estação')"""
PERIOD = "de=2026-11-25T02:00:00Z&ate=2026-11-25T04:00:00Z"
"""From 23:00 to 01:00 in Rio: a trip after midnight belongs to the service day before."""


@pytest.mark.with_network
def test_trips_and_passages_are_those_of_the_models(resources: Resources) -> None:
    app = create_app(resources)
    path = f"/api/v1/passages?linha=22&sentido=ida&{PERIOD}"
    assert ask(app, path).json()["passagens"] == []
    with psycopg.connect(resources.store.url) as connection:
        connection.execute(TRIP)
        connection.execute(PASSAGE)
    (trip,) = ask(app, f"/api/v1/trips?linha=22&codigo=901008&{PERIOD}").json()["viagens"]
    assert (trip["partida"], trip["tipo"], trip["cobertura"]) == ("2026-11-25T02:50:00Z", "completa", 1.0)
    (passage,) = ask(app, path).json()["passagens"]
    assert (passage["estacao_id"], passage["chegada"]) == ("TOBSE", "2026-11-25T03:01:00Z")
    assert ask(app, f"{path}&estacao=TOTAL").json()["passagens"] == []
    assert ask(app, f"/api/v1/trips?linha=10&{PERIOD}").json()["viagens"] == []
    assert ask(app, f"/api/v1/trips?{PERIOD}&line=22").status_code == 422
    app.state.deps.history.reader.close()
