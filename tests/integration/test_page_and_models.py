"""The live page and gps_brt say the same of the same signals: one rule in Python and in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any

import pytest

from brt_watch import pipeline
from brt_watch.resources import Resources
from brt_watch.web.fleet import Fleet
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Vehicle
from brt_watch.web.signals import Signal, line_of
from tests.integration.captured import query
from tests.integration.simulated import load_simulated

pytestmark = pytest.mark.with_network

START = datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc)


@pytest.fixture
def simulated(loaded_resources: Callable[..., Resources]) -> Resources:
    """A window of a simulated peak, loaded and derived."""
    resources = loaded_resources()
    load_simulated(resources, START, minutes=14)
    pipeline.transform(resources)
    return resources


def on_the_page(rows: list[dict[str, Any]]) -> dict[tuple[str, datetime], Vehicle]:
    """Return what the page said of each signal when it was the newest of its vehicle."""
    fleet, said = Fleet(Reference()), {}
    for captured_at, of_poll in groupby(rows, key=lambda row: row["captured_at"]):
        signals = [
            Signal(
                row["timestamp_gps"],
                row["id_veiculo"],
                row["placa"] or "",
                line_of(row["linha"]),
                row["sentido_informado"] or None,
                row["trajeto"] or "",
                row["latitude"],
                row["longitude"],
                row["velocidade_instantanea"],
                row["direcao"],
                row["ignicao"],
                row["hodometro"],
            )
            for row in of_poll
        ]
        fleet.take(captured_at, captured_at, signals)
        said |= {(vehicle.codigo, vehicle.datahora): vehicle for vehicle in fleet.vehicles()}
    return said


def test_the_page_and_the_models_say_the_same(simulated: Resources) -> None:
    rows = query(simulated, "select * from gps_brt where not flag_fora_da_area order by captured_at, timestamp_gps")
    # What was there when the capture began may be older than anything that it knows of.
    rows = [row for row in rows if row["timestamp_gps"] >= START - timedelta(hours=1)]
    said = on_the_page(rows)
    pairs = [(row, said[row["id_veiculo"], row["timestamp_gps"]]) for row in rows if not row["flag_futuro"]]
    assert len(pairs) > 10_000
    assert sum(row["flag_sentido_corrigido"] for row, _ in pairs) > 300
    with_speed = [(row, page) for row, page in pairs if row["velocidade_estimada_10_min"] is not None]
    assert len(with_speed) > 10_000

    other = {
        "sentido": [(row, page) for row, page in pairs if row["sentido"] != (page.sentido_estimado or page.sentido)],
        "progresso": [
            (row, page) for row, page in pairs if apart(row["progresso_m"], page.progresso_m) and same_way(row, page)
        ],
        "desvio": [(row, page) for row, page in pairs if apart(row["desvio_m"], page.desvio_m) and same_way(row, page)],
        "status": [(row, page) for row, page in pairs if row["status"] != page.status],
        "velocidade": [
            (row, page)
            for row, page in with_speed
            if abs(row["velocidade_estimada_10_min"] - page.velocidade_media_10_min) > 0.11
        ],
    }
    assert {name: len(found) for name, found in other.items()} == dict.fromkeys(other, 0), {
        name: found[:2] for name, found in other.items()
    }


def same_way(row: dict[str, Any], page: Vehicle) -> bool:
    return bool(row["sentido"] == (page.sentido_estimado or page.sentido))


def apart(a: float | None, b: float | None) -> bool:
    return (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > 1)
