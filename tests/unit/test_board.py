"""What is said of a line now, counted from its vehicles."""

from __future__ import annotations

from typing import Any

from brt_watch.web.board import board
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Vehicle

NOTHING: dict[str, Any] = dict.fromkeys(Vehicle.__struct_fields__)


def vehicle(progress: float, status: str) -> Vehicle:
    on_line: dict[str, Any] = {
        "linha": "22",
        "sentido_estimado": "ida",
        "em_servico": True,
        "idade_segundos": 5.0,
        "desvio_m": 0.0,
    }
    return Vehicle(**{**NOTHING, **on_line, "progresso_m": progress, "status": status})


def evenness(vehicles: list[Vehicle]) -> float | None:
    (line,) = (each for each in board(Reference(), vehicles, {}) if each.linha == "22")
    return line.regularidade.ida


def test_vehicles_at_a_terminal_say_nothing_of_the_spacing() -> None:
    """Four that wait at the terminal and one that moves would look like the worst bunching."""
    waiting = [vehicle(0, "Parado terminal") for _ in range(4)]
    assert evenness([*waiting, vehicle(5000, "Em operação")]) is None
    assert evenness([vehicle(metres, "Em operação") for metres in (0, 1000, 2000, 3000)]) == 0
