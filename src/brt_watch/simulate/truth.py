"""What really happened in a simulation, written beside the capture: trips, passages, and every signal that was sent."""

from __future__ import annotations

import csv
import io
import math
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from brt_watch.clock import UTC
from brt_watch.simulate.activities import Activity, Label
from brt_watch.simulate.fleet import Vehicle
from brt_watch.simulate.signals import Signal
from brt_watch.simulate.traffic import BUNCHED

FILES = {
    "sinais": ("codigo", "datahora", "recebido", "linha", "sentido", "estado", "distancia_m"),
    "viagens": (
        *("viagem", "codigo", "linha", "sentido", "partida", "chegada", "distancia_m"),
        *("partida_planejada", "motivo_inicio", "motivo_fim", "embarques"),
    ),
    "passagens": (
        *("viagem", "codigo", "linha", "sentido", "ordem", "estacao_id", "chegada", "partida"),
        *("desembarques", "embarques", "lotacao", "deixados", "espera_s"),
        *("intervalo_s", "intervalo_planejado_s", "comboio"),
    ),
}
"""The files of a truth and their columns. Times are UTC; `datahora` is the device's timestamp."""


class Truth:
    """The files of one start of a simulation, in their own folder.

    Lines are buffered until `flush` writes them at once: a killed process leaves no partial line.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._files = {name: (folder / f"{name}.csv").open("wb", buffering=0) for name in FILES}
        self._lines = {name: io.StringIO(newline="") for name in FILES}
        self._writers = {name: csv.writer(lines, lineterminator="\n") for name, lines in self._lines.items()}
        for name, columns in FILES.items():
            self._writers[name].writerow(columns)
        self.flush()

    def signal(self, vehicle: Vehicle, signal: Signal, doing: str, label: Label) -> None:
        """Write a signal that reached the API, whether or not a poll captured it."""
        metres = "" if signal.metres is None else f"{signal.metres:.1f}"
        stamp, received = f"{_second(signal.stamp)}Z", _moment(signal.arrives)
        self._writers["sinais"].writerow((vehicle.codigo, stamp, received, *label, doing, metres))

    def trip(self, vehicle: Vehicle, activity: Activity) -> None:
        """Write a trip and its passages in full when it begins."""
        path, journey = activity.path, activity.journey
        assert path
        assert journey
        trip = f"{vehicle.codigo}-{activity.start:.0f}"
        line = (trip, vehicle.codigo, path.linha, path.sentido)
        metres = activity.halts[-1].metres - activity.halts[0].metres
        planned = _moment(journey.planned_at) if journey.planned_at is not None else ""
        why = (planned, journey.began, journey.ended, sum(call.boarding.boarded for call in journey.calls))
        moments = (_moment(activity.start), _moment(activity.end))
        self._writers["viagens"].writerow((*line, *moments, f"{metres:.1f}", *why))
        for call in journey.calls:
            boarding, headway = call.boarding, call.headway_s
            self._writers["passagens"].writerow(
                (
                    *(*line, call.order, call.estacao_id, _moment(call.arrival), _moment(call.departure)),
                    *(call.alighted, boarding.boarded, call.on_board, boarding.left_behind),
                    f"{boarding.waited_s:.0f}" if boarding.boarded else "",
                    "" if headway is None else f"{headway:.0f}",
                    f"{journey.interval_s:.0f}",
                    "" if headway is None else int(headway < BUNCHED * journey.interval_s),
                )
            )

    def flush(self) -> None:
        """Write the buffered lines."""
        for name, lines in self._lines.items():
            self._files[name].write(lines.getvalue().encode())
            lines.seek(0)
            lines.truncate()

    def close(self) -> None:
        """Write the rest and close the files."""
        self.flush()
        for file in self._files.values():
            file.close()


def _moment(seconds: float) -> str:
    whole = math.floor(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=1000)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
