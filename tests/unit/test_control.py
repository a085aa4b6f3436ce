"""What the page says of speeds, from rows of the models."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from brt_watch.clock import UTC
from brt_watch.transform.compiled import project_vars
from brt_watch.web.reader import with_literals
from brt_watch.web.thresholds import MOVING_KMH


def test_a_median_speed_is_that_of_vehicles_that_move() -> None:
    """By hour as now: `linhas_agora` has the same threshold of the models (its unit test is in dbt)."""
    assert project_vars()["velocidade_limiar_parado_kmh"] == MOVING_KMH
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    values = {"de": moment, "ate": moment + timedelta(hours=1), "em_movimento_kmh": MOVING_KMH}
    with duckdb.connect() as engine:
        engine.execute(
            "create table gps_brt as select '22' as servico, timestamptz '2026-11-24 12:30:00Z' as timestamp_gps, "
            f"'bus' as id_veiculo, unnest([0.0, {MOVING_KMH} - 0.1, {MOVING_KMH}, 40]) as velocidade_instantanea"
        )
        (row,) = engine.execute(with_literals("web_line_hours", values)).fetchall()
    assert row[3] == (MOVING_KMH + 40) / 2
