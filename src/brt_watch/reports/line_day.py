"""The figures of a report on a line and service day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from brt_watch import __version__
from brt_watch.marts.rows import Read, dicts
from brt_watch.marts.selection import Selection
from brt_watch.marts.tables import HEADWAYS, REGULARITY, REGULARITY_DAYS, SERVICE, SERVICE_DAYS, SPEEDS, TRIPS
from brt_watch.network import read_network
from brt_watch.network.city import City

Row = dict[str, Any]
DIRECTIONS = ("ida", "volta")
BOTH = "ambos"
"""The direction of a row of `regularidade_dia` that is of both."""


@dataclass(frozen=True)
class Summary:
    """The figures of a direction, or of both; None is unknown."""

    trips: int | None
    partial_trips: int | None
    planned_trips: float | None
    observable_trips: float | None
    """Planned trips in captured minutes; whether the others ran is unknown."""
    share: float | None
    """Share of those that ran."""
    km: float | None
    headways: int
    unknown_headways: int
    wait_s: float | None
    wait_low_s: float | None
    wait_high_s: float | None
    planned_wait_s: float | None
    excess_wait_s: float | None
    bunched: float | None
    bunched_2_min: float | None


@dataclass(frozen=True)
class LineDay:
    """The rows of the marts of a line and service day, and what frames them."""

    line: str
    name: str
    day: date
    city: City
    simulated: bool
    captured: dict[int, int]
    """Captured minutes by hour of operation, as far as they are known."""
    trips: list[Row]
    headways: list[Row]
    hours: list[Row]
    waits: list[Row]
    """Of the whole day, by direction and of both."""
    service: list[Row]
    speeds: list[Row]
    stations: dict[str, str]
    order: dict[str, list[str]]
    """The stations of each direction, in their order."""
    all_lines: list[Row]
    """The trips of all lines, those furthest below the plan first."""
    plan_since: date | None
    version: str = __version__

    @property
    def plan_is_later(self) -> bool:
        """Whether the oldest known plan begins after the day."""
        return self.plan_since is not None and self.plan_since > self.day

    @property
    def has_capture(self) -> bool:
        """Whether anything was captured on the day."""
        return any(self.captured.values())

    @property
    def unseen_trips(self) -> float:
        """Planned trips in minutes without capture."""
        found = self.summary()
        return (found.planned_trips or 0.0) - (found.observable_trips or 0.0)

    def ranking(self) -> list[tuple[str, float, int, float]]:
        """Return line, observable and run trips, and the share that ran, of both directions; the worst first."""
        by_line: dict[str, list[Row]] = {}
        for row in self.all_lines:
            by_line.setdefault(row["linha"], []).append(row)
        found = [
            (
                line,
                _sum(row["viagens_observaveis"] for row in rows),
                _sum(row["viagens_realizadas"] for row in rows),
                share,
            )
            for line, rows in by_line.items()
            if (share := shortfall(rows)) is not None
        ]
        return sorted(found, key=lambda each: (each[3], each[0]))

    @property
    def captured_minutes(self) -> int:
        """Minutes with a good poll, in the hours that are known."""
        return sum(self.captured.values())

    def station(self, station_id: str) -> str:
        """Return the name of a station, or its id when the network does not have it."""
        return self.stations.get(station_id, station_id)

    def summary(self, direction: str | None = None) -> Summary:
        """Return the figures of a direction, or of both."""
        service = [row for row in _of(self.all_lines, direction) if row["linha"] == self.line]
        waits: Row = next((row for row in self.waits if row["sentido"] == (direction or BOTH)), {})
        return Summary(
            trips=_sum(row["viagens_realizadas"] for row in service),
            partial_trips=_sum(row["viagens_parciais"] for row in service),
            planned_trips=_sum(row["viagens_previstas"] for row in service),
            observable_trips=_sum(row["viagens_observaveis"] for row in service),
            share=shortfall(service),
            km=_sum(row["km_realizados"] for row in service),
            headways=waits.get("intervalos", 0),
            unknown_headways=waits.get("intervalos_desconhecidos", 0),
            wait_s=waits.get("espera_segundos"),
            wait_low_s=waits.get("espera_minima_segundos"),
            wait_high_s=waits.get("espera_maxima_segundos"),
            planned_wait_s=waits.get("espera_prevista_segundos"),
            excess_wait_s=waits.get("espera_excedente_segundos"),
            bunched=waits.get("fracao_comboio"),
            bunched_2_min=waits.get("fracao_comboio_segundos"),
        )


def line_day(read: Read, line: str, day: date, city: City, simulated: bool) -> LineDay:
    """Return what a line did on a service day, as the marts have it."""
    of_line = {"linha": line}
    # What was captured is the same for all lines; those with a plan or a trip in an hour have it.
    of_all = dicts(read, Selection.of_day(SERVICE, day))
    captured: dict[int, int] = {}
    for row in of_all:
        hour = row["hora_operacao"]
        captured[hour] = max(captured.get(hour, 0), row["minutos_capturados"])
    network = read_network(city.seeds, day)
    paths = {sentido: path for (linha, sentido), path in network.paths.items() if linha == line}
    known = network.lines.get(line)
    return LineDay(
        line=line,
        name=known.nome if known else "",
        day=day,
        city=city,
        simulated=simulated,
        captured=dict(sorted(captured.items())),
        trips=dicts(read, Selection.of_day(TRIPS, day, of_line)),
        headways=dicts(read, Selection.of_day(HEADWAYS, day, {**of_line, "escopo": "linha"})),
        hours=dicts(read, Selection.of_day(REGULARITY, day, of_line)),
        waits=dicts(read, Selection.of_day(REGULARITY_DAYS, day, of_line)),
        service=[row for row in of_all if row["linha"] == line],
        speeds=dicts(read, Selection.of_day(SPEEDS, day, of_line)),
        stations={name: station.nome for name, station in network.stations.items()},
        order={sentido: [stop.estacao_id for stop in path.stops] for sentido, path in paths.items()},
        all_lines=dicts(read, Selection.of_day(SERVICE_DAYS, day)),
        plan_since=known.valido_desde if known else None,
    )


def shortfall(rows: list[Row]) -> float | None:
    """Return the share of the observable trips that ran; None where none could be seen."""
    return _mean([row["fracao_realizada"] for row in rows], [row["viagens_observaveis"] or 0.0 for row in rows])


def _of(rows: list[Row], direction: str | None) -> list[Row]:
    return [row for row in rows if direction in (None, row["sentido"])]


def _sum(values: Iterable[Any]) -> Any:
    """Return the sum of the known values; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean(values: list[float | None], weights: list[float]) -> float | None:
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else None
