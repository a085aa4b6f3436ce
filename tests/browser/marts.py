"""Rows of the marts as the server returns them, for a page whose server has no database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

from brt_watch.clock import RIO
from brt_watch.network import read_network

HEADWAY = timedelta(minutes=6)
TRIP = timedelta(minutes=24)
HOUR = timedelta(hours=1)
FROM_3_H = timedelta(hours=3)


ADDRESSES = ("headways", "regularity", "regularity/days", "trips", "speeds", "service", "service/days")


def answer(url: str) -> dict[str, Any]:
    """Return the answer to a question for a mart: a bus every six minutes, every fifth one bunched."""
    asked = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    if day := query.get("dia"):
        return _of_a_day(asked.path, day)
    begin, end = (datetime.fromisoformat(query[name].replace("Z", "+00:00")) for name in ("de", "ate"))
    rows = {
        "headways": ("intervalos", _headways),
        "regularity": ("horas", _regularity),
        "trips": ("viagens", _trips),
        "speeds": ("trechos", _speeds),
        "service": ("oferta", _service),
    }
    name, make = rows[asked.path.rpartition("/")[2]]
    found = list(make(query.get("linha", "22"), query.get("sentido", "volta"), begin, end))
    return {
        "de": query["de"],
        "ate": query["ate"],
        "dia": None,
        "derivado_ate": _iso(end),
        "simulado": True,
        name: found,
    }


def score_of_forecasts() -> dict[str, Any]:
    """Return a score of three days, of which yesterday was the best."""
    shares = {"previsoes": 4000, "nunca_chegaram": 120, "sem_desfecho": 30, "mbta": 0.9, "calitp": 0.8, "na_faixa": 0.6}
    shares |= {"erro_mediano_s": 1.5, "erro_absoluto_s": 48.0, "oscilacao_min": 0.2}
    methods = (("previsão", 0.86), ("tempos usuais", 0.8), ("prefeitura", 0.7))
    yesterday = datetime.now(RIO).date() - timedelta(days=1)
    days = [(yesterday - timedelta(days=ago)).isoformat() for ago in (2, 1, 0)]
    ours = shares | {"metodo": "previsão"}
    limits = {0: (-30, 90), 3: (-60, 150), 6: (-60, 210), 10: (-90, 270), 15: (None, None)}
    return {
        **{"de": days[0], "ate": days[-1], "dias": len(days), "aviso": None},
        "metodos": [shares | {"metodo": name, "transitapp": share} for name, share in methods],
        "por_dia": [ours | {"dia": day, "transitapp": 0.84 + 0.02 * number} for number, day in enumerate(days)],
        "por_faixa": [
            ours | {"horizonte_min": minutes, "cedo_s": early, "tarde_s": late, "transitapp": late and 0.86}
            for minutes, (early, late) in limits.items()
        ],
        "no_terminal": ours | {"transitapp": 0.5},
    }


def _departures(begin: datetime, end: datetime) -> Iterator[tuple[int, datetime]]:
    number = 0
    while (at := begin + number * HEADWAY) < end:
        # Every fifth bus runs right behind the one before it.
        yield number, at - (HEADWAY - timedelta(seconds=20) if number % 5 == 4 else timedelta())
        number += 1


def _trips(linha: str, sentido: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    for number, at in _departures(begin, end - TRIP):
        is_partial = number % 4 == 3
        yield {
            "id_viagem": f"90{number:04}-{at.timestamp():.0f}-{linha}",
            **{"codigo": f"90{number:04}", "linha": linha, "sentido": sentido, "dia_operacao": _day(at)},
            **{"partida": _iso(at), "chegada": _iso(at + TRIP * (0.5 if is_partial else 1))},
            **{"distancia_km": 6.3, "velocidade_media_kmh": 15.8, "cobertura": 0.5 if is_partial else 1.0},
            **{"tipo": "parcial" if is_partial else "completa", "confianca": "alta", "motivo_inicio": "terminal"},
            "motivo_fim": "meia-volta" if is_partial else "terminal",
        }


def _headways(linha: str, sentido: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    stops = _stops(linha, sentido)
    for number, at in _departures(begin, end):
        seconds = 20.0 if number % 5 == 4 else HEADWAY.total_seconds()
        for stop in stops[:-1]:
            yield {
                **{"escopo": "linha", "linha": linha, "sentido": sentido, "dia_operacao": _day(at), "estacao_id": stop},
                **{"id_viagem": f"90{number:04}-1-{linha}", "id_viagem_anterior": f"90{number - 1:04}-1-{linha}"},
                **{"codigo": f"90{number:04}", "partida": _iso(at), "hora_operacao": _hour(at)},
                **{"intervalo_segundos": seconds, "intervalo_previsto_segundos": 300},
                **{"flag_comboio_fracao": seconds < 75, "flag_lacuna": False, "flag_desconhecido": number == 2},
            }


def _hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    at = begin.replace(minute=0, second=0, microsecond=0)
    while at < end:
        yield at
        at += HOUR


def _regularity(linha: str, sentido: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    for at in _hours(begin, end):
        yield {
            **{"linha": linha, "sentido": sentido, "dia_operacao": _day(at), "hora_operacao": _hour(at)},
            **{"espera_segundos": 190.0, "espera_minima_segundos": 140.0, "espera_maxima_segundos": 220.0},
            **{"espera_prevista_segundos": 150.0, "espera_excedente_segundos": 40.0, "fracao_comboio": 0.2},
        }


def _speeds(linha: str, sentido: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    stops = _stops(linha, sentido)
    for at in _hours(begin, end):
        for number, (here, there) in enumerate(pairwise(stops)):
            yield {
                **{"linha": linha, "sentido": sentido, "dia_operacao": _day(at), "hora_operacao": _hour(at)},
                **{"de_estacao_id": here, "ate_estacao_id": there, "passagens": 2 if number == 1 else 9},
                **{"velocidade_p20_kmh": 20.0, "velocidade_p50_kmh": 9.0 if number == 0 else 28.0 + at.day % 2},
                **{"velocidade_p80_kmh": 35.0, "tempo_mediano_segundos": 90.0, "parada_mediana_segundos": 18.0},
            }


def _service(linha: str, sentido: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    for number, at in enumerate(_hours(begin, end)):
        yield {
            **{"linha": linha, "sentido": sentido, "dia_operacao": _day(at), "hora_operacao": _hour(at)},
            **{"viagens_previstas": 12.0, "viagens_realizadas": 7, "minutos_capturados": 45 if number == 0 else 60},
            **{"km_previstos": 75.6, "km_realizados": 44.1},
        }


def _of_a_day(path: str, day: str) -> dict[str, Any]:
    """Return the rows of all lines, of which there are two, on a service day."""
    of_line = [{"dia_operacao": day, "linha": linha, "sentido": "volta"} for linha in ("22", "35")]
    waits = {"espera_segundos": 118.0, "espera_excedente_segundos": 57.0, "fracao_comboio": 0.2}
    waits |= {"espera_excedente_minima_segundos": 22.0, "espera_excedente_maxima_segundos": 90.0}
    trips = {"viagens_previstas": 449.0, "viagens_observaveis": 440.2, "viagens_realizadas": 401}
    trips |= {"fracao_realizada": 0.911, "km_previstos": 2829.0, "km_realizados": 2526.0}
    figures: dict[str, tuple[str, dict[str, Any]]] = {
        "regularity/days": ("dias", waits),
        "service/days": ("dias", trips),
        "service": ("oferta", {"hora_operacao": 14, "minutos_capturados": 60}),
    }
    name, values = figures[path.removeprefix("/api/v1/")]
    rows = [row | values for row in of_line]
    until = f"{day}T23:00:00Z"
    return {"de": until, "ate": until, "dia": day, "derivado_ate": until, "simulado": True, name: rows}


def _stops(linha: str, sentido: str) -> list[str]:
    return [each.estacao_id for each in read_network().paths[linha, sentido].stops]


def _day(at: datetime) -> str:
    return f"{at.astimezone(RIO) - FROM_3_H:%Y-%m-%d}"


def _hour(at: datetime) -> int:
    return (at.astimezone(RIO) - FROM_3_H).hour + 3


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
