"""What the page says of the plan and of speeds, from rows of the models."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from brt_watch.clock import UTC
from brt_watch.transform.compiled import project_vars
from brt_watch.web.control import planned
from brt_watch.web.reader import with_literals
from brt_watch.web.thresholds import MOVING_KMH

RIO = ZoneInfo("America/Sao_Paulo")
ALWAYS = {"primeiro_dia": date(1970, 1, 1), "ultimo_dia": date(9999, 12, 30)}
NIGHT = {**ALWAYS, "de_s": 20 * 3600, "ate_s": 28 * 3600, "intervalo_s": 600, "comboio_s": 150.0}
MORNING = {**ALWAYS, "de_s": 4 * 3600, "ate_s": 9 * 3600, "intervalo_s": 108, "comboio_s": 27.0}


class Rows:
    """Live models that have these rows."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = rows

    def dicts(self, _query: str) -> list[dict[str, Any]]:
        return list(self.rows)


def test_a_plan_of_the_night_ends_with_its_service_day() -> None:
    """Hours past 24 belong to the day before, and the day after begins at 03:00."""
    begin = datetime(2026, 11, 24, 2, 0, tzinfo=RIO)
    models: Any = Rows(NIGHT, MORNING)
    found = planned(models, "22", begin.astimezone(UTC), (begin + timedelta(hours=4)).astimezone(UTC), RIO)
    spans = [(part.de.astimezone(RIO).hour, part.ate.astimezone(RIO).hour, part.intervalo_s) for part in found]
    assert spans == [(2, 3, 600), (4, 6, 108)]
    assert found[0].comboio_s == 150


def test_a_version_of_the_plan_holds_for_its_days() -> None:
    begin = datetime(2026, 11, 24, 5, 0, tzinfo=RIO)
    models: Any = Rows({**MORNING, "ultimo_dia": date(2026, 11, 23)})
    assert planned(models, "22", begin, begin + timedelta(hours=1), RIO) == []


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
