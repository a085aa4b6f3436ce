"""The report of a line and day, from rows as the marts have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from brt_watch.clock import UTC
from brt_watch.marts.rows import Batches
from brt_watch.marts.selection import Query, Selection
from brt_watch.marts.tables import HEADWAYS, REGULARITY, REGULARITY_DAYS, SERVICE, SERVICE_DAYS, SPEEDS, TRIPS
from brt_watch.network import read_network
from brt_watch.network.city import city_of
from brt_watch.reports.line_day import LineDay, line_day
from brt_watch.reports.page import html

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STOPS = read_network(day=DAY).paths["22", "ida"].stops
MIDDLE = STOPS[len(STOPS) // 2].estacao_id
LINE = {"dia_operacao": DAY, "linha": "22", "sentido": "ida"}


def hour(number: int, planned: float | None, run: int | None, minutes: int, line: str = "22") -> dict[str, Any]:
    return {
        **LINE,
        **{"linha": line, "hora_operacao": number, "viagens_previstas": planned, "viagens_realizadas": run},
        "minutos_capturados": minutes,
    }


def whole_day(line: str, planned: float, observable: float, run: int, share: float) -> dict[str, Any]:
    return {
        **LINE,
        **{"linha": line, "viagens_previstas": planned, "viagens_observaveis": observable, "viagens_realizadas": run},
        **{"viagens_parciais": 1, "km_realizados": 10.0, "fracao_realizada": share},
    }


def wait(number: int, headways: int, seconds: float, planned: float | None) -> dict[str, Any]:
    return {
        **LINE,
        **{"hora_operacao": number, "intervalos": headways, "intervalos_desconhecidos": 1},
        **{"intervalo_medio_segundos": 300.0, "espera_segundos": seconds, "espera_minima_segundos": seconds - 60},
        **{"espera_maxima_segundos": seconds + 60, "espera_prevista_segundos": planned},
        "espera_excedente_segundos": None if planned is None else seconds - planned,
    }


def headway(minutes: int, seconds: float, unknown: bool) -> dict[str, Any]:
    return {
        **LINE,
        **{"codigo": "<b>", "estacao_id": MIDDLE, "intervalo_segundos": seconds, "flag_desconhecido": unknown},
        **{"partida": datetime(2026, 11, 24, 15, tzinfo=UTC) + timedelta(minutes=minutes), "hora_operacao": 12},
    }


def speed(number: int, median: float, buses: int) -> dict[str, Any]:
    return {
        **LINE,
        **{"hora_operacao": number, "ordem": 1, "de_estacao_id": "TOTAL", "ate_estacao_id": "TOBSE"},
        **{"velocidade_p50_kmh": median, "passagens": buses},
    }


WAITS = {
    **LINE,
    **{"sentido": "ambos", "intervalos": 40, "intervalos_desconhecidos": 2, "espera_segundos": 210.0},
    **{"espera_minima_segundos": 150.0, "espera_maxima_segundos": 270.0},
    **{"espera_prevista_segundos": 120.0, "espera_excedente_segundos": 60.0},
}

ROWS: dict[str, list[dict[str, Any]]] = {
    SERVICE.model: [
        hour(8, 10.0, 9, 60),
        hour(9, 10.0, 4, 30),
        hour(10, 10.0, None, 0),
        hour(11, 5.0, 5, 60, line="10"),
    ],
    SERVICE_DAYS.model: [whole_day("10", 5.0, 5.0, 3, 0.6), whole_day("22", 30.0, 15.0, 13, 0.87)],
    REGULARITY.model: [wait(8, 30, 180.0, 120.0), wait(9, 10, 300.0, None)],
    REGULARITY_DAYS.model: [WAITS],
    HEADWAYS.model: [headway(0, 300.0, False), headway(5, 900.0, True)],
    SPEEDS.model: [speed(8, 31.4, 12), speed(9, 22.0, 2)],
    TRIPS.model: [],
}


@pytest.fixture
def report() -> Callable[..., LineDay]:
    """Make a report of these rows, filtered as a database would."""

    def make(rows: dict[str, list[dict[str, Any]]] = ROWS, simulated: bool = False) -> LineDay:
        def read(selection: Query) -> Batches:
            assert isinstance(selection, Selection)
            wanted = selection.filters.get("linha")
            found = [row for row in rows[selection.mart.model] if wanted in (None, row["linha"])]
            yield [tuple(row.get(name) for name in selection.names) for row in found]

        return line_day(read, "22", DAY, city_of(Path()), simulated)

    return make


def test_a_report_says_what_was_not_captured(report: Callable[..., LineDay]) -> None:
    made = report()
    assert made.captured == {8: 60, 9: 30, 10: 0, 11: 60}
    found = made.summary()
    assert (found.trips, found.planned_trips, found.observable_trips) == (13, 30.0, 15.0)
    assert (found.wait_s, found.excess_wait_s, found.unknown_headways) == (210.0, 60.0, 2)
    assert made.summary("volta").trips is None
    page = html(made, NOW)
    assert "13 viagens observadas de 15 planejadas nos minutos capturados (87\u202f%)" in page
    assert "de outras 15 planejadas não sabemos" in page
    assert "10h: sem dados" in page
    assert made.ranking() == [("10", 5.0, 3, 0.6), ("22", 15.0, 13, 0.87)]
    assert "<tr class=own><th scope=row>22<td>15<td>13<td>87" in page


def test_a_plan_of_a_later_date_is_said_to_be_one(report: Callable[..., LineDay]) -> None:
    assert report().plan_is_later is False
    later = replace(report(), day=date(2022, 7, 6))
    assert later.plan_is_later
    assert "O plano é de uma data posterior" in html(later, NOW)


def test_a_day_without_capture_has_no_figures(report: Callable[..., LineDay]) -> None:
    page = html(report({mart: [] for mart in ROWS}), NOW)
    assert "Nada foi capturado neste dia" in page
    assert "<svg" not in page


def test_two_days_are_compared_as_far_as_they_were_captured(report: Callable[..., LineDay]) -> None:
    made, empty = report(), report({mart: [] for mart in ROWS})
    page = html(made, NOW, empty)
    assert "<th scope=row>Viagens observadas<td>13<td>sem dados" in page
    assert "capturados em partes diferentes" in page
    assert "capturados por igual" in html(made, NOW, made)
    assert "Comparação" not in html(made, NOW)


def test_a_page_needs_nothing_else_and_escapes_what_it_shows(report: Callable[..., LineDay]) -> None:
    page = html(report(), NOW)
    assert "Linha 22, terça-feira, 24 de novembro de 2026" in page
    assert "DADOS SIMULADOS" not in page
    assert "DADOS SIMULADOS" in html(report(simulated=True), NOW)
    assert not [word for word in ("<script", "http-equiv", "src=", "href=", "url(h", "<b>") if word in page]
    # Few buses are grey, and a headway with a hole of the capture is hollow.
    assert "2 ônibus: poucos dados" in page
    assert 'class="open"' in page
