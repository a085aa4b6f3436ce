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
from brt_watch.simulate.motion import Motion
from brt_watch.simulate.signals import Signal

FILES = {
    "sinais": ("codigo", "datahora", "recebido", "linha", "sentido", "estado", "distancia_m"),
    "viagens": ("viagem", "codigo", "linha", "sentido", "partida", "chegada", "distancia_m"),
    "passagens": ("viagem", "codigo", "linha", "sentido", "ordem", "estacao_id", "chegada", "partida"),
}
"""The files of a truth and their columns. Moments are UTC; `datahora` is the stamp that the device gave."""


class Truth:
    """The files of a simulation that began at a moment, in a folder of their own.

    Lines are gathered until `flush` writes them at once: a process that is killed leaves no half of a line.
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
        """Write a signal that reached the API, whether or not a poll came before the next one."""
        metres = "" if signal.metres is None else f"{signal.metres:.1f}"
        stamp, received = f"{_second(signal.stamp)}Z", _moment(signal.arrives)
        self._writers["sinais"].writerow((vehicle.codigo, stamp, received, *label, doing, metres))

    def trip(self, vehicle: Vehicle, activity: Activity, motion: Motion) -> None:
        """Write a trip and its passages when it begins, with all that will be of it."""
        assert activity.path is not None
        trip = f"{vehicle.codigo}-{activity.start:.0f}"
        line = (trip, vehicle.codigo, activity.path.linha, activity.path.sentido)
        metres = motion.pieces[-1].metres - motion.pieces[0].metres
        self._writers["viagens"].writerow((*line, _moment(activity.start), _moment(activity.end), f"{metres:.1f}"))
        for order, (station, arrival, departure) in enumerate(motion.passages, 1):
            moments = (_moment(activity.start + arrival), _moment(activity.start + departure))
            self._writers["passagens"].writerow((*line, order, station, *moments))

    def flush(self) -> None:
        """Write what was gathered."""
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
