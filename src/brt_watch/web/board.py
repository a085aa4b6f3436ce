"""How the lines run now, counted from one snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median, pstdev

from msgspec.structs import asdict

from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Hour, Lengths, LineInfo, LineNow, Vehicle
from brt_watch.web.thresholds import MOVING_KMH, ON_PATH_M

UNKNOWN_COLOUR = "#777777"
PARKED = ("Parado terminal", "Parado garagem")
FEWEST = 4
"""Of fewer vehicles on a path nothing is said of how evenly they are spaced."""


def board(reference: Reference, vehicles: Sequence[Vehicle], hours: dict[str, list[Hour]]) -> list[LineNow]:
    """Return every line of the network, and those that are only in the data, by their names."""
    by_line: dict[str, list[Vehicle]] = defaultdict(list)
    for vehicle in vehicles:
        if vehicle.linha and vehicle.em_servico:
            by_line[vehicle.linha].append(vehicle)
    names = sorted({*reference.lines, *by_line}, key=lambda linha: (len(linha), linha))
    return [_line(reference, linha, by_line[linha], hours.get(linha, [])) for linha in names]


def _line(reference: Reference, linha: str, vehicles: list[Vehicle], hours: list[Hour]) -> LineNow:
    info = reference.lines.get(linha) or LineInfo(linha, "", "", "", "", [], UNKNOWN_COLOUR, Lengths(None, None))
    at_stations = sum(vehicle.status == "Parado terminal" for vehicle in vehicles)
    speeds = [vehicle.velocidade for vehicle in vehicles if (vehicle.velocidade or 0) >= MOVING_KMH]
    return LineNow(
        **asdict(info),
        em_servico=len(vehicles),
        em_terminais=at_stations,
        em_rota=len(vehicles) - at_stations,
        velocidade_mediana=round(median(speed for speed in speeds if speed is not None), 1) if speeds else None,
        regularidade=Lengths(_evenness(vehicles, "ida"), _evenness(vehicles, "volta")),
        idade_mediana_segundos=round(median(each.idade_segundos for each in vehicles), 1) if vehicles else None,
        historico=hours,
    )


def _evenness(vehicles: list[Vehicle], sentido: str) -> float | None:
    """Return the coefficient of variation of the spacing: 0 is even, 1 is chance, more is bunched."""
    along = sorted(
        vehicle.progresso_m
        for vehicle in vehicles
        if vehicle.goes == sentido
        and vehicle.status not in PARKED
        and vehicle.progresso_m is not None
        and (vehicle.desvio_m or 0) <= 2 * ON_PATH_M
    )
    if len(along) < FEWEST or along[-1] - along[0] <= 0:
        return None
    spacing = [there - here for here, there in pairwise(along)]
    return round(pstdev(spacing) / fmean(spacing), 2)
