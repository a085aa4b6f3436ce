"""The schemas of answers from marts; their columns and descriptions come from dbt's documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brt_watch.marts.tables import (
    HEADWAYS,
    PASSAGES,
    REGULARITY,
    REGULARITY_DAYS,
    SERVICE,
    SERVICE_DAYS,
    SPEEDS,
    TRIPS,
    Mart,
)

TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "integer": {"type": ["integer", "null"]},
    "bigint": {"type": ["integer", "null"]},
    "double precision": {"type": ["number", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "timestamp with time zone": {"type": ["string", "null"], "format": "date-time"},
}


@dataclass(frozen=True)
class Answer:
    """An address that returns the rows of a mart: its schema, that of a row, and the name of the list of rows."""

    schema: str
    row: str
    rows: str
    mart: Mart
    example: dict[str, Any]


_WHERE = {"dia_operacao": "2026-11-24", "linha": "22", "sentido": "volta"}
_TRIP = {"id_viagem": "901008-1796234400-22", "codigo": "901008", **_WHERE}

ANSWERS = [
    Answer(
        *("Trips", "Trip", "viagens", TRIPS),
        {
            **_TRIP,
            "partida": "2026-11-24T17:00:00Z",
            "chegada": "2026-11-24T17:19:00Z",
            "distancia_km": 6.3,
            "velocidade_media_kmh": 19.9,
            "cobertura": 1.0,
            "tipo": "completa",
        },
    ),
    Answer(
        *("Passages", "Passage", "passagens", PASSAGES),
        {
            **_TRIP,
            "ordem": 2,
            "estacao_id": "TOBMP",
            "chegada": "2026-11-24T17:04:00Z",
            "partida": "2026-11-24T17:04:22Z",
            "incerteza_chegada_segundos": 9.0,
            "metodo": "na estação",
        },
    ),
    Answer(
        *("Headways", "Headway", "intervalos", HEADWAYS),
        {
            "escopo": "linha",
            **_TRIP,
            "estacao_id": "TOBMP",
            "partida": "2026-11-24T17:04:22Z",
            "intervalo_segundos": 214.0,
            "intervalo_previsto_segundos": 108,
            "flag_lacuna": True,
            "flag_desconhecido": False,
            "flag_recuperado": False,
        },
    ),
    Answer(
        *("Regularity", "RegularityHour", "horas", REGULARITY),
        {
            **_WHERE,
            "hora_operacao": 14,
            "espera_segundos": 121.0,
            "espera_minima_segundos": 88.0,
            "espera_maxima_segundos": 154.0,
            "espera_prevista_segundos": 54.0,
            "espera_excedente_segundos": 67.0,
        },
    ),
    Answer(
        *("RegularityDays", "RegularityDay", "dias", REGULARITY_DAYS),
        {
            **_WHERE,
            "intervalos": 5210,
            "espera_segundos": 118.0,
            "espera_prevista_segundos": 61.0,
            "espera_excedente_segundos": 57.0,
            "espera_excedente_minima_segundos": 22.0,
            "espera_excedente_maxima_segundos": 90.0,
        },
    ),
    Answer(
        *("Speeds", "StretchSpeed", "trechos", SPEEDS),
        {
            **_WHERE,
            "hora_operacao": 14,
            "ordem": 1,
            "de_estacao_id": "TOJDO",
            "ate_estacao_id": "TOBMP",
            "passagens": 31,
            "velocidade_p50_kmh": 32.4,
        },
    ),
    Answer(
        *("Service", "ServiceHour", "oferta", SERVICE),
        {
            **_WHERE,
            "hora_operacao": 14,
            "viagens_previstas": 33.33,
            "viagens_realizadas": 29,
            "minutos_capturados": 60,
        },
    ),
    Answer(
        *("ServiceDays", "ServiceDay", "dias", SERVICE_DAYS),
        {
            **_WHERE,
            "viagens_previstas": 449.0,
            "viagens_observaveis": 440.2,
            "viagens_realizadas": 401,
            "fracao_realizada": 0.911,
        },
    ),
]


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas of all answers, and of their rows, with an example each."""
    found = {}
    for answer in ANSWERS:
        found[answer.row] = _row(answer)
        found[answer.schema] = _whole(answer)
    return found


def _row(answer: Answer) -> dict[str, Any]:
    properties = {
        column.name: {**TYPES[column.type], "description": column.description} for column in answer.mart.columns
    }
    example = {**dict.fromkeys(properties), **answer.example}
    return {
        "title": answer.row,
        "type": "object",
        "description": f"{answer.mart.description} The columns are those of the model `{answer.mart.model}`.",
        "properties": properties,
        "required": list(properties),
        "examples": [example],
    }


def _whole(answer: Answer) -> dict[str, Any]:
    moment = {"type": "string", "format": "date-time"}
    day = {"type": ["string", "null"], "format": "date", "description": "The service day, if one was requested."}
    derived = {
        **{"type": ["string", "null"], "format": "date-time"},
        "description": "The end of the newest trip that is derived; null before the models have run.",
    }
    rows = {"type": "array", "items": {"$ref": f"#/components/schemas/{answer.row}"}}
    example = {
        **{"de": "2026-11-24T06:00:00Z", "ate": "2026-11-25T06:00:00Z", "dia": "2026-11-24"},
        "derivado_ate": "2026-11-24T17:51:01Z",
        "simulado": False,
        answer.rows: _row(answer)["examples"],
    }
    simulated = {"type": "boolean", "description": "Whether the signals come from a simulation."}
    return {
        "title": answer.schema,
        "type": "object",
        "description": f"Rows of the model `{answer.mart.model}`, oldest first.",
        "properties": {
            **{"de": moment, "ate": moment, "dia": day, "derivado_ate": derived, "simulado": simulated},
            answer.rows: rows,
        },
        "required": ["de", "ate", "dia", "derivado_ate", "simulado", answer.rows],
        "examples": [example],
    }
