"""The current state of the lines: data of the network beside that of the models."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Hour, Lengths, LineInfo, LineNow

UNKNOWN_COLOUR = "#777777"
NOBODY: dict[str, Any] = {"em_servico": 0, "em_terminais": 0, "em_rota": 0}


def board(reference: Reference, now: dict[str, dict[str, Any]], hours: dict[str, list[Hour]]) -> list[LineNow]:
    """Return every line of the network, and lines found only in the data, by name."""
    names = sorted({*reference.lines, *now}, key=lambda linha: (len(linha), linha))
    return [_line(reference, linha, now.get(linha, NOBODY), hours.get(linha, [])) for linha in names]


def _line(reference: Reference, linha: str, now: dict[str, Any], hours: list[Hour]) -> LineNow:
    info = reference.lines.get(linha) or LineInfo(linha, "", "", "", "", [], UNKNOWN_COLOUR, Lengths(None, None))
    return LineNow(
        **asdict(info),
        em_servico=now["em_servico"],
        em_terminais=now["em_terminais"],
        em_rota=now["em_rota"],
        velocidade_mediana=now.get("velocidade_mediana"),
        regularidade=Lengths(now.get("regularidade_ida"), now.get("regularidade_volta")),
        idade_mediana_segundos=now.get("idade_mediana_segundos"),
        historico=hours,
    )
